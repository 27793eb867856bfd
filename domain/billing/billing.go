// Package billing is money owed by customers and to them: billing accounts, what is invoiced to them and what is credited.
//
// A billing account is the root: its workflow drives its invoices and credit memos. All amounts are exact decimals and the caller's: nothing here
// adds them up.
package billing

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/security"
)

// Driven is embedded by what a workflow drives that the API shows as an object, and whose version alone is a text.
type Driven struct {
	Workflow        catalogue.CompositeLink `oms:"of=WorkflowLink,on=ref:workflowRef+version:workflowVersion" doc:"The workflow that drives it."`
	WorkflowRef     string                  `oms:"create=-,update=-" deprecated:"Read workflow { ref }."`
	WorkflowVersion int                     `oms:"out=String,none=0,create=-,update=-" deprecated:"Read workflow { version }."`
}

// BillingAccount is the account that a customer or a company is billed through.
type BillingAccount struct {
	catalogue.Node
	Ref    string `oms:"!,max=100" doc:"Unique in the account."`
	Type   string `oms:"create=!,update=-,max=50" doc:"Such as CUSTOMER."`
	Status string `oms:"create=-,max=50,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	Driven
	Name        string                    `oms:"create=!,pii,max=100"`
	Address     *foundation.StreetAddress `oms:"pii"`
	RetailerID  catalogue.ID              `oms:"wrap=RetailerLink,ref=Retailer,by=RetailerId,create=!,update=-"`
	CustomerID  catalogue.ID              `oms:"customerId,hidden,ref=Customer,by=CustomerKey,in=customer,create=?"`
	CustomerRef string                    `oms:"customer,wrap=CustomerLink,copy=customerId.ref,pii" doc:"The customer, one of the retailer's."`
	Attributes  catalogue.Attributes      `oms:"merge=name"`
	Invoices    catalogue.Many            `oms:"of=Invoice,via=billingAccount"`
	CreditMemos catalogue.Many            `oms:"of=CreditMemo,via=billingAccount"`
	Payments    catalogue.Many            `oms:"of=Payment,via=billingAccount"`
}

// Totals are the amounts of a whole invoice or credit memo, as its maker has worked them out.
type Totals struct {
	SubTotalAmount foundation.AmountType `oms:"create=!" doc:"The sum of its items, without tax."`
	TotalTax       foundation.AmountType `oms:"create=!"`
	TotalAmount    foundation.AmountType `oms:"create=!" doc:"The sum of both."`
	TotalBalance   foundation.AmountType `oms:"create=!" doc:"What of it is still open."`
}

// OrderPointer is the order that a document is about, which need not be there.
type OrderPointer struct {
	OrderRef        string                  `oms:"hidden"`
	OrderRetailerID catalogue.ID            `oms:"hidden,ref=Retailer"`
	Order           catalogue.CompositeLink `oms:"of=OrderLink,on=ref:orderRef+retailer.id:orderRetailer,by=OrderLinkInput" doc:"The order that it is about."`
}

// ProductPointer is the product that an item is about.
type ProductPointer struct {
	ProductRef          string                  `oms:"hidden,max=100"`
	ProductCatalogueRef string                  `oms:"hidden,max=100"`
	Product             catalogue.CompositeLink `oms:"of=ProductLink,on=ref:productRef+catalogue.ref:productCatalogueRef,by=ProductKey"`
}

// Invoice is a bill to a billing account.
type Invoice struct {
	catalogue.Node
	Ref    string `oms:"!,max=100" doc:"Unique in the account."`
	Type   string `oms:"create=!,update=-,max=50"`
	Status string `oms:"create=-,max=50,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	catalogue.WorkflowLinked
	IssueDate time.Time  `oms:"create=!"`
	DueDate   *time.Time `oms:"dueDate"`
	Currency  string     `oms:"wrap=CurrencyLink,names=Currency,create=CurrencyKey!,update=CurrencyKey,max=20"`
	Totals
	DefaultTaxType   inventory.TaxType `oms:"create=!" doc:"How items are taxed that say nothing else."`
	BillingAccountID catalogue.ID      `oms:"ref=BillingAccount,by=BillingAccountKey,create=!,update=-"`
	OrderPointer
	FulfilmentRef string               `oms:"fulfilment,wrap=FulfilmentLink,create=FulfilmentLinkInput,update=FulfilmentLinkInput" doc:"The fulfilment that it is about, which need not be there."`
	Attributes    catalogue.Attributes `oms:"merge=name"`
	Items         catalogue.Many       `oms:"of=InvoiceItem,via=invoice,create=[CreateInvoiceItemWithInvoiceInput],update=[UpdateInvoiceItemWithInvoiceInput]"`
	CreditMemos   catalogue.Many       `oms:"of=CreditMemo,via=invoice,plain" doc:"What was credited against it."`
}

