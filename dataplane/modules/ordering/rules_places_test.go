package ordering_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	stocked "github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
)

// settle gives the world three places: NEAR and FAR, stores, and DC, a warehouse, which is off; NEAR and DC are in NET, FAR is in another network
// and open from 9 to 17 but on Sundays; SHUT is never open. Settings are name, value, name, value… of retailer 1 (NAME@NEAR: of that place), the world's; retailer 2 has others of the same names.
func (w *world) settle(settings ...string) {
	w.t.Helper()
	rows := &store.PlaceRows{NetworkLocations: map[catalogue.ID][]catalogue.ID{"50": {"21", "23"}, "51": {"22"}},
		Networks: []*foundation.Network{{Node: catalogue.Node{ID: "50"}, Ref: "NET"}, {Node: catalogue.Node{ID: "51"}, Ref: "NET_B2B"}},
		Schedules: []*foundation.OpeningSchedule{{Node: catalogue.Node{ID: "40"}, MonStart: 900, MonEnd: 1700, TueStart: 900, TueEnd: 1700, WedStart: 900, WedEnd: 1700,
			ThuStart: 900, ThuEnd: 1700, FriStart: 900, FriEnd: 1700, SatStart: 900, SatEnd: 1700, SunStart: -1, SunEnd: -1},
			{Node: catalogue.Node{ID: "41"}, MonStart: -1, MonEnd: -1, TueStart: -1, TueEnd: -1, WedStart: -1, WedEnd: -1, ThuStart: -1, ThuEnd: -1, FriStart: -1, FriEnd: -1, SatStart: -1, SatEnd: -1, SunStart: -1, SunEnd: -1}},
		InventoryCatalogues: []*stocked.InventoryCatalogue{{Node: catalogue.Node{ID: "61"}, Ref: "DEFAULT:2"}, {Node: catalogue.Node{ID: "60"}, Ref: "DEFAULT:1"}}}
	for n, l := range []struct {
		id, ref, kind, status, city, postcode string
		longitude                             float64
	}{{"21", "NEAR", "STORE", "ACTIVE", "Sydney", "2000", 0.1}, {"22", "FAR", "STORE", "ACTIVE", "Sydney", "2010", 2}, {"23", "DC", "WAREHOUSE", "INACTIVE", "Perth", "6000", 1}, {"24", "SHUT", "STORE", "ACTIVE", "Perth", "6001", 3}} {
		latitude, longitude := 0.0, l.longitude
		a := &foundation.StoreAddress{}
		a.ID, a.City, a.Postcode, a.Latitude, a.Longitude, a.TimeZone = catalogue.ID(rune('a'+n)), l.city, l.postcode, &latitude, &longitude, "UTC"
		rows.Addresses = append(rows.Addresses, a)
		at := &foundation.Location{Node: catalogue.Node{ID: catalogue.ID(l.id)}, Ref: l.ref, Type: l.kind, Status: l.status, PrimaryAddressID: a.ID}
		if l.ref == "FAR" {
			at.OpeningScheduleID = "40"
		}
		if l.ref == "SHUT" {
			at.OpeningScheduleID = "41"
		}
		rows.Locations = append(rows.Locations, at)
	}
	for n := 0; n+1 < len(settings); n += 2 {
		name, at, _ := strings.Cut(settings[n], "@")
		x := &foundation.Setting{Name: name, Context: "RETAILER", ContextID: 1, Value: settings[n+1]}
		if at != "" {
			x.Context, x.ContextID = "AGENT", map[string]int{"NEAR": 21, "FAR": 22}[at]
		}
		rows.Settings = append(rows.Settings, &foundation.Setting{Name: name, Context: "RETAILER", ContextID: 2, Value: "another retailer's"}, x)
	}
	places := availability.NewFixed(ruletest.Account, rows)
	stock := inventory.New(nil, places)
	w.With(places).With(stock).With(ordering.New(nil, places, stock))
}

