package graphql

import (
	"context"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/query"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// VirtualSearch asks where enough of some products can be had.
type VirtualSearch struct {
	Catalogue catalogue.ID   // a virtual catalogue
	Status    string         // of positions; empty: any
	Products  map[string]int // product ref → quantity
	Excluded  []string       // refs of locations
	Near      *[2]float64    // latitude, longitude: nearest first; nil: no order
	First     int
}

// VirtualInventory is a location and its positions that answer a VirtualSearch.
type VirtualInventory struct {
	Location  catalogue.ID
	Positions []catalogue.ID
}

// Availability finds what can be had where.
type Availability interface {
	// Search returns at most First locations, and whether there are more.
	Search(ctx context.Context, p *tenant.Principal, q VirtualSearch) (found []VirtualInventory, more bool, err error)
}

func specials(d Deps) map[string]query.Special {
	return map[string]query.Special{
		"permission":  permission(d.Catalogue),
		"permissions": permissions(d.Catalogue),
	}
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
			return fault.Invalidf("last", "first and last exclude each other").WithCode("C0160E")
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
