package payment

import "github.com/fluent-oms/fluent/domain/catalogue"

const orchestratedNode = "Node Referenceable Orchestrateable Extendable"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: types(), Inputs: inputs(),
		Objects: []catalogue.ObjectSpec{{Name: "PaymentLink", Fields: []string{"ref: String"}, Doc: "A payment by its ref."}},
	}
}

func types() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: FinancialTransaction{}, Doc: "A payment or a refund of an order.", Event: "FINANCIAL_TRANSACTION", Root: "order", Fires: true, Implements: "Node Orchestrateable",
			Key: "ref", Loose: true, Retailer: "order", Location: "order", Writers: "INTEGRATION CUSTOMER_SERVICE", Gets: []string{"financialTransaction(id: ID!)"}, Create: true, Update: "id",
		},
		{
			Go: Payment{}, Doc: "Money promised or taken for one or more orders.", Private: true, Event: "PAYMENT", Root: "billingAccount", OwnRoot: true, Fires: true,
			Implements: orchestratedNode, KeyInputs: "Key", Key: "ref", Retailer: "retailer", Location: catalogue.Nowhere, Writers: "INTEGRATION", Agrees: []string{"billingAccount.retailer = retailer"},
			Gets: []string{"payment(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: PaymentTransaction{}, Doc: "One authorisation, capture or refund.", Event: "PAYMENT_TRANSACTION", Root: "payment", Fires: true,
			Implements: orchestratedNode, Key: "ref", Retailer: "payment", Location: catalogue.Nowhere, Writers: "INTEGRATION", Agrees: []string{"paymentServiceProvider.retailer = payment.retailer"}, Create: true,
		},
		{
			Go: PaymentServiceProvider{}, Doc: "How a payment service is reached.", Implements: "Referenceable Extendable", KeyInputs: "Key", Key: "ref",
			Retailer: "retailer", Location: catalogue.Nowhere, Secret: true, Gets: []string{"paymentServiceProvider(ref: String!)"}, Create: true, Update: "ref",
		},
	}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "PaymentLinkInput", Fields: []string{"ref: String! max=100"}},
		{Name: "CreateFinancialTransactionWithOrderInput", Of: "FinancialTransaction", Base: catalogue.Create, Without: "order"},
		{Name: "CreatePaymentTransactionWithPaymentInput", Of: "PaymentTransaction", Base: catalogue.Create, Without: "payment"},
	}
}
