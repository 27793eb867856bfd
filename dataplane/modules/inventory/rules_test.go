package inventory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
)

type m = map[string]any

// world is an inventory catalogue DEFAULT:1, a second one OLD:1, and a position of P1 at A with three quantities.
type world struct {
	*ruletest.Turn
	t          *testing.T
	catalogue  *inventory.InventoryCatalogue
	position   *inventory.InventoryPosition
	quantities []*inventory.InventoryQuantity
	module     *modules.Module
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, catalogue: &inventory.InventoryCatalogue{Node: catalogue.Node{ID: "3"}, Ref: "DEFAULT:1"},
		position: &inventory.InventoryPosition{Node: catalogue.Node{ID: "p1"}, Ref: "P1:A", ProductRef: "P1", LocationRef: "A", CatalogueID: "3"}}
	parts := []any{w.position}
	for _, q := range []struct{ id, kind, status string }{{"q1", "CORRECTION", "ACTIVE"}, {"q2", "SALE", "ACTIVE"}, {"q3", "CORRECTION", "INACTIVE"}} {
		e := &inventory.InventoryQuantity{Node: catalogue.Node{ID: catalogue.ID(q.id)}, Ref: q.id, PositionID: "p1", CatalogueID: "3"}
		e.Type, e.Status = q.kind, q.status
		w.quantities = append(w.quantities, e)
		parts = append(parts, e)
	}
	w.as(w.catalogue, parts...)
	return w
}

// as makes a turn over another root.
func (w *world) as(root any, parts ...any) {
	old := &inventory.InventoryCatalogue{Node: catalogue.Node{ID: "4"}, Ref: "OLD:1"}
	places := availability.NewFixed(ruletest.Account, &store.PlaceRows{InventoryCatalogues: []*inventory.InventoryCatalogue{w.catalogue, old}})
	w.module = modules.New(nil, places)
	w.Turn = ruletest.New(root, parts...).With(places).With(w.module)
}

func (w *world) run(name string, entity any, props, event m) error {
	return w.Run(modules.Rules(), name, entity, props, event)
}

func (w *world) refused(err error, msg string) {
	w.t.Helper()
	var business *rule.BusinessError
	require.True(w.t, errors.As(err, &business), "%s: %v", msg, err)
}

func TestRecordsAreValidated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := m{"skuRef": "P1", "locationRef": "A", "qty": 5}
	require.NoError(t, w.run("ValidateInventoryRow", w.catalogue, nil, good))
	require.NoError(t, w.run("ValidateInventoryRow", w.catalogue, nil, m{"batchId": "7"}), "records of a batch are judged in its results")
	for msg, bad := range map[string]m{
		"nothing": {}, "no product": {"locationRef": "A", "qty": 5}, "no location": {"skuRef": "P1", "qty": 5},
		"a negative count": {"skuRef": "P1", "locationRef": "A", "qty": -1}, "a fraction": {"skuRef": "P1", "locationRef": "A", "qty": 1.5},
	} {
		w.refused(w.run("ValidateInventoryRow", w.catalogue, nil, bad), msg)
		w.refused(w.run("UpsertInventoryQuantity", w.catalogue, nil, bad), msg)
	}
	require.Empty(t, w.Effects(), "nothing is loaded of what was refused")
	require.NoError(t, w.run("UpsertInventoryQuantity", w.catalogue, nil, good))
	require.Equal(t, []string{"load:DEFAULT:1"}, w.Effects())
	require.Equal(t, 1, w.Effect("load:DEFAULT:1", nil).(*modules.Load).Mark())
	require.NoError(t, w.run("UpsertInventoryQuantity", w.position, nil, m{"qty": 3}), "the position says product and location")
	require.Equal(t, 2, w.Effect("load:DEFAULT:1", nil).(*modules.Load).Mark())
	w.refused(w.run("UpsertInventoryQuantity", w.position, nil, nil), "no quantity")
}

func TestQuantitiesByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.run("CreateInventoryQuantity", w.position, nil, m{"type": "CORRECTION", "quantity": -2, "reason": "BROKEN"}))
	q := w.Created[0].(*inventory.InventoryQuantity)
	require.Equal(t, "CORRECTION", q.Type)
	require.Equal(t, -2, q.Quantity)
	require.Equal(t, w.position.ID, q.PositionID)
	require.Equal(t, w.catalogue.ID, q.CatalogueID)
	reason, _ := q.Attributes.Get("reason")
	require.Equal(t, "BROKEN", reason)
	require.NoError(t, w.run("CreateInventoryQuantity", w.position, m{"type": "DELTA"}, m{"type": "CORRECTION", "quantity": 1}))
	require.Equal(t, "DELTA", w.Created[1].(*inventory.InventoryQuantity).Type, "the property goes before the event")
	for msg, event := range map[string]m{
		"no type": {"quantity": 1}, "no quantity": {"type": "SALE"}, "a fraction": {"type": "SALE", "quantity": 0.5}, "too many": {"type": "SALE", "quantity": 1e12},
		"a count": {"type": "LAST_ON_HAND", "quantity": 1}, "a reservation": {"type": "RESERVED", "quantity": 1},
	} {
		w.refused(w.run("CreateInventoryQuantity", w.position, nil, event), msg)
	}
	require.Len(t, w.Created, 2)
	require.Error(t, w.run("CreateInventoryQuantity", w.catalogue, nil, m{"type": "SALE", "quantity": 1}), "the event addresses no position")
	require.Error(t, w.run("CreateInventoryQuantity", w.position, m{"type": []string{"A"}}, m{"quantity": 1}))
}

func TestStatusOfQuantities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.run("ChangeInventoryQuantityStatus", w.position, m{"types": []string{"CORRECTION"}, "status": "SETTLED"}, nil))
	got := []string{w.quantities[0].Status, w.quantities[1].Status, w.quantities[2].Status}
	require.Equal(t, []string{"SETTLED", "ACTIVE", "INACTIVE"}, got, "active ones of the types only")
	require.Equal(t, []string{"zrecount:DEFAULT:1"}, w.Effects(), "on hand follows")
	require.Error(t, w.run("ChangeInventoryQuantityStatus", w.catalogue, m{"types": []string{"SALE"}, "status": "X"}, nil))
	require.Error(t, w.run("ChangeInventoryQuantityStatus", w.position, m{"types": 5, "status": "X"}, nil))
	require.Error(t, w.run("ChangeInventoryQuantityStatus", w.position, m{"types": "SALE", "status": m{}}, nil))
	require.Equal(t, "ACTIVE", w.quantities[1].Status)
}

func TestRulesAskForRecounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.run("CalculateOnHand", w.position, nil, nil))
	require.Equal(t, []string{"zrecount:DEFAULT:1"}, w.Effects())
	require.Error(t, w.run("CalculateOnHand", w.quantities[0], nil, nil))
	everywhere := []string{"zrecount:DEFAULT:1", "zrecount:OLD:1"}

	product := &inventory.VariantProduct{}
	product.ID, product.Ref = "8", "P1"
	w.as(product)
	require.NoError(t, w.run("SendEventForInventoryPositions", product, m{"eventName": "Ignored"}, nil))
	require.Equal(t, everywhere, w.Effects(), "in each inventory catalogue")
	require.Empty(t, w.Sent)

	location := &foundation.Location{Node: catalogue.Node{ID: "9"}, Ref: "A"}
	w.as(location)
	require.NoError(t, w.run("UpdateInventoryPositionsStatusByLocation", location, nil, nil))
	require.Equal(t, everywhere, w.Effects())
	require.Error(t, w.run("UpdateInventoryPositionsStatusByLocation", w.position, nil, nil))
}

func TestEventsForPositions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.run("SendEventForInventoryPosition", w.quantities[0], m{"eventName": "Go"}, m{"x": 1}))
	require.Equal(t, m{"x": 1}, w.Sent[0].Attributes)
	require.Equal(t, "Go>INVENTORY_POSITION/p1", w.Names())
	w.quantities[0].PositionID = "gone"
	require.NoError(t, w.run("SendEventForInventoryPosition", w.quantities[0], m{"eventName": "Go"}, nil))
	require.Empty(t, w.Sent)
	require.Error(t, w.run("SendEventForInventoryPosition", w.position, m{"eventName": "Go"}, nil))
	require.Error(t, w.run("SendEventForInventoryPosition", w.quantities[0], m{"eventName": m{}}, nil))
}

