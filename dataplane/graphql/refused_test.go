package graphql_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestARefThatIsTakenSaysByWhat, so that who repeats a request whose answer was lost can tell success from clash. Who may not see the order is not
// told of it.
func TestARefThatIsTakenSaysByWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1")
	made := w.data(createOrder, orderInput2("O-1", customer))
	e := w.failure(createOrder, orderInput2("O-1", customer))
	require.Equal(t, []any{"C0121E", "input.ref"}, []any{e.Extensions.Code, e.Extensions.Field})
	require.NotNil(t, e.Extensions.Existing)
	has := *e.Extensions.Existing
	require.Equal(t, []any{at(made, "createOrder.id"), "O-1", "CREATED", at(made, "createOrder.createdOn")}, []any{has.ID, has.Ref, has.Status, has.CreatedOn})
	res := w.run(w.admin, createOrder, orderInput2("O-1", customer))
	parts, err := res.Parts()
	require.NoError(t, err)
	body := bytes.Join(parts[:], nil)
	require.Contains(t, string(body), fmt.Sprintf(`"existing":{"id":%q,"ref":"O-1","status":"CREATED","createdOn":%q}`, has.ID, has.CreatedOn))

	blind := w.as(principal("ACME", "7", tenant.Grant{Role: "IN", Permissions: []string{"ORDER_CREATE", "CUSTOMER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}))
	require.Nil(t, blind.failure(createOrder, orderInput2("O-1", customer)).Extensions.Existing, "who may not view orders")
	w.retailer("ACME", "2", "SECOND")
	second := w.as(adminOf("ACME", 2))
	theirs := second.shopperOf("lee", 2)
	other := fmt.Sprintf(`{"input":{"ref":"O-1","type":"HD","retailer":{"id":2},"customer":{"id":%q},"items":[]}}`, theirs)
	w.accept(2)
	e = second.failure(createOrder, other)
	require.Equal(t, "C0121E", e.Extensions.Code)
	require.Nil(t, e.Extensions.Existing, "another retailer's order")

	// Whatever else has a natural key tells the same.
	product := `mutation { createProductCatalogue(input: {ref: "PC", type: "DEFAULT", name: "n"}) { id } }`
	w.data(product, "")
	require.Equal(t, "PC", w.failure(product, "").Extensions.Existing.Ref)
}

// shopperOf makes a customer of a retailer.
func (w *world) shopperOf(name string, retailer int) string {
	w.t.Helper()
	made := w.data(fmt.Sprintf(`mutation { createCustomer(input: {username: %q, firstName: "L", primaryEmail: "l@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: %d}}) { id } }`, name, retailer), "")
	return at(made, "createCustomer.id").(string)
}

// accept lets a retailer's orders be taken without a workflow.
func (w *world) accept(retailer tenancy.RetailerID) {
	w.t.Helper()
	admin := w.as(principal("ACME", "1", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}))
	admin.data(fmt.Sprintf(`mutation { createSetting(input: {name: "ACCEPT_ORDERS_WITHOUT_WORKFLOW", context: "RETAILER", contextId: %d, valueType: "BOOLEAN", value: "true"}) { id } }`, retailer), "")
}

// TestAnOrderThatNothingWouldDriveIsRefused, and the types are named that something drives; unless its retailer takes such orders.
func TestAnOrderThatNothingWouldDriveIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	w.retailer("ACME", "2", "SECOND")
	order := fmt.Sprintf(`{"input":{"ref":"O-2","type":"HDD","retailer":{"id":2},"customer":{"id":%q},"items":[]}}`, w.shopperOf("lee", 2))
	e := w.failure(createOrder, order)
	require.Equal(t, []string{"C0160E", "input.type"}, []string{e.Extensions.Code, e.Extensions.Field})
	require.Contains(t, e.Message, "no workflow ORDER::HDD")
	require.Contains(t, e.Message, "want CC, HD. Did you mean HD?")
	require.JSONEq(t, `{"order":null}`, w.raw(`{ order(ref: "O-2") { id } }`, ""))
	w.accept(2)
	require.Equal(t, "O-2", at(w.data(createOrder, order), "createOrder.ref"))
}

// TestWhatFulfilmentsStandForStays: lines of which units are in fulfilments keep quantity, product and price, and no fulfilment takes more than is open.
func TestWhatFulfilmentsStandForStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1", "P2")
	made := w.data(`mutation($input: CreateOrderInput!) { createOrder(input: $input) { id items { edges { node { id } } } } }`, fmt.Sprintf(`{"input":{"ref":"O-1","type":"HD","retailer":{"id":1},"customer":{"id":%q},"items":[
		{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":5,"price":9.5},{"ref":"2","productRef":"P2","productCatalogueRef":"PC:MASTER:1","quantity":1}]}}`, customer))
	id, one, two := at(made, "createOrder.id"), at(made, "createOrder.items.edges.0.node.id"), at(made, "createOrder.items.edges.1.node.id")
	update := func(line any, more string) string {
		return fmt.Sprintf(`mutation { updateOrder(input: {id: %q, items: [{id: %q, %s}]}) { id } }`, id, line, more)
	}
	fulfil := func(ref, items string) string {
		return fmt.Sprintf(`mutation { createFulfilment(input: {ref: %q, type: "HD_PFS", order: {id: %q}, items: [%s]}) { id items { edges { node { id } } } } }`, ref, id, items)
	}
	part := func(line any, n int) string {
		return fmt.Sprintf(`{ref: "%v-%d", filledQuantity: 0, rejectedQuantity: 0, requestedQuantity: %d, orderItem: {id: %q}}`, line, n, n, line)
	}
	w.data(update(one, "quantity: 6"), "")
	e := w.failure(fulfil("F-0", part(one, 4)+", "+part(one, 3)), "")
	require.Equal(t, []string{"C0122E", "input.items[1].requestedQuantity"}, []string{e.Extensions.Code, e.Extensions.Field}, e.Message)
	require.Contains(t, e.Message, "2 of it are open")
	f := w.data(fulfil("F-1", part(one, 4)), "")
	e = w.failure(fulfil("F-2", part(one, 3)), "")
	require.Equal(t, "input.items[0].requestedQuantity", e.Extensions.Field)
	item := at(f, "createFulfilment.items.edges.0.node.id")
	more := func(n int) string {
		return fmt.Sprintf(`mutation { updateFulfilment(input: {id: %q, items: [{id: %q, requestedQuantity: %d}]}) { id } }`, at(f, "createFulfilment.id"), item, n)
	}
	require.Equal(t, "input.items[0].requestedQuantity", w.failure(more(7), "").Extensions.Field)
	w.data(more(5), "")

	for field, change := range map[string]string{"quantity": "quantity: 7", "productRef": `productRef: "P2"`, "price": "price: 9", "totalPrice": "totalPrice: 1"} {
		e := w.failure(update(one, change), "")
		require.Equal(t, []string{"C0160E", "input.items[0]." + field, "CancelItems"}, []string{e.Extensions.Code, e.Extensions.Field, e.Extensions.Meta["action"]}, e.Message)
	}
	w.data(update(one, `quantity: 6, price: 9.5, productRef: "P1", status: "BOOKED"`), "") // as it is
	w.data(update(two, "quantity: 2"), "")
	require.JSONEq(t, `{"orderItemById":{"quantity":6,"price":9.5,"status":"BOOKED"}}`, w.raw(fmt.Sprintf(`{ orderItemById(id: %q) { quantity price status } }`, one), ""))

	w.data(fmt.Sprintf(`mutation { updateFulfilment(input: {id: %q, status: "CANCELLED"}) { id } }`, at(f, "createFulfilment.id")), "")
	w.data(update(one, "quantity: 3"), "")
	require.Equal(t, "input.items[0].requestedQuantity", w.failure(fulfil("F-3", part(one, 4)), "").Extensions.Field)
	w.data(fulfil("F-4", part(one, 3)), "")
}

