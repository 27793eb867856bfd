package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aside is a member of an input that was once taken and left aside. It is refused at a place, with the reason, or there is something that shows it.
type aside struct {
	member, mutation string
	refused          string // code and place
	why              string // of a refusal
	shown, is        string // a query that shows it, and the answer
}

// TestNothingIsTakenAndLeftAside walks the members of which the platform once made nothing: who gives one that is not served yet is told so, and all
// others have an effect. What events bring is beside it (TestPackingIntoParcelsIsRefused), and so is what jobs and batches do, in package rest.
func TestNothingIsTakenAndLeftAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	customer := w.shop("P1")
	order := func(ref, more, line string) string {
		return fmt.Sprintf(`createOrder(input: {ref: %q, type: "HD", retailer: {id: 1}, customer: {id: %s}, %s, items: [{ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 2%s}]}) { id items { edges { node { id } } } }`, ref, customer, more, line)
	}
	const home, both = `fulfilmentChoice: {ref: "HOME", deliveryType: "STANDARD"}`, `fulfilmentChoices: [{ref: "HOME", deliveryType: "STANDARD"}, {ref: "SHOP", deliveryType: "EXPRESS"}]`
	mine := at(w.data("mutation { x: "+order("MINE", both, `, fulfilmentChoiceRef: "SHOP"`)+" }", ""), "x").(map[string]any)
	theirs := at(w.data("mutation { x: "+order("THEIRS", strings.ReplaceAll(home, "HOME", "OTHER"), "")+" }", ""), "x.id").(string)
	packed := at(w.data(`mutation { createFulfilment(input: {ref: "PACKED", type: "HD_PFS", order: {id: `+theirs+`}}) { id } }`, ""), "createFulfilment.id").(string)
	bare := at(w.data("mutation { x: "+order("BARE", `totalPrice: 1`, "")+" }", ""), "x.id").(string)
	id, line := mine["id"].(string), at(mine, "items.edges.0.node.id").(string)
	location := w.place("S1")
	attribute := func(name, value string) string {
		return fmt.Sprintf(`attributes: [{name: "a", type: "STRING", value: "x"}, {name: %q, type: "STRING", value: %q}]`, name, value)
	}
	choices := `{ orderById(id: ` + id + `) { items { edges { node { ref fulfilmentChoiceRef } } } fulfilments { edges { node { fulfilmentChoiceRef } } } } }`
	lines := func(fulfilments string, refs ...string) string {
		var all []string
		for i, ref := range refs {
			all = append(all, fmt.Sprintf(`{"node":{"ref":"%d","fulfilmentChoiceRef":%q}}`, i+1, ref))
		}
		return `{"orderById":{"items":{"edges":[` + strings.Join(all, ",") + `]},"fulfilments":{"edges":[` + fulfilments + `]}}}`
	}
	choice := func(ref string) string { return `FulfilmentChoice not found in the order: ref ` + ref }
	for _, a := range []aside{
		{member: "Order cartRef", mutation: order("X", attribute("cartRef", "C"), ""), refused: "S0001E input.attributes[1]", why: "no cart holds stock yet"},
		{member: "Order fulfilmentPlanRef", mutation: order("X", attribute("fulfilmentPlanRef", "P"), ""), refused: "S0001E input.attributes[1]", why: "sourcing does not redeem plans yet"},
		{member: "Order shipPolicy", mutation: order("X", attribute("shipPolicy", "COMPLETE"), ""), refused: "S0001E input.attributes[1]", why: "every fulfilment ships when it is ready"},
		{member: "FulfilmentChoice shipPolicy", mutation: `createFulfilmentChoice(input: {order: {id: ` + id + `}, deliveryType: "STANDARD", ` + attribute("shipPolicy", "COMPLETE") + `}) { id }`,
			refused: "S0001E input.attributes[1]", why: "every fulfilment ships when it is ready"},
		{member: "VirtualCatalogue.controlGroupRef", mutation: `createVirtualCatalogue(input: {ref: "V", type: "BASE", name: "n", inventoryCatalogueRef: "IC", productCatalogueRef: "PC:MASTER:1", controlGroupRef: "G"}) { id }`,
			refused: "S0001E input.controlGroupRef", why: "controls are not applied yet"},
		{member: "OrderItem.fulfilmentChoiceRef of nobody", mutation: order("X", both, `, fulfilmentChoiceRef: "SHOPS"`), refused: "C0120E input.items[0].fulfilmentChoiceRef", why: choice("SHOPS") + ". Did you mean SHOP?"},
		{member: "OrderItem.fulfilmentChoiceRef of another order", mutation: order("X", both, `, fulfilmentChoiceRef: "OTHER"`), refused: "C0120E input.items[0].fulfilmentChoiceRef", why: choice("OTHER")},
		{member: "OrderItem.fulfilmentChoiceRef without choices", mutation: order("X", `totalPrice: 1`, `, fulfilmentChoiceRef: "HOME"`), refused: "C0120E input.items[0].fulfilmentChoiceRef", why: "FulfilmentChoice not found in the order: ref HOME"},
		{member: "OrderItem.fulfilmentChoiceRef as it changes", mutation: `updateOrder(input: {id: ` + id + `, items: [{id: ` + line + `, fulfilmentChoiceRef: "OTHER"}]}) { id }`,
			refused: "C0120E input.items[0].fulfilmentChoiceRef", why: choice("OTHER")},
		{member: "OrderItem.fulfilmentChoiceRef by itself", mutation: `createOrderItem(input: {ref: "2", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 1, order: {id: ` + id + `}, fulfilmentChoiceRef: "OTHER"}) { id }`,
			refused: "C0120E input.fulfilmentChoiceRef", why: choice("OTHER")},
		{member: "Fulfilment.fulfilmentChoiceRef", mutation: `createFulfilment(input: {ref: "F", type: "HD_PFS", order: {id: ` + id + `}, fulfilmentChoiceRef: "OTHER"}) { id }`,
			refused: "C0120E input.fulfilmentChoiceRef", why: choice("OTHER")},
		{member: "Fulfilment.fulfilmentChoiceRef of an order without", mutation: `createFulfilment(input: {ref: "F", type: "HD_PFS", order: {id: ` + bare + `}, fulfilmentChoiceRef: "HOME"}) { id }`,
			refused: "C0120E input.fulfilmentChoiceRef", why: "FulfilmentChoice not found in the order: ref HOME"},
		{member: "OrderItem.fulfilmentChoiceRef of its own order", mutation: `updateOrder(input: {id: ` + id + `, items: [{id: ` + line + `, fulfilmentChoiceRef: "HOME"}]}) { id }`, shown: choices, is: lines("", "HOME")},
		{member: "OrderItem.fulfilmentChoiceRef of a new line", mutation: `createOrderItem(input: {ref: "2", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 1, order: {id: ` + id + `}, fulfilmentChoiceRef: "SHOP"}) { id }`,
			shown: choices, is: lines("", "HOME", "SHOP")},
		{member: "Fulfilment.fulfilmentChoiceRef of its order", mutation: `createFulfilment(input: {ref: "F", type: "HD_PFS", order: {id: ` + id + `}, fulfilmentChoiceRef: "SHOP"}) { id }`,
			shown: choices, is: lines(`{"node":{"fulfilmentChoiceRef":"SHOP"}}`, "HOME", "SHOP")},
		{member: "Order shipPolicy that asks for no more", mutation: order("Y", attribute("shipPolicy", "PARTIAL"), ""), shown: `{ order(ref: "Y") { attributes { name value } } }`,
			is: `{"order":{"attributes":[{"name":"a","value":"x"},{"name":"shipPolicy","value":"PARTIAL"}]}}`},
		{member: "Location dailyCapacity", mutation: `updateLocation(input: {id: ` + location + `, attributes: [{name: "dailyCapacity", type: "INTEGER", value: 3}]}) { id }`,
			shown: `{ location(ref: "S1") { attributes { name value } } }`, is: `{"location":{"attributes":[{"name":"dailyCapacity","value":3}]}}`}, // which sourcing goes by: locationDailyCapacity
		{member: "Article.storageArea", mutation: `createStorageArea(input: {ref: "A1", type: "SHELF", location: {id: ` + location + `}}) { id } y: createArticle(input: {ref: "A", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: ` + packed + `}, storageArea: {id: 1}}) { id }`,
			shown: `{ storageAreas { edges { node { name articles { edges { node { ref } } } } } } }`, is: `{"storageAreas":{"edges":[{"node":{"name":"A1","articles":{"edges":[{"node":{"ref":"A"}}]}}}]}}`},
	} {
		if a.refused == "" {
			w.data("mutation { x: "+a.mutation+" }", "")
			require.JSONEq(t, a.is, w.raw(a.shown, ""), a.member)
			continue
		}
		e := w.failure("mutation { x: "+a.mutation+" }", "")
		require.Equal(t, a.refused, e.Extensions.Code+" "+e.Extensions.Field, a.member)
		require.Contains(t, e.Message, a.why, a.member)
	}
	require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"MINE"}},{"node":{"ref":"THEIRS"}},{"node":{"ref":"BARE"}},{"node":{"ref":"Y"}}]}}`, w.raw(`{ orders { edges { node { ref } } } }`, ""))
}
