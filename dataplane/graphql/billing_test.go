package graphql_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// books is a world with a shop, a second retailer, and a billing account of each retailer's own customer: BA-1 and BA-2.
type books struct{ *world }

func newBooks(t *testing.T) books {
	t.Helper()
	b := books{newWorld(t)}
	b.retailer("ACME", "2", "SECOND")
	b.shop("P1", "P2")
	for i := 1; i <= 2; i++ {
		b.data(fmt.Sprintf(`mutation { createCustomer(input: {username: "c%d", firstName: "C", primaryEmail: "c@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: %[1]d}}) { id }
			createBillingAccount(input: {ref: "BA-%[1]d", type: "CUSTOMER", name: "C %[1]d", retailer: {id: %[1]d}, customer: {ref: "c%[1]d"},
				address: {name: "C", street: "1 Here St", city: "Perth", latitude: -31.95, longitude: 115.86, timeZone: "Australia/Perth"},
				attributes: {name: "vip", type: "BOOLEAN", value: true}}) { id } }`, i), "")
	}
	b.nudges.events = nil
	return b
}

// events tells the events that were sent: name, entity and root.
func (b books) events() (out []string) {
	for _, e := range b.nudges.events {
		out = append(out, fmt.Sprintf("%s %s %s %s/%s", e.Name, e.EntityType, e.EntityRef, e.RootType, e.RootRef))
	}
	return out
}

const tax = `{country: "AU", group: "STANDARD", tariff: "GST"}`

// totals are the amounts of an invoice or a credit memo: 110.10 with tax in four ways of saying so.
const totals = `issueDate: "2027-01-02T03:04:05Z", currency: {alphabeticCode: "AUD"}, defaultTaxType: ` + tax + `, subTotalAmount: {amount: 100.1}, totalTax: {unscaledValue: 1000, scale: 2},
	totalAmount: {amount: 110.1, scale: 2}, totalBalance: {amount: 110.1, unscaledValue: 11010, scale: 2}`

// line is an item of either.
func line(ref, more string) string {
	return fmt.Sprintf(`{ref: %q, type: "GOODS", unitQuantity: {quantity: 2, unit: "EACH"}, unitAmount: {amount: 50.05}, amount: {amount: 100.1}, taxAmount: {amount: 10}%s}`, ref, more)
}

const amount = ` { amount scale unscaledValue } `

const lineFields = `id ref type description unitQuantity { quantity unit } unitAmount` + amount + `amount` + amount + `taxAmount` + amount + `unitTaxType { tariff } product { ref catalogue { ref } } `

const documentFields = `ref type status workflow { ref version } workflowRef workflowVersion issueDate currency { alphabeticCode } defaultTaxType { country group tariff }
	subTotalAmount` + amount + `totalTax` + amount + `totalAmount` + amount + `totalBalance` + amount + `billingAccount { ref name } order { ref retailer { id } } attributes { name value } `

// shownTotals is what documentFields shows of totals.
const shownTotals = `"issueDate":"2027-01-02T03:04:05.000Z","currency":{"alphabeticCode":"AUD"},"defaultTaxType":{"country":"AU","group":"STANDARD","tariff":"GST"},
	"subTotalAmount":{"amount":100.1,"scale":1,"unscaledValue":1001},"totalTax":{"amount":10,"scale":2,"unscaledValue":1000},
	"totalAmount":{"amount":110.1,"scale":2,"unscaledValue":11010},"totalBalance":{"amount":110.1,"scale":2,"unscaledValue":11010},"billingAccount":{"ref":"BA-1","name":"C 1"}`

