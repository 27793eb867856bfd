package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const controlGroup = `mutation($input: CreateControlGroupInput) { createControlGroup(input: $input) { id ref status workflowRef retailerRefs } }`

const controlFields = `{ ref type status name description executionOrder values { name type value } attributes { name value } controlGroup { ref } workflowRef }`

// TestControls makes a group with controls, changes them by ref alone where that is clear, and reads them back.
func TestControls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, "CONTROL_GROUP::DEFAULT", at(w.data(controlGroup, `{"input":{"ref":"CG1","type":"DEFAULT","name":"Web","retailerRefs":["MAIN"]}}`), "createControlGroup.workflowRef"))
	w.data(controlGroup, `{"input":{"ref":"CG2","type":"DEFAULT","name":"Shops","retailerRefs":["MAIN"]}}`)
	create := `mutation($input: CreateControlInput) { createControl(input: $input) ` + controlFields + ` }`
	made := w.raw(create, `{"input":{"ref":"CG1:QUANTITY_BUFFER:P1","type":"QUANTITY_BUFFER","name":"P1","controlGroup":{"ref":"CG1"},"executionOrder":4,`+
		`"values":{"name":"value","type":"INTEGER","value":-5},"attributes":{"name":"a","type":"STRING","value":"1"}}}`)
	want := `{"ref":"CG1:QUANTITY_BUFFER:P1","type":"QUANTITY_BUFFER","status":"CREATED","name":"P1","description":null,"executionOrder":4,` +
		`"values":[{"name":"value","type":"INTEGER","value":-5}],"attributes":[{"name":"a","value":"1"}],"controlGroup":{"ref":"CG1"},"workflowRef":"CONTROL_GROUP::DEFAULT"}`
	require.JSONEq(t, `{"createControl":`+want+`}`, made)
	require.JSONEq(t, `{"control":`+want+`}`, w.raw(`{ control(ref: "CG1:QUANTITY_BUFFER:P1", controlGroup: {ref: "CG1"}) `+controlFields+` }`, ""))
	event := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, []string{"CREATE", "CONTROL", "CONTROL_GROUP", "CG1"}, []string{event.Name, event.EntityType, event.RootType, event.RootRef})

	change := `mutation($input: UpdateControlInput) { updateControl(input: $input) { name values { value } attributes { name value } controlGroup { ref } } }`
	require.JSONEq(t, `{"updateControl":{"name":"one","values":[{"value":-7}],"attributes":[{"name":"a","value":"1"},{"name":"b","value":"2"}],"controlGroup":{"ref":"CG1"}}}`,
		w.raw(change, `{"input":{"ref":"CG1:QUANTITY_BUFFER:P1","name":"one","values":{"name":"n","type":"INTEGER","value":-7},"attributes":{"name":"b","type":"STRING","value":"2"}}}`),
		"values are replaced, attributes merge, the group stays")

	for _, group := range []string{"CG1", "CG2"} {
		w.data(create, `{"input":{"ref":"SAME","type":"EXCLUSION","name":"`+group+`","controlGroup":{"ref":"`+group+`"}}}`)
	}
	several := w.failure(change, `{"input":{"ref":"SAME","name":"x"}}`)
	require.Equal(t, "C0140E", several.Extensions.Code)
	require.Equal(t, "input: there are several with ref SAME: give controlGroup too", several.Message)
	require.Equal(t, "C0120E", w.failure(change, `{"input":{"ref":"NONE","name":"x"}}`).Extensions.Code)
	require.Equal(t, "C0120E input.controlGroup", codeAndPlace(w, change, `{"input":{"ref":"SAME","controlGroup":{"ref":"NONE"},"name":"x"}}`))
	w.data(change, `{"input":{"ref":"SAME","controlGroup":{"ref":"CG2"},"name":"second"}}`)
	require.JSONEq(t, `{"controls":{"edges":[{"node":{"name":"CG1","controlGroup":{"ref":"CG1"}}},{"node":{"name":"second","controlGroup":{"ref":"CG2"}}}]}}`,
		w.raw(`{ controls(ref: "SAME") { edges { node { name controlGroup { ref } } } } }`, ""))
	require.JSONEq(t, `{"controlGroup":{"controls":{"edges":[{"node":{"ref":"CG1:QUANTITY_BUFFER:P1"}}]}}}`,
		w.raw(`{ controlGroup(ref: "CG1") { controls(executionOrder: 4) { edges { node { ref } } } } }`, ""))
	require.Equal(t, "C0123E", w.failure(create, `{"input":{"ref":"SAME","type":"EXCLUSION","name":"x","controlGroup":{"ref":"CG1"}}}`).Extensions.Code)
}

