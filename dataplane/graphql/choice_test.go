package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
)

const newerOrder = `mutation($i: CreateOrderInput!) { createOrder(input: $i) { id ref billingAddress { id createdOn companyName name email street street2 city state postcode region country latitude longitude timeZone }
	fulfilmentChoice { ref } items { edges { node { ref fulfilmentChoiceRef } } }
	fulfilmentChoices { edges { node { id ref type status workflowRef workflowVersion deliveryType deliverAfter deliverBefore deliveryContact deliveryFirstName deliveryAddress { city } } } } } }`

// An order may have several choices, which its lines name, and a billing address.
func TestOrdersOfSeveralChoices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1")
	before := len(w.nudges.events)
	made := w.data(newerOrder, fmt.Sprintf(`{"i":{"ref":"O-1","type":"MULTI","retailer":{"id":1},"customer":{"id":%q},
		"billingAddress":{"companyName":"ACME","name":"Kim","email":"k@b.c","street":"1 High St","street2":"Floor 2","city":"Perth","state":"WA","postcode":"6000","region":"R","country":"AU","latitude":-31.9,"longitude":115.8,"timeZone":"Australia/Perth"},
		"fulfilmentChoices":[{"ref":"HOME","type":"HD","deliveryType":"STANDARD","deliverAfter":"2026-01-01T00:00:00.000Z","deliverBefore":"2026-01-02T00:00:00.000Z","deliveryContact":"Kim","deliveryFirstName":"K","deliveryAddress":{"ref":"A","city":"Perth"}},
			{"ref":"SHOP","deliveryType":"EXPRESS","pickupLocationRef":"S1"}],
		"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":1,"fulfilmentChoiceRef":"HOME"},{"ref":"2","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":1,"fulfilmentChoiceRef":"SHOP"}]}}`, customer))
	address, _ := at(made, "createOrder.billingAddress").(map[string]any)
	require.NotEmpty(t, address["createdOn"])
	delete(address, "createdOn")
	require.Equal(t, map[string]any{
		"id": address["id"], "companyName": "ACME", "name": "Kim", "email": "k@b.c", "street": "1 High St", "street2": "Floor 2", "city": "Perth", "state": "WA", "postcode": "6000", "region": "R",
		"country": "AU", "latitude": -31.9, "longitude": 115.8, "timeZone": "Australia/Perth",
	}, address)
	first, _ := at(made, "createOrder.fulfilmentChoices.edges.0.node").(map[string]any)
	require.Equal(t, map[string]any{
		"id": first["id"], "ref": "HOME", "type": "HD", "status": "CREATED", "workflowRef": "ORDER::MULTI", "workflowVersion": 10003.0, "deliveryType": "STANDARD", "deliverAfter": "2026-01-01T00:00:00.000Z",
		"deliverBefore": "2026-01-02T00:00:00.000Z", "deliveryContact": "Kim", "deliveryFirstName": "K", "deliveryAddress": map[string]any{"city": "Perth"},
	}, first)
	require.Equal(t, "MULTI", at(made, "createOrder.fulfilmentChoices.edges.1.node.type"), "the order's, if none is given")
	require.Nil(t, at(made, "createOrder.fulfilmentChoice"))
	require.Equal(t, []any{"HOME", "SHOP"}, []any{at(made, "createOrder.items.edges.0.node.fulfilmentChoiceRef"), at(made, "createOrder.items.edges.1.node.fulfilmentChoiceRef")})
	require.Len(t, w.nudges.events, before+1, "the order's CREATE speaks for its choices")

	id := at(made, "createOrder.id").(string)
	single := w.data(`mutation($o: ID!) { createFulfilmentChoice(input: {order: {id: $o}, ref: "LATER", deliveryType: "3HOURS", type: "CC", currency: "AUD", fulfilmentPrice: 5, deliveryEmail: "k@b.c", deliveryLastName: "L",
		dispatchOn: "2026-02-01T00:00:00Z", attributes: [{name: "a", type: "STRING", value: "1"}]}) { id ref deliveryEmail deliveryLastName dispatchOn currency fulfilmentPrice attributes { name } } }`, fmt.Sprintf(`{"o":%q}`, id))
	choice := at(single, "createFulfilmentChoice.id").(string)
	require.Equal(t, []any{"LATER", "k@b.c", "L", "2026-02-01T00:00:00.000Z", "AUD", 5.0, "a"}, []any{at(single, "createFulfilmentChoice.ref"), at(single, "createFulfilmentChoice.deliveryEmail"), at(single, "createFulfilmentChoice.deliveryLastName"),
		at(single, "createFulfilmentChoice.dispatchOn"), at(single, "createFulfilmentChoice.currency"), at(single, "createFulfilmentChoice.fulfilmentPrice"), at(single, "createFulfilmentChoice.attributes.0.name")})
	e := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, []string{"CREATE", "FULFILMENT_CHOICE", "LATER", "CC", "ORDER", "O-1"}, []string{e.Name, e.EntityType, e.EntityRef, e.EntitySubtype, e.RootType, e.RootRef})
	changed := w.data(`mutation($id: ID!) { updateFulfilmentChoice(input: {id: $id, status: "BOOKED", deliveryInstruction: "Knock", attributes: [{name: "b", type: "STRING", value: "2"}]}) { status deliveryInstruction ref attributes { name } } }`, fmt.Sprintf(`{"id":%q}`, choice))
	require.Equal(t, []any{"BOOKED", "Knock", "LATER", "b"}, []any{at(changed, "updateFulfilmentChoice.status"), at(changed, "updateFulfilmentChoice.deliveryInstruction"), at(changed, "updateFulfilmentChoice.ref"), at(changed, "updateFulfilmentChoice.attributes.1.name")})
	require.Len(t, at(w.data(fmt.Sprintf(`{ orderById(id: %q) { fulfilmentChoices { edges { node { ref } } } } }`, id), ""), "orderById.fulfilmentChoices.edges"), 3)

	w.data(fmt.Sprintf(`mutation($b: ID!) { updateOrder(input: {id: %q, ref2: "WEB-1", tag1: "t", currency: "AUD", billingAddress: {id: $b, city: "Albany"}}) { id } }`, id), fmt.Sprintf(`{"b":%q}`, address["id"]))
	require.JSONEq(t, `{"orderById":{"ref2":"WEB-1","tag1":"t","tag2":null,"currency":"AUD"}}`, w.raw(fmt.Sprintf(`{ orderById(id: %q) { ref2 tag1 tag2 currency } }`, id), ""))
	require.JSONEq(t, `{"orderById":{"billingAddress":{"city":"Albany","street":"1 High St"}}}`, w.raw(fmt.Sprintf(`{ orderById(id: %q) { billingAddress { city street } } }`, id), ""))
	w.retailer("ACME", "2", "SECOND")
	limited := w.as(adminOf("ACME", 2))
	require.Empty(t, at(limited.data(`{ fulfilmentChoices { edges { node { id } } } }`, ""), "fulfilmentChoices.edges"))
	require.Equal(t, "C0120E", limited.failure(fmt.Sprintf(`mutation { updateFulfilmentChoice(input: {id: %q, status: "X"}) { id } }`, choice), "").Extensions.Code)
	require.Equal(t, "C0120E", limited.failure(fmt.Sprintf(`mutation { createFulfilmentChoice(input: {order: {id: %q}, deliveryType: "STANDARD"}) { id } }`, id), "").Extensions.Code)

	// ref2 is unique, and one order's address is not another's to change.
	other := w.data(createOrder, orderInput2("O-2", customer))
	wrong := w.failure(fmt.Sprintf(`mutation { updateOrder(input: {id: %q, ref2: "WEB-1"}) { id } }`, at(other, "createOrder.id")), "")
	require.Equal(t, "C0123E", wrong.Extensions.Code)
	require.Equal(t, "C0120E", w.failure(fmt.Sprintf(`mutation { updateOrder(input: {id: %q, billingAddress: {id: %q, city: "X"}}) { id } }`, at(other, "createOrder.id"), address["id"]), "").Extensions.Code)
	require.Equal(t, "C0122E", w.failure(fmt.Sprintf(`mutation { updateOrder(input: {id: %q, billingAddress: {id: %q, latitude: 91}}) { id } }`, id, address["id"]), "").Extensions.Code)
}

