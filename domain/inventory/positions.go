package inventory

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// InventoryCatalogue contains stock records.
type InventoryCatalogue struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name               string               `oms:"!"`
	Description        string               `oms:""`
	RetailerRefs       []string             `oms:"" doc:"The retailers that may use it."`
	Attributes         catalogue.Attributes `oms:"merge=name"`
	InventoryPositions catalogue.Many       `oms:"of=InventoryPosition,via=catalogue"`
}

// InventoryPosition is the stock of one product at one location.
type InventoryPosition struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in its catalogue."`
	catalogue.Orchestrated
	ProductRef  string               `oms:"!"`
	LocationRef string               `oms:"create=!"`
	OnHand      int                  `oms:"onHand" doc:"The last count plus all active reservations, sales and corrections, which are negative."`
	CatalogueID catalogue.ID         `oms:"ref=InventoryCatalogue,by=InventoryCatalogueKey,search,create=!"`
	Attributes  catalogue.Attributes `oms:"merge=name"`
	Quantities  catalogue.Many       `oms:"of=InventoryQuantity,via=position,create=[InventoryQuantityKey],update=[InventoryQuantityKey]"`
	Product     catalogue.Lookup     `oms:"of=Product,on=productRef:ref" doc:"The product of this ref; null where none is known yet."`
}

// InventoryQuantity is one component of a position's stock: the last count, a reservation, a sale.
type InventoryQuantity struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in its catalogue."`
	catalogue.Orchestrated
	Quantity       int        `oms:"create=!" doc:"Reservations and sales are negative."`
	Condition      string     `oms:"words=NEW|USED|DAMAGED" doc:"NEW, USED or DAMAGED."`
	ExpectedOn     *time.Time `oms:"expectedOn"`
	StorageAreaRef string     `oms:"max=100"`
	Origin
	Segments
	CatalogueID    catalogue.ID         `oms:"ref=InventoryCatalogue,by=InventoryCatalogueKey,search,create=!"`
	PositionID     catalogue.ID         `oms:"ref=InventoryPosition,by=InventoryPositionKey,create=!,update=-"`
	ParentID       catalogue.ID         `oms:"rare,ref=InventoryQuantity,by=InventoryQuantityKey,update=-" doc:"A quantity of the same position that this one is part of."`
	AssociationRef string               `oms:"reservedFor,hidden"` // the fulfilment that a reservation or a sale was made for. Nobody else writes it
	Attributes     catalogue.Attributes `oms:"merge=name"`
}

// Origin is where a quantity comes from, how long it keeps, and what it is for.
type Origin struct {
	ExpiresOn               *time.Time `oms:"expiresOn,rare,nosearch,update=-"`
	CountryOfOrigin         string     `oms:"rare,exact,update=-"`
	Channel                 string     `oms:"rare,exact,update=-"`
	Manufacturer            string     `oms:"rare,exact,update=-"`
	ManufacturerBatchNumber string     `oms:"rare,exact,update=-"`
	Supplier                string     `oms:"rare,exact,update=-"`
	AssociationType         string     `oms:"rare,exact,update=-" doc:"What kind of thing the caller made it for."`
	AssociatedRef           string     `oms:"associationRef,rare,exact,update=-" doc:"What the caller made it for, by its ref."`
}

// Segments tell stock apart in ways of the caller's own.
type Segments struct {
	Segment1 string `oms:"rare,exact,update=-"`
	Segment2 string `oms:"rare,exact,update=-"`
	Segment3 string `oms:"rare,exact,update=-"`
}

// VirtualSegment is a part of what a virtual position stands for.
type VirtualSegment struct {
	Type  string `json:"type,omitempty" oms:""`
	Value string `json:"value,omitempty" oms:""`
}

// VirtualCatalogue is a named view of availability over an inventory catalogue and the locations of networks.
type VirtualCatalogue struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name                  string               `oms:"!"`
	Description           string               `oms:""`
	InventoryCatalogueRef string               `oms:"create=!,names=InventoryCatalogue"`
	ProductCatalogueRef   string               `oms:"create=!,names=ProductCatalogue"`
	NetworkIDs            []string             `oms:"networkIds"`
	ControlGroupRef       string               `oms:""`
	RetailerRefs          []string             `oms:"" doc:"The retailers that may use it."`
	Attributes            catalogue.Attributes `oms:"merge=name"`
	VirtualPositions      catalogue.Many       `oms:"of=VirtualPosition,via=catalogue"`
}

// VirtualPosition is how many of a product can be sold from a group: a location in a BASE catalogue, a network in an AGGREGATE.
type VirtualPosition struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in its catalogue."`
	catalogue.Orchestrated
	ProductRef  string               `oms:""`
	GroupRef    string               `oms:""`
	Quantity    int                  `oms:"create=!"`
	CatalogueID catalogue.ID         `oms:"ref=VirtualCatalogue,by=VirtualCatalogueKey,search,create=!"`
	Segments    []VirtualSegment     `oms:"rare,items=100" doc:"An update replaces them all."`
	Attributes  catalogue.Attributes `oms:"merge=name"`
	Product     catalogue.Lookup     `oms:"of=Product,on=productRef:ref" doc:"The product of this ref; null where none is known yet."`

	LocationLink catalogue.Lookup `oms:"of=Location,on=groupRef:ref" doc:"The location that is its group, in a BASE catalogue; null where the group is none."`
}