// codeAndPlace runs a request that fails.
func codeAndPlace(w *world, query, variables string) string {
	w.t.Helper()
	e := w.failure(query, variables)
	return e.Extensions.Code + " " + e.Extensions.Field
}

const createOption = `mutation($input: CreateFulfilmentOptionInput, $mode: ExecutionMode) { createFulfilmentOption(input: $input, executionMode: $mode) ` + optionFields + ` }`

const optionFields = `{ id ref type status retailerId orderType locationRef trackingCode workflowRef address { name addressLine1 addressLine2 city postcode latitude longitude }
	products { productRef catalogueRef requestedQuantity } attributes { name value } plans { edges { node { ref } } } }`

// option makes a fulfilment option of a retailer and returns its id.
func (w *world) option(ref string, retailer int) string {
	w.t.Helper()
	id, _ := at(w.data(createOption, fmt.Sprintf(`{"input":{"ref":%q,"type":"HD","retailerId":%d}}`, ref, retailer)), "createFulfilmentOption.id").(string)
	return id
}

// TestFulfilmentOptions asks for products at an address, and reads the question back.
func TestFulfilmentOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	input := `{"ref":"FO-1","type":"HD","retailerId":1,"orderType":"HD","locationRef":"L1","trackingCode":"T","address":{"name":"Ann","addressLine1":"1 High St","city":"Leeds","postcode":"LS1","latitude":-12.5,"longitude":0},` +
		`"products":[{"productRef":"P1","catalogueRef":"PC","requestedQuantity":2},{"productRef":"P2"}],"attributes":{"name":"deliveryType","type":"STRING","value":"EXPRESS"}}`
	made := w.data(createOption, `{"input":`+input+`}`)
	id := at(made, "createFulfilmentOption.id").(string)
	want := `{"id":"` + id + `","ref":"FO-1","type":"HD","status":"CREATED","retailerId":1,"orderType":"HD","locationRef":"L1","trackingCode":"T","workflowRef":"FULFILMENT_OPTIONS::HD",` +
		`"address":{"name":"Ann","addressLine1":"1 High St","addressLine2":null,"city":"Leeds","postcode":"LS1","latitude":-12.5,"longitude":0},` +
		`"products":[{"productRef":"P1","catalogueRef":"PC","requestedQuantity":2},{"productRef":"P2","catalogueRef":null,"requestedQuantity":1}],` +
		`"attributes":[{"name":"deliveryType","value":"EXPRESS"}],"plans":{"edges":[]}}`
	require.JSONEq(t, `{"fulfilmentOptionById":`+want+`}`, w.raw(`query($id: ID!) { fulfilmentOptionById(id: $id) `+optionFields+` }`, `{"id":"`+id+`"}`))
	event := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, []any{"CREATE", "FULFILMENT_OPTIONS", id, int32(1), "HD"}, []any{event.Name, event.EntityType, event.RootID, event.RetailerID, event.EntitySubtype})

	find := `query($r: [Int!]) { fulfilmentOptions(retailerId: $r) { edges { node { ref retailerId } } } }`
	require.JSONEq(t, `{"fulfilmentOptions":{"edges":[{"node":{"ref":"FO-1","retailerId":1}}]}}`, w.raw(find, `{"r":[7,1]}`))
	require.JSONEq(t, `{"fulfilmentOptions":{"edges":[]}}`, w.raw(find, `{"r":7}`))
	changed := w.raw(`mutation($id: ID!) { updateFulfilmentOption(input: {id: $id, status: "ACTIVE", trackingCode: null, attributes: {name: "x", type: "STRING", value: "y"}}) { status trackingCode attributes { name } } }`, `{"id":"`+id+`"}`)
	require.JSONEq(t, `{"updateFulfilmentOption":{"status":"ACTIVE","trackingCode":null,"attributes":[{"name":"deliveryType"},{"name":"x"}]}}`, changed)

	for bad, want := range map[string]string{
		`"retailerId":2`: "C0120E input.retailerId",
		`"retailerId":1,"address":{"latitude":90.5}`:                          "C0122E input.address.latitude",
		`"retailerId":1,"address":{"longitude":-180.5}`:                       "C0122E input.address.longitude",
		`"retailerId":1,"address":{"city":"` + strings.Repeat("x", 46) + `"}`: "C0141E input.address.city",
		`"retailerId":1,"products":{"productRef":"P","requestedQuantity":-1}`: "C0122E input.products[0].requestedQuantity",
	} {
		require.Equal(t, want, codeAndPlace(w, createOption, `{"input":{"ref":"FO-2","type":"HD",`+bad+`}}`), bad)
	}
	require.Len(t, refs(t, at(w.data(`{ fulfilmentOptions { edges { node { ref } } } }`, ""), "fulfilmentOptions")), 1, "nothing of what was refused is there")
	require.Contains(t, w.failure(createOption, `{"input":{"ref":"FO-2","type":"HD"}}`).Message, "retailerId")
}

