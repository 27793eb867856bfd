package availability

import (
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Manifest says what the module has.
func Manifest() manifest.Module {
	return manifest.Module{
		Name: "availability",
		Operations: []operation.Operation{
			operation.Search("searchVirtualInventory", whereEnough).With("virtualPositions", "productRef groupRef quantity").With("location", "ref primaryAddress"),
		},
		Derived: []catalogue.Figure{places, causes()},
	}
}

// places are what nodes keep in memory: see Directory.
var places = catalogue.Figure{
	Name: store.Places,
	RestsOn: []string{
		"Location.ref", "Location.status", "Location.retailer", "Network.ref", "Network.locations", "InventoryCatalogue.ref",
		"VirtualCatalogue.ref", "VirtualCatalogue.type", "VirtualCatalogue.status", "VirtualCatalogue.inventoryCatalogueRef", "VirtualCatalogue.networkIds",
	},
	Means: "Effects that go by places when they commit load them anew where theirs are older; other decisions may be some seconds behind.",
}
