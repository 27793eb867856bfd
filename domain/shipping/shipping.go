// Package shipping is carriers and the paperwork that moves parcels. Two families of consignments coexist: the older ones are found by id and
// belong to the order of their parcels; the newer ones are found by ref, belong to their carrier, and go on manifests.
package shipping

import "github.com/fluent-oms/fluent/domain/catalogue"

// Carrier is a delivery company that works for a retailer.
type Carrier struct {
	catalogue.Node
	Ref string `oms:"!,update=-,max=100" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name                string               `oms:"!,max=45"`
	RetailerID          catalogue.ID         `oms:"ref=Retailer,by=RetailerId,create=!,update=-"`
	Attributes          catalogue.Attributes `oms:"merge=name"`
	CarrierConsignments catalogue.Many       `oms:"of=CarrierConsignment,via=carrier"`
	Manifests           catalogue.Many       `oms:"of=Manifest,via=carrier,plain"`
}

// BookingFields are the fields that both families of consignments have: what the carrier answered, and how far the booking is.
type BookingFields struct {
	TrackingLabel   string `oms:"pii,max=100"`
	LabelURL        string `oms:"labelUrl,pii,max=4096" doc:"Where the label is to be had."`
	OrderSummaryURL string `oms:"orderSummaryUrl,pii,max=4096" doc:"Where the packing slip is to be had."`
	Status          string `oms:"create=-,max=25,default=CREATED"`
	WorkflowRef     string `oms:"!,create=-,update=-"`
	WorkflowVersion int    `oms:"!,create=-,update=-"`
}

// Consignment is a carrier's booking for parcels of one order, whose workflow drives it.
type Consignment struct {
	catalogue.Node
	Ref                  string `oms:"create=!,update=-"`
	ConsignmentReference string `oms:"!,max=100" doc:"The carrier's own name of it."`
	BookingFields
	CarrierID           catalogue.ID   `oms:"ref=Carrier,by=CarrierId,create=!"`
	RetailerID          catalogue.ID   `oms:"ref=Retailer,by=RetailerId,create=!,update=-"`
	OrderID             catalogue.ID   `oms:"order,hidden,ref=Order,copy=consignmentArticles.article.order"` // events of the consignment go to this order
	ConsignmentArticles catalogue.Many `oms:"of=ConsignmentArticle,via=consignment,create=[CreateConsignmentArticleWithConsignmentInput]!"`
}

// ConsignmentArticle says that a parcel goes with a consignment.
type ConsignmentArticle struct {
	catalogue.Bare
	ArticleID     catalogue.ID `oms:"ref=Article,by=ArticleId,update=-"`
	ConsignmentID catalogue.ID `oms:"ref=Consignment,by=ConsignmentId,create=-,update=-"`
}

// CarrierConsignment is a carrier's booking that can be put on a manifest. Its workflow is the carrier's.
type CarrierConsignment struct {
	catalogue.Node
	Ref                  string `oms:"!,update=-" doc:"Unique in the account."`
	ConsignmentReference string `oms:"max=100" doc:"The carrier's own name of it."`
	BookingFields
	CarrierID                  catalogue.ID         `oms:"ref=Carrier,by=CarrierId,create=!,update=-"`
	RetailerID                 catalogue.ID         `oms:"ref=Retailer,by=RetailerId,create=!,update=-"`
	Attributes                 catalogue.Attributes `oms:"merge=name"`
	CarrierConsignmentArticles catalogue.Many       `oms:"of=CarrierConsignmentArticle,via=carrierConsignment,create=[CreateConsignmentArticleWithConsignmentInput]!"`
	Manifests                  catalogue.Many       `oms:"of=Manifest,link=manifest_consignments/carrier_consignment_id/manifest_id"`
}

// CarrierConsignmentArticle says that a parcel goes with a carrier consignment.
type CarrierConsignmentArticle struct {
	catalogue.Bare
	ArticleID            catalogue.ID `oms:"ref=Article,by=ArticleId,update=-"`
	CarrierConsignmentID catalogue.ID `oms:"ref=CarrierConsignment,by=CarrierConsignmentKey,create=-,update=-"`
}

// Manifest lists what a carrier takes over at a location, usually at the end of a day. Its workflow is the location's.
type Manifest struct {
	catalogue.Node
	Ref string `oms:"!,update=-,max=100" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name                string               `oms:"create=!"`
	CarrierManifestLink string               `oms:"max=4096" doc:"Where the carrier's own document is to be had."`
	CarrierID           catalogue.ID         `oms:"!,ref=Carrier,by=CarrierKey"`
	LocationID          catalogue.ID         `oms:"ref=Location,by=LocationKey,create=!"`
	Attributes          catalogue.Attributes `oms:"merge=name"`
	CarrierConsignments catalogue.Many       `oms:"of=CarrierConsignment,link=manifest_consignments/manifest_id/carrier_consignment_id,create=[CarrierConsignmentKey],update=[CarrierConsignmentKey]" doc:"Updates add consignments; none is ever taken away."`
}

// CarrierDetails says how a retailer or a location works with a carrier. Nothing makes any yet: the published interface only reads them.
type CarrierDetails struct {
	catalogue.Node
	RetailerID catalogue.ID   `oms:"retailerId,ref=Retailer,out=String"`
	AgentID    string         `oms:"agentId" doc:"Id of a location."`
	CarrierID  string         `oms:"carrierId"`
	Attributes catalogue.Many `oms:"of=CarrierAttribute,via=carrierDetails"`
}

// CarrierAttribute is a named value of carrier details.
type CarrierAttribute struct {
	catalogue.Node
	Name             string       `oms:"!"`
	Value            string       `oms:"!"`
	CarrierDetailsID catalogue.ID `oms:"ref=CarrierDetails"`
}
