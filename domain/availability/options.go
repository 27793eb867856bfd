package availability

import (
	"encoding/json"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// FulfilmentOption asks which products can be had, and when, and from where.
type FulfilmentOption struct {
	catalogue.Node
	Ref string `oms:"create=!" doc:"Best unique, though nothing asks for it."`
	catalogue.Orchestrated
	RetailerID   catalogue.ID              `oms:"retailerId,!,ref=Retailer,out=Int,update=-"`
	OrderType    string                    `oms:"update=-" doc:"Such as HD or CC."`
	LocationRef  string                    `oms:"update=-" doc:"Where goods would be picked up."`
	TrackingCode string                    `oms:""`
	Address      *FulfilmentOptionAddress  `oms:"pii,update=-" doc:"Where goods would go."`
	Products     []FulfilmentOptionProduct `oms:"update=-"`
	Attributes   catalogue.Attributes      `oms:"merge=name"`
	Plans        catalogue.Many            `oms:"of=FulfilmentPlan,via=fulfilmentOption"`
}

// FulfilmentOptionAddress is an address as far as a shopper has given it.
type FulfilmentOptionAddress struct {
	CompanyName  string   `json:"companyName,omitempty" oms:"pii,max=45"`
	Name         string   `json:"name,omitempty" oms:"pii"`
	AddressLine1 string   `json:"addressLine1,omitempty" oms:"pii"`
	AddressLine2 string   `json:"addressLine2,omitempty" oms:"pii"`
	City         string   `json:"city,omitempty" oms:"pii,max=45"`
	State        string   `json:"state,omitempty" oms:"max=100"`
	Postcode     string   `json:"postcode,omitempty" oms:"pii,max=100"`
	Country      string   `json:"country,omitempty" oms:"max=100"`
	Latitude     *float64 `json:"latitude,omitempty" oms:"pii,least=-90,most=90" doc:"Degrees, north positive."`
	Longitude    *float64 `json:"longitude,omitempty" oms:"pii,least=-180,most=180" doc:"Degrees, east positive."`
}

// FulfilmentOptionProduct is a product that is asked for.
type FulfilmentOptionProduct struct {
	ProductRef        string `json:"productRef" oms:"!"`
	CatalogueRef      string `json:"catalogueRef,omitempty" oms:""`
	RequestedQuantity int    `json:"requestedQuantity" oms:"!,create=?,least=0" doc:"One if it is left out: whether there is any at all."`
}

// UnmarshalJSON reads a product; who asks for no quantity asks for one.
func (p *FulfilmentOptionProduct) UnmarshalJSON(raw []byte) error {
	type plain FulfilmentOptionProduct
	asked := plain{RequestedQuantity: 1}
	err := json.Unmarshal(raw, &asked)
	*p = FulfilmentOptionProduct(asked)
	return err
}

// FulfilmentPlan is one way to fulfil what an option asks for.
type FulfilmentPlan struct {
	catalogue.Node
	Ref string `oms:"create=!" doc:"Best unique, though nothing asks for it."`
	catalogue.Orchestrated
	ETA                string                     `oms:"eta" doc:"When the last of its fulfilments arrives, in a form that the workflow chooses."`
	SplitCount         *int                       `oms:"splitCount,in=splits,update=-,least=0" doc:"How many fulfilments it has beyond the first."`
	RetailerID         catalogue.ID               `oms:"retailerId,ref=Retailer,out=Int,create=!,update=-"`
	FulfilmentOptionID catalogue.ID               `oms:"in=fulfilmentOptionId,ref=FulfilmentOption,by=FulfilmentOptionId,create=!,update=-"`
	Fulfilments        []FulfilmentPlanFulfilment `oms:"update=-"`
	Exceptions         []FulfilmentPlanException  `oms:"append" doc:"Why it does not cover all. An update adds to them."`
	Attributes         catalogue.Attributes       `oms:"merge=name"`
}

// FulfilmentPlanFulfilment is what a plan takes from one location.
type FulfilmentPlanFulfilment struct {
	FulfilmentType string                         `json:"fulfilmentType,omitempty" oms:""`
	LocationRef    string                         `json:"locationRef,omitempty" oms:""`
	ETA            string                         `json:"eta,omitempty" oms:""`
	Items          []FulfilmentPlanFulfilmentItem `json:"items,omitempty" oms:""`
}

// FulfilmentPlanFulfilmentItem is how many of a product a plan takes from a location, of those that are there.
type FulfilmentPlanFulfilmentItem struct {
	ProductRef        string `json:"productRef" oms:"!"`
	CatalogueRef      string `json:"catalogueRef,omitempty" oms:""`
	AvailableQuantity int    `json:"availableQuantity" oms:"!,least=0"`
	RequestedQuantity int    `json:"requestedQuantity" oms:"!,least=0"`
}

// FulfilmentPlanException is a reason why a plan does not cover all.
type FulfilmentPlanException struct {
	Code       string               `json:"code,omitempty" oms:""`
	Message    string               `json:"message,omitempty" oms:""`
	Attributes catalogue.Attributes `json:"attributes,omitempty" oms:""`
}
