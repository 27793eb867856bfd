package graphql_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// What comes back, through the API. Amounts are 5 units to be short.

const (
	five        = `{amount: 5}`
	amounts     = `subTotalAmount: ` + five + `, totalTax: ` + five + `, totalAmount: {unscaledValue: 1250, scale: 2}, defaultTaxType: {country: "AU", group: "STANDARD", tariff: "GST"}, currency: {alphabeticCode: "AUD"}`
	itemAmounts = `unitAmount: ` + five + `, itemAmount: ` + five + `, itemTaxAmount: ` + five
	p1          = `product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}`
	showReturn  = ` { id ref type status retailer { id } customer { ref } currency { alphabeticCode } totalAmount { amount scale unscaledValue } subTotalAmount { amount }
		defaultTaxType { country group tariff } order { ref retailer { id } } exchangeOrder { ref } creditMemo { ref } lodgedLocation { ref } destinationLocation { ref }
		pickupAddress { street latitude } returnAuthorisationKey returnAuthorisationKeyExpiry returnAuthorisationDisposition { value label }
		attributes { name value } workflow { ref version } workflowRef workflowVersion
		returnOrderItems { edges { node { ref status product { ref catalogue { ref } } orderItem { ref order { ref retailer { id } } } unitQuantity { quantity unit } unitAmount { amount }
			itemAmount { amount } itemTaxAmount { amount } unitTaxType { tariff } returnReason { value label } returnReasonComment returnCondition { value } returnConditionComment
			returnPaymentAction { value } returnDispositionAction { value } attributes { name } returnOrder { ref } } } }
		returnVerifications { edges { node { ref type verificationDetails returnOrder { ref } } } }
		returnOrderFulfilments { edges { node { ref } } } }`
	wholeReturn = `{ref: "R-1", type: "DEFAULT", retailer: {id: 1}, customer: {ref: "kim@example.com"}, ` + amounts + `,
		order: {ref: "O-1", retailer: {id: 1}}, exchangeOrder: {ref: "O-2", retailer: {id: 1}}, lodgedLocation: {ref: "L1"}, destinationLocation: {ref: "DC"},
		pickupAddress: {street: "Here 1", latitude: -31.5}, returnAuthorisationKey: "KEY", returnAuthorisationKeyExpiry: "2027-01-02T03:04:05Z",
		returnAuthorisationDisposition: {value: "MAIL", label: "By mail"}, attributes: {name: "gift", type: "BOOLEAN", value: true},
		returnVerifications: {ref: "V1", type: "RECEIPT", verificationDetails: "No. 7"},
		returnOrderItems: [{ref: "1", type: "ITEM", ` + p1 + `, ` + itemAmounts + `, unitQuantity: {quantity: 2, unit: "EACH"}, orderItem: {ref: "OI-1", order: {ref: "O-1", retailer: {id: 1}}},
			unitTaxType: {country: "AU", group: "STANDARD", tariff: "GST"}, returnReason: {value: "WRONGSIZE", label: "Wrong size"}, returnReasonComment: "too small",
			returnCondition: {value: "GOOD"}, returnConditionComment: "as new", returnPaymentAction: {value: "REFUND"}, returnDispositionAction: {value: "RESTOCK"},
			attributes: {name: "bag", type: "STRING", value: "7"}},
			{ref: "2", type: "ITEM", ` + p1 + `, ` + itemAmounts + `, unitQuantity: {quantity: 1}}]}`
)

func returnOrder(ref string, retailer int) string {
	return fmt.Sprintf(`createReturnOrder(input: {ref: %q, type: "DEFAULT", retailer: {id: %d}, customer: {ref: "kim%d@example.com"}, %s,
		returnOrderItems: {ref: "1", type: "ITEM", %s, %s, unitQuantity: {quantity: 2}}})`, ref, retailer, retailer, amounts, p1, itemAmounts)
}

// returning is a world with a product, and a customer of each of two retailers who sends something back under the same ref.
func returning(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	w.shop("P1")
	w.data(`mutation { updateProductCatalogue(input: {ref: "PC:MASTER:1", retailerRefs: ["MAIN", "SECOND"]}) { id } }`, "")
	for _, r := range []int{1, 2} {
		w.data(fmt.Sprintf(`mutation { createCustomer(input: {username: "kim%d@example.com", firstName: "Kim", primaryEmail: "k@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: %d}}) { id } }`, r, r), "")
		w.data("mutation { "+returnOrder("R", r)+" { id } }", "")
	}
	w.nudges.events = nil
	return w
}

