package storefulfilment

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{
				Go: Wave{}, Doc: "A bundle of fulfilments that are picked together at one location.", Event: "WAVE", Root: "location", Fires: true,
				Writers:    "STORE_ASSISTANT",
				Implements: "Node Orchestrateable Referenceable Extendable", KeyInputs: "Id", Key: "ref", Retailer: "retailer", Location: "processingLocation",
				Indexes: []string{"processingLocation status createdOn id"},
				Agrees:  []string{"location.retailer = retailer", "retailer = fulfilments.order.retailer"},
				Gets:    []string{"waveById(id: ID!)"}, Create: true, Update: "id",
			},
			{
				Go: StorageArea{}, Doc: "A place in a location where parcels wait.", KeyInputs: "Id", Retailer: "location", Location: "location",
				Writers: "IMPLEMENTER",
				Gets:    []string{"storageAreaById(id: ID!)"}, Create: true, Update: "id",
			},
		},
		Inputs: []catalogue.InputSpec{
			{Name: "CreateStorageAreaWithLocationInput", Of: "StorageArea", Base: catalogue.Create, Without: "location"},
			{Name: "UpdateStorageAreaWithLocationInput", Of: "StorageArea", Base: catalogue.Update},
		},
	}
}
