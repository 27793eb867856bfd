package billing

import "github.com/fluent-oms/fluent/domain/catalogue"

const document = "Node Referenceable Extendable"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: types(), Inputs: inputs(),
		Objects: []catalogue.ObjectSpec{{Name: "CreditMemoLink", Fields: []string{"ref: String"}, Doc: "A credit memo by its ref."}},
	}
}

func types() []catalogue.TypeSpec {
	return []catalogue.TypeSpec{
		{
			Go: BillingAccount{}, Doc: "The account that a customer or a company is billed through.", Event: "BILLING_ACCOUNT", Fires: true, Implements: document,
			KeyInputs: "Key", Key: "ref", Retailer: "retailer", Location: catalogue.Nowhere, Writers: "INTEGRATION CUSTOMER_SERVICE", Indexes: []string{"customer createdOn id"}, Agrees: []string{"customerId.retailer = retailer"},
			Gets: []string{"billingAccount(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: Invoice{}, Doc: "A bill to a billing account.", Event: "INVOICE", Root: "billingAccount", Fires: true, Implements: document,
			KeyInputs: "Key", Key: "ref", Retailer: "billingAccount", Location: catalogue.Nowhere, Writers: "INTEGRATION", Indexes: []string{"orderRef createdOn id"},
			Gets: []string{"invoice(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: InvoiceItem{}, Doc: "One line of an invoice.", Implements: "Node Referenceable", KeyInputs: "Key", Key: "ref", Retailer: "invoice", Location: catalogue.Nowhere, Writers: "INTEGRATION",
			Gets: []string{"invoiceItem(ref: String!)"}, Create: true,
		},
		{
			Go: CreditMemo{}, Doc: "Credit that a billing account is granted.", Plural: "creditMemoes", Table: "credit_memos", Event: "CREDIT_MEMO", Root: "billingAccount",
			Fires: true, Implements: document, KeyInputs: "Key", Key: "ref", Retailer: "billingAccount", Location: catalogue.Nowhere, Writers: "INTEGRATION", Indexes: []string{"orderRef createdOn id", "returnOrderRef createdOn id"},
			Agrees: []string{"invoice.billingAccount = billingAccount"}, Gets: []string{"creditMemo(ref: String!)"}, Create: true, Update: "ref",
		},
		{
			Go: CreditMemoItem{}, Doc: "One line of a credit memo.", Implements: "Node Referenceable", KeyInputs: "Key", Key: "ref", Retailer: "creditMemo", Location: catalogue.Nowhere, Writers: "INTEGRATION",
			Gets: []string{"creditMemoItem(ref: String!)"}, Create: true,
		},
	}
}

func inputs() []catalogue.InputSpec {
	return []catalogue.InputSpec{
		{Name: "CreditMemoLinkInput", Fields: []string{"ref: String! max=100"}},
		{Name: "CreateInvoiceItemWithInvoiceInput", Of: "InvoiceItem", Base: catalogue.Create, Without: "invoice"},
		{Name: "UpdateInvoiceItemWithInvoiceInput", Of: "InvoiceItem", Base: catalogue.Update, Finds: "ref"},
		{Name: "CreateCreditMemoItemWithCreditMemoInput", Of: "CreditMemoItem", Base: catalogue.Create, Without: "creditMemo"},
		{Name: "UpdateCreditMemoItemWithCreditMemoInput", Of: "CreditMemoItem", Base: catalogue.Update, Finds: "ref?"},
	}
}
