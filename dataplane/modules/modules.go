// Package modules is the one table of business modules. What is not in it does not exist for workflows.
package modules

import (
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
)

// Rules lists the rules that come with the platform, module by module.
func Rules() []rule.Rule { return slices.Concat(core.Rules(), ordering.Rules(), inventory.Rules()) }
