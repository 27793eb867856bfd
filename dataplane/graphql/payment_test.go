package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// provider makes a payment service provider of a retailer.
func (b books) provider(ref string, retailer int) {
	b.t.Helper()
	b.data(fmt.Sprintf(`mutation { createPaymentServiceProvider(input: {ref: %q, name: "P", clientId: "c", clientSecret: "s3cret", serviceAuthToken: "t0ken", host: "pay.example.com", port: 443,
		retailer: {id: %d}, attributes: {name: "mode", type: "STRING", value: "test"}}) { id } }`, ref, retailer), "")
}

func transaction(ref, provider, more string) string {
	return fmt.Sprintf(`{ref: %q, type: "CAPTURE", amount: {amount: 110.1}, currency: {alphabeticCode: "AUD"}, paymentMethod: "CREDITCARD", paymentServiceProvider: {ref: %q}%s}`, ref, provider, more)
}

func TestPayments(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.provider("PSP-1", 1)
	b.provider("PSP-2", 2)
	require.Empty(t, b.events(), "no workflow drives a provider")
	b.data(`mutation { createPayment(input: {ref: "PAY-1", type: "DEFAULT", retailer: {id: 1}, billingAccount: {ref: "BA-1"}, amount: {unscaledValue: 11010, scale: 2}, attributes: {name: "a", type: "STRING", value: "b"},
		paymentTransactions: [`+transaction("T-1", "PSP-1", `, authorizationKey: "k", cardType: "VISA", attributes: {name: "c", type: "STRING", value: "d"}`)+`]}) { id } }`, "")
	b.data(`mutation { createPaymentTransaction(input: {payment: {ref: "PAY-1"}, `+transaction("T-2", "PSP-1", `, status: "PENDING"`)[1:]+`) { id } }`, "")
	require.Equal(t, []string{"CREATE PAYMENT PAY-1 BILLING_ACCOUNT/BA-1", "CREATE PAYMENT_TRANSACTION T-1 BILLING_ACCOUNT/BA-1", "CREATE PAYMENT_TRANSACTION T-2 BILLING_ACCOUNT/BA-1"}, b.events())

	const driven = `ref type status workflow { ref version } workflowRef workflowVersion amount` + amount
	const fields = `{ ` + driven + `retailer { id } billingAccount { ref } attributes { name value } orders { edges { node { ref } } } paymentTransactions { edges { node { ` + driven +
		`currency { alphabeticCode } authorizationKey cardType paymentMethod payment { ref } paymentServiceProvider { ref host } attributes { name value } } } } }`
	const workflow = `"workflow":{"ref":"BILLING_ACCOUNT::CUSTOMER","version":10003},"workflowRef":"BILLING_ACCOUNT::CUSTOMER","workflowVersion":10003`
	const through = `"currency":{"alphabeticCode":"AUD"},"paymentMethod":"CREDITCARD","payment":{"ref":"PAY-1"},"paymentServiceProvider":{"ref":"PSP-1","host":"pay.example.com"}`
	shown := `{"ref":"PAY-1","type":"DEFAULT","status":"CREATED",` + workflow + `,"amount":{"amount":110.1,"scale":2,"unscaledValue":11010},"retailer":{"id":"1"},"billingAccount":{"ref":"BA-1"},
		"attributes":[{"name":"a","value":"b"}],"orders":{"edges":[]},"paymentTransactions":{"edges":[
		{"node":{"ref":"T-1","type":"CAPTURE","status":"CREATED",` + workflow + `,"amount":{"amount":110.1,"scale":1,"unscaledValue":1101},` + through + `,"authorizationKey":"k","cardType":"VISA","attributes":[{"name":"c","value":"d"}]}},
		{"node":{"ref":"T-2","type":"CAPTURE","status":"PENDING",` + workflow + `,"amount":{"amount":110.1,"scale":1,"unscaledValue":1101},` + through + `,"authorizationKey":null,"cardType":null,"attributes":null}}]}}`
	require.JSONEq(t, `{"payment":`+shown+`,"payments":{"edges":[{"node":`+shown+`}]},"billingAccount":{"payments":{"edges":[{"node":{"ref":"PAY-1"}}]}},"paymentTransactions":{"edges":[{"node":{"ref":"T-1"}}]}}`, b.raw(`{
		payment(ref: "PAY-1") `+fields+` payments(retailer: {id: 1}, workflow: {ref: "BILLING_ACCOUNT::CUSTOMER", version: 10003}) { edges { node `+fields+` } }
		billingAccount(ref: "BA-1") { payments(status: "CREATED") { edges { node { ref } } } } paymentTransactions(cardType: "VISA", currency: {alphabeticCode: "AUD"}) { edges { node { ref } } } }`, ""))
	require.JSONEq(t, `{"updatePayment":{"status":"SUCCESS","attributes":[{"value":"c"}],"billingAccount":{"ref":"BA-1"}}}`,
		b.raw(`mutation { updatePayment(input: {ref: "PAY-1", status: "SUCCESS", attributes: {name: "a", type: "STRING", value: "c"}}) { status attributes { value } billingAccount { ref } } }`, ""))

	payment := func(account, more string) string {
		return `createPayment(input: {ref: "X", type: "DEFAULT", retailer: {id: 1}, billingAccount: {ref: "` + account + `"}, amount: {amount: 1}` + more + `})`
	}
	b.refuses(map[string][2]string{
		payment("BA-2", ""): {"C0120E", "input.billingAccount"},
		payment("BA-1", `, status: "xxxxxxxxxxxxxxxxxxxxxxxxxx"`):                                                                                             {"C0141E", "input.status"},
		payment("BA-1", `, paymentTransactions: [`+transaction("X", "PSP-2", "")+`]`):                                                                         {"C0120E", "input.paymentTransactions[0].paymentServiceProvider"},
		payment("BA-1", `, paymentTransactions: [`+transaction("T-1", "PSP-1", "")+`]`):                                                                       {"C0123E", "input.paymentTransactions[0].ref"},
		`createPaymentTransaction(input: {payment: {ref: "PAY-9"}, ` + transaction("X", "PSP-1", "")[1:] + `)`:                                                {"C0120E", "input.payment"},
		`updatePayment(input: {ref: "PAY-1", status: "X", billingAccount: {ref: "BA-2"}})`:                                                                    {"C0120E", "input.billingAccount"},
		`createPaymentServiceProvider(input: {ref: "X", clientId: "c", clientSecret: "s", serviceAuthToken: "t", host: "h", port: 65536, retailer: {id: 1}})`: {"C0122E", "input.port"},
	}, `{ payments { edges { node `+fields+` } } paymentServiceProviders { edges { node { ref } } } }`)
}