// TestCallersMayWaitForPlans: with the execution mode the answer is what the workflow left, and comes after its turn.
func TestCallersMayWaitForPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.option("FO-1", 1)
	require.Empty(t, w.nudges.awaited)
	made := w.data(createOption, `{"input":{"ref":"FO-2","type":"HD","retailerId":1},"mode":"AWAIT_ORCHESTRATION"}`)
	require.Equal(t, "FO-2", at(made, "createFulfilmentOption.ref"))
	require.Len(t, w.nudges.awaited, 1)
	require.Equal(t, at(made, "createFulfilmentOption.id"), w.nudges.awaited[0].RootID)
	require.Contains(t, w.failure(createOption, `{"input":{"ref":"FO-3","type":"HD","retailerId":1},"mode":"LATER"}`).Message, "LATER is not a value of ExecutionMode")
}

const planFields = `{ ref type status eta splitCount retailerId fulfilmentOption { ref } fulfilments { fulfilmentType locationRef eta items { productRef catalogueRef availableQuantity requestedQuantity } }
	exceptions { code message attributes { name value } } attributes { name value } workflowRef }`

const createPlan = `mutation($input: CreateFulfilmentPlanInput) { createFulfilmentPlan(input: $input) { id } }`

// TestFulfilmentPlans answers an option with a plan, whose exceptions are only added to.
func TestFulfilmentPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	option := w.option("FO-1", 1)
	plan := func(more string) string {
		return `{"input":{"ref":"FP-1","type":"HD","retailerId":1,"fulfilmentOptionId":{"id":"` + option + `"}` + more + `}}`
	}
	id := at(w.data(createPlan, plan(`,"eta":"24","splits":0,"fulfilments":{"fulfilmentType":"HD_PFS","locationRef":"L1","items":[{"productRef":"P1","catalogueRef":"PC","availableQuantity":9,"requestedQuantity":2}]},
		"exceptions":{"code":"SPLIT_LIMIT","message":"one only","attributes":{"name":"n","type":"INTEGER","value":3}},"attributes":{"name":"distance","type":"DOUBLE","value":1.5}`)), "createFulfilmentPlan.id").(string)
	event := w.nudges.events[len(w.nudges.events)-1]
	require.Equal(t, []string{"CREATE", "FULFILMENT_PLAN", "FULFILMENT_OPTIONS", option, "HD"}, []string{event.Name, event.EntityType, event.RootType, event.RootID, event.EntitySubtype})
	first := `{"code":"SPLIT_LIMIT","message":"one only","attributes":[{"name":"n","value":3}]}`
	want := func(status, exceptions string) string {
		return `{"ref":"FP-1","type":"HD","status":"` + status + `","eta":"24","splitCount":0,"retailerId":1,"fulfilmentOption":{"ref":"FO-1"},"fulfilments":[{"fulfilmentType":"HD_PFS","locationRef":"L1","eta":null,
			"items":[{"productRef":"P1","catalogueRef":"PC","availableQuantity":9,"requestedQuantity":2}]}],"exceptions":[` + exceptions + `],"attributes":[{"name":"distance","value":1.5}],"workflowRef":"FULFILMENT_OPTIONS::HD"}`
	}
	require.JSONEq(t, `{"fulfilmentPlanById":`+want("CREATED", first)+`}`, w.raw(`query($id: ID!) { fulfilmentPlanById(id: $id) `+planFields+` }`, `{"id":"`+id+`"}`))
	change := `mutation($input: UpdateFulfilmentPlanInput) { updateFulfilmentPlan(input: $input) ` + planFields + ` }`
	second := `{"code":"SPLIT_LIMIT","message":null,"attributes":null}`
	require.JSONEq(t, `{"updateFulfilmentPlan":`+want("REJECTED", first+","+second)+`}`, w.raw(change, `{"input":{"id":"`+id+`","status":"REJECTED","exceptions":{"code":"SPLIT_LIMIT"}}}`))
	require.JSONEq(t, `{"updateFulfilmentPlan":`+want("REJECTED", first+","+second)+`}`, w.raw(change, `{"input":{"id":"`+id+`","exceptions":[]}}`))
	require.JSONEq(t, `{"fulfilmentOptionById":{"plans":{"edges":[{"node":{"ref":"FP-1"}}]}}}`,
		w.raw(`query($id: ID!) { fulfilmentOptionById(id: $id) { plans(splitCount: 0, retailerId: 1) { edges { node { ref } } } } }`, `{"id":"`+option+`"}`))

	for bad, want := range map[string]string{
		`{"input":{"ref":"FP-2","type":"HD","retailerId":2,"fulfilmentOptionId":{"id":"` + option + `"}}}`: "C0120E input.fulfilmentOptionId",
		`{"input":{"ref":"FP-2","type":"HD","retailerId":1,"fulfilmentOptionId":{"id":"7"}}}`:              "C0120E input.fulfilmentOptionId",
		plan(`,"splits":-1`): "C0122E input.splits",
		plan(`,"fulfilments":{"items":{"productRef":"P","availableQuantity":0,"requestedQuantity":-2}}`): "C0122E input.fulfilments[0].items[0].requestedQuantity",
	} {
		require.Equal(t, want, codeAndPlace(w, createPlan, bad), bad)
	}
	require.Len(t, refs(t, at(w.data(`{ fulfilmentPlans { edges { node { ref } } } }`, ""), "fulfilmentPlans")), 1, "nothing of what was refused is there")
}