func orderInput2(ref, customer string) string {
	return fmt.Sprintf(`{"input":{"ref":%q,"type":"HD","retailer":{"id":1},"customer":{"id":%q},"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":1}]}}`, ref, customer)
}

// A customer is changed by the user name, and orders are found by what is known of their customer.
func TestCustomersAreChangedAndFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kim := w.shop("P1")
	lee := w.shopper("lee@example.com")
	changed := w.data(`mutation { updateCustomer(input: {username: "lee@example.com", title: "Dr", firstName: "Lee", lastName: "Ng", primaryEmail: "lee@b.c", primaryPhone: "123", country: "AU", timezone: "Australia/Perth",
		promotionOptIn: true, attributes: [{name: "a", type: "STRING", value: "1"}]}) { id ref username title firstName lastName primaryEmail primaryPhone country timezone promotionOptIn attributes { name } } }`, "")
	require.Equal(t, map[string]any{
		"id": lee, "ref": "lee@example.com", "username": "lee@example.com", "title": "Dr", "firstName": "Lee", "lastName": "Ng", "primaryEmail": "lee@b.c", "primaryPhone": "123", "country": "AU",
		"timezone": "Australia/Perth", "promotionOptIn": true, "attributes": []any{map[string]any{"name": "a"}},
	}, at(changed, "updateCustomer"))
	require.Equal(t, "C0120E", w.failure(`mutation { updateCustomer(input: {username: "nobody", title: "Dr"}) { id } }`, "").Extensions.Code)
	require.Contains(t, w.failure(`mutation { updateCustomer(input: {username: "lee@example.com", status: "X"}) { id } }`, "").Message, "status")
	w.retailer("ACME", "2", "SECOND")
	limited := w.as(adminOf("ACME", 2))
	require.Equal(t, "C0120E", limited.failure(`mutation { updateCustomer(input: {username: "lee@example.com", title: "Dr"}) { id } }`, "").Extensions.Code)

	w.data(createOrder, orderInput2("O-KIM", kim))
	w.data(createOrder, orderInput2("O-LEE", lee))
	find := func(w *world, given string) (out []any) {
		w.t.Helper()
		edges, _ := at(w.data(`{ orders(customer: `+given+`) { edges { node { ref } } } }`, ""), "orders.edges").([]any)
		for _, e := range edges {
			out = append(out, at(e, "node.ref"))
		}
		return out
	}
	for given, want := range map[string][]any{
		`{firstName: "lee"}`: {"O-LEE"}, `{lastName: ["n%", "x"]}`: {"O-LEE"}, `{firstName: "Kim", primaryEmail: "%EXAMPLE%"}`: {"O-KIM"}, `{primaryPhone: "123", firstName: "Kim"}`: nil,
		`{ref: "lee@example.com"}`: {"O-LEE"}, `{username: "%example.com"}`: {"O-KIM", "O-LEE"}, `{primaryPhone: [null]}`: {"O-KIM"}, `{ref: "none"}`: nil,
	} {
		require.Equal(t, want, find(w, given), given)
	}
	require.Empty(t, find(limited, `{firstName: "lee"}`))
	require.Equal(t, "C0140E", w.failure(`{ orders(customer: {}) { edges { node { ref } } } }`, "").Extensions.Code)
	blind := w.as(principal("ACME", "7", tenant.Grant{Role: "ORDERS", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}))
	require.Equal(t, "C0020E", blind.failure(`{ orders(customer: {firstName: "lee"}) { edges { node { ref } } } }`, "").Extensions.Code, "who may not see customers does not learn of them by asking")

	both := w.data(`mutation($i: CreateOrderAndCustomerInput) { createOrderAndCustomer(input: $i) { id fulfilmentChoices { edges { node { ref } } } } }`,
		`{"i":{"ref":"O-3","ref2":"W-3","tag1":"a","tag2":"b","tag3":"c","currency":"AUD","type":"MULTI","retailer":{"id":1},"customer":{"username":"new","firstName":"N","primaryEmail":"n@b.c","timezone":"UTC","promotionOptIn":false,"retailer":{"id":1}},
		"fulfilmentChoices":[{"ref":"C","deliveryType":"STANDARD"}],"items":[]}}`)
	require.Equal(t, "C", at(both, "createOrderAndCustomer.fulfilmentChoices.edges.0.node.ref"))
	taken := w.failure(fmt.Sprintf(`mutation { updateOrder(input: {id: %q, ref2: "W-3"}) { id } }`, at(w.data(`{ order(ref: "O-KIM") { id } }`, ""), "order.id")), "")
	require.Equal(t, []string{"C0123E", "input.ref2"}, []string{taken.Extensions.Code, taken.Extensions.Field})
}
