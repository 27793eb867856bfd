// Package core is the module of what works on any entity: rules of states, events, conditions, attributes, notices.
package core

import (
	"slices"

	"github.com/fluent-oms/fluent/dataplane/rule"
)

const plugin = "core"

// Rules lists the module's rules.
func Rules() []rule.Rule {
	return slices.Concat(states(), events(), conditions(), attributes(), notices())
}