// TestAvailabilityIsARetailers lets who acts for one retailer see and make nothing of another's.
func TestAvailabilityIsARetailers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	w.data(controlGroup, `{"input":{"ref":"MINE","type":"DEFAULT","name":"n","retailerRefs":["SECOND"]}}`)
	w.data(controlGroup, `{"input":{"ref":"THEIRS","type":"DEFAULT","name":"n","retailerRefs":["MAIN"]}}`)
	w.option("THEIRS", 1)
	second := w.as(adminOf("ACME", 2))
	second.option("MINE", 2)
	require.JSONEq(t, `{"controlGroups":{"edges":[{"node":{"ref":"MINE"}}]},"fulfilmentOptions":{"edges":[{"node":{"ref":"MINE","retailerId":2}}]}}`,
		second.raw(`{ controlGroups { edges { node { ref } } } fulfilmentOptions { edges { node { ref retailerId } } } }`, ""))
	require.Equal(t, "C0120E input.retailerId", codeAndPlace(second, createOption, `{"input":{"ref":"X","type":"HD","retailerId":1}}`))
	control := `mutation($g: ControlGroupKey!) { createControl(input: {ref: "C", type: "T", name: "n", controlGroup: $g}) { ref } }`
	require.Equal(t, "C0120E input.controlGroup", codeAndPlace(second, control, `{"g":{"ref":"THEIRS"}}`))
	second.data(control, `{"g":{"ref":"MINE"}}`)
	w.data(control, `{"g":{"ref":"THEIRS"}}`)
	second.data(`mutation { updateControl(input: {ref: "C", name: "mine"}) { ref } }`, "")
	require.Equal(t, "n", at(w.data(`{ control(ref: "C", controlGroup: {ref: "THEIRS"}) { name } }`, ""), "control.name"), "by its ref alone he means the one that he sees")
}

