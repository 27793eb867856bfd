// Package core holds the rules that work on any entity: states, events, conditions, attributes, notices.
package core

import "github.com/fluent-oms/fluent/dataplane/rule"

const plugin = "core"

// Rules lists the plugin's rules.
func Rules() []rule.Rule {
	var out []rule.Rule
	for _, list := range [][]rule.Rule{states(), events(), conditions(), attributes(), notices()} {
		out = append(out, list...)
	}
	for i := range out {
		out[i].Plugin = plugin
	}
	return out
}

func text(name, doc string) rule.Prop {
	return rule.Prop{Name: name, Type: "STRING", Required: true, Doc: doc}
}

func optional(name, kind, doc string) rule.Prop {
	return rule.Prop{Name: name, Type: kind, Doc: doc}
}

func eventName() rule.Prop { return text("eventName", "Name of the event to send.") }

func jsonPath() rule.Prop {
	return text("jsonpath", "Path in the entity, or below event: status, attributes.byName.x, event.x.")
}