// Line is what the items of invoices and credit memos have alike.
type Line struct {
	catalogue.Node
	Ref          string                  `oms:"!,max=100" doc:"Unique in the account."`
	Type         string                  `oms:"create=!,update=-,max=50"`
	Description  string                  `oms:""`
	UnitQuantity foundation.QuantityType `oms:"create=!"`
	UnitAmount   foundation.AmountType   `oms:"create=!" doc:"The price of one unit, without tax."`
	UnitTaxType  *inventory.TaxType      `oms:"unitTaxType"`
	Amount       foundation.AmountType   `oms:"create=!" doc:"The price of all units, without tax."`
	TaxAmount    foundation.AmountType   `oms:"create=!" doc:"The tax on all units."`
	ProductPointer
}

// InvoiceItem is one line of an invoice.
type InvoiceItem struct {
	Line
	InvoiceID  catalogue.ID         `oms:"ref=Invoice,by=InvoiceKey,create=!,update=-"`
	Attributes catalogue.Attributes `oms:"create=-,update=-"`
}

// CreditMemo is credit that a billing account is granted, perhaps against an invoice, or for a return.
type CreditMemo struct {
	catalogue.Node
	Ref    string `oms:"!,max=100" doc:"Unique in the account."`
	Type   string `oms:"create=!,update=-,max=50"`
	Status string `oms:"create=-,max=50,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	Driven
	IssueDate time.Time `oms:"create=!"`
	Currency  string    `oms:"wrap=CurrencyLink,names=Currency,create=CurrencyKey!,update=CurrencyKey,max=20"`
	Totals
	DefaultTaxType   inventory.TaxType `oms:"create=!" doc:"How items are taxed that say nothing else."`
	BillingAccountID catalogue.ID      `oms:"ref=BillingAccount,by=BillingAccountKey,create=!,update=-"`
	InvoiceID        catalogue.ID      `oms:"ref=Invoice,by=InvoiceKey,create=?,update=-" doc:"An invoice to the same billing account."`
	OrderPointer
	ReturnOrderRef        string                  `oms:"hidden,max=100"`
	ReturnOrderRetailerID catalogue.ID            `oms:"hidden,ref=Retailer"`
	ReturnOrder           catalogue.CompositeLink `oms:"of=ReturnOrderLink,on=ref:returnOrderRef+retailer.id:returnOrderRetailer,by=ReturnOrderKey" doc:"What came back, for which it is."`
	Attributes            catalogue.Attributes    `oms:"merge=name"`
	Items                 catalogue.Many          `oms:"of=CreditMemoItem,via=creditMemo,create=[CreateCreditMemoItemWithCreditMemoInput],update=[UpdateCreditMemoItemWithCreditMemoInput]"`
}

// CreditMemoItem is one line of a credit memo.
type CreditMemoItem struct {
	Line
	UnitCostAmount   *foundation.AmountType     `oms:"unitCostAmount" doc:"What one unit had cost the seller."`
	CreditReasonCode *security.SettingValueType `oms:"creditReasonCode"`

	OrderItemRef              string                  `oms:"hidden"`
	OrderItemOrderRef         string                  `oms:"hidden"`
	OrderItemOrderRetailerID  catalogue.ID            `oms:"hidden,ref=Retailer"`
	OrderItem                 catalogue.CompositeLink `oms:"of=OrderItemLink,on=ref:orderItemRef+order.ref:orderItemOrderRef+order.retailer.id:orderItemOrderRetailer,by=OrderItemLinkInput" doc:"The line of an order that it is about, which need not be there."`
	ReturnOrderItemRef        string                  `oms:"hidden,max=100"`
	ReturnOrderItemReturnRef  string                  `oms:"hidden,max=100"`
	ReturnOrderItemRetailerID catalogue.ID            `oms:"hidden,ref=Retailer"`
	ReturnOrderItem           catalogue.CompositeLink `oms:"of=ReturnOrderItemLink,on=ref:returnOrderItemRef+returnOrder.ref:returnOrderItemReturnRef+returnOrder.retailer.id:returnOrderItemRetailer,by=ReturnOrderItemKey" doc:"The line of a return order that it is about."`
	CreditMemoID              catalogue.ID            `oms:"ref=CreditMemo,by=CreditMemoKey,create=!,update=-"`
}