func TestBillingAccounts(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	const fields = `{ ref type status name workflowRef workflowVersion workflow { ref version } retailer { id } customer { ref } attributes { name value }
		address { name street city state latitude longitude timeZone } }`
	shown := `{"ref":"BA-1","type":"CUSTOMER","status":"CREATED","name":"C 1","workflowRef":"BILLING_ACCOUNT::CUSTOMER","workflowVersion":"10003",
		"workflow":{"ref":"BILLING_ACCOUNT::CUSTOMER","version":10003},"retailer":{"id":"1"},"customer":{"ref":"c1"},"attributes":[{"name":"vip","value":true}],
		"address":{"name":"C","street":"1 Here St","city":"Perth","state":null,"latitude":-31.95,"longitude":115.86,"timeZone":"Australia/Perth"}}`
	for _, filter := range []string{`ref: "BA-1"`, `retailer: {id: 1}`, `customer: {ref: "c1"}`, `name: "C 1"`, `workflow: {ref: "BILLING_ACCOUNT::CUSTOMER", version: 10003}, first: 1`, `workflowVersion: "10003", first: 1`} {
		require.JSONEq(t, `{"billingAccounts":{"edges":[{"node":`+shown+`}]}}`, b.raw(`{ billingAccounts(`+filter+`) { edges { node `+fields+` } } }`, ""), filter)
	}
	b.data(`mutation { createBillingAccount(input: {ref: "BA-3", type: "CUSTOMER", name: "No customer", retailer: {id: 1}}) { id } }`, "")
	require.Equal(t, []string{"CREATE BILLING_ACCOUNT BA-3 BILLING_ACCOUNT/BA-3"}, b.events())
	require.JSONEq(t, `{"updateBillingAccount":{"name":"D","status":"ACTIVE","address":null,"customer":{"ref":"c1"},"attributes":[{"name":"vip","value":false},{"name":"n","value":1}]}}`,
		b.raw(`mutation { updateBillingAccount(input: {ref: "BA-1", name: "D", status: "ACTIVE", address: null, attributes: [{name: "vip", type: "BOOLEAN", value: false}, {name: "n", type: "INTEGER", value: 1}]})
			{ name status address { city } customer { ref } attributes { name value } } }`, ""))

	account := func(more string) string {
		return `createBillingAccount(input: {ref: "X", type: "CUSTOMER", name: "x", retailer: {id: 1}` + more + `})`
	}
	b.refuses(map[string][2]string{
		account(`, customer: {ref: "c2"}`):                                                               {"C0120E", "input.customer"},
		account(`, customer: {ref: "nobody"}`):                                                           {"C0120E", "input.customer"},
		account(`, address: {latitude: 91}`):                                                             {"C0122E", "input.address.latitude"},
		`createBillingAccount(input: {ref: "X", type: "T", name: "x", retailer: {id: 3}})`:               {"C0120E", "input.retailer"},
		`createBillingAccount(input: {ref: "BA-1", type: "T", name: "x", retailer: {id: 2}})`:            {"C0123E", "input.ref"},
		`createBillingAccount(input: {ref: "", type: "T", name: "x", retailer: {id: 2}})`:                {"C0140E", "input.ref"},
		fmt.Sprintf(`updateBillingAccount(input: {ref: "BA-1", status: "%s"})`, strings.Repeat("x", 51)): {"C0141E", "input.status"},
		`updateBillingAccount(input: {ref: "BA-1", name: null})`:                                         {"C0140E", "input.name"},
		`updateBillingAccount(input: {ref: "NONE", name: "x"})`:                                          {"C0120E", "input"},
	}, `{ billingAccounts { edges { node `+fields+` } } }`)
}