// fails runs a rule that must fail, and tells whether it refused the action as a business matter.
func (w *world) fails(name string, entity any, props, event m) (business bool) {
	w.t.Helper()
	err := w.Run(ordering.Rules(), name, entity, props, event)
	require.Error(w.t, err, name)
	require.Empty(w.t, w.Sent, name)
	var b *rule.BusinessError
	return errors.As(err, &b)
}

func TestResolveOrderCoordinates(t *testing.T) {
	t.Parallel()
	props := m{"validAddress": "Found", "invalidAddress": "Lost"}
	for _, c := range []struct {
		name, city, postcode, country string
		longitude                     float64 // 0: not found
	}{
		{"by postcode before city", "Perth", " 2010 ", "", 2}, {"by city, the first ref of several", "sydney", "9999", "", 2},
		{"nothing fits", "Berlin", "10115", "", 0}, {"an inactive place tells where it is, too", "Perth", "", "", 1}, {"nothing given", "", "", "", 0},
	} {
		w := newWorld(t)
		w.settle()
		w.home.City, w.home.Postcode, w.home.Country = c.city, c.postcode, c.country
		require.NoError(t, w.Run(ordering.Rules(), "ResolveOrderCoordinates", w.order, props, m{"kept": true}), c.name)
		require.Len(t, w.Sent, 1, c.name)
		require.Equal(t, true, w.Sent[0].Attributes["kept"], c.name)
		if c.longitude == 0 {
			require.NotEmpty(t, w.Sent[0].Attributes["message"], c.name)
			require.Equal(t, "Lost>ORDER/1", w.Names(), c.name)
			continue
		}
		require.InDelta(t, c.longitude, w.Sent[0].Attributes["longitude"], 1e-9, c.name)
		require.Equal(t, "Found>ORDER/1", w.Names(), c.name)
		require.Nil(t, w.home.Longitude, "storing them is another rule's work")
	}
	w := newWorld(t)
	require.False(t, w.fails("ResolveOrderCoordinates", w.order, props, nil), "a node without the module")
	w.settle()
	require.False(t, w.fails("ResolveOrderCoordinates", w.order, m{"validAddress": m{}, "invalidAddress": m{}}, nil))
}

func TestPickupLocations(t *testing.T) {
	t.Parallel()
	props := m{"networkRef": "NET", "validEvent": "Yes", "invalidEvent": "No"}
	for ref, want := range map[string]string{"NEAR": "Yes>ORDER/1", "FAR": "No>ORDER/1", "DC": "No>ORDER/1", "NOWHERE": "No>ORDER/1", "": "No>ORDER/1"} {
		w := newWorld(t)
		w.settle()
		w.Parts()[0].(*order.FulfilmentChoice).PickupLocationRef = ref
		require.Equal(t, want, w.run("ValidatePickupLocation", w.order, props, nil), ref)
	}
}

func TestCreateFulfilmentAtLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	f, _ := w.add("5", "CANCELLED", 4, 0, 0)
	require.True(t, w.fails("CreateFulfilmentAtLocation", f, nil, m{"locationRef": "NOWHERE"}))
	require.False(t, w.fails("CreateFulfilmentAtLocation", f, nil, nil), "nobody says where: the event fails")
	require.False(t, w.fails("CreateFulfilmentAtLocation", f, m{"locationRef": []string{"A"}}, nil))
	require.Empty(t, w.Created)
	require.Empty(t, w.run("CreateFulfilmentAtLocation", f, nil, m{"locationRef": "FAR"}))
	made := w.Created[0].(*order.Fulfilment)
	require.Equal(t, []string{"FAR", "HD_PFS", "O1-2"}, []string{made.FromLocationRef, made.Type, made.Ref})
	units := map[catalogue.ID]int{}
	for _, x := range w.Created[1:] {
		i := x.(*order.FulfilmentItem)
		require.Equal(t, made.ID, i.FulfilmentID)
		units[i.OrderItemID] = *i.RequestedQuantity
	}
	require.Equal(t, map[catalogue.ID]int{"10": 4, "11": 2}, units, "all that is open, whatever the place holds")
	require.True(t, w.fails("CreateFulfilmentAtLocation", w.order, m{"locationRef": "NEAR"}, nil), "nothing is open any more")

	w = newWorld(t)
	w.settle()
	require.Empty(t, w.run("CreateFulfilmentAtLocation", w.order, m{"locationRef": "DC"}, m{"locationRef": "FAR"}), "the property goes first")
	require.Equal(t, "HD_PFDC", w.Created[0].(*order.Fulfilment).Type)
}

