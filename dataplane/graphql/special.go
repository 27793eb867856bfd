package graphql

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/graphql/query"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// specials answers the root query fields of the API's own: permissions are not stored.
func specials(c *catalogue.Catalogue) map[string]query.Special {
	return map[string]query.Special{"permission": permission(c), "permissions": permissions(c)}
}

// permission answers permission(name): permissions are not stored, the catalogue lists them.
func permission(c *catalogue.Catalogue) query.Special {
	return func(_ context.Context, call *query.Call) error {
		name, _ := call.Args["name"].(string)
		for _, p := range c.Permissions() {
			if p == name {
				call.Object("Permission", call.Field, map[string]any{"name": name})
				return nil
			}
		}
		call.W.Null()
		return nil
	}
}

func permissions(c *catalogue.Catalogue) query.Special {
	return func(_ context.Context, call *query.Call) error {
		if call.Args["first"] != nil && call.Args["last"] != nil {
			return fault.Invalidf("last", "first and last exclude each other").WithCode(fault.CodeInvalid)
		}
		var names []string
		wanted, filtered := call.Args["name"].([]any)
		for _, p := range c.Permissions() {
			if !filtered || contains(wanted, p) {
				names = append(names, p)
			}
		}
		return call.Names(names)
	}
}

func contains(list []any, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
