// Package order is order management: orders, how customers want them, what is picked for them and what it is packed in; and the
// pure functions over them.
package order

import (
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Order is a customer's purchase as a sales channel booked it.
type Order struct {
	catalogue.Node
	Ref string `oms:"create=!,update=-" doc:"Unique in the account."`
	catalogue.Orchestrated
	Ref2               string               `oms:"nosearch,create=-" doc:"A second reference of the caller's, unique in the account if given."`
	Tag1               string               `oms:"nosearch,create=-"`
	Tag2               string               `oms:"nosearch,create=-"`
	Tag3               string               `oms:"nosearch,create=-"`
	Currency           string               `oms:"nosearch,create=-,names=Currency"`
	TotalPrice         *float64             `oms:"totalPrice"`
	TotalTaxPrice      *float64             `oms:"totalTaxPrice"`
	RetailerID         catalogue.ID         `oms:"ref=Retailer,by=RetailerId,create=!,update=-"`
	CustomerID         catalogue.ID         `oms:"ref=Customer,by=CustomerId,find=SearchCustomerInput,create=!,update=-"`
	CustomerRef        string               `oms:"customerLink,wrap=CustomerLink,copy=customer.ref,pii" doc:"The customer by ref only."`
	FulfilmentChoiceID catalogue.ID         `oms:"ref=FulfilmentChoice,create=CreateFulfilmentChoiceWithOrderInput,update=-"`
	PaymentID          catalogue.ID         `oms:"paymentId,hidden,ref=Payment,by=PaymentKey,in=payment,create=?,update=-"`
	PaymentRef         string               `oms:"payment,wrap=PaymentLink,copy=paymentId.ref" doc:"The payment by ref only."`
	BillingAddressID   catalogue.ID         `oms:"ref=OrderBillingAddress,create=CreateOrderBillingAddressInput,update=UpdateOrderBillingAddressInput"`
	Attributes         catalogue.Attributes `oms:"merge=name"`
	Items              catalogue.Many       `oms:"of=OrderItem,via=order,create=[CreateOrderItemWithOrderInput]!,update=[UpdateOrderItemWithOrderInput]"`
	Fulfilments        catalogue.Many       `oms:"of=Fulfilment,via=order"`
	FulfilmentChoices  catalogue.Many       `oms:"of=FulfilmentChoice,via=order,create=[CreateFulfilmentChoiceWithOrderInput]" doc:"All its choices, of which orders of several have more than one."`

	FinancialTransactions catalogue.Many    `oms:"of=FinancialTransaction,via=order,create=[CreateFinancialTransactionWithOrderInput]"`
	PreciseTotalPrice     catalogue.Precise `oms:"of=PreciseAmountType,on=totalPrice,by=PreciseAmountInput,create=-"`
	PreciseTotalTaxPrice  catalogue.Precise `oms:"hidden,on=totalTaxPrice,by=PreciseAmountInput,create=-,update=?"`
}

// OrderItem is one product line of an order.
type OrderItem struct {
	catalogue.Node
	Ref                 string               `oms:"create=!"`
	Status              string               `oms:"!,create=-,default=CREATED"`
	Quantity            int                  `oms:"!,least=0"`
	PaidPrice           *float64             `oms:"paidPrice"`
	Currency            string               `oms:"names=Currency"`
	Price               *float64             `oms:"price"`
	TaxPrice            *float64             `oms:"taxPrice"`
	TaxType             string               `oms:""`
	TotalPrice          *float64             `oms:"totalPrice"`
	TotalTaxPrice       *float64             `oms:"totalTaxPrice"`
	ProductRef          string               `oms:"hidden,create=!,update=?"`
	ProductCatalogueRef string               `oms:"hidden,create=!,update=?,default=COMPATIBILITY:{order.retailer}"`
	Product             catalogue.Lookup     `oms:"!,of=Product,on=productRef:ref+productCatalogueRef:catalogueRef"`
	FulfilmentChoiceRef string               `oms:"nosearch" doc:"Which of the order's choices the line is for."`
	OrderID             catalogue.ID         `oms:"ref=Order,by=OrderKey,create=!,update=-"`
	Attributes          catalogue.Attributes `oms:"merge=name"`
	PreciseTotalPrice   catalogue.Precise    `oms:"of=PreciseAmountType,on=totalPrice"`
}

// Fulfilment is a set of items to be picked and packed at one location for one order.
type Fulfilment struct {
	catalogue.Node
	Ref string `oms:"create=!,update=-"`
	catalogue.Orchestrated
	DeliveryType    string               `oms:""`
	ChoiceRef       string               `oms:"fulfilmentChoiceRef,nosearch,update=-" doc:"Which of the order's choices it is for."`
	ETA             string               `oms:"eta"`
	ExpiryTime      *time.Time           `oms:"expiryTime"`
	OrderID         catalogue.ID         `oms:"ref=Order,by=OrderId,create=!,update=-"`
	FromAddressID   catalogue.ID         `oms:"ref=Address,by=AddressId,update=-"`
	ToAddressID     catalogue.ID         `oms:"ref=Address,by=AddressId,update=-"`
	FromLocationRef string               `oms:"fromLocation,wrap=LocationLink,copy=fromAddress.location.ref" doc:"The location of fromAddress."`
	CustomerID      catalogue.ID         `oms:"user,ref=Customer,by=CustomerId,in=customer,update=-"`
	Attributes      catalogue.Attributes `oms:"merge=name"`
	Items           catalogue.Many       `oms:"of=FulfilmentItem,via=fulfilment,create=[CreateFulfilmentItemWithFulfilmentInput],update=[UpdateFulfilmentItemWithFulfilmentInput]"`
	Articles        catalogue.Many       `oms:"of=Article,link=article_fulfilments/fulfilment_id/article_id"`
}

// FulfilmentItem is how many of an order item are picked in a fulfilment.
type FulfilmentItem struct {
	catalogue.Row
	Ref               string       `oms:"create=!,update=-"`
	Status            string       `oms:"!,create=-,default=CREATED"`
	RequestedQuantity *int         `oms:"requestedQuantity,least=0"`
	FilledQuantity    int          `oms:"!,least=0"`
	RejectedQuantity  int          `oms:"!,least=0"`
	OrderItemID       catalogue.ID `oms:"ref=OrderItem,by=OrderItemId,create=!,update=-"`
	FulfilmentID      catalogue.ID `oms:"ref=Fulfilment,create=-,update=-"`
}

// Article is a parcel that holds picked items.
type Article struct {
	catalogue.Node
	Ref string `oms:"create=!,update=-"`
	catalogue.Orchestrated
	Name                 string               `oms:"max=256"`
	Description          string               `oms:"max=256"`
	Quantity             *int                 `oms:"quantity,least=0"`
	Height               float64              `oms:"!,least=0"`
	Length               float64              `oms:"!,least=0"`
	Width                float64              `oms:"!,least=0"`
	Weight               float64              `oms:"!,least=0"`
	ArticleNumber        string               `oms:"hidden,create=?,update=?,max=30"`
	BarcodeArticleNumber string               `oms:"hidden,create=?,update=?,max=50"`
	PurchaseValue        string               `oms:"hidden,create=?,update=?,max=100"`
	ExpiryDate           *time.Time           `oms:"hidden,create=?,update=?"`
	OrderID              catalogue.ID         `oms:"order,hidden,ref=Order,copy=fulfilments.order"` // events of the article go to this order
	StorageAreaID        catalogue.ID         `oms:"ref=StorageArea,by=StorageAreaId,update=-" doc:"Where it waits."`
	Attributes           catalogue.Attributes `oms:"merge=name"`
	Items                catalogue.Many       `oms:"of=ArticleItem,via=article,create=[CreateArticleItemWithArticleInput]"`
	Fulfilments          catalogue.Many       `oms:"of=Fulfilment,link=article_fulfilments/article_id/fulfilment_id,create=[FulfilmentId]!"`

	ConsignmentArticles        catalogue.Many `oms:"of=ConsignmentArticle,via=article"`
	CarrierConsignmentArticles catalogue.Many `oms:"of=CarrierConsignmentArticle,via=article"`
}

// ArticleItem is a quantity packed in an article.
type ArticleItem struct {
	catalogue.Node
	Quantity  int          `oms:"!,least=0"`
	Barcode   string       `oms:""`
	ArticleID catalogue.ID `oms:"ref=Article,create=-,update=-"`
}
