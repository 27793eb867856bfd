package state

import (
	"cmp"
	"strings"

	"github.com/fluent-oms/fluent/tenancy"
)

// Place is where something is, as far as it is in one place.
type Place struct {
	Region      string
	Environment string
	Account     string
}

// places tell of each kind of thing where the one of a name is. The kinds are those of audit records' resources, and of what methods of the API declare
// to be about.
var places = map[string]func(View, string) Place{
	"region":        func(_ View, name string) Place { return Place{Region: name} },
	"environment":   environmentPlace,
	"account":       accountPlace,
	"retailer":      accountOfKey,
	"configuration": accountOfKey,
	"client":        func(v View, id string) Place { return accountPlace(v, string(tenancy.AccountOfClient(id))) },
	"node": func(v View, id string) Place {
		n, _ := Nodes.Get(v, id)
		return environmentPlace(v, n.GetEnvironment())
	},
	"host": func(v View, id string) Place {
		h, _ := Hosts.Get(v, id)
		return Place{Region: h.GetRegion()}
	},
	"join_token": func(v View, id string) Place {
		t, _ := JoinTokens.Get(v, id)
		at := environmentPlace(v, t.GetEnvironment())
		at.Region = cmp.Or(at.Region, t.GetRegion())
		return at
	},
	"operation": func(v View, id string) Place {
		o, _ := Operations.Get(v, id)
		return accountPlace(v, o.GetAccount())
	},
}

// HasPlace reports whether things of a kind are in places.
func HasPlace(kind string) bool { return places[kind] != nil }

// PlaceOf tells where the thing of a kind and a name is; nowhere if it is in no one place, or there is no such thing.
func PlaceOf(v View, kind, name string) Place {
	if locate := places[kind]; locate != nil {
		return locate(v, name)
	}
	return Place{}
}

// placeOf is PlaceOf of a resource as audit records name it: kind/name.
func placeOf(v View, resource string) Place {
	kind, name, _ := strings.Cut(resource, "/")
	return PlaceOf(v, kind, name)
}

func environmentPlace(v View, name string) Place {
	e, _ := Environments.Get(v, name)
	return Place{Region: e.GetRegion(), Environment: name}
}

func accountPlace(v View, name string) Place {
	record, _ := Accounts.Get(v, name)
	return Place{Region: record.GetAccount().GetRegion(), Environment: record.GetAccount().GetEnvironment(), Account: name}
}

// accountOfKey takes the key of a retailer.
func accountOfKey(v View, key string) Place {
	account, _, _ := strings.Cut(key, "/")
	return accountPlace(v, account)
}