func TestVirtualCatalogues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := &inventory.VirtualCatalogue{Node: catalogue.Node{ID: "5"}, Ref: "BASE:1", InventoryCatalogueRef: "DEFAULT:1"}
	w.as(v)
	require.NoError(t, w.run("UpdateAggregateVirtualPosition", v, nil, m{"productRefs": []any{"P1", "P2"}}))
	require.Equal(t, []string{"zaggregates:BASE:1"}, w.Effects())
	require.NoError(t, w.run("UpdateBaseVirtualPosition", v, nil, m{"productRef": "P1"}))
	require.Equal(t, []string{"zaggregates:BASE:1", "zbase:BASE:1"}, w.Effects())
	require.Error(t, w.run("UpdateAggregateVirtualPosition", v, m{"statuses": 5}, nil))
	require.Error(t, w.run("RecalculateAllPositions", v, m{"pageSize": "many"}, nil))
	require.Error(t, w.run("RecalculateAllPositions", v, m{"statuses": m{}}, nil))
	v.InventoryCatalogueRef = "NONE"
	require.ErrorContains(t, w.run("UpdateBaseVirtualPosition", v, nil, m{"productRef": "P1"}), "NONE")
}

func TestMovementsOfAFulfilmentFromOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	know := []rule.Rule{rule.New("test", "Know", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		s, err := w.module.Stock(ctx, c, "DEFAULT:1")
		if err == nil {
			s.Know(stockstore.Key{ProductRef: "P1", LocationRef: "A"}, stockstore.Figure{ID: "p1", Ref: "P1:A", OnHand: 3, Status: "ACTIVE"})
		}
		return err
	})}
	require.NoError(t, w.Run(know, "Know", w.catalogue, nil, nil))
	const rule = "SendEventOnFulfilmentInventoryUpdate"
	event := func(operation string, item m) m {
		return m{"operation": operation, "fulfilmentId": "F1", "items": []any{item}}
	}
	line := m{"productRef": "P1", "locationRef": "A", "quantity": 5, "filledQuantity": 2}
	require.NoError(t, w.run(rule, w.catalogue, m{"replyEvent": "Granted"}, event("RESERVE", line)))
	require.Equal(t, []int{3}, w.Sent[0].Attributes["granted"], "as much as is there")
	require.Equal(t, "Granted>INVENTORY_CATALOGUE/3", w.Names())
	require.NoError(t, w.run(rule, w.catalogue, nil, event("RESERVE", line)))
	require.Empty(t, w.Sent)
	require.NoError(t, w.run(rule, w.catalogue, nil, event("UNRESERVE", line)))
	require.NoError(t, w.run(rule, w.catalogue, nil, event("RESET_RESERVE", line)))
	moved := w.Effect("stock:DEFAULT:1", nil).(*modules.Stock).Mark()
	require.Equal(t, 3, moved, "reserved once, released, confirmed; the second reservation found nothing left")
	for msg, bad := range map[string]m{
		"no operation": event("", line), "another operation": event("STEAL", line), "no items": {"operation": "RESERVE", "fulfilmentId": "F1"},
		"no fulfilment": {"operation": "RESERVE", "items": []any{line}}, "no product": event("RESERVE", m{"locationRef": "A", "quantity": 1}),
		"a negative quantity": event("RESERVE", m{"productRef": "P1", "locationRef": "A", "quantity": -1}),
		"a fraction":          event("RESERVE", m{"productRef": "P1", "locationRef": "A", "quantity": 0.5}),
		"words":               event("RESERVE", m{"productRef": "P1", "locationRef": "A", "quantity": "many"}),
		"fewer than nothing":  event("RESET_RESERVE", m{"productRef": "P1", "locationRef": "A", "filledQuantity": -1}),
		"half of one found":   event("RESET_RESERVE", m{"productRef": "P1", "locationRef": "A", "filledQuantity": 0.5}),
	} {
		require.Error(t, w.run(rule, w.catalogue, nil, bad), msg)
	}
	require.Equal(t, moved, w.Effect("stock:DEFAULT:1", nil).(*modules.Stock).Mark())
}
