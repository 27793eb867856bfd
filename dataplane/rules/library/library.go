// Package library is the one registry of the stock rules: what workflows can name, in one literal table.
package library

import (
	"github.com/fluent-oms/fluent/dataplane/rules"
	"github.com/fluent-oms/fluent/dataplane/rules/core"
	"github.com/fluent-oms/fluent/dataplane/rules/globalinventory"
	"github.com/fluent-oms/fluent/dataplane/rules/orders"
)

// All lists every stock rule, plugin by plugin.
func All() []rules.Rule {
	var out []rules.Rule
	for _, plugin := range [][]rules.Rule{core.Rules(), orders.Rules(), globalinventory.Rules()} {
		out = append(out, plugin...)
	}
	return out
}
