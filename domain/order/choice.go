package order

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// FulfilmentChoice is how and where the customer wants the goods. An order has one, or several which its lines name by their refs.
type FulfilmentChoice struct {
	catalogue.Node
	Ref                 string               `oms:"nosearch,update=-" doc:"By which lines and fulfilments of the order name it."`
	Type                string               `oms:"!,nosearch,create=?,default={order.type}" doc:"Such as HD or CC; that of the order if none is given."`
	Status              string               `oms:"nosearch,create=-,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	WorkflowRef         string               `oms:"!,nosearch,create=-,update=-"`
	WorkflowVersion     int                  `oms:"!,nosearch,create=-,update=-"`
	Currency            string               `oms:"names=Currency"`
	DeliveryInstruction string               `oms:"pii,max=250"`
	DeliveryType        string               `oms:"!,words=STANDARD|EXPRESS|OVERNIGHT|3HOURS" doc:"STANDARD, EXPRESS, OVERNIGHT or 3HOURS."`
	DeliveryContact     string               `oms:"nosearch,pii"`
	DeliveryEmail       string               `oms:"nosearch,pii"`
	DeliveryFirstName   string               `oms:"nosearch,pii"`
	DeliveryLastName    string               `oms:"nosearch,pii"`
	DeliverAfter        *time.Time           `oms:"deliverAfter,nosearch"`
	DeliverBefore       *time.Time           `oms:"deliverBefore,nosearch"`
	DispatchOn          *time.Time           `oms:"dispatchOn,nosearch"`
	FulfilmentPrice     *float64             `oms:"fulfilmentPrice"`
	FulfilmentTaxPrice  *float64             `oms:"fulfilmentTaxPrice"`
	FulfilmentType      string               `oms:"" doc:"CC_PFS, CC_PFDC, HD_PFS or HD_PFDC."`
	PickupLocationRef   string               `oms:""`
	DeliveryAddressID   catalogue.ID         `oms:"ref=Address,create=CreateCustomerAddressInput,update=-"`
	OrderID             catalogue.ID         `oms:"order,hidden,ref=Order,create=OrderId!"`
	Attributes          catalogue.Attributes `oms:"merge=name"`

	PreciseFulfilmentPrice catalogue.Precise `oms:"of=PreciseAmountType,on=fulfilmentPrice"`
}

// OrderBillingAddress is where the bill of an order goes.
type OrderBillingAddress struct {
	ID          catalogue.ID `oms:"id,!,create=-,update=-"`
	CreatedOn   time.Time    `oms:"createdOn,create=-,update=-"`
	UpdatedOn   time.Time    `oms:"updatedOn,hidden"`
	CompanyName string       `oms:"pii"`
	Name        string       `oms:"pii"`
	Email       string       `oms:"pii"`
	Street      string       `oms:"pii"`
	Street2     string       `oms:"street2,pii"`
	City        string       `oms:"pii"`
	State       string       `oms:""`
	Postcode    string       `oms:"pii"`
	Region      string       `oms:""`
	Country     string       `oms:""`
	Latitude    *float64     `oms:"pii,least=-90,most=90" doc:"Degrees, north positive."`
	Longitude   *float64     `oms:"pii,least=-180,most=180" doc:"Degrees, east positive."`
	TimeZone    string       `oms:"form=timeZone"`
	OrderID     catalogue.ID `oms:"order,hidden,ref=Order"`
}
