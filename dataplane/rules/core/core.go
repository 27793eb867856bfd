// Package core holds the rules that work on any entity: states, events, conditions, attributes, notices.
package core

import "github.com/fluent-oms/fluent/dataplane/rules"

const plugin = "core"

// Rules lists the plugin's rules.
func Rules() []rules.Rule {
	var out []rules.Rule
	for _, list := range [][]rules.Rule{states(), events(), conditions(), attributes(), notices()} {
		out = append(out, list...)
	}
	for i := range out {
		out[i].Plugin = plugin
	}
	return out
}

func text(name, doc string) rules.Prop {
	return rules.Prop{Name: name, Type: "STRING", Required: true, Doc: doc}
}

func optional(name, kind, doc string) rules.Prop {
	return rules.Prop{Name: name, Type: kind, Doc: doc}
}

func eventName() rules.Prop { return text("eventName", "Name of the event to send.") }

func jsonPath() rules.Prop {
	return text("jsonpath", "Path in the entity, or below event: status, attributes.byName.x, event.x.")
}