func TestUnfulfillableUnits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle(ordering.RejectedLocation.Name(), "NOBODY")
	require.Empty(t, w.run("CreateFulfilmentForUnfulfillableItems", w.order, nil, nil))
	f := w.Created[0].(*order.Fulfilment)
	require.Equal(t, []string{"NOBODY", ordering.TypeRejected}, []string{f.FromLocationRef, f.Type})
	require.Empty(t, w.run("CreateFulfilmentForUnfulfillableItems", w.order, nil, nil))
	require.Len(t, w.Created, 3, "nothing is open any more: two lines once")
	require.Empty(t, w.run("ChangeStateForUnfulfilableFulfilment", f, m{"status": "ESCALATED"}, nil))
	require.Equal(t, "ESCALATED", f.Status)
	require.Empty(t, w.run("SetFulfilmentType", f, nil, nil))
	require.Equal(t, ordering.TypeRejected, f.Type)
	require.Equal(t, "Reply>FULFILMENT/"+string(f.ID), w.run("SendEventToUpdateInventoryQuantity", f, m{"operation": "RESERVE", "replyEvent": "Reply"}, nil))
	require.Empty(t, w.Effects(), "nothing is reserved there")

	other, _ := w.add("5", "PROCESSING", 1, 0, 0)
	require.Empty(t, w.run("ChangeStateForUnfulfilableFulfilment", other, m{"status": "ESCALATED"}, nil))
	require.Equal(t, "PROCESSING", other.Status)
	require.Empty(t, w.run("ChangeStateForUnfulfilableFulfilment", other, m{"status": "ESCALATED", "systemRejectedLocationRef": "STORE_A"}, nil))
	require.Equal(t, "ESCALATED", other.Status, "the property goes before the setting")
	other.FromLocationRef = "DC"
	require.Empty(t, w.run("SetFulfilmentType", other, nil, nil))
	require.Equal(t, "HD_PFDC", other.Type)
	require.False(t, w.fails("SetFulfilmentType", w.order, nil, nil))
}

