// Package returns is about goods that come back: return orders with their lines, the evidence that is checked, and how the goods are moved.
package returns

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/security"
)

// ReturnOrder is what a customer sends back, with or without an order that it was bought by.
type ReturnOrder struct {
	catalogue.Node
	Ref    string `oms:"!,max=100" doc:"Unique in the retailer."`
	Type   string `oms:"!,update=-,max=50"`
	Status string `oms:"!,create=-,max=50,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	catalogue.WorkflowLinked
	RetailerID catalogue.ID `oms:"ref=Retailer,by=RetailerId,wrap=RetailerLink,create=!,update=-"`
	CustomerID catalogue.ID `oms:"customerEntity,hidden,in=customer,ref=Customer,by=CustomerKey,create=!,update=-"`

	CustomerRef             string                  `oms:"customer,wrap=CustomerLink,copy=customerEntity.ref,pii" doc:"Who sends it back."`
	OrderRef                string                  `oms:"hidden"`
	OrderRetailerID         catalogue.ID            `oms:"hidden,ref=Retailer"`
	Order                   catalogue.CompositeLink `oms:"of=OrderLink,on=ref:orderRef+retailer.id:orderRetailer,by=OrderLinkInput" doc:"What it was bought by."`
	ExchangeOrderRef        string                  `oms:"hidden"`
	ExchangeOrderRetailerID catalogue.ID            `oms:"hidden,ref=Retailer"`
	ExchangeOrder           catalogue.CompositeLink `oms:"of=OrderLink,on=ref:exchangeOrderRef+retailer.id:exchangeOrderRetailer,by=OrderLinkInput" doc:"What is sent instead."`
	CreditMemoRef           string                  `oms:"creditMemo,wrap=CreditMemoLink,create=CreditMemoKey,update=CreditMemoKey,max=100" doc:"What is credited for it."`

	LodgedLocationRef      string                    `oms:"lodgedLocation,wrap=LocationLink,create=LocationLinkInput,update=LocationLinkInput,max=8" doc:"Where it is handed in."`
	DestinationLocationRef string                    `oms:"destinationLocation,wrap=LocationLink,create=LocationLinkInput,update=LocationLinkInput,max=8" doc:"Where it goes."`
	PickupAddress          *foundation.StreetAddress `oms:"pii" doc:"Where it is fetched."`

	ReturnAuthorisationKey         string                     `oms:"" doc:"What the customer shows when it is handed in."`
	ReturnAuthorisationKeyExpiry   *time.Time                 `oms:""`
	ReturnAuthorisationDisposition *security.SettingValueType `oms:""`

	CurrencyCode   string                `oms:"currency,wrap=CurrencyLink,create=CurrencyKey!,update=CurrencyKey,names=Currency,max=20"`
	SubTotalAmount foundation.AmountType `oms:"create=!"`
	TotalTax       foundation.AmountType `oms:"create=!"`
	TotalAmount    foundation.AmountType `oms:"create=!"`
	DefaultTaxType inventory.TaxType     `oms:"create=!"`
	Attributes     catalogue.Attributes  `oms:"merge=name"`

	Items         catalogue.Many `oms:"returnOrderItems,of=ReturnOrderItem,via=returnOrder,create=[CreateReturnOrderItemWithReturnOrderInput!]!,update=[UpdateReturnOrderItemWithReturnOrderInput]"`
	Verifications catalogue.Many `oms:"returnVerifications,of=ReturnVerification,via=returnOrder,create=[CreateReturnVerificationWithReturnOrderInput],update=[UpdateReturnVerificationWithReturnOrderInput]"`
	Fulfilments   catalogue.Many `oms:"returnOrderFulfilments,of=ReturnFulfilment,via=returnOrder"`
}

// ReturnOrderItem is one line of what is sent back.
type ReturnOrderItem struct {
	catalogue.Node
	Ref    string `oms:"!,max=100" doc:"Unique in the return order."`
	Type   string `oms:"hidden,create=!,max=50"`
	Status string `oms:"!,max=50,default=CREATED"`

	ProductRef          string                  `oms:"hidden,max=100"`
	ProductCatalogueRef string                  `oms:"hidden,max=100"`
	Product             catalogue.CompositeLink `oms:"of=ProductLink,on=ref:productRef+catalogue.ref:productCatalogueRef,by=ProductKey,create=!"`
	OrderItemRef        string                  `oms:"hidden"`
	OrderRef            string                  `oms:"hidden"`
	OrderRetailerID     catalogue.ID            `oms:"hidden,ref=Retailer"`
	OrderItem           catalogue.CompositeLink `oms:"of=OrderItemLink,on=ref:orderItemRef+order.ref:orderRef+order.retailer.id:orderRetailer,by=OrderItemLinkInput,create=!" doc:"The line that it was bought by."`

	UnitQuantity  foundation.QuantityType `oms:"create=!"`
	UnitAmount    foundation.AmountType   `oms:"create=!"`
	ItemAmount    foundation.AmountType   `oms:"create=!"`
	ItemTaxAmount foundation.AmountType   `oms:"create=!"`
	UnitTaxType   *inventory.TaxType      `oms:""`

	ReturnReason            *security.SettingValueType `oms:""`
	ReturnReasonComment     string                     `oms:"pii"`
	ReturnCondition         *security.SettingValueType `oms:""`
	ReturnConditionComment  string                     `oms:"pii"`
	ReturnPaymentAction     *security.SettingValueType `oms:""`
	ReturnDispositionAction *security.SettingValueType `oms:""`
	Attributes              catalogue.Attributes       `oms:"merge=name"`
	ReturnOrderID           catalogue.ID               `oms:"ref=ReturnOrder,by=ReturnOrderKey,create=!,update=-"`
}

// ReturnVerification is evidence that is checked when goods are handed in, such as a receipt.
type ReturnVerification struct {
	catalogue.Node
	Ref                 string       `oms:"!,max=100" doc:"Unique in the return order."`
	Type                string       `oms:"!,update=-"`
	VerificationDetails string       `oms:"create=!,pii"`
	ReturnOrderID       catalogue.ID `oms:"ref=ReturnOrder,by=ReturnOrderKey,create=!,update=-"`
}

// ReturnFulfilment is the way of goods from where they are handed in, or fetched, to where they go.
type ReturnFulfilment struct {
	catalogue.Node
	Ref    string `oms:"!,max=100" doc:"Unique in the return order."`
	Type   string `oms:"!,update=-,max=50"`
	Status string `oms:"!,create=-,max=100,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	catalogue.WorkflowLinked
	ReturnOrderID          catalogue.ID              `oms:"ref=ReturnOrder,by=ReturnOrderKey,create=!,update=-"`
	LodgedLocationRef      string                    `oms:"lodgedLocation,wrap=LocationLink,create=LocationLinkInput,update=LocationLinkInput,max=8" doc:"Where it is handed in."`
	DestinationLocationRef string                    `oms:"destinationLocation,wrap=LocationLink,create=LocationLinkInput!,update=LocationLinkInput,max=8" doc:"Where it goes."`
	PickupAddress          *foundation.StreetAddress `oms:"pii" doc:"Where it is fetched."`
	Attributes             catalogue.Attributes      `oms:"merge=name"`
	Items                  catalogue.Many            `oms:"returnFulfilmentItems,of=ReturnFulfilmentItem,via=returnOrderFulfilment,create=[CreateReturnFulfilmentItemWithReturnFulfilmentInput],update=[UpdateReturnFulfilmentItemWithReturnFulfilmentInput]"`
}

// ReturnFulfilmentItem is how many of a line a return fulfilment moves.
type ReturnFulfilmentItem struct {
	catalogue.Node
	Ref                 string                  `oms:"!,max=100" doc:"Unique in the return fulfilment."`
	ReturnFulfilmentID  catalogue.ID            `oms:"returnOrderFulfilment,in=returnFulfilment,ref=ReturnFulfilment,by=ReturnFulfilmentKey,create=!,update=-"`
	ReturnOrderItemID   catalogue.ID            `oms:"ref=ReturnOrderItem,by=ReturnOrderItemKey,create=!,update=-"`
	ProductRef          string                  `oms:"hidden,max=100"`
	ProductCatalogueRef string                  `oms:"hidden,max=100"`
	Product             catalogue.CompositeLink `oms:"of=ProductLink,on=ref:productRef+catalogue.ref:productCatalogueRef,by=ProductKey"`
	UnitQuantity        foundation.QuantityType `oms:"create=!"`
	Attributes          catalogue.Attributes    `oms:"merge=name"`
}
