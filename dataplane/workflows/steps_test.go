package workflows_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// stepwise sources an order location by location, with the rules and names that implementers' older workflows use.
const stepwise = `{"retailerId":"1","entityType":"ORDER","entitySubtype":"STEP","name":"ORDER::STEP","version":"1.0","statuses":[],"rulesets":[
{"name":"CREATE","type":"ORDER","eventType":"NORMAL","triggers":[{"status":"CREATED"}],"rules":[{"name":"ACME.commonv2.ChangeStateGQL","props":{"status":"BOOKED"}},
 {"name":"ACME.commonv2.SendEventGQL","props":{"eventName":"Source"}}]},
{"name":"Source","type":"ORDER","eventType":"NORMAL","triggers":[{"status":"BOOKED"}],"rules":[
 {"name":"ACME.commonv2.ForwardIfUnfulfilledItemsExist","props":{"eventName":"CheckLimit","excludedFulfilmentStatuses":["REJECTED"]}}]},
{"name":"CheckLimit","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[
 {"name":"ACME.commonv2.ForwardIfMaxSplitLimitReached","props":{"eventName":"Escalate","maxSplitLimit":2}},
 {"name":"ACME.commonv2.ForwardIfMaxSplitLimitNotReached","props":{"eventName":"Locations","maxSplitLimit":2}}]},
{"name":"Locations","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[
 {"name":"ACME.base.GetLocationsForNetwork","props":{"eventName":"Distances","networkRef":"NET_HD","locationStatuses":["ACTIVE"]}}]},
{"name":"Distances","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[{"name":"ACME.base.CalculateLocationsDistances","props":{"eventName":"Types"}}]},
{"name":"Types","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[{"name":"ACME.base.FilterLocationsByType","props":{"eventName":"Inventory","expressDeliveryValue":"STANDARD"}}]},
{"name":"Inventory","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[
 {"name":"ACME.commonv2.SearchInventoryAtLocations","props":{"eventName":"Propose","virtualCatalogueRef":"BASE:1"}}]},
{"name":"Propose","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[{"name":"ACME.commonv2.SelectProposedFulfilment","props":{"eventName":"Proposed"}}]},
{"name":"Proposed","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[
 {"name":"ACME.commonv2.ForwardIfProposedFulfilmentPresent","props":{"eventName":"Create"}},
 {"name":"ACME.commonv2.ForwardIfProposedFulfilmentNotPresent","props":{"eventName":"Escalate"}}]},
{"name":"Create","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[{"name":"ACME.commonv2.CreateFulfilment","props":{"excludedFulfilmentStatuses":["REJECTED"]}},
 {"name":"ACME.commonv2.SendEventGQL","props":{"eventName":"Source"}}]},
{"name":"Escalate","type":"ORDER","eventType":"NORMAL","triggers":[],"rules":[
 {"name":"ACME.commongi.CreateFulfilmentForUnfulfillableItems","props":{"acceptedStatuses":["FULFILLED"],"rejectedStatuses":["REJECTED"],"systemRejectedLocationRef":"REJECTED"}}]},
{"name":"CREATE","type":"FULFILMENT","eventType":"NORMAL","triggers":[{"status":"CREATED"}],"rules":[{"name":"ACME.commonv2.AddFulfilmentTypeAttributeToFulfilment"},
 {"name":"ACME.commonv2.ChangeStateGQL","props":{"status":"AWAITING_WAVE"}},
 {"name":"ACME.commongi.SendEventToUpdateInventoryQuantity","props":{"eventName":"UpdateInventoryQty","operation":"RESERVE","retailerId":1,"inventoryCatalogueRef":"DEFAULT:1"}},
 {"name":"ACME.commongi.ChangeStateForUnfulfilableFulfilment","props":{"status":"ESCALATED","systemRejectedLocationRef":"REJECTED"}}]}]}`

func TestStepByStepSourcing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	flow, err := workflow.Parse(json.RawMessage(stepwise))
	require.NoError(t, err)
	require.NoError(t, w.shelf.Put("ACME", 1, flow))
	id := w.placeAs("STEP", "", "P3×17")
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A AWAITING_WAVE P3×4; O1-2 HD_PFS STORE_B AWAITING_WAVE P3×10; O1-3 REJECTED REJECTED ESCALATED P3×3", w.order(id))
	w.onHand("P3:STORE_A", 0)
	w.onHand("P3:STORE_B", 0)
	w.balanced()
}

// TestTheLedgerFindsWhatIsWrong: the check that other tests rest on does find a unit that is missing.
func TestTheLedgerFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	w.place("P1×2")
	w.balanced()
	p := w.positions()["P1:STORE_A"]
	p.OnHand++
	require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Update(p, domain.Catalogue().Type("InventoryPosition").Field("onHand"))
		return nil
	}))
	found, err := stockstore.Ledger(w.ctx, w.db, w.scope)
	require.NoError(t, err)
	var checks []string
	for _, d := range found {
		checks = append(checks, d.Check)
		require.NotEmpty(t, d.String())
	}
	require.ElementsMatch(t, []string{"on hand is the sum of the active quantities", "a base virtual position is what its position can sell",
		"an aggregate virtual position is the sum over its network"}, checks)
}

// TestManualAdjustment: quantities that come through the API change on hand and what can be sold.
func TestManualAdjustment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	w.agg(113, 23, 20)
	p := w.positions()["P1:STORE_B"]
	ic := w.roots["DEFAULT:1"]
	w.must(w.event("ManualAdjustment", "INVENTORY_POSITION", p.ID, "INVENTORY_CATALOGUE", ic, map[string]any{"type": "CORRECTION", "quantity": -3, "reason": "BROKEN"}))
	w.onHand("P1:STORE_B", 5)
	w.agg(110, 23, 20)
	w.must(w.event("UpdateInventoryQty", "INVENTORY_CATALOGUE", ic, "INVENTORY_CATALOGUE", ic, map[string]any{"operation": "RESERVE", "fulfilmentId": "EXT1",
		"items": []any{map[string]any{"productRef": "P1", "locationRef": "STORE_B", "quantity": 2}}}))
	w.onHand("P1:STORE_B", 3)
	w.must(w.event("UpdateInventoryQty", "INVENTORY_CATALOGUE", ic, "INVENTORY_CATALOGUE", ic, map[string]any{"operation": "UNRESERVE", "fulfilmentId": "EXT1",
		"items": []any{map[string]any{"productRef": "P1", "locationRef": "STORE_B"}}}))
	w.onHand("P1:STORE_B", 5)
	w.must(w.event("InventoryChanged", "INVENTORY_CATALOGUE", ic, "INVENTORY_CATALOGUE", ic, map[string]any{"skuRef": "P1", "locationRef": "STORE_B", "qty": 9}))
	w.onHand("P1:STORE_B", 9)
	w.agg(114, 23, 20)
	w.must(w.event("RebuildCatalogue", "VIRTUAL_CATALOGUE", w.roots["BASE:1"], "VIRTUAL_CATALOGUE", w.roots["BASE:1"], nil))
	w.must(w.event("RebuildCatalogue", "VIRTUAL_CATALOGUE", w.roots["HD_AGG:1"], "VIRTUAL_CATALOGUE", w.roots["HD_AGG:1"], nil))
	w.balanced()
}