// TestAPaymentWithoutABillingAccountIsItsOwnRoot: somebody may pay who is billed by nobody.
func TestAPaymentWithoutABillingAccountIsItsOwnRoot(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.provider("PSP-1", 1)
	require.JSONEq(t, `{"createPayment":{"status":"HELD","workflowRef":"PAYMENT::DEFAULT","workflowVersion":10003,"billingAccount":null}}`, b.raw(`mutation { createPayment(input: {ref: "PAY-1", type: "DEFAULT", status: "HELD",
		retailer: {id: 1}, amount: {amount: 110.1}, paymentTransactions: `+transaction("T-1", "PSP-1", "")+`}) { status workflowRef workflowVersion billingAccount { ref } } }`, ""))
	require.Equal(t, []string{"CREATE PAYMENT PAY-1 PAYMENT/PAY-1", "CREATE PAYMENT_TRANSACTION T-1 PAYMENT/PAY-1"}, b.events())
	require.JSONEq(t, `{"updatePayment":{"billingAccount":{"ref":"BA-1"},"workflowRef":"PAYMENT::DEFAULT"}}`,
		b.raw(`mutation { updatePayment(input: {ref: "PAY-1", billingAccount: {ref: "BA-1"}}) { billingAccount { ref } workflowRef } }`, ""))
}

