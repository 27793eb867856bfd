// Package library is the one registry of the stock rules: what workflows can name, in one literal table.
package library

import (
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rules/core"
	"github.com/fluent-oms/fluent/dataplane/rules/globalinventory"
	"github.com/fluent-oms/fluent/dataplane/rules/orders"
)

// All lists every stock rule, plugin by plugin.
func All() []rule.Rule {
	var out []rule.Rule
	for _, plugin := range [][]rule.Rule{core.Rules(), orders.Rules(), globalinventory.Rules()} {
		out = append(out, plugin...)
	}
	return out
}
