package availability

import (
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// causes is no figure that anybody keeps: its mark says when what first turns of orders rest on changed last, beside workflows. Orders whose first turn
// failed before go on then.
func causes() catalogue.Figure {
	f := catalogue.Figure{
		Name: eventstore.Causes,
		RestsOn: []string{
			"Setting.name", "Setting.context", "Setting.contextId", "Setting.valueType", "Setting.value", "Setting.lobValue",
			"Location.type", "Location.status", "Location.retailer", "Location.primaryAddress", "Location.openingSchedule", "Location.attributes",
			"StoreAddress.latitude", "StoreAddress.longitude", "StoreAddress.country", "StoreAddress.timeZone", "OpeningSchedule.allHours",
			"Network.ref", "Network.status", "Network.locations", "InventoryCatalogue.ref", "InventoryCatalogue.status",
			"VirtualCatalogue.ref", "VirtualCatalogue.type", "VirtualCatalogue.status", "VirtualCatalogue.inventoryCatalogueRef", "VirtualCatalogue.networkIds",
		},
		Means: "Orders whose first turn failed before the mark are tried again at once.",
	}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		f.RestsOn = append(f.RestsOn, "OpeningSchedule."+day+"Start", "OpeningSchedule."+day+"End")
	}
	return f
}