// TestWhatNothingWouldComeOfIsRefused: fields that mean something to clients, before what they mean is done.
func TestWhatNothingWouldComeOfIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := `mutation($input: CreateVirtualCatalogueInput) { createVirtualCatalogue(input: $input) { ref controlGroupRef } }`
	input := func(more string) string {
		return `{"input":{"ref":"VC","type":"BASE","name":"n","inventoryCatalogueRef":"IC","productCatalogueRef":"PC"` + more + `}}`
	}
	e := w.failure(create, input(`,"controlGroupRef":"CG"`))
	require.Equal(t, []string{"S0001E", "input.controlGroupRef"}, []string{e.Extensions.Code, e.Extensions.Field})
	require.Contains(t, e.Message, "controlGroupRef is not served yet: controls are not applied yet to what can be sold; leave it out")
	w.data(create, input(`,"controlGroupRef":null`))
	update := `mutation($input: UpdateVirtualCatalogueInput) { updateVirtualCatalogue(input: $input) { name } }`
	require.Equal(t, "S0001E input.controlGroupRef", codeAndPlace(w, update, `{"input":{"ref":"VC","controlGroupRef":"CG"}}`))
	w.data(update, `{"input":{"ref":"VC","name":"x","controlGroupRef":null}}`)

	customer := w.shop("P1", "P2")
	plain := orderInput("O-1", customer)
	gift := `{"name":"gift","type":"JSON","value":{"wrap":true,"n":[1,2.50]}}`
	promised := strings.Replace(plain, gift, "["+gift+`,{"name":"fulfilmentPlanRef","type":"STRING","value":"FP-1"}]`, 1)
	require.NotEqual(t, plain, promised)
	require.Equal(t, "S0001E input.attributes[1]", codeAndPlace(w, createOrder, promised))
	w.data(createOrder, plain)
}

