package inventory

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
)

// ownTypes is the attribute of an inventory catalogue that lists quantity types of its own, beside those that the platform knows.
const ownTypes = "quantityTypes"

// ordinary are the statuses of quantities that every workflow has, and those of what is on its way.
var ordinary = []string{"CREATED", "ACTIVE", "INACTIVE", "ON_ORDER", "IN_TRANSIT", "RECEIVED", "CANCELLED"}

// vocabulary is what records may say where a word that nobody knows would be stored, and never counted.
type vocabulary struct{ types, statuses, conditions []string }

// vocabulary is that of an inventory catalogue: its types, the statuses of its workflow, and the conditions of the retailer's setting.
func (m *Module) vocabulary(ctx context.Context, c *rule.Context, ic *inventory.InventoryCatalogue) (*vocabulary, error) {
	conditions, err := availability.Setting(ctx, c, Conditions, "")
	if err != nil {
		return nil, err
	}
	v := &vocabulary{types: slices.Clone(columnsOf(c.Types).kind.Words), statuses: slices.Clone(ordinary), conditions: conditions}
	own, _ := ic.Attributes.Get(ownTypes)
	list, _ := own.([]any)
	for _, x := range list {
		if word, ok := x.(string); ok {
			v.types = append(v.types, word)
		}
	}
	if c.Flow != nil {
		for _, s := range c.Flow.Statuses {
			if s.EntityType == typeQuantity && !slices.Contains(v.statuses, s.Name) {
				v.statuses = append(v.statuses, s.Name)
			}
		}
	}
	return v, nil
}

// check refuses records with words that nobody knows.
func (v *vocabulary) check(rows []load.Row) {
	for i := range rows {
		r := &rows[i]
		r.Know("type", r.Type, v.types)
		r.Know("status", r.Status, v.statuses)
		r.Know("condition", r.Condition, v.conditions)
	}
}
