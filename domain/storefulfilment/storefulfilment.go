// Package storefulfilment is the work in a store's back room: waves of fulfilments that are picked together, and the areas where parcels wait.
package storefulfilment

import "github.com/fluent-oms/fluent/domain/catalogue"

// Wave is a bundle of fulfilments that are picked together at one location. Its workflow is the location's.
type Wave struct {
	catalogue.Node
	Ref string `oms:"!,update=-" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name                  string               `oms:""`
	ProcessingLocationRef string               `oms:"processingLocation,wrap=LocationLink,copy=location.ref" doc:"The location by ref only."`
	RetailerID            catalogue.ID         `oms:"!,ref=Retailer,by=RetailerId,update=-"`
	LocationID            catalogue.ID         `oms:"!,ref=Location,by=LocationId,update=-"`
	AllocatedToID         catalogue.ID         `oms:"ref=User,by=UserId" doc:"Who picks it."`
	Attributes            catalogue.Attributes `oms:"merge=name"`
	Fulfilments           catalogue.Many       `oms:"of=Fulfilment,link=wave_fulfilments/wave_id/fulfilment_id,create=[FulfilmentId!]!,update=[FulfilmentId]" doc:"Updates add fulfilments; none is ever taken away."`
}

// StorageArea is a place in a location where parcels wait: a shelf, a cage. What creation calls its ref is read back as its name.
type StorageArea struct {
	catalogue.Node
	Name       string               `oms:"in=ref,create=!,update=-"`
	Type       string               `oms:"max=50"`
	Status     string               `oms:"create=-,default=CREATED"`
	LocationID catalogue.ID         `oms:"ref=Location,by=LocationId,create=!,update=-"`
	Attributes catalogue.Attributes `oms:"hidden,create=?,update=?,merge=name"`
	Articles   catalogue.Many       `oms:"of=Article,via=storageArea"`
}