// TestAnOrderIsOfItsRetailersCustomer, also where the caller may everything in the account.
func TestAnOrderIsOfItsRetailersCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	w.retailer("ACME", "2", "SECOND")
	e := w.failure(createOrder, orderInput2("O-1", w.shopperOf("lee", 2)))
	require.Equal(t, []string{"C0120E", "input.customer"}, []string{e.Extensions.Code, e.Extensions.Field}, e.Message)
	e = w.failure(fmt.Sprintf(`mutation { createFulfilment(input: {ref: "F", type: "HD_PFS", order: {id: %q}, customer: {id: %q}}) { id } }`,
		at(w.data(createOrder, orderInput2("O-1", w.shopperOf("kim", 1))), "createOrder.id"), w.shopperOf("ann", 2)), "")
	require.Equal(t, []string{"C0120E", "input.customer"}, []string{e.Extensions.Code, e.Extensions.Field}, e.Message)
}

// TestWhatWouldBeLeftAsideIsRefused where leaving it aside would change what happens; what asks for no more than comes anyway is kept.
func TestWhatWouldBeLeftAsideIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1")
	with := func(ref, name, value string) string {
		return fmt.Sprintf(`{"input":{"ref":%q,"type":"HD","retailer":{"id":1},"customer":{"id":%q},"items":[],"attributes":[{"name":"a","type":"STRING","value":"x"},{"name":%q,"type":"STRING","value":%q}]}}`, ref, customer, name, value)
	}
	for name, value := range map[string]string{"cartRef": "C-1", "fulfilmentPlanRef": "P-1", "shipPolicy": "COMPLETE"} {
		e := w.failure(createOrder, with("O-"+name, name, value))
		require.Equal(t, []string{"S0001E", "input.attributes[1]"}, []string{e.Extensions.Code, e.Extensions.Field}, e.Message)
	}
	require.Equal(t, "PARTIAL", at(w.data(createOrder, with("O-1", "shipPolicy", "PARTIAL")), "createOrder.attributes.1.value"))
	for _, c := range []struct{ setting, field string }{
		{`context: "ACCOUNT", contextId: 5, valueType: "STRING", value: "x"`, "input.contextId"}, {`context: "GLOBAL", contextId: 1, valueType: "STRING", value: "x"`, "input.contextId"},
		{`context: "ACCOUNT", contextId: 0, valueType: "INTEGER", value: "1.5"`, "input.value"}, {`context: "ACCOUNT", contextId: 0, valueType: "BOOLEAN", value: "yes"`, "input.value"},
		{`context: "ACCOUNT", contextId: 0, valueType: "JSON", value: "{"`, "input.value"}, {`context: "ACCOUNT", contextId: 0, valueType: "INT", value: "1"`, "input.valueType"},
	} {
		e := w.failure(`mutation { createSetting(input: {name: "S", `+c.setting+`}) { id } }`, "")
		require.Equal(t, []string{"C0160E", c.field}, []string{e.Extensions.Code, e.Extensions.Field}, e.Message)
	}
	w.data(`mutation { createSetting(input: {name: "S", context: "ACCOUNT", contextId: 0, valueType: "INTEGER", value: "15"}) { id } }`, "")
}