func TestStepByStepSourcing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	latitude, longitude := 0.0, 0.0
	w.home.Latitude, w.home.Longitude = &latitude, &longitude
	var event m
	step := func(rule string, props m) []string {
		t.Helper()
		props["eventName"] = "Next"
		require.NoError(t, w.Run(ordering.Rules(), rule, w.order, props, event), rule)
		event = w.Sent[0].Attributes
		require.Equal(t, "Next>ORDER/1", w.Names())
		var refs []string
		for _, x := range event["locations"].([]any) {
			refs = append(refs, x.(map[string]any)["ref"].(string))
		}
		return refs
	}
	require.Equal(t, []string{"NEAR"}, step("GetLocationsForNetwork", m{"networkRef": "NET"}), "active ones")
	require.Equal(t, []string{"DC", "NEAR"}, step("GetLocationsForNetwork", m{"networkRef": "NET", "locationStatuses": []string{"ACTIVE", "INACTIVE"}}))
	require.Equal(t, []string{"NEAR", "DC"}, step("CalculateLocationsDistances", m{}), "nearest first")
	before := event
	require.Equal(t, []string{"NEAR"}, step("FilterLocationsByRadius", m{"radius": 50}))
	event = before
	require.Equal(t, []string{"NEAR"}, step("FilterLocationsByType", m{"expressDeliveryValue": "express"}))
	event = before
	require.Equal(t, []string{"NEAR", "DC"}, step("FilterLocationsByType", m{"expressDeliveryValue": "OTHER"}))

	event["virtualPositions"] = []any{m{"locationRef": "DC", "productRef": "P1", "quantity": 4}, m{"locationRef": "DC", "productRef": "P2", "quantity": 2},
		m{"locationRef": "NEAR", "productRef": "P1", "quantity": 9}}
	step("SelectProposedFulfilment", m{})
	proposed := event["proposedFulfilment"].(map[string]any)
	require.Equal(t, "NEAR", proposed["locationRef"], "50 for nearness and 33 for quantity, against 5 and 50")
	require.Equal(t, []any{map[string]any{"orderItemId": "10", "productRef": "P1", "quantity": 4}}, proposed["items"], "no more than is needed")
	require.Empty(t, w.run("CreateFulfilment", w.order, m{"fulfilmentType": "HD_OWN"}, event))
	f := w.Created[0].(*order.Fulfilment)
	require.Equal(t, []string{"NEAR", "HD_OWN"}, []string{f.FromLocationRef, f.Type})
	step("SelectProposedFulfilment", m{})
	require.Equal(t, "DC", event["proposedFulfilment"].(map[string]any)["locationRef"], "NEAR was tried")
	event["virtualPositions"] = nil
	step("SelectProposedFulfilment", m{})
	require.Nil(t, event["proposedFulfilment"])
	require.False(t, w.fails("CreateFulfilment", w.order, nil, event))
	require.False(t, w.fails("FilterLocationsByRadius", w.order, m{"eventName": "Next", "radius": "far"}, event))
	w.settle("PROXIMITY.WEIGHTING.FACTOR", "much")
	require.False(t, w.fails("SelectProposedFulfilment", w.order, m{"eventName": "Next"}, event))
}

func TestExpiryIsHeldAndGoesOn(t *testing.T) {
	t.Parallel()
	expire := m{"eventName": "Expire"}
	w := newWorld(t)
	w.settle()
	f, _ := w.add("5", "AWAITING_WAVE", 4, 0, 0)
	f.CreatedOn = ruletest.Now
	require.Empty(t, w.run("ScheduleFulfilmentExpiry", f, expire, nil), "there is no limit")
	require.Nil(t, f.ExpiryTime)
	require.Empty(t, w.run("SuspendSchedule", f, expire, nil), "and nothing to hold")
	require.Empty(t, f.Attributes)

	w.settle("PICK_N_PACK_TIME_LIMIT", "4", "PICK_N_PACK_TIME_LIMIT_EXPRESS", "1.5")
	require.NoError(t, w.Run(ordering.Rules(), "ScheduleFulfilmentExpiry", f, expire, nil))
	require.Equal(t, ruletest.Now.Add(4*time.Hour), *f.ExpiryTime)
	require.Equal(t, *f.ExpiryTime, w.Sent[0].ScheduledOn)
	require.Equal(t, "Expire>FULFILMENT/5", w.Names())
	require.Empty(t, w.run("SuspendSchedule", f, expire, nil))
	require.Nil(t, f.ExpiryTime)
	left, _ := f.Attributes.Get("expiryMinutesLeft")
	require.Equal(t, 240, left)
	f.CreatedOn = ruletest.Now.Add(-24 * time.Hour)
	require.NotEmpty(t, w.run("ScheduleFulfilmentExpiry", f, m{"eventName": "Expire", "resume": true}, nil))
	require.Equal(t, ruletest.Now.Add(4*time.Hour), *f.ExpiryTime, "the time that was left, not that since it was made")
	require.Empty(t, w.run("ScheduleFulfilmentExpiry", f, m{"eventName": "Expire", "resume": true}, nil), "its timer runs")
	f.CreatedOn, f.DeliveryType = ruletest.Now, "EXPRESS"
	require.NotEmpty(t, w.run("ScheduleFulfilmentExpiry", f, expire, nil))
	require.Equal(t, ruletest.Now.Add(90*time.Minute), *f.ExpiryTime)
	require.False(t, w.fails("ScheduleFulfilmentExpiry", f, m{"eventName": "Expire", "resume": "perhaps"}, nil))
	w.settle("PICK_N_PACK_TIME_LIMIT", "soon")
	f.DeliveryType = ""
	require.False(t, w.fails("ScheduleFulfilmentExpiry", f, expire, nil))
}