func refusedAt(e *answer.Error) string { return e.Extensions.Code + " " + e.Extensions.Field }

func TestAReturnOrderIsCreatedAndReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	w.nudges.events = nil
	made := w.data("mutation { createReturnOrder(input: "+wholeReturn+")"+showReturn+" }", "")
	read := w.data(`{ returnOrder(ref: "R-1", retailer: {id: 1})`+showReturn+` }`, "")
	require.Equal(t, at(made, "createReturnOrder"), at(read, "returnOrder"), "what a mutation returns is what is stored")
	id := fmt.Sprint(at(read, "returnOrder.id"))
	got, err := json.Marshal(at(read, "returnOrder"))
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"`+id+`","ref":"R-1","type":"DEFAULT","status":"CREATED","retailer":{"id":"1"},"customer":{"ref":"kim@example.com"},"currency":{"alphabeticCode":"AUD"},
		"totalAmount":{"amount":12.5,"scale":2,"unscaledValue":1250},"subTotalAmount":{"amount":5},"defaultTaxType":{"country":"AU","group":"STANDARD","tariff":"GST"},
		"order":{"ref":"O-1","retailer":{"id":"1"}},"exchangeOrder":{"ref":"O-2"},"creditMemo":null,"lodgedLocation":{"ref":"L1"},"destinationLocation":{"ref":"DC"},
		"pickupAddress":{"street":"Here 1","latitude":-31.5},"returnAuthorisationKey":"KEY","returnAuthorisationKeyExpiry":"2027-01-02T03:04:05.000Z",
		"returnAuthorisationDisposition":{"value":"MAIL","label":"By mail"},"attributes":[{"name":"gift","value":true}],
		"workflow":{"ref":"RETURN_ORDER::DEFAULT","version":10003},"workflowRef":"RETURN_ORDER::DEFAULT","workflowVersion":10003,
		"returnOrderItems":{"edges":[{"node":{"ref":"1","status":"CREATED","product":{"ref":"P1","catalogue":{"ref":"PC:MASTER:1"}},"orderItem":{"ref":"OI-1","order":{"ref":"O-1","retailer":{"id":"1"}}},
			"unitQuantity":{"quantity":2,"unit":"EACH"},"unitAmount":{"amount":5},"itemAmount":{"amount":5},"itemTaxAmount":{"amount":5},"unitTaxType":{"tariff":"GST"},
			"returnReason":{"value":"WRONGSIZE","label":"Wrong size"},"returnReasonComment":"too small","returnCondition":{"value":"GOOD"},"returnConditionComment":"as new",
			"returnPaymentAction":{"value":"REFUND"},"returnDispositionAction":{"value":"RESTOCK"},"attributes":[{"name":"bag"}],"returnOrder":{"ref":"R-1"}}},
			{"node":{"ref":"2","status":"CREATED","product":{"ref":"P1","catalogue":{"ref":"PC:MASTER:1"}},"orderItem":null,"unitQuantity":{"quantity":1,"unit":null},"unitAmount":{"amount":5},
			"itemAmount":{"amount":5},"itemTaxAmount":{"amount":5},"unitTaxType":null,"returnReason":null,"returnReasonComment":null,"returnCondition":null,"returnConditionComment":null,
			"returnPaymentAction":null,"returnDispositionAction":null,"attributes":null,"returnOrder":{"ref":"R-1"}}}]},
		"returnVerifications":{"edges":[{"node":{"ref":"V1","type":"RECEIPT","verificationDetails":"No. 7","returnOrder":{"ref":"R-1"}}}]},"returnOrderFulfilments":{"edges":[]}}`, string(got))

	require.Len(t, w.nudges.events, 1)
	e := w.nudges.events[0]
	require.Equal(t, []string{"CREATE", "RETURN_ORDER", id, "R-1", "DEFAULT", "CREATED", "RETURN_ORDER", id, "R-1"},
		[]string{e.Name, e.EntityType, e.EntityID, e.EntityRef, e.EntitySubtype, e.EntityStatus, e.RootType, e.RootID, e.RootRef})
	require.Equal(t, workflow.Normal, e.Type)

	for _, filter := range []string{
		`retailer: {id: 1}`, `customer: {ref: "kim@example.com"}`, `order: {ref: "O-1", retailer: {id: 1}}`, `exchangeOrder: {ref: "O-2", retailer: {id: 1}}`, `lodgedLocation: {ref: "L1"}`,
		`destinationLocation: {ref: "DC"}`, `currency: {alphabeticCode: "AUD"}`, `workflow: {ref: "RETURN_ORDER::DEFAULT", version: 10003}`, `returnAuthorisationKey: "KEY"`,
		`returnAuthorisationKeyExpiry: {from: "2027-01-01"}`, `ref: "R-%", type: "DEFAULT", status: "CREATED"`,
	} {
		require.JSONEq(t, `{"returnOrders":{"edges":[{"node":{"ref":"R-1"}}]}}`, w.raw(`{ returnOrders(`+filter+`) { edges { node { ref } } } }`, ""), filter)
	}
	require.JSONEq(t, `{"returnOrders":{"edges":[]}}`, w.raw(`{ returnOrders(order: {ref: "O-1", retailer: {id: 2}}) { edges { node { ref } } } }`, ""))
	require.JSONEq(t, `{"returnOrderItems":{"edges":[{"node":{"ref":"1"}}]},"returnVerifications":{"edges":[{"node":{"ref":"V1"}}]}}`,
		w.raw(`{ returnOrderItems(orderItem: {ref: "OI-1", order: {ref: "O-1", retailer: {id: 1}}}, product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}) { edges { node { ref } } }
			returnVerifications(type: "RECEIPT", verificationDetails: "No.%") { edges { node { ref } } } }`, ""))
}

// A ref is one retailer's: the same ref of another is another return order, and keys of what is in it name both.
func TestReturnOrdersAreFoundByRefAndRetailer(t *testing.T) {
	t.Parallel()
	w := returning(t)
	taken := w.failure("mutation { "+returnOrder("R", 2)+" { id } }", "")
	require.Equal(t, []string{"C0123E", "input.ref", "input.ref: ReturnOrder ref already exists: R"}, []string{taken.Extensions.Code, taken.Extensions.Field, taken.Message})

	w.data(`mutation { updateReturnOrder(input: {ref: "R", retailer: {id: 2}, status: "RECEIVED", returnOrderItems: {ref: "1", status: "OPENED"}}) { id } }`, "")
	require.JSONEq(t, `{"returnOrders":{"edges":[{"node":{"status":"CREATED","retailer":{"id":"1"},"returnOrderItems":{"edges":[{"node":{"status":"CREATED"}}]}}},
		{"node":{"status":"RECEIVED","retailer":{"id":"2"},"returnOrderItems":{"edges":[{"node":{"status":"OPENED"}}]}}}]}}`,
		w.raw(`{ returnOrders { edges { node { status retailer { id } returnOrderItems { edges { node { status } } } } } } }`, ""))
	require.JSONEq(t, `{"a":{"status":"CREATED","returnOrder":{"retailer":{"id":"1"}}},"b":{"status":"OPENED","returnOrder":{"retailer":{"id":"2"}}},"c":null,"d":null}`,
		w.raw(`{ a: returnOrderItem(ref: "1", returnOrder: {ref: "R", retailer: {id: 1}}) { status returnOrder { retailer { id } } }
			b: returnOrderItem(ref: "1", returnOrder: {ref: "R", retailer: {id: 2}}) { status returnOrder { retailer { id } } }
			c: returnOrderItem(ref: "2", returnOrder: {ref: "R", retailer: {id: 2}}) { id } d: returnOrder(ref: "R", retailer: {id: 3}) { id } }`, ""))

	trace := &store.Trace{}
	res := w.runIn(store.WithTrace(t.Context(), trace), w.admin, `{ returnOrder(ref: "R", retailer: {id: 2}) { ref retailer { id } } }`, "")
	require.Empty(t, messages(res))
	require.Equal(t, 1, trace.RoundTrips(), "nobody has to look for the retailer first")
}

func TestAReturnOrderChangesByKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	w.data("mutation { createReturnOrder(input: "+wholeReturn+") { id } }", "")
	const key = `ref: "R-1", retailer: {id: 1}`
	item := `returnOrder: {` + key + `}, ref: "3", type: "LATE", status: "LATE", ` + p1 + `, ` + itemAmounts + `, unitQuantity: {quantity: 1}, orderItem: {ref: "OI-3", order: {ref: "O-1", retailer: {id: 1}}}`
	w.data(`mutation { createReturnOrderItem(input: {`+item+`}) { id } }`, "")
	w.data(`mutation { updateReturnOrder(input: {`+key+`, status: "INSPECTED", pickupAddress: null, exchangeOrder: null, lodgedLocation: {ref: "L2"}, totalAmount: {amount: 7.25},
		attributes: [{name: "note", type: "STRING", value: "n"}, {name: "gift", type: "BOOLEAN", value: false}],
		returnOrderItems: [{ref: "2", status: "REFUSED", returnReason: {value: "BROKEN"}}, {ref: "1", unitQuantity: {quantity: 1}, attributes: {name: "box", type: "STRING", value: "8"}}],
		returnVerifications: {ref: "V1", verificationDetails: "No. 8"}}) { id } }`, "")
	require.JSONEq(t, `{"returnOrder":{"status":"INSPECTED","pickupAddress":null,"exchangeOrder":null,"order":{"ref":"O-1"},"lodgedLocation":{"ref":"L2"},"destinationLocation":{"ref":"DC"},
		"totalAmount":{"amount":7.25,"scale":2,"unscaledValue":725},"attributes":[{"name":"gift","value":false},{"name":"note","value":"n"}],
		"returnOrderItems":{"edges":[
			{"node":{"ref":"1","status":"CREATED","unitQuantity":{"quantity":1},"returnReason":{"value":"WRONGSIZE"},"attributes":[{"name":"bag"},{"name":"box"}],"orderItem":{"ref":"OI-1"}}},
			{"node":{"ref":"2","status":"REFUSED","unitQuantity":{"quantity":1},"returnReason":{"value":"BROKEN"},"attributes":null,"orderItem":null}},
			{"node":{"ref":"3","status":"LATE","unitQuantity":{"quantity":1},"returnReason":null,"attributes":null,"orderItem":{"ref":"OI-3"}}}]},
		"returnVerifications":{"edges":[{"node":{"ref":"V1","verificationDetails":"No. 8"}}]}}}`,
		w.raw(`{ returnOrder(`+key+`) { status pickupAddress { street } exchangeOrder { ref } order { ref } lodgedLocation { ref } destinationLocation { ref }
			totalAmount { amount scale unscaledValue } attributes { name value }
			returnOrderItems { edges { node { ref status unitQuantity { quantity } returnReason { value } attributes { name } orderItem { ref } } } }
			returnVerifications { edges { node { ref verificationDetails } } } } }`, ""))
}

func TestAReturnFulfilmentMovesLinesOfItsReturnOrder(t *testing.T) {
	t.Parallel()
	w := returning(t)
	of := func(retailer int) string { return fmt.Sprintf(`{ref: "R", retailer: {id: %d}}`, retailer) }
	line := func(retailer int) string { return `returnOrderItem: {ref: "1", returnOrder: ` + of(retailer) + `}` }
	create := func(more string) string {
		return `mutation { createReturnFulfilment(input: {ref: "F", type: "PARCEL", returnOrder: ` + of(1) + `, destinationLocation: {ref: "DC"}` + more + `}) { id } }`
	}
	foreign := w.failure(create(`, returnFulfilmentItems: {ref: "1", `+line(2)+`, unitQuantity: {quantity: 1}}`), "")
	require.Equal(t, []string{"C0120E", "input.returnFulfilmentItems[0].returnOrderItem"}, []string{foreign.Extensions.Code, foreign.Extensions.Field})
	require.JSONEq(t, `{"returnFulfilments":{"edges":[]}}`, w.raw(`{ returnFulfilments { edges { node { id } } } }`, ""), "nothing was made")

	id, _ := at(w.data(create(`, lodgedLocation: {ref: "L1"}, pickupAddress: {city: "Perth"}, attributes: {name: "a", type: "STRING", value: "1"},
		returnFulfilmentItems: {ref: "1", `+line(1)+`, `+p1+`, unitQuantity: {quantity: 1}}`), ""), "createReturnFulfilment.id").(string)
	require.Len(t, w.nudges.events, 1)
	e := w.nudges.events[0]
	require.Equal(t, []string{"CREATE", "RETURN_FULFILMENT", id, "F", "PARCEL", "RETURN_ORDER", "R"}, []string{e.Name, e.EntityType, e.EntityID, e.EntityRef, e.EntitySubtype, e.RootType, e.RootRef})
	require.Equal(t, int32(1), e.RetailerID)

	const fulfilment = `{ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}}`
	w.data(`mutation { createReturnFulfilmentItem(input: {ref: "2", returnOrderFulfilment: `+fulfilment+`, `+line(1)+`, unitQuantity: {quantity: 1, unit: "EACH"}}) { id } }`, "")
	w.data(`mutation { updateReturnFulfilment(input: {ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}, status: "LODGED", destinationLocation: {ref: "DC2"}, lodgedLocation: null,
		attributes: {name: "b", type: "STRING", value: "2"}, returnFulfilmentItems: {ref: "1", unitQuantity: {quantity: 2}}}) { id } }`, "")
	require.JSONEq(t, `{"returnFulfilment":{"type":"PARCEL","status":"LODGED","workflow":{"ref":"RETURN_ORDER::DEFAULT","version":10003},"lodgedLocation":null,"destinationLocation":{"ref":"DC2"},
		"pickupAddress":{"city":"Perth"},"attributes":[{"name":"a"},{"name":"b"}],"returnOrder":{"ref":"R","retailer":{"id":"1"}},
		"returnFulfilmentItems":{"edges":[{"node":{"ref":"1","unitQuantity":{"quantity":2,"unit":null},"product":{"ref":"P1"},"returnOrderItem":{"ref":"1"}}},
			{"node":{"ref":"2","unitQuantity":{"quantity":1,"unit":"EACH"},"product":null,"returnOrderItem":{"ref":"1"}}}]}},
		"returnFulfilmentItem":{"returnOrderFulfilment":{"ref":"F"},"unitQuantity":{"quantity":1}}}`,
		w.raw(`{ returnFulfilment(ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}) { type status workflow { ref version } lodgedLocation { ref } destinationLocation { ref } pickupAddress { city }
			attributes { name } returnOrder { ref retailer { id } } returnFulfilmentItems { edges { node { ref unitQuantity { quantity unit } product { ref } returnOrderItem { ref } } } } }
			returnFulfilmentItem(ref: "2", returnFulfilment: `+fulfilment+`) { returnOrderFulfilment { ref } unitQuantity { quantity } } }`, ""))
	require.Equal(t, "C0140E input.destinationLocation", refusedAt(w.failure(`mutation { updateReturnFulfilment(input: {ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}, destinationLocation: null}) { id } }`, "")))
	require.JSONEq(t, `{"returnFulfilmentItems":{"edges":[{"node":{"ref":"1"}}]}}`,
		w.raw(`{ returnFulfilmentItems(product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}) { edges { node { ref } } } }`, ""))
}

// Each is refused with its place, and nothing of it is kept.
func TestWrongReturnsChangeNothing(t *testing.T) {
	t.Parallel()
	w := returning(t)
	good := returnOrder("R-2", 1) + " { id }"
	swap := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	const change = `updateReturnOrder(input: {ref: "R", retailer: {id: 1}, status: "X", `
	for mutation, want := range map[string]string{
		swap(`kim1@`, `nobody@`):                                                                                "C0120E input.customer",
		swap(`kim1@`, `kim2@`):                                                                                  "C0120E input.customer",
		swap(`retailer: {id: 1}`, `retailer: {id: 7}`):                                                          "C0120E input.retailer",
		swap(`"AUD"`, `"AUS"`):                                                                                  "C0120E input.currency.alphabeticCode",
		swap(`product: {ref: "P1"`, `product: {ref: "P2"`):                                                      "C0120E input.returnOrderItems[0].product",
		swap(`ref: "PC:MASTER:1"`, `ref: "PC"`):                                                                 "C0120E input.returnOrderItems[0].product.catalogue",
		swap(`quantity: 2`, `quantity: -2`):                                                                     "C0122E input.returnOrderItems[0].unitQuantity.quantity",
		swap(`ref: "1", type: "ITEM"`, `ref: "", type: "ITEM"`):                                                 "C0140E input.returnOrderItems[0].ref",
		swap(`type: "DEFAULT"`, `type: "`+strings.Repeat("T", 51)+`"`):                                          "C0141E input.type",
		swap(`type: "DEFAULT"`, `type: "D", lodgedLocation: {ref: "123456789"}`):                                "C0141E input.lodgedLocation.ref",
		swap(`type: "DEFAULT"`, `type: "D", pickupAddress: {city: "`+strings.Repeat("c", 46)+`"}`):              "C0141E input.pickupAddress.city",
		swap(`type: "DEFAULT"`, `type: "D", order: {ref: "O", retailer: {id: "main"}}`):                         "C0120E input.order.retailer.id",
		change + `returnOrderItems: {ref: "2", status: "X"}}) { id }`:                                           "C0120E input.returnOrderItems[0]",
		change + `returnOrderItems: {ref: "1", product: {ref: "P2", catalogue: {ref: "PC:MASTER:1"}}}}) { id }`: "C0120E input.returnOrderItems[0].product",
		change + `totalAmount: null}) { id }`:                                                                   "C0140E input.totalAmount",
		change + `currency: null}) { id }`:                                                                      "C0140E input.currency",
		`updateReturnOrder(input: {ref: "R", retailer: {id: 7}, status: "X"}) { id }`:                           "C0120E input",
		`createReturnOrderItem(input: {returnOrder: {ref: "R9", retailer: {id: 1}}, ref: "3", type: "T", status: "S", ` + p1 + `, ` + itemAmounts +
			`, unitQuantity: {quantity: 1}, orderItem: {ref: "1", order: {ref: "O", retailer: {id: 1}}}}) { id }`: "C0120E input.returnOrder",
		`createReturnOrderItem(input: {returnOrder: {ref: "R", retailer: {id: 1}}, ref: "1", type: "T", status: "S", ` + p1 + `, ` + itemAmounts +
			`, unitQuantity: {quantity: 1}, orderItem: {ref: "1", order: {ref: "O", retailer: {id: 1}}}}) { id }`: "C0123E input.ref",
	} {
		require.Equal(t, want, refusedAt(w.failure("mutation { x: "+mutation+" }", "")), mutation)
	}
	require.JSONEq(t, `{"returnOrders":{"edges":[{"node":{"ref":"R","status":"CREATED"}},{"node":{"ref":"R","status":"CREATED"}}]},
		"returnOrderItems":{"edges":[{"node":{"ref":"1","status":"CREATED"}},{"node":{"ref":"1","status":"CREATED"}}]}}`,
		w.raw(`{ returnOrders { edges { node { ref status } } } returnOrderItems { edges { node { ref status } } } }`, ""))
	require.Empty(t, w.nudges.events)
	w.data("mutation { x: "+good+" }", "")
}

// Who acts for one retailer neither sees nor changes what another's customers send back, nor links to orders there.
func TestReturnsKeepToTheirRetailer(t *testing.T) {
	t.Parallel()
	w := returning(t)
	w.data(`mutation { createReturnFulfilment(input: {ref: "F", type: "PARCEL", returnOrder: {ref: "R", retailer: {id: 1}}, destinationLocation: {ref: "DC"},
		returnFulfilmentItems: {ref: "1", returnOrderItem: {ref: "1", returnOrder: {ref: "R", retailer: {id: 1}}}, unitQuantity: {quantity: 1}}}) { id } }`, "")
	second := w.as(adminOf("ACME", 2))
	require.JSONEq(t, `{"returnOrders":{"edges":[{"node":{"customer":{"ref":"kim2@example.com"}}}]},"returnOrderItems":{"edges":[{"node":{"returnOrder":{"retailer":{"id":"2"}}}}]},
		"returnFulfilments":{"edges":[]},"returnFulfilmentItems":{"edges":[]},"returnVerifications":{"edges":[]},"a":null,"b":null,"c":null,"d":null}`,
		second.raw(`{ returnOrders { edges { node { customer { ref } } } } returnOrderItems { edges { node { returnOrder { retailer { id } } } } }
			returnFulfilments { edges { node { id } } } returnFulfilmentItems { edges { node { id } } } returnVerifications { edges { node { id } } }
			a: returnOrder(ref: "R", retailer: {id: 1}) { id } b: returnOrderItem(ref: "1", returnOrder: {ref: "R", retailer: {id: 1}}) { id }
			c: returnFulfilment(ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}) { id }
			d: returnFulfilmentItem(ref: "1", returnFulfilment: {ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}}) { id } }`, ""))
	for mutation, want := range map[string]string{
		returnOrder("R-2", 1) + " { id }": "C0120E input.retailer",
		strings.Replace(returnOrder("R-2", 2)+" { id }", `type: "DEFAULT"`, `type: "D", order: {ref: "O-1", retailer: {id: 1}}`, 1):                      "C0120E input.order.retailer.id",
		strings.Replace(returnOrder("R-2", 2)+" { id }", `type: "DEFAULT"`, `type: "D", exchangeOrder: {ref: "O-1", retailer: {id: 1}}`, 1):              "C0120E input.exchangeOrder.retailer.id",
		`updateReturnOrder(input: {ref: "R", retailer: {id: 1}, status: "X"}) { id }`:                                                                    "C0120E input",
		`updateReturnFulfilment(input: {ref: "F", returnOrder: {ref: "R", retailer: {id: 1}}, status: "X"}) { id }`:                                      "C0120E input.returnOrder",
		`createReturnFulfilment(input: {ref: "G", type: "PARCEL", returnOrder: {ref: "R", retailer: {id: 1}}, destinationLocation: {ref: "DC"}}) { id }`: "C0120E input.returnOrder",
		`updateReturnOrder(input: {ref: "R", retailer: {id: 2}, order: {ref: "O-1", retailer: {id: 1}}}) { id }`:                                         "C0120E input.order.retailer.id",
	} {
		require.Equal(t, want, refusedAt(second.failure("mutation { x: "+mutation+" }", "")), mutation)
	}
	second.data("mutation { "+returnOrder("R-2", 2)+" { id } }", "")
}

// A credit memo names what came back, and the return order what is credited for it: by keys, which must find something.
func TestACreditMemoIsForAReturnThatIsThere(t *testing.T) {
	t.Parallel()
	w := returning(t)
	w.data(`mutation { createBillingAccount(input: {ref: "BA", type: "CUSTOMER", name: "Kim", retailer: {id: 1}}) { id } }`, "")
	memo := func(returned, lineOf string) string {
		return `createCreditMemo(input: {ref: "M", type: "RETURN", billingAccount: {ref: "BA"}, ` + totals + `, returnOrder: ` + returned + `, items: ` + line("1", "returnOrderItem: "+lineOf) + `}) {
			returnOrder { ref retailer { id } } items { edges { node { returnOrderItem { ref returnOrder { ref retailer { id } } } } } } }`
	}
	const here, item = `{ref: "R", retailer: {id: 1}}`, `{ref: "1", returnOrder: {ref: "R", retailer: {id: 1}}}`
	for mutation, want := range map[string]string{
		memo(`{ref: "R9", retailer: {id: 1}}`, item):                                             "C0120E input.returnOrder",
		memo(here, `{ref: "9", returnOrder: `+here+`}`):                                          "C0120E input.items[0].returnOrderItem",
		`updateReturnOrder(input: {ref: "R", retailer: {id: 1}, creditMemo: {ref: "M"}}) { id }`: "C0120E input.creditMemo",
	} {
		require.Equal(t, want, refusedAt(w.failure("mutation { x: "+mutation+" }", "")), mutation)
	}
	require.JSONEq(t, `{"x":{"returnOrder":{"ref":"R","retailer":{"id":"1"}},"items":{"edges":[{"node":{"returnOrderItem":{"ref":"1","returnOrder":{"ref":"R","retailer":{"id":"1"}}}}}]}}}`,
		w.raw("mutation { x: "+memo(here, item)+" }", ""))
	w.data(`mutation { updateReturnOrder(input: {ref: "R", retailer: {id: 1}, creditMemo: {ref: "M"}}) { id } }`, "")
	require.JSONEq(t, `{"returnOrders":{"edges":[{"node":{"creditMemo":{"ref":"M"}}}]},"creditMemoes":{"edges":[{"node":{"ref":"M"}}]}}`,
		w.raw(`{ returnOrders(creditMemo: {ref: "M"}) { edges { node { creditMemo { ref } } } } creditMemoes(returnOrder: {ref: "R", retailer: {id: 1}}) { edges { node { ref } } } }`, ""))
}