func TestPaymentServiceProviders(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.provider("PSP-1", 1)
	b.provider("PSP-2", 2)
	const fields = `{ ref name clientId clientSecret serviceAuthToken host port retailer { id } attributes { name value } }`
	shown := `{"ref":"PSP-1","name":"P","clientId":"c","clientSecret":"s3cret","serviceAuthToken":"t0ken","host":"pay.example.com","port":443,"retailer":{"id":"1"},"attributes":[{"name":"mode","value":"test"}]}`
	require.JSONEq(t, `{"paymentServiceProvider":`+shown+`,"paymentServiceProviders":{"edges":[{"node":`+shown+`}]}}`,
		b.raw(`{ paymentServiceProvider(ref: "PSP-1") `+fields+` paymentServiceProviders(port: 443, host: "pay%", retailer: {id: 1}) { edges { node `+fields+` } } }`, ""))
	require.JSONEq(t, `{"updatePaymentServiceProvider":{"clientSecret":"new","serviceAuthToken":"t0ken","name":null}}`,
		b.raw(`mutation { updatePaymentServiceProvider(input: {ref: "PSP-1", clientSecret: "new", name: null}) { clientSecret serviceAuthToken name } }`, ""))
	require.JSONEq(t, `{"a":null,"b":{"edges":[{"node":{"ref":"PSP-2"}}]}}`,
		b.as(adminOf("ACME", 2)).raw(`{ a: paymentServiceProvider(ref: "PSP-1") { clientSecret } b: paymentServiceProviders { edges { node { ref } } } }`, ""))
}

const transactionFields = `id ref type status total preciseAmount { preciseAmount scale unscaledValue } currency cardType paymentMethod paymentProviderName externalTransactionCode externalTransactionId
	workflowRef workflowVersion attributes { name } order { ref } `