func TestReservations(t *testing.T) {
	t.Parallel()
	const name = "SendEventToUpdateInventoryQuantity"
	w := newWorld(t)
	w.settle()
	f, i := w.add("5", "PROCESSING", 4, 0, 0)
	f.FromLocationRef = "NEAR"
	know := []rule.Rule{rule.New("test", "Know", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		s, err := stockOf(ctx, c, "DEFAULT:1")
		if err == nil {
			s.Know(stockstore.Key{ProductRef: "P1", LocationRef: "NEAR"}, stockstore.Figure{ID: "p1", Ref: "P1:NEAR", OnHand: 6, Status: "ACTIVE"})
		}
		return err
	})}
	require.NoError(t, w.Run(know, "Know", w.order, nil, nil))
	props := m{"operation": "RESERVE", "replyEvent": "All", "shortEvent": "Short"}
	require.Equal(t, "All>FULFILMENT/5", w.run(name, f, props, nil))
	require.NoError(t, w.Run(ordering.Rules(), name, f, props, nil), "two are left for the same again")
	require.Equal(t, []any{map[string]any{"fulfilmentItemId": "50", "productRef": "P1", "quantity": 2}}, w.Sent[0].Attributes["shortItems"])
	require.Equal(t, "Short>FULFILMENT/5", w.Names())
	require.Zero(t, i.RejectedQuantity)
	delete(props, "shortEvent")
	require.Empty(t, w.run(name, f, props, nil))
	require.Equal(t, 4, i.RejectedQuantity, "without an event what is missing is rejected at once")
	require.Empty(t, w.run(name, f, m{"operation": "UNRESERVE"}, nil))
	require.Empty(t, w.run(name, f, m{"operation": "RESET_RESERVE"}, nil))
	require.Equal(t, 4, w.Effect("stock:DEFAULT:1", nil).(*inventory.Stock).Mark(), "two reservations, a release, a confirmation")
	require.False(t, w.fails(name, f, m{"operation": "BORROW"}, nil))
	require.False(t, w.fails(name, f, m{"operation": "RESERVE", "inventoryCatalogueRef": "NONE"}, nil))
	require.False(t, w.fails(name, w.order, m{"operation": "RESERVE"}, nil))
}

func TestNotifySourcingOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle("webhook.notification", "https://example.test/notify")
	props := m{"shortPick": "SHORT_PICK"}
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, props, nil))
	require.Empty(t, w.Logs, "nothing was missed")
	w.add("5", "PARTIALLY_FULFILLED", 4, 3, 1)
	for range 2 {
		require.Empty(t, w.run("NotifySourcingOutcome", w.order, props, nil))
	}
	require.Equal(t, []string{"notification SHORT_PICK"}, w.Logs, "told once")
	require.Equal(t, []string{"SHORT_PICK → https://example.test/notify"}, w.Webhooks)
	require.Empty(t, w.run("NotifySourcingOutcome", w.order, nil, nil))
	require.False(t, w.fails("NotifySourcingOutcome", w.order, m{"shortPick": m{}}, nil))
}

func TestSourcingNeedsAProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	for _, rule := range []string{"CreateFulfilmentWithSourcingProfile", "CreatePartialFulfilmentWithSourcingProfile"} {
		require.False(t, w.fails(rule, w.order, m{"sourcingProfileRef": "NONE"}, nil))
		require.False(t, w.fails(rule, w.order, m{"sourcingProfileRef": "HD_DEFAULT", "positionStatuses": 5}, nil))
	}
	w.add("5", "AWAITING_WAVE", 4, 0, 0)
	w.items[1].Quantity = 0
	require.Equal(t, "Done>ORDER/1", w.run("CreateFulfilmentWithSourcingProfile", w.order, m{"sourcingProfileRef": "HD_DEFAULT", "plannedEvent": "Done"}, nil), "nothing is open")
	require.Empty(t, w.Created)
}
