package graphql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/query"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// specials answers the root query fields of the API's own, about what is not stored: permissions, and whatever is the same for every account.
func specials(c *catalogue.Catalogue, db *store.DB) map[string]query.Special {
	var permissions []*catalogue.Constant
	for _, name := range c.Permissions() {
		permissions = append(permissions, &catalogue.Constant{Key: name, Values: map[string]any{"name": name}})
	}
	out := map[string]query.Special{"permission": one(permissions), "permissions": page(permissions)}
	for _, op := range c.Queries() {
		node, many := strings.CutSuffix(op.Type, "Connection")
		switch v := c.Value(node); {
		case op.Of != nil:
			out[op.Name] = elements(db, op)
		case v == nil || len(v.Rows) == 0:
		case many:
			out[op.Name] = page(v.Rows)
		default:
			out[op.Name] = one(v.Rows)
		}
	}
	return out
}

// maxHolders is how many entities are looked through for the values that a list of them holds.
const maxHolders = 200_000

// elements answers a connection over the values that a field of all entities of a type holds, each once, in the order of their members.
func elements(db *store.DB, op *catalogue.Operation) query.Special {
	return func(ctx context.Context, call *query.Call) error {
		permission := op.Entity.Permission + "_VIEW"
		if err := call.Viewer.CanSomewhere(permission); err != nil {
			return err
		}
		found, err := db.Reader(call.Viewer.ScopeFor(permission)).Elements(ctx, op.Entity, op.Of, maxHolders)
		if err != nil {
			return err
		}
		rows := make([]*catalogue.Constant, 0, len(found))
		for _, raw := range found {
			row := &catalogue.Constant{}
			if err := json.Unmarshal(raw, &row.Values); err != nil {
				return fmt.Errorf("%s: %w", op.Name, err)
			}
			for _, m := range op.Of.Value.Fields {
				row.Key += fmt.Sprintf(sortable(row.Values[m.Name]), row.Values[m.Name]) + " "
			}
			rows = append(rows, row)
		}
		slices.SortFunc(rows, func(a, b *catalogue.Constant) int { return strings.Compare(a.Key, b.Key) })
		return call.Page(call.Matching(slices.CompactFunc(rows, func(a, b *catalogue.Constant) bool { return a.Key == b.Key })))
	}
}

// sortable is the format that has values follow each other as texts in their own order.
func sortable(v any) string {
	if _, number := v.(float64); number {
		return "%020.6f"
	}
	return "%v"
}

// one answers a field whose only argument is the key of a row.
func one(rows []*catalogue.Constant) query.Special {
	return func(_ context.Context, call *query.Call) error {
		for _, row := range rows {
			for _, key := range call.Args {
				if row.Key == key {
					call.Object(call.Field.Def.Type.Name(), call.Field, row.Values)
					return nil
				}
			}
		}
		call.W.Null()
		return nil
	}
}

// page answers a connection whose arguments are lists of values, beside those of pages.
func page(rows []*catalogue.Constant) query.Special {
	return func(_ context.Context, call *query.Call) error {
		if call.Args["first"] != nil && call.Args["last"] != nil {
			return fault.Invalidf("last", "first and last exclude each other").WithCode(fault.CodeInvalid)
		}
		return call.Page(call.Matching(rows))
	}
}