func TestFinancialTransactions(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	orders := [2]string{}
	for i := range orders {
		customer := at(b.data(fmt.Sprintf(`{ customer(ref: "c%d") { id } }`, i+1), ""), "customer.id")
		orders[i] = at(b.data(fmt.Sprintf(`mutation { createOrder(input: {ref: "O-%d", type: "HD", retailer: {id: %[1]d}, customer: {id: %[2]s}, items: [], financialTransactions: [
			{ref: "FT-%[1]d", type: "PAYMENT", amount: 110.10, currency: "AUD", paymentMethod: "CREDITCARD", cardType: "VISA", paymentProvider: "PAYPAL", externalTransactionCode: "00", externalTransactionId: "x1"}]}) { id } }`,
			i+1, customer), ""), "createOrder.id").(string)
	}
	require.Contains(t, b.events(), "CREATE FINANCIAL_TRANSACTION FT-1 ORDER/O-1")
	refund := at(b.data(`mutation { createFinancialTransaction(input: {ref: "FT-3", type: "REFUND", amount: -0.05, currency: "AUD", paymentMethod: "CASH", order: {id: `+orders[0]+`}}) { id } }`, ""), "createFinancialTransaction.id").(string)

	ids := b.data(`{ financialTransactions(ref: "FT-1") { edges { node { id } } } }`, "")
	first := at(ids, "financialTransactions.edges.0.node.id").(string)
	shown := `{"id":"` + first + `","ref":"FT-1","type":"PAYMENT","status":"CREATED","total":110.1,"preciseAmount":{"preciseAmount":110.1,"scale":1,"unscaledValue":1101},"currency":"AUD","cardType":"VISA",
		"paymentMethod":"CREDITCARD","paymentProviderName":"PAYPAL","externalTransactionCode":"00","externalTransactionId":"x1","workflowRef":"ORDER::HD","workflowVersion":10003,"attributes":null,"order":{"ref":"O-1"}}`
	require.JSONEq(t, `{"financialTransaction":`+shown+`,"financialTransactions":{"edges":[{"node":`+shown+`}]},"orderById":{"financialTransactions":{"edges":[{"node":{"ref":"FT-1"}},{"node":{"ref":"FT-3"}}]}}}`, b.raw(`{
		financialTransaction(id: `+first+`) { `+transactionFields+`} financialTransactions(paymentProviderName: "PAYPAL", total: [110.1], first: 1) { edges { node { `+transactionFields+`} } }
		orderById(id: `+orders[0]+`) { financialTransactions(currency: "AUD") { edges { node { ref } } } } }`, ""))
	require.JSONEq(t, `{"updateFinancialTransaction":{"status":"REFUNDED","preciseAmount":{"preciseAmount":-0.05,"scale":2,"unscaledValue":-5,"__typename":"PreciseAmountType"}}}`,
		b.raw(`mutation { updateFinancialTransaction(input: {id: `+refund+`, status: "REFUNDED"}) { status preciseAmount { preciseAmount scale unscaledValue __typename } } }`, ""))

	pay := func(replaced, order string) string {
		return `createFinancialTransaction(input: {ref: "X", type: "PAYMENT", amount: 1, currency: "` + replaced + `", paymentMethod: "CASH", order: {id: ` + order + `}})`
	}
	const all = `{ financialTransactions { edges { node { ` + transactionFields + `} } } }`
	b.refuses(map[string][2]string{
		pay("AUX", orders[0]): {"C0120E", "input.currency"},
		pay("AUD", "999"):     {"C0120E", "input.order"},
		`updateFinancialTransaction(input: {id: 999, status: "X"})`: {"C0120E", "input"},
	}, all)
	theirs := books{b.as(adminOf("ACME", 2))}
	require.JSONEq(t, `{"financialTransactions":{"edges":[{"node":{"ref":"FT-2"}}]},"financialTransaction":null}`, theirs.raw(`{ financialTransactions { edges { node { ref } } } financialTransaction(id: `+first+`) { ref } }`, ""))
	theirs.refuses(map[string][2]string{
		pay("AUD", orders[0]): {"C0120E", "input.order"},
		`updateFinancialTransaction(input: {id: ` + first + `, status: "X"})`: {"C0120E", "input"},
	}, all)
}

// TestOrdersNameTheirPayment: by key when they are made, by ref when they are read.
func TestOrdersNameTheirPayment(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for i := 1; i <= 2; i++ {
		b.data(fmt.Sprintf(`mutation { createPayment(input: {ref: "PAY-%d", type: "DEFAULT", retailer: {id: %[1]d}, amount: {amount: 1}}) { id } }`, i), "")
	}
	customer := at(b.data(`{ customer(ref: "c1") { id } }`, ""), "customer.id").(string)
	order := func(ref, payment string) string {
		return `createOrder(input: {ref: "` + ref + `", type: "HD", retailer: {id: 1}, customer: {id: ` + customer + `}, items: [], payment: {ref: "` + payment + `"}})`
	}
	b.data(`mutation { `+order("O-1", "PAY-1")+` { id } }`, "")
	b.data(createOrder, orderInput("O-2", customer))
	const of = `ref payment { ref }`
	require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"O-1","payment":{"ref":"PAY-1"}}},{"node":{"ref":"O-2","payment":null}}]},"payment":{"orders":{"edges":[{"node":{"ref":"O-1"}}]}}}`,
		b.raw(`{ orders { edges { node { `+of+` } } } payment(ref: "PAY-1") { orders(payment: {ref: "PAY-1"}) { edges { node { ref } } } } }`, ""))
	require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"O-1"}}]}}`, b.raw(`{ orders(payment: {ref: "PAY-1"}) { edges { node { ref } } } }`, ""))
	b.refuses(map[string][2]string{order("X", "PAY-2"): {"C0120E", "input.payment"}, order("X", "NONE"): {"C0120E", "input.payment"}}, `{ orders { edges { node { `+of+` } } } }`)
}