// refuses runs mutations that fail, each with a code at a place, and looks that nothing has changed.
func (b books) refuses(mutations map[string][2]string, all string) {
	b.t.Helper()
	before := b.raw(all, "")
	b.nudges.events = nil
	for mutation, want := range mutations {
		e := b.failure("mutation { x: "+mutation+" { id } }", "")
		require.Equal(b.t, want, [2]string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", mutation, e.Message)
	}
	require.Equal(b.t, before, b.raw(all, ""))
	require.Empty(b.t, b.events())
}

func TestInvoices(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	product := `, product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}`
	b.data(`mutation { createInvoice(input: {ref: "I-1", type: "GOODS", billingAccount: {ref: "BA-1"}, dueDate: "2027-02-01", order: {ref: "O-1", retailer: {id: 1}}, fulfilment: {ref: "F-1"},
		attributes: {name: "a", type: "STRING", value: "b"}, `+totals+`, items: [`+line("I-1-1", `, description: "A thing", unitTaxType: `+tax+product)+`]}) { id } }`, "")
	b.data(`mutation { createInvoiceItem(input: `+strings.TrimSuffix(line("I-1-2", ""), "}")+`, invoice: {ref: "I-1"}}) { id } }`, "")
	require.Equal(t, []string{"CREATE INVOICE I-1 BILLING_ACCOUNT/BA-1"}, b.events(), "the account's workflow answers, and nothing comes of items")

	const more = `dueDate fulfilment { ref } creditMemos { ref } items { edges { node { ref description product { ref catalogue { ref } } unitTaxType { tariff } invoice { ref } attributes { name } } } } `
	shown := `{"ref":"I-1","type":"GOODS","status":"CREATED","workflow":{"ref":"BILLING_ACCOUNT::CUSTOMER","version":10003},"workflowRef":"BILLING_ACCOUNT::CUSTOMER","workflowVersion":10003,` + shownTotals + `,
		"order":{"ref":"O-1","retailer":{"id":"1"}},"attributes":[{"name":"a","value":"b"}],"dueDate":"2027-02-01T00:00:00.000Z","fulfilment":{"ref":"F-1"},"creditMemos":[],"items":{"edges":[
		{"node":{"ref":"I-1-1","description":"A thing","product":{"ref":"P1","catalogue":{"ref":"PC:MASTER:1"}},"unitTaxType":{"tariff":"GST"},"invoice":{"ref":"I-1"},"attributes":null}},
		{"node":{"ref":"I-1-2","description":null,"product":null,"unitTaxType":null,"invoice":{"ref":"I-1"},"attributes":null}}]}}`
	require.JSONEq(t, `{"invoice":`+shown+`}`, b.raw(`{ invoice(ref: "I-1") { `+documentFields+more+`} }`, ""))
	for _, filter := range []string{`order: {ref: "O-1", retailer: {id: 1}}`, `fulfilment: {ref: "F-1"}`, `currency: {alphabeticCode: "AUD"}`, `dueDate: {to: "2027-02-01"}`, `workflowVersion: 10003`, `status: "CREATED"`} {
		require.JSONEq(t, `{"invoices":{"edges":[{"node":{"ref":"I-1"}}]}}`, b.raw(`{ invoices(`+filter+`) { edges { node { ref } } } }`, ""), filter)
	}
	require.JSONEq(t, `{"a":{"edges":[]},"b":{"edges":[{"node":{"ref":"I-1-1"}}]},"billingAccount":{"invoices":{"edges":[{"node":{"ref":"I-1"}}]}}}`, b.raw(`{ a: invoices(order: {ref: "O-1", retailer: {id: 2}}) { edges { node { ref } } }
		b: invoiceItems(product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}) { edges { node { ref } } } billingAccount(ref: "BA-1") { invoices(status: "CREATED") { edges { node { ref } } } } }`, ""))

	changed := b.raw(`mutation { updateInvoice(input: {ref: "I-1", status: "PAID", totalBalance: {amount: 0}, dueDate: null, order: null, attributes: {name: "c", type: "STRING", value: "d"},
		items: [{ref: "I-1-2", description: "Another", amount: {unscaledValue: 5, scale: 1}, taxAmount: {amount: -0.05}, unitTaxType: `+tax+`}]}) { status totalBalance`+amount+`dueDate order { ref } fulfilment { ref }
		attributes { name } items { edges { node { ref description amount`+amount+`taxAmount`+amount+`unitAmount`+amount+`unitTaxType { group } } } } } }`, "")
	require.JSONEq(t, `{"updateInvoice":{"status":"PAID","totalBalance":{"amount":0,"scale":0,"unscaledValue":0},"dueDate":null,"order":null,"fulfilment":{"ref":"F-1"},"attributes":[{"name":"a"},{"name":"c"}],"items":{"edges":[
		{"node":{"ref":"I-1-1","description":"A thing","amount":{"amount":100.1,"scale":1,"unscaledValue":1001},"taxAmount":{"amount":10,"scale":0,"unscaledValue":10},"unitAmount":{"amount":50.05,"scale":2,"unscaledValue":5005},"unitTaxType":{"group":"STANDARD"}}},
		{"node":{"ref":"I-1-2","description":"Another","amount":{"amount":0.5,"scale":1,"unscaledValue":5},"taxAmount":{"amount":-0.05,"scale":2,"unscaledValue":-5},"unitAmount":{"amount":50.05,"scale":2,"unscaledValue":5005},"unitTaxType":{"group":"STANDARD"}}}]}}}`, changed)

	b.data(`mutation { createInvoice(input: {ref: "I-2", type: "GOODS", billingAccount: {ref: "BA-2"}, `+totals+`, items: [`+line("I-2-1", "")+`]}) { id } }`, "")
	invoice := func(account, replaced, by string) string {
		return `createInvoice(input: {ref: "X", type: "T", billingAccount: {ref: "` + account + `"}, ` + strings.Replace(totals, replaced, by, 1) + `})`
	}
	b.refuses(map[string][2]string{
		invoice("NONE", "", ""):                                                                                {"C0120E", "input.billingAccount"},
		invoice("BA-1", `{amount: 100.1}`, `{}`):                                                               {"C0140E", "input.subTotalAmount.amount"},
		invoice("BA-1", `{amount: 110.1, scale: 2}`, `{amount: 110.1, scale: 0}`):                              {"C0160E", "input.totalAmount.scale"},
		invoice("BA-1", `unscaledValue: 11010`, `unscaledValue: 11011`):                                        {"C0160E", "input.totalBalance.amount"},
		invoice("BA-1", `"AUD"`, `"AUX"`):                                                                      {"C0120E", "input.currency.alphabeticCode"},
		`createInvoiceItem(input: ` + strings.TrimSuffix(line("I-1-1", ""), "}") + `, invoice: {ref: "I-2"}})`: {"C0123E", "input.ref"},
		`createInvoiceItem(input: ` + strings.TrimSuffix(line("X", `, product: {ref: "P9", catalogue: {ref: "PC:MASTER:1"}}`), "}") + `, invoice: {ref: "I-1"}})`: {"C0120E", "input.product"},
		`updateInvoice(input: {ref: "I-1", status: "X", items: [{ref: "I-2-1", description: "X"}]})`:                                                              {"C0120E", "input.items[0]"},
		`updateInvoice(input: {ref: "I-1", status: "X", totalTax: null})`:                                                                                         {"C0140E", "input.totalTax"},
		`updateInvoice(input: {ref: "I-1", status: "X", currency: null})`:                                                                                         {"C0140E", "input.currency"},
		`updateInvoice(input: {ref: "I-1", status: "X", items: [{ref: "I-1-1", unitQuantity: {quantity: 1}, amount: {unscaledValue: 1}}]})`:                       {"C0140E", "input.items[0].amount.scale"},
	}, `{ invoices { edges { node { `+documentFields+`items { edges { node { `+lineFields+` } } } } } } }`)
}

// TestTheExampleOfBillingRuns sends what docs/billing.md shows.
func TestTheExampleOfBillingRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/billing.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(page), "\n    mutation {")
	example, _, ended := strings.Cut(example, "\n\n")
	require.True(t, found && ended)
	require.JSONEq(t, `{"createInvoice":{"ref":"I-1","status":"CREATED","totalAmount":{"amount":110.11,"scale":2,"unscaledValue":11011}}}`, newBooks(t).raw("mutation {"+example, ""))
}

