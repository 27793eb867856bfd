package ordering_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// TestAPaymentWithoutARefIsItsEvents: the same event reports it once, whatever other payments there are.
func TestAPaymentWithoutARefIsItsEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, event := range []m{{"amount": 5}, {"ref": "T1", "amount": 7}, {"amount": 5}, {"ref": "T1", "amount": 7}} {
		require.Empty(t, w.run("CreateFinancialTransaction", w.order, nil, event))
	}
	v, _ := w.order.Attributes.Get("financialTransactions")
	require.Equal(t, []any{map[string]any{"ref": "00000000-0000-8000-8000-000000000001", "amount": 5}, map[string]any{"ref": "T1", "amount": 7}}, v)
}

// TestHalfOfCoordinatesIsNone: a latitude without a longitude places nothing.
func TestHalfOfCoordinatesIsNone(t *testing.T) {
	t.Parallel()
	x := 1.5
	for _, half := range []func(*world){func(w *world) { w.home.Latitude = &x }, func(w *world) { w.home.Longitude = &x }} {
		w := newWorld(t)
		half(w)
		require.Empty(t, w.run("ForwardIfOrderCoordinatesPresent", w.order, m{"eventName": "Go"}, nil))
		require.Equal(t, "Go>ORDER/1", w.run("ForwardIfOrderCoordinatesNotPresent", w.order, m{"eventName": "Go"}, nil))
	}
}

// TestAPostcodeMeansItsCountry: a place of the same postcode in another country is none of the address's; where one of them names none, it is.
func TestAPostcodeMeansItsCountry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ours, theirs, want string }{
		{"AU", "AU", "Found>ORDER/1"}, {"au", " AU", "Found>ORDER/1"}, {"AU", "NZ", "Lost>ORDER/1"}, {"", "NZ", "Found>ORDER/1"}, {"AU", "", "Found>ORDER/1"},
	} {
		w := newWorld(t)
		latitude, longitude := 1.0, 2.0
		a := &foundation.StoreAddress{}
		a.ID, a.Postcode, a.Country, a.Latitude, a.Longitude = "a", "2000", c.theirs, &latitude, &longitude
		at := &foundation.Location{Ref: "L", Status: "ACTIVE", PrimaryAddressID: a.ID}
		at.ID = "21"
		places := availability.NewFixed(ruletest.Account, &store.PlaceRows{Addresses: []*foundation.StoreAddress{a}, Locations: []*foundation.Location{at}})
		stock := inventory.New(nil, places)
		w.With(places).With(stock).With(ordering.New(nil, places, stock))
		w.home.Country = c.ours
		require.Equal(t, c.want, w.run("ResolveOrderCoordinates", w.order, m{"validAddress": "Found", "invalidAddress": "Lost"}, nil), "%+v", c)
	}
}

// TestAPlaceWhoseDistanceNobodyKnowsIsWithinNoRadius: it may be too far.
func TestAPlaceWhoseDistanceNobodyKnowsIsWithinNoRadius(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	event := m{"locations": []any{m{"ref": "A", "distance": 51}, m{"ref": "B"}, m{"ref": "C", "distance": 2}}}
	require.NoError(t, w.Run(ordering.Rules(), "FilterLocationsByRadius", w.order, m{"eventName": "Next", "radius": 50}, event))
	require.Equal(t, []any{map[string]any{"ref": "C", "distance": 2}}, w.Sent[0].Attributes["locations"])
}

// TestAPlaceWhoseDistanceNobodyKnowsIsNotTheNearest, whatever its ref.
func TestAPlaceWhoseDistanceNobodyKnowsIsNotTheNearest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var rows store.PlaceRows
	for i, degrees := range []float64{0, 3, 0, 1} { // A and C have no address
		l := &foundation.Location{Ref: string(rune('A' + i)), Status: "ACTIVE"}
		l.ID = catalogue.ID(fmt.Sprint(20 + i))
		if degrees > 0 {
			latitude, longitude := 0.0, degrees
			a := &foundation.StoreAddress{}
			a.Latitude, a.Longitude = &latitude, &longitude
			a.ID = catalogue.ID(fmt.Sprint(30 + i))
			l.PrimaryAddressID, rows.Addresses = a.ID, append(rows.Addresses, a)
		}
		rows.Locations = append(rows.Locations, l)
	}
	places := availability.NewFixed(ruletest.Account, &rows)
	stock := inventory.New(nil, places)
	w.With(places).With(stock).With(ordering.New(nil, places, stock))
	latitude, longitude := 0.0, 0.0
	w.home.Latitude, w.home.Longitude = &latitude, &longitude
	event := m{"locations": []any{m{"ref": "A"}, m{"ref": "B"}, m{"ref": "C"}, m{"ref": "D"}}}
	require.NoError(t, w.Run(ordering.Rules(), "CalculateLocationsDistances", w.order, m{"eventName": "Next"}, event))
	var refs string
	for _, x := range w.Sent[0].Attributes["locations"].([]any) {
		refs += x.(map[string]any)["ref"].(string)
	}
	require.Equal(t, "DBAC", refs)
}

// TestLinesOfOneProductShareWhatAPlaceHolds: of three units the first line, which needs four, gets all.
func TestLinesOfOneProductShareWhatAPlaceHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.items[1].ProductRef = "P1"
	for held, want := range map[int][]any{
		3: {map[string]any{"orderItemId": "10", "productRef": "P1", "quantity": 3}},
		5: {map[string]any{"orderItemId": "10", "productRef": "P1", "quantity": 4}, map[string]any{"orderItemId": "11", "productRef": "P1", "quantity": 1}},
	} {
		w.Sent = nil
		event := m{"locations": []any{m{"ref": "NEAR", "distance": 10}}, "virtualPositions": []any{m{"locationRef": "NEAR", "productRef": "P1", "quantity": held}}}
		require.NoError(t, w.Run(ordering.Rules(), "SelectProposedFulfilment", w.order, m{"eventName": "Next"}, event))
		require.Equal(t, want, w.Sent[0].Attributes["proposedFulfilment"].(map[string]any)["items"])
	}
}

// TestNothingPickedIsNoParcel, and where nobody collects, goods travel, also from a place that has no name yet.
func TestNothingPickedIsNoParcel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.add("5", "REJECTED", 4, 0, 4)
	require.Empty(t, w.run("CreateArticlesForFulfilment", f, nil, nil))
	require.Empty(t, w.Created)
	require.Empty(t, w.Linked)
	f.FromLocationRef = ""
	require.Equal(t, "Travel>FULFILMENT/5", w.run("IfTransferRequired", f, m{"yes": "Travel", "no": "Stay"}, nil))
}

// TestPackingIntoParcelsIsRefused: what was picked goes into one, so who says how it is spread over several is told, and nothing is packed.
func TestPackingIntoParcelsIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, _ := w.add("5", "FULFILLED", 4, 4, 0)
	err := w.Run(ordering.Rules(), "CreateArticlesForFulfilment", f, nil, m{"parcels": []any{m{"items": []any{}}}})
	var refused *rule.BusinessError
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Message, "attribute parcels is not served yet")
	require.Empty(t, w.Created)
}
