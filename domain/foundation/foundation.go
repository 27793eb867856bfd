// Package foundation holds the entities that the other domains stand on: retailers, places, opening hours, settings, comments,
// and the customers and addresses that orders name.
package foundation

import (
	"encoding/json"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Retailer is a trading entity inside an account. Its id is the number by which scopes and events name it.
type Retailer struct {
	catalogue.Node
	Ref                string         `oms:"!,in=name,max=45" doc:"Name of the retailer within the account."`
	Status             string         `oms:"create=-,max=25,default=ACTIVE"`
	Summary            string         `oms:""`
	TradingName        string         `oms:"tradingName"`
	WebsiteURL         string         `oms:"websiteUrl"`
	WebsiteURLName     string         `oms:"websiteUrlName,in=urlName"`
	PrimaryEmail       string         `oms:"pii,max=250"`
	SupportContactName string         `oms:"pii"`
	SupportEmail       string         `oms:"supportEmail"`
	SupportPhone       string         `oms:"supportPhone"`
	Region             string         `oms:"hidden,create=?,update=?"`
	Networks           catalogue.Many `oms:"of=Network,link=network_retailers/retailer_id/network_id,create=[CreateNetworkWithRetailerInput],update=[NetworkId]"`
}

// Location is a store, a warehouse, a supplier or a collection point.
type Location struct {
	catalogue.Node
	Ref                string               `oms:"create=!,update=-,max=8" doc:"Unique in the account."`
	Type               string               `oms:"create=!,max=25,words=STORE|WAREHOUSE|DC|VENDOR|SUPPLIER|DROPSHIP" doc:"Usually STORE or WAREHOUSE."`
	Status             string               `oms:"create=-,max=15,default=ACTIVE,words=ACTIVE|INACTIVE" doc:"ACTIVE or INACTIVE."`
	WorkflowRef        string               `oms:"nosearch,create=-,update=-" deprecated:"It follows from the type: LOCATION::STORE."`
	WorkflowVersion    int                  `oms:"nosearch,create=-,update=-" deprecated:"It is that of the active workflow."`
	Name               string               `oms:"create=!,max=100"`
	SupportPhoneNumber string               `oms:"max=20"`
	DefaultCarrier     string               `oms:"max=50"`
	DefaultCarrierName string               `oms:"create=-,update=-"`
	RetailerID         catalogue.ID         `oms:"ref=Retailer,by=RetailerId,create=!"`
	PrimaryAddressID   catalogue.ID         `oms:"ref=Address,create=CreateStoreAddressInput!,update=UpdateStoreAddressInput"`
	OpeningScheduleID  catalogue.ID         `oms:"ref=OpeningSchedule,create=CreateOpeningScheduleInput!,update=UpdateOpeningScheduleInput"`
	Attributes         catalogue.Attributes `oms:"merge=name"`
	Networks           catalogue.Many       `oms:"of=Network,link=network_locations/location_id/network_id,create=[NetworkId],update=[NetworkId]"`
	StorageAreas       catalogue.Many       `oms:"of=StorageArea,via=location,create=[CreateStorageAreaWithLocationInput],update=[UpdateStorageAreaWithLocationInput]"`
	Manifests          catalogue.Many       `oms:"of=Manifest,via=location"`
}

// AddressFields are the fields that both kinds of address have; they share the table addresses.
type AddressFields struct {
	catalogue.Node
	Type        string   `oms:"create=-,update=-" doc:"AGENT for a location's address, ORDER for a customer's."`
	Ref         string   `oms:"create=!,update=-,pii"`
	CompanyName string   `oms:"pii,max=45"`
	Name        string   `oms:"pii"`
	Street      string   `oms:"pii,max=100"`
	City        string   `oms:"pii,max=45"`
	State       string   `oms:"max=200"`
	Postcode    string   `oms:"pii,max=100"`
	Region      string   `oms:"max=250"`
	Country     string   `oms:"max=100"`
	Latitude    *float64 `oms:"pii,least=-90,most=90" doc:"Degrees, north positive."`
	Longitude   *float64 `oms:"pii,least=-180,most=180" doc:"Degrees, east positive."`
	TimeZone    string   `oms:"max=32,form=timeZone"`
}

// StoreAddress is where a location is.
type StoreAddress struct {
	AddressFields
	Directions string       `oms:"create=-,max=4096"`
	LocationID catalogue.ID `oms:"ref=Location"`
}

// CustomerAddress is where a customer wants an order, or its bill.
type CustomerAddress struct {
	AddressFields
	RetailerID catalogue.ID `oms:"retailer,hidden,ref=Retailer" doc:"Whose order it is for; none: only those who see the whole account see it."`
}

// Network is a named group of locations, used for sourcing.
type Network struct {
	catalogue.Node
	Ref        string               `oms:"in=name,create=!,max=100" doc:"Name of the network."`
	Type       string               `oms:"max=15"`
	Status     string               `oms:"create=-,default=ACTIVE"`
	Attributes catalogue.Attributes `oms:"merge=name"`
	Retailers  catalogue.Many       `oms:"of=Retailer,link=network_retailers/network_id/retailer_id,create=[RetailerId!]!"`
	Locations  catalogue.Many       `oms:"of=Location,link=network_locations/network_id/location_id,create=[LocationId],update=[LocationId]"`
}

// OpeningSchedule says when a location is open, each day from and to, in HHmm of local time: 930 is half past nine, 2400 the end of the day.
type OpeningSchedule struct {
	catalogue.Node
	AllHours   bool         `oms:"!" doc:"Open round the clock; the hours do not matter."`
	MonStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	MonEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	TueStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	TueEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	WedStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	WedEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	ThuStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	ThuEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	FriStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	FriEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	SatStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	SatEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	SunStart   int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	SunEnd     int          `oms:"!,least=-1,most=2400,form=timeOfDay"`
	LocationID catalogue.ID `oms:"location,hidden,ref=Location"`
}

// Setting is a configuration value of an account (contextId 0), a retailer, a location (AGENT) or a customer.
type Setting struct {
	catalogue.Row
	Name      string          `oms:"create=!"`
	Context   string          `oms:"!,update=!,among=ACCOUNT|RETAILER|AGENT|CUSTOMER|GLOBAL" doc:"ACCOUNT, RETAILER, AGENT or CUSTOMER."`
	ContextID int             `oms:"contextId,!,update=!" doc:"Id of the retailer, location or customer; 0 for the account."`
	ValueType string          `oms:"create=!,update=!,among=STRING|INTEGER|BOOLEAN|JSON|LOB" doc:"STRING, INTEGER, BOOLEAN, JSON or LOB."`
	Value     string          `oms:"pii,max=65535" doc:"The value of STRING, INTEGER and BOOLEAN settings."`
	LobValue  json.RawMessage `oms:"lobValue,pii" doc:"The value of JSON and LOB settings."`
}

// Customer is a person who orders.
type Customer struct {
	catalogue.Node
	Ref            string               `oms:"ref,copy=username,pii,max=250" doc:"Equals the user name."`
	Username       string               `oms:"create=!,pii,max=250"`
	Status         string               `oms:"create=-,default=ACTIVE"`
	Title          string               `oms:"pii,max=50"`
	FirstName      string               `oms:"create=!,pii,max=50"`
	LastName       string               `oms:"pii,max=50"`
	PrimaryEmail   string               `oms:"create=!,pii,max=250"`
	PrimaryPhone   string               `oms:"pii,max=20"`
	Department     string               `oms:"pii"`
	Country        string               `oms:"max=100"`
	Timezone       string               `oms:"create=!,max=32,form=timeZone"`
	PromotionOptIn *bool                `oms:"promotionOptIn,create=!"`
	RetailerID     catalogue.ID         `oms:"ref=Retailer,by=RetailerId,create=!"`
	Attributes     catalogue.Attributes `oms:"pii,merge=name"`
}

// Comment is free text that a person attached to an entity.
type Comment struct {
	catalogue.Node
	EntityType string       `oms:"!,update=-"`
	EntityID   catalogue.ID `oms:"entityId,!,update=-"`
	Text       string       `oms:"!,update=!,pii,max=200"`
}