func TestCreditMemos(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for i := 1; i <= 2; i++ {
		b.data(fmt.Sprintf(`mutation { createInvoice(input: {ref: "I-%d", type: "GOODS", billingAccount: {ref: "BA-%[1]d"}, `+totals+`}) { id } }`, i), "")
	}
	b.nudges.events = nil
	reason := `, orderItem: {ref: "L1", order: {ref: "O-1", retailer: {id: 1}}}, creditReasonCode: {value: "LOST", label: "Lost"}, unitCostAmount: {amount: 20.5}`
	b.data(`mutation { createCreditMemo(input: {ref: "M-1", type: "APPEASEMENT", billingAccount: {ref: "BA-1"}, invoice: {ref: "I-1"}, order: {ref: "O-1", retailer: {id: 1}}, `+totals+`,
		items: [`+line("M-1-1", reason)+`, `+line("M-1-2", "")+`]}) { id } }`, "")
	require.Equal(t, []string{"CREATE CREDIT_MEMO M-1 BILLING_ACCOUNT/BA-1"}, b.events())

	const more = `invoice { ref creditMemos { ref } } returnOrder { ref } items(orderItem: {ref: "L1", order: {ref: "O-1", retailer: {id: 1}}}) { edges { node { ref unitCostAmount` + amount +
		`creditReasonCode { value label } orderItem { ref order { ref retailer { id } } } returnOrderItem { ref } creditMemo { ref } } } } `
	shown := `{"ref":"M-1","type":"APPEASEMENT","status":"CREATED","workflow":{"ref":"BILLING_ACCOUNT::CUSTOMER","version":10003},"workflowRef":"BILLING_ACCOUNT::CUSTOMER","workflowVersion":"10003",` + shownTotals + `,
		"order":{"ref":"O-1","retailer":{"id":"1"}},"attributes":null,"invoice":{"ref":"I-1","creditMemos":[{"ref":"M-1"}]},"returnOrder":null,"items":{"edges":[
		{"node":{"ref":"M-1-1","unitCostAmount":{"amount":20.5,"scale":1,"unscaledValue":205},"creditReasonCode":{"value":"LOST","label":"Lost"},
			"orderItem":{"ref":"L1","order":{"ref":"O-1","retailer":{"id":"1"}}},"returnOrderItem":null,"creditMemo":{"ref":"M-1"}}}]}}`
	require.JSONEq(t, `{"creditMemo":`+shown+`,"creditMemoes":{"edges":[{"node":`+shown+`}]},"billingAccount":{"creditMemos":{"edges":[{"node":{"ref":"M-1"}}]}}}`, b.raw(`{ creditMemo(ref: "M-1") { `+documentFields+more+`}
		creditMemoes(workflowVersion: "10003", order: {ref: "O-1", retailer: {id: 1}}) { edges { node { `+documentFields+more+`} } } billingAccount(ref: "BA-1") { creditMemos(issueDate: {from: "2027-01-02"}) { edges { node { ref } } } } }`, ""))
	require.JSONEq(t, `{"creditMemoItem":{"creditReasonCode":{"value":"LOST"}},"creditMemoItems":{"edges":[{"node":{"ref":"M-1-2"}}]}}`,
		b.raw(`{ creditMemoItem(ref: "M-1-1") { creditReasonCode { value } } creditMemoItems(ref: "%-2") { edges { node { ref } } } }`, ""))
	require.JSONEq(t, `{"updateCreditMemo":{"status":"ACTIVE","totalBalance":{"amount":1.005,"scale":3,"unscaledValue":1005},"items":{"edges":[{"node":{"creditReasonCode":null,"unitCostAmount":null}},{"node":{"creditReasonCode":{"value":"LATE"},"unitCostAmount":null}}]}}}`,
		b.raw(`mutation { updateCreditMemo(input: {ref: "M-1", status: "ACTIVE", totalBalance: {amount: 1.005}, items: [{ref: "M-1-2", creditReasonCode: {value: "LATE"}}, {ref: "M-1-1", creditReasonCode: null, unitCostAmount: null}]})
			{ status totalBalance`+amount+`items { edges { node { creditReasonCode { value } unitCostAmount`+amount+` } } } } }`, ""))

	memo := func(account, more string) string {
		return `createCreditMemo(input: {ref: "X", type: "T", billingAccount: {ref: "` + account + `"}, ` + totals + more + `})`
	}
	b.refuses(map[string][2]string{
		memo("BA-1", `, invoice: {ref: "I-2"}`): {"C0120E", "input.invoice"},
		memo("BA-1", `, invoice: {ref: "I-9"}`): {"C0120E", "input.invoice"},
		memo("BA-1", `, items: [`+line("X", `, creditReasonCode: {value: "`+strings.Repeat("x", 256)+`"}`)+`]`): {"C0141E", "input.items[0].creditReasonCode.value"},
		memo("BA-1", `, items: [`+line("M-1-1", "")+`]`):                                                        {"C0123E", "input.items[0].ref"},
		`updateCreditMemo(input: {ref: "M-1", status: "X", items: [{description: "which one?"}]})`:              {"C0140E", "input.items[0]"},
		`updateCreditMemo(input: {ref: "M-1", status: "X", items: [{ref: "NONE"}]})`:                            {"C0120E", "input.items[0]"},
	}, `{ creditMemoes { edges { node { `+documentFields+`items { edges { node { `+lineFields+` } } } } } } }`)
}

