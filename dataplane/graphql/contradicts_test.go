package graphql_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatAnOrderSaysOfItselfHolds: lines name choices that the order has, each by one name; no line is null; no word is blank. Each would be taken, and
// something else than what was ordered would be sent.
func TestWhatAnOrderSaysOfItselfHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1")
	base := fmt.Sprintf(`{"ref":"O-1","type":"HD","retailer":{"id":1},"customer":{"id":%q},"fulfilmentChoices":[{"ref":"HOME","deliveryType":"STANDARD"},{"ref":"SHOP","deliveryType":"STANDARD"}],
		"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":1,"fulfilmentChoiceRef":"HOME"}]}`, customer)
	const create = `mutation($i: CreateOrderInput) { createOrder(input: $i) { id } }`
	for _, c := range []struct{ old, now, code, message string }{
		{`"fulfilmentChoiceRef":"HOME"`, `"fulfilmentChoiceRef":"HMOE"`, "C0120E", "input.items[0].fulfilmentChoiceRef: FulfilmentChoice not found in the order: ref HMOE. Did you mean HOME?"},
		{`"ref":"SHOP"`, `"ref":"HOME"`, "C0123E", "input.fulfilmentChoices[1].ref: two choices of the order would have the ref HOME"},
		{`"items":[{`, `"fulfilmentChoice":{"ref":"SHOP","deliveryType":"STANDARD"},"items":[{`, "C0123E", "input.fulfilmentChoice.ref: two choices"},
		{`"items":[{`, `"items":[null,{`, "C0140E", "input.items[0]: null is no element of items: leave it out"},
		{`"items":[{`, `"attributes":[{"name":"a","type":"STRING","value":"b"},null],"items":[{`, "C0140E", "input.attributes[1]: null is no element"},
		{`"deliveryType":"STANDARD"},`, `"deliveryType":""},`, "C0160E", `input.fulfilmentChoices[0].deliveryType: "" is unknown: want STANDARD`},
		{`"deliveryType":"STANDARD"},`, `"deliveryType":" "},`, "C0160E", `input.fulfilmentChoices[0].deliveryType: " " is unknown: want STANDARD`},
	} {
		input := strings.Replace(base, c.old, c.now, 1)
		require.NotEqual(t, base, input)
		e := w.failure(create, `{"i":`+input+`}`)
		require.Equal(t, c.code, e.Extensions.Code, c.now)
		require.Contains(t, e.Message, c.message)
	}
	attribute := strings.Replace(base, `"items":[{`, `"attributes":[{"name":"a","type":"JSON","value":[null,{"b":[null]}]}],"items":[{`, 1)
	id, _ := json.Marshal(at(w.data(create, `{"i":`+attribute+`}`), "createOrder.id")) // JSON is the caller's own

	for input, want := range map[string]string{
		`createOrderItem(input: {ref: "9", quantity: 1, productRef: "P1", productCatalogueRef: "PC:MASTER:1", order: {ref: "O-1"}, fulfilmentChoiceRef: "NONE"}) { id }`: "input.fulfilmentChoiceRef: FulfilmentChoice not found in the order",
		`createFulfilment(input: {ref: "F", type: "X", order: {id: ` + string(id) + `}, fulfilmentChoiceRef: "NONE"}) { id }`:                                            "input.fulfilmentChoiceRef: FulfilmentChoice not found in the order",
		`createFulfilmentChoice(input: {ref: "SHOP", deliveryType: "STANDARD", order: {id: ` + string(id) + `}}) { id }`:                                                 "input.ref: two choices of the order would have the ref SHOP",
	} {
		require.Contains(t, w.failure(`mutation { `+input+` }`, "").Message, want)
		right := strings.NewReplacer("NONE", "SHOP", `ref: "SHOP", d`, `ref: "LATER", d`).Replace(input)
		w.data(`mutation { `+right+` }`, "")
	}
	const plan = `mutation { createFulfilmentPlan(input: {ref: "P", type: "X", retailerId: 1, fulfilmentOptionId: {id: "1"}, fulfilments: [{locationRef: "S", items: [null]}]}) { id } }`
	require.Contains(t, w.failure(plan, "").Message, "input.fulfilments[0].items[0]: null is no element of items")
	const role = `mutation { createRole(input: {name: "R", permissions: [{name: "ORDER_VIEW"}, null]}) { id } }`
	require.Contains(t, w.failure(role, "").Message, "input.permissions[1]: null is no element of permissions")
	const user = `mutation($i: CreateUserInput) { createUser(input: $i) { id } }`
	require.Contains(t, w.failure(user, `{"i":{"ref":"u","username":"u","type":"USER","firstName":"U","timezone":"UTC","primaryEmail":"u@example.com","password":"first-password",
		"roles":[null]}}`).Message, "input.roles[0]: null is no element of roles")
}
