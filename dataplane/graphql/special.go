package graphql

import (
	"context"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/query"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// specials answers the root query fields of the API's own, about what is not stored: permissions, and whatever is the same for every account.
func specials(c *catalogue.Catalogue) map[string]query.Special {
	var permissions []*catalogue.Constant
	for _, name := range c.Permissions() {
		permissions = append(permissions, &catalogue.Constant{Key: name, Values: map[string]any{"name": name}})
	}
	out := map[string]query.Special{"permission": one(permissions), "permissions": page(permissions)}
	for _, op := range c.Queries() {
		node, many := strings.CutSuffix(op.Type, "Connection")
		switch v := c.Value(node); {
		case v == nil || len(v.Rows) == 0:
		case many:
			out[op.Name] = page(v.Rows)
		default:
			out[op.Name] = one(v.Rows)
		}
	}
	return out
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
