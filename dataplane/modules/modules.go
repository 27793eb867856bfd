// Package modules is the one table of business modules. What is not in it does not exist for workflows.
package modules

import (
	"maps"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/modules/masterdata"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
)

// All lists the modules that come with the platform.
func All() []manifest.Module {
	return []manifest.Module{core.Manifest(), ordering.Manifest(), inventory.Manifest(), availability.Manifest(), masterdata.Manifest()}
}

// Starts lists the entity types of roots whose first turn may be one commit with their creation.
func Starts() []string {
	var out []string
	for _, m := range All() {
		for _, r := range m.Roots {
			if r.StartsWithCreation {
				out = append(out, r.Type)
			}
		}
	}
	return out
}

// CreatesForOthers lists by type, as events name it, the settings that say whether CREATE is sent of roots for another retailer than their maker's own.
func CreatesForOthers() map[string]setting.Setting[bool] {
	out := map[string]setting.Setting[bool]{}
	for _, m := range All() {
		for _, r := range m.Roots {
			if r.CreatesForOthers != nil {
				out[r.Type] = *r.CreatesForOthers
			}
		}
	}
	return out
}

// Operations lists the operations of the API that code of all modules answers.
func Operations() []operation.Operation {
	var out []operation.Operation
	for _, m := range All() {
		out = append(out, m.Operations...)
	}
	return out
}

// Guards are those of all modules, and others beside them.
func Guards(c *catalogue.Catalogue, others entity.Guards) entity.Guards {
	out := maps.Clone(others)
	for _, m := range All() {
		if m.Guards != nil {
			maps.Copy(out, m.Guards(c))
		}
	}
	return out
}

// Loads lists the loaders of batches of all modules.
func Loads() []manifest.Load {
	var out []manifest.Load
	for _, m := range All() {
		out = append(out, m.Loads...)
	}
	return out
}

// Rules lists the rules of all modules, module by module.
func Rules() []rule.Rule {
	var out []rule.Rule
	for _, m := range All() {
		out = append(out, m.Rules...)
	}
	return out
}

// Figures lists the derived figures of all modules, by what they rest on. The error says which of them rests on what is not there.
func Figures(c *catalogue.Catalogue) (*catalogue.Figures, error) {
	var list []catalogue.Figure
	for _, m := range All() {
		list = append(list, m.Derived...)
	}
	return c.Figures(list)
}