// TestQuantitiesSayWhereTheyComeFrom keeps what tells quantities apart, and finds them by it exactly.
func TestQuantitiesSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock"}) { id }
		a: createInventoryPosition(input: {ref: "P1:L", type: "DEFAULT", productRef: "P1", locationRef: "L", catalogue: {ref: "IC"}}) { id }
		b: createInventoryPosition(input: {ref: "P2:L", type: "DEFAULT", productRef: "P2", locationRef: "L", catalogue: {ref: "IC"}}) { id } }`, "")
	create := `mutation($input: CreateInventoryQuantityInput) { createInventoryQuantity(input: $input) { ref } }`
	quantity := func(ref, position, more string) string {
		return `{"input":{"ref":"` + ref + `","type":"LAST_ON_HAND","quantity":5,"catalogue":{"ref":"IC"},"position":{"ref":"` + position + `","catalogue":{"ref":"IC"}}` + more + `}}`
	}
	said := `"expiresOn":"2027-01-02T00:00:00.000Z","countryOfOrigin":"PT","channel":"WEB","manufacturer":"M","manufacturerBatchNumber":"B%","supplier":"S","associationType":"ORDER","associationRef":"O-1","segment1":"x","segment2":"y","segment3":"z"`
	w.data(create, quantity("WHOLE", "P1:L", ""))
	w.data(create, quantity("PART", "P1:L", `,"parent":{"ref":"WHOLE","catalogue":{"ref":"IC"}},`+said))
	w.data(create, quantity("BX", "P1:L", `,"manufacturerBatchNumber":"BX"`))
	fields := `{ ref parent { ref } expiresOn countryOfOrigin channel manufacturer manufacturerBatchNumber supplier associationType associationRef segment1 segment2 segment3 }`
	require.JSONEq(t, `{"inventoryQuantity":{"ref":"PART","parent":{"ref":"WHOLE"},`+said+`}}`, w.raw(`{ inventoryQuantity(ref: "PART", catalogue: {ref: "IC"}) `+fields+` }`, ""))
	require.JSONEq(t, `{"inventoryQuantity":{"ref":"WHOLE","parent":null,"expiresOn":null,"countryOfOrigin":null,"channel":null,"manufacturer":null,"manufacturerBatchNumber":null,"supplier":null,"associationType":null,"associationRef":null,"segment1":null,"segment2":null,"segment3":null}}`,
		w.raw(`{ inventoryQuantity(ref: "WHOLE", catalogue: {ref: "IC"}) `+fields+` }`, ""))
	for filter, want := range map[string][]string{
		`manufacturerBatchNumber: "B%"`: {"PART"}, `manufacturerBatchNumber: ["B%", "BX"]`: {"PART", "BX"}, `segment1: "x", segment3: "z"`: {"PART"}, `segment1: "%"`: nil, `associationRef: "O-1"`: {"PART"},
		`ref: "%A%"`: {"PART"},
	} {
		require.Equal(t, want, refs(t, at(w.data(`{ inventoryQuantities(`+filter+`) { edges { node { ref } } } }`, ""), "inventoryQuantities")), filter)
	}
	require.Equal(t, "C0120E input.parent", codeAndPlace(w, create, quantity("ASTRAY", "P2:L", `,"parent":{"ref":"WHOLE","catalogue":{"ref":"IC"}}`)), "parts are of their parent's position")
	require.Equal(t, "C0141E input.supplier", codeAndPlace(w, create, quantity("LONG", "P2:L", `,"supplier":"`+strings.Repeat("s", 256)+`"`)))
}

// TestVirtualSegments are replaced as a whole, and are a hundred at most.
func TestVirtualSegments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { createVirtualCatalogue(input: {ref: "VC", type: "BASE", name: "n", inventoryCatalogueRef: "IC", productCatalogueRef: "PC"}) { id } }`, "")
	create := `mutation($s: [UpsertVirtualSegmentInput]) { createVirtualPosition(input: {ref: "V", type: "BASE", productRef: "P", groupRef: "L", quantity: 1, catalogue: {ref: "VC"}, segments: $s}) { segments { type value } } }`
	update := `mutation($s: [UpsertVirtualSegmentInput]) { updateVirtualPosition(input: {ref: "V", catalogue: {ref: "VC"}, segments: $s}) { segments { type value } } }`
	many := `{"s":[` + strings.TrimSuffix(strings.Repeat(`{"type":"T","value":"v"},`, 101), ",") + `]}`
	require.Equal(t, "C0141E input.segments", codeAndPlace(w, create, many))
	require.JSONEq(t, `{"createVirtualPosition":{"segments":[{"type":"CHANNEL","value":"WEB"},{"type":"LOT","value":null}]}}`, w.raw(create, `{"s":[{"type":"CHANNEL","value":"WEB"},{"type":"LOT"}]}`))
	require.Equal(t, "C0141E input.segments", codeAndPlace(w, update, many))
	require.JSONEq(t, `{"updateVirtualPosition":{"segments":[{"type":"CHANNEL","value":"WEB"},{"type":"LOT","value":null}]}}`, w.raw(update, `{"s":null}`))
	require.JSONEq(t, `{"updateVirtualPosition":{"segments":[{"type":"LOT","value":"2"}]}}`, w.raw(update, `{"s":{"type":"LOT","value":"2"}}`))
	require.JSONEq(t, `{"updateVirtualPosition":{"segments":[]}}`, w.raw(update, `{"s":[]}`))
}
