// Package payment is money that is paid: the transactions of orders, and payments of billing accounts with what payment service providers did for
// them.
package payment

import (
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// FinancialTransaction is a payment or a refund of an order, as a sales channel or a provider tells it.
type FinancialTransaction struct {
	catalogue.Node
	Ref                     string               `oms:"create=!,update=-"`
	Type                    string               `oms:"!,update=-,max=25" doc:"Such as PAYMENT or REFUND."`
	Status                  string               `oms:"create=-,default=CREATED" doc:"CREATED at first; then what the workflow says."`
	WorkflowRef             string               `oms:"workflowRef,!,create=-,update=-"`
	WorkflowVersion         int                  `oms:"workflowVersion,!,create=-,update=-"`
	Total                   float64              `oms:"!,in=amount,update=-" doc:"The amount; preciseAmount is the same, exactly."`
	PreciseAmount           catalogue.Precise    `oms:"of=PreciseAmountType,on=total"`
	Currency                string               `oms:"!,update=-,max=3,names=Currency"`
	ExternalTransactionCode string               `oms:"update=-"`
	ExternalTransactionID   string               `oms:"externalTransactionId,update=-"`
	CardType                string               `oms:"update=-" doc:"Such as MASTERCARD, VISA, AMEX or DINERS."`
	PaymentMethod           string               `oms:"create=!,update=-" doc:"Such as CREDITCARD, PAYPAL, GIFTVOUCHER, CASH or AFTERPAY."`
	PaymentProviderName     string               `oms:"in=paymentProvider,update=-" doc:"Such as CYBERSOURCE, GIVEX, PAYPAL, BRAINTREE or AFTERPAY."`
	OrderID                 catalogue.ID         `oms:"ref=Order,by=OrderId,create=!,update=-"`
	Attributes              catalogue.Attributes `oms:"create=-,update=-"`
}

// Driven is embedded by what a workflow always drives, and whose creation may say with which status it begins.
type Driven struct {
	Type            string                  `oms:"!,update=-,max=25"`
	Status          string                  `oms:"!,create=?,max=25,default=CREATED" doc:"CREATED at first unless it is given; then what the workflow says."`
	Workflow        catalogue.CompositeLink `oms:"of=WorkflowLink,on=ref:workflowRef+version:workflowVersion" doc:"The workflow that drives it."`
	WorkflowRef     string                  `oms:"!,create=-,update=-" deprecated:"Read workflow { ref }."`
	WorkflowVersion int                     `oms:"!,create=-,update=-" deprecated:"Read workflow { version }."`
}

// Payment is money promised or taken for one or more orders.
type Payment struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in the account."`
	Driven
	Amount              foundation.AmountType `oms:"!,update=-"`
	RetailerID          catalogue.ID          `oms:"wrap=RetailerLink,ref=Retailer,by=RetailerId,create=!,update=-"`
	BillingAccountID    catalogue.ID          `oms:"ref=BillingAccount,by=BillingAccountKey,create=?,update=?" doc:"The billing account, one of the retailer's, whose workflow drives it; without one the payment has its own."`
	Attributes          catalogue.Attributes  `oms:"merge=name"`
	Orders              catalogue.Many        `oms:"of=Order,via=paymentId" doc:"The orders that name it."`
	PaymentTransactions catalogue.Many        `oms:"of=PaymentTransaction,via=payment,create=[CreatePaymentTransactionWithPaymentInput!]"`
}

// PaymentTransaction is one authorisation, capture or refund.
type PaymentTransaction struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in the account."`
	Driven
	Amount                   foundation.AmountType `oms:"!"`
	Currency                 string                `oms:"wrap=CurrencyLink,names=Currency,create=CurrencyKey!,max=20"`
	AuthorizationKey         string                `oms:"max=50"`
	CardType                 string                `oms:"max=25" doc:"Such as MASTERCARD, VISA, AMEX or DINERS."`
	PaymentMethod            string                `oms:"!,max=25"`
	PaymentID                catalogue.ID          `oms:"ref=Payment,by=PaymentKey,create=!"`
	PaymentServiceProviderID catalogue.ID          `oms:"ref=PaymentServiceProvider,by=PaymentServiceProviderKey,create=!" doc:"The provider, one of the payment's retailer."`
	Attributes               catalogue.Attributes  `oms:"merge=name"`
}

// PaymentServiceProvider is how a payment service is reached. Who may view it reads its secrets.
type PaymentServiceProvider struct {
	catalogue.Node
	Ref              string               `oms:"!,max=100" doc:"Unique in the account."`
	Name             string               `oms:"max=50"`
	ClientID         string               `oms:"clientId,!,max=25"`
	ClientSecret     string               `oms:"!,max=50"`
	ServiceAuthToken string               `oms:"!,max=50"`
	Host             string               `oms:"!,max=50"`
	Port             int                  `oms:"!,least=1,most=65535"`
	RetailerID       catalogue.ID         `oms:"!,wrap=RetailerLink,ref=Retailer,by=RetailerId,create=!,update=-"`
	Attributes       catalogue.Attributes `oms:"merge=name"`
}