// TestBooksAreOneRetailersOnly has a user of the second retailer read, change and point at what is of the first.
func TestBooksAreOneRetailersOnly(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for i := 1; i <= 2; i++ {
		b.data(fmt.Sprintf(`mutation { a: createInvoice(input: {ref: "I-%d", type: "GOODS", billingAccount: {ref: "BA-%[1]d"}, %[2]s, items: [%[3]s]}) { id }
			b: createCreditMemo(input: {ref: "M-%[1]d", type: "T", billingAccount: {ref: "BA-%[1]d"}, %[2]s, items: [%[4]s]}) { id } }`, i, totals, line(fmt.Sprintf("I-%d-1", i), ""), line(fmt.Sprintf("M-%d-1", i), "")), "")
	}
	theirs := books{b.as(adminOf("ACME", 2))}
	reads := `{ billingAccounts { edges { node { ref } } } invoices { edges { node { ref } } } invoiceItems { edges { node { ref } } } creditMemoes { edges { node { ref } } } creditMemoItems { edges { node { ref } } }
		billingAccount(ref: "BA-1") { ref } invoice(ref: "I-1") { ref } invoiceItem(ref: "I-1-1") { ref } creditMemo(ref: "M-1") { ref } creditMemoItem(ref: "M-1-1") { ref } }`
	one := func(ref string) string { return `{"edges":[{"node":{"ref":"` + ref + `"}}]}` }
	require.JSONEq(t, `{"billingAccounts":`+one("BA-2")+`,"invoices":`+one("I-2")+`,"invoiceItems":`+one("I-2-1")+`,"creditMemoes":`+one("M-2")+`,"creditMemoItems":`+one("M-2-1")+`,
		"billingAccount":null,"invoice":null,"invoiceItem":null,"creditMemo":null,"creditMemoItem":null}`, theirs.raw(reads, ""))
	theirs.refuses(map[string][2]string{
		`updateBillingAccount(input: {ref: "BA-1", name: "X"})`:                                                                            {"C0120E", "input"},
		`updateInvoice(input: {ref: "I-1", status: "X"})`:                                                                                  {"C0120E", "input"},
		`updateCreditMemo(input: {ref: "M-1", status: "X"})`:                                                                               {"C0120E", "input"},
		`createInvoice(input: {ref: "X", type: "T", billingAccount: {ref: "BA-1"}, ` + totals + `})`:                                       {"C0120E", "input.billingAccount"},
		`createInvoiceItem(input: ` + strings.TrimSuffix(line("X", ""), "}") + `, invoice: {ref: "I-1"}})`:                                 {"C0120E", "input.invoice"},
		`createCreditMemoItem(input: ` + strings.TrimSuffix(line("X", ""), "}") + `, creditMemo: {ref: "M-1"}})`:                           {"C0120E", "input.creditMemo"},
		`createCreditMemo(input: {ref: "X", type: "T", billingAccount: {ref: "BA-2"}, invoice: {ref: "I-1"}, ` + totals + `})`:             {"C0120E", "input.invoice"},
		`createBillingAccount(input: {ref: "X", type: "T", name: "x", retailer: {id: 1}})`:                                                 {"C0120E", "input.retailer"},
		`createBillingAccount(input: {ref: "X", type: "T", name: "x", retailer: {id: 2}, customer: {ref: "c1"}})`:                          {"C0120E", "input.customer"},
		`createInvoice(input: {ref: "X", type: "T", billingAccount: {ref: "BA-2"}, order: {ref: "O", retailer: {id: 1}}, ` + totals + `})`: {"C0120E", "input.order.retailer.id"},
	}, `{ billingAccounts { edges { node { ref name } } } invoices { edges { node { ref status } } } creditMemoes { edges { node { ref status } } } }`)
	require.JSONEq(t, `{"updateInvoice":{"status":"PAID"}}`, theirs.raw(`mutation { updateInvoice(input: {ref: "I-2", status: "PAID"}) { status } }`, ""))
}
