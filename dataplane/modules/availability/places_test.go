package availability_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order/opening"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

func scopeOf(t *testing.T, account tenancy.AccountID) tenancy.Scope {
	t.Helper()
	scope, err := tenancy.NewScope(account)
	require.NoError(t, err)
	return scope
}

// rows are two locations, of which B is in the second network only; OUT is in none. A has hours, a zone and a point, B has none of them.
func rows() *store.PlaceRows {
	latitude, longitude := -33.9, 151.2
	located := &foundation.StoreAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: "31"}, Latitude: &latitude, Longitude: &longitude, TimeZone: "Australia/Sydney"}}
	half := &foundation.StoreAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: "32"}, Latitude: &latitude, TimeZone: "Mars/Olympus"}}
	week := &foundation.OpeningSchedule{Node: catalogue.Node{ID: "41"}, MonStart: 900, MonEnd: 1700, SunStart: -1, SunEnd: -1, SatStart: 1000, SatEnd: 1200}
	round := &foundation.OpeningSchedule{Node: catalogue.Node{ID: "42"}, AllHours: true, MonStart: 900, MonEnd: 1700}
	virtual := func(id catalogue.ID, ref, of, kind, status string, networks ...string) *inventory.VirtualCatalogue {
		v := &inventory.VirtualCatalogue{Node: catalogue.Node{ID: id}, Ref: ref, InventoryCatalogueRef: of, NetworkIDs: networks}
		v.Type, v.Status = kind, status
		return v
	}
	return &store.PlaceRows{
		Locations: []*foundation.Location{{Node: catalogue.Node{ID: "1"}, Ref: "A", Status: "ACTIVE", PrimaryAddressID: "31", OpeningScheduleID: "41"},
			{Node: catalogue.Node{ID: "2"}, Ref: "B", Status: "CREATED", PrimaryAddressID: "32", OpeningScheduleID: "42"}, {Node: catalogue.Node{ID: "3"}, Ref: "OUT", Status: "INACTIVE"}},
		Addresses: []*foundation.StoreAddress{located, half}, Schedules: []*foundation.OpeningSchedule{week, round},
		Networks:         []*foundation.Network{{Node: catalogue.Node{ID: "51"}, Ref: "FIRST"}, {Node: catalogue.Node{ID: "52"}, Ref: "SECOND"}},
		NetworkLocations: map[catalogue.ID][]catalogue.ID{"51": {"1", "99"}, "52": {"1", "2"}},
		VirtualCatalogues: []*inventory.VirtualCatalogue{virtual("61", "BASE", "IC", "BASE", "ACTIVE", "51", "52"), virtual("62", "AGG", "IC", "AGGREGATE", "ACTIVE", "51", "52"),
			virtual("63", "OFF", "IC", "BASE", "INACTIVE", "51"), virtual("64", "OTHER", "IC2", "BASE", "ACTIVE", "52"), virtual("65", "NOWHERE", "IC2", "BASE", "ACTIVE")},
		InventoryCatalogues: []*inventory.InventoryCatalogue{{Node: catalogue.Node{ID: "72"}, Ref: "IC2"}, {Node: catalogue.Node{ID: "71"}, Ref: "IC"}},
		Settings: []*foundation.Setting{{Name: "S", Context: "AGENT", ContextID: 1, Value: "of A"}, {Name: "S", Context: "RETAILER", ContextID: 7, Value: "of 7"},
			{Name: "S", Context: "ACCOUNT", ContextID: 5, Value: "of the account"}, {Name: "S", Context: "GLOBAL", Value: "of all"}, {Name: "G", Context: "GLOBAL", ContextID: 3, Value: "of all"},
			{Name: "AG", Context: "AGENT", ContextID: 7, Value: "of location 7"}},
	}
}

func fixed(t *testing.T) *availability.Places {
	t.Helper()
	places, err := availability.NewFixed("ACME", rows()).Places(t.Context(), scopeOf(t, "ACME"))
	require.NoError(t, err)
	return places
}

// TestTheNearestSettingHolds: the location's, the retailer's, the account's, the platform's, and never that of another location or retailer.
func TestTheNearestSettingHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		retailer int32
		at       string
		want     string
	}{{"S", 7, "A", "of A"}, {"S", 7, "B", "of 7"}, {"S", 7, "", "of 7"}, {"S", 8, "A", "of A"}, {"S", 8, "B", "of the account"}, {"S", 1, "", "of the account"}, {"G", 7, "A", "of all"},
		{"AG", 7, "A", "none"}, {"AG", 7, "", "none"}, {"MISSING", 7, "A", "none"}} {
		declared := setting.Text(setting.About{Name: c.name, From: setting.Location, Doc: "x"}, "none")
		got := ""
		reads := rule.New("core", "R", "Reads.", func(ctx context.Context, rc *rule.Context, _ rule.None) (err error) {
			rc.Event.RetailerID = c.retailer
			got, err = availability.Setting(ctx, rc, declared, c.at)
			return err
		})
		turn := ruletest.New(&foundation.Customer{}).With(availability.NewFixed(ruletest.Account, rows()))
		require.NoError(t, turn.Run([]rule.Rule{reads.Reads(declared)}, "R", turn.Entity(), nil, nil))
		require.Equal(t, c.want, got, "%s of retailer %d at %q", c.name, c.retailer, c.at)
		require.ErrorContains(t, turn.Run([]rule.Rule{reads}, "R", turn.Entity(), nil, nil), "rule R reads the setting "+c.name+" and does not say so")
	}
}

func TestPlacesAreWhatTheirRowsSay(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	a, b, out := p.At("A"), p.ByID("2"), p.At("OUT")
	require.Len(t, p.All(), 3)
	require.Nil(t, p.At("2"))
	require.Nil(t, p.ByID("A"))
	require.InDelta(t, 151.2, a.Point.Longitude, 1e-9)
	require.InDelta(t, -33.9, a.Point.Latitude, 1e-9)
	require.Nil(t, b.Point, "half a point is none")
	require.Nil(t, out.Point)
	require.Equal(t, "Australia/Sydney", a.Hours.Zone.String())
	require.Nil(t, b.Hours.Zone, "a zone that nobody knows")
	require.Equal(t, [7]opening.Day{{Start: -1, End: -1}, {Start: 900, End: 1700}, {}, {}, {}, {}, {Start: 1000, End: 1200}}, a.Hours.Days)
	require.Equal(t, [7]opening.Day{}, b.Hours.Days, "around the clock")
	require.Equal(t, []bool{true, true, false}, []bool{a.Active(), b.Active(), out.Active()})
	require.Equal(t, [][]string{{"FIRST", "SECOND"}, {"SECOND"}, nil}, [][]string{a.Networks, b.Networks, out.Networks})
	require.True(t, b.In("SECOND"))
	require.False(t, b.In("FIRST"))
	require.Equal(t, []catalogue.ID{"51", ""}, []catalogue.ID{p.Network("FIRST"), p.Network("51")})
	require.Equal(t, "71", string(p.InventoryCatalogue("IC").ID))
	require.Nil(t, p.InventoryCatalogue("IC3"))
	require.Equal(t, "64", string(p.VirtualCatalogue("OTHER").ID))
	require.Nil(t, p.VirtualCatalogue("IC"))
	var refs []string
	for _, c := range p.InventoryCatalogues() {
		refs = append(refs, c.Ref)
	}
	require.Equal(t, []string{"IC", "IC2"}, refs)
	require.Equal(t, []int64{12, 0, 0}, []int64{availability.Number("12"), availability.Number(""), availability.Number("x")})
}

// TestAFaultyPlaceIsLeftOut, and said to be: what is stored of it would else fail whatever goes by it.
func TestAFaultyPlaceIsLeftOut(t *testing.T) {
	t.Parallel()
	beyond := 95.0
	for want, spoil := range map[string]func(a *foundation.StoreAddress, s *foundation.OpeningSchedule, l *foundation.Location){
		"its coordinates are not on the globe": func(a *foundation.StoreAddress, _ *foundation.OpeningSchedule, _ *foundation.Location) {
			a.Latitude = &beyond
		},
		"its time zone Mars/Olympus is unknown": func(a *foundation.StoreAddress, _ *foundation.OpeningSchedule, _ *foundation.Location) {
			a.TimeZone = "Mars/Olympus"
		},
		"its opening hours: Monday: 975 is no time of day, want HHMM": func(_ *foundation.StoreAddress, s *foundation.OpeningSchedule, _ *foundation.Location) {
			s.MonStart = 975
		},
		"it is never open": func(_ *foundation.StoreAddress, s *foundation.OpeningSchedule, _ *foundation.Location) {
			*s = foundation.OpeningSchedule{Node: s.Node, MonStart: -1, MonEnd: -1, TueStart: -1, TueEnd: -1, WedStart: -1, WedEnd: -1, ThuStart: 1, ThuEnd: 1, FriStart: -1, FriEnd: -1, SatStart: -1, SatEnd: -1, SunStart: -1, SunEnd: -1}
		},
	} {
		r := rows()
		spoil(r.Addresses[0], r.Schedules[0], r.Locations[0])
		p, err := availability.NewFixed("ACME", r).Places(t.Context(), scopeOf(t, "ACME"))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"A": want}, p.Faults())
		require.False(t, p.At("A").Active(), want)
		require.True(t, p.At("B").Active())
		r.Locations[0].Status = "INACTIVE"
		p, err = availability.NewFixed("ACME", r).Places(t.Context(), scopeOf(t, "ACME"))
		require.NoError(t, err)
		require.Nil(t, p.Faults(), "nobody would go by it")
	}
	require.Nil(t, fixed(t).Faults())
}

// TestACatalogueCoversItsNetworks: an aggregate its first one only.
func TestACatalogueCoversItsNetworks(t *testing.T) {
	t.Parallel()
	p := fixed(t)
	for ref, want := range map[string]string{"BASE": "A B", "AGG": "A", "OTHER": "A B", "NOWHERE": "", "OFF": "A"} {
		got := ""
		for _, at := range []string{"A", "B", "OUT", "GONE"} {
			if p.Covers(p.VirtualCatalogue(ref), at) {
				if got != "" {
					got += " "
				}
				got += at
			}
		}
		require.Equal(t, want, got, ref)
	}
	for kind, want := range map[string][]string{"BASE": {"BASE"}, "AGGREGATE": {"AGG"}, "OTHER": nil} {
		var refs []string
		for _, v := range p.FedBy("IC", kind) {
			refs = append(refs, v.Ref)
		}
		require.Equal(t, want, refs, "active ones that IC feeds")
	}
}

func migrated(t *testing.T) (*store.DB, string) {
	t.Helper()
	dsn := dbtest.Template(t, "availability", storetest.Migrate)
	return storetest.Open(t, dsn, store.Options{}), dsn
}

func addLocation(t *testing.T, db *store.DB, scope tenancy.Scope, ref string) {
	t.Helper()
	id, err := db.NewID(t.Context(), scope, domain.Catalogue().Type("Location"))
	require.NoError(t, err)
	require.NoError(t, db.Write(t.Context(), scope, func(tx *store.Tx) error {
		tx.Insert(&foundation.Location{Node: catalogue.Node{ID: id}, Ref: ref, Name: ref, Type: "STORE", Status: "ACTIVE", RetailerID: "1"})
		return nil
	}))
}

// loads counts how often what was done read places.
func loads(t *testing.T, do func(ctx context.Context)) int {
	t.Helper()
	seen := &store.Trace{}
	do(store.WithTrace(t.Context(), seen))
	n := 0
	for _, s := range seen.Statements() {
		if s == "places.networkLocations" {
			n++
		}
	}
	return n
}

// TestPlacesAreReadAnewWhenTheyMustBe: within their age nobody reads them; who needs newer ones than a moment reads them once for all; each account
// has its own, whatever the retailer that asks.
func TestPlacesAreReadAnewWhenTheyMustBe(t *testing.T) {
	t.Parallel()
	db, _ := migrated(t)
	acme, other := scopeOf(t, "ACME"), scopeOf(t, "OTHER")
	ofRetailer, err := tenancy.NewScope("ACME", 9)
	require.NoError(t, err)
	addLocation(t, db, acme, "A")
	addLocation(t, db, other, "B")
	d := availability.NewDirectory(db, time.Hour)
	known := func(ctx context.Context, scope tenancy.Scope) []string {
		p, err := d.Places(ctx, scope)
		require.NoError(t, err)
		var refs []string
		for _, ref := range []string{"A", "B", "C"} {
			if p.At(ref) != nil {
				refs = append(refs, ref)
			}
		}
		return refs
	}
	require.Equal(t, 1, loads(t, func(ctx context.Context) {
		require.Equal(t, []string{"A"}, known(ctx, acme))
		require.Equal(t, []string{"A"}, known(ctx, ofRetailer), "places are the account's")
	}))
	require.Equal(t, []string{"B"}, known(t.Context(), other))
	addLocation(t, db, acme, "C")
	before := db.Now(t.Context())
	require.Equal(t, 0, loads(t, func(ctx context.Context) { require.Equal(t, []string{"A"}, known(ctx, acme)) }))
	require.Equal(t, 1, loads(t, func(ctx context.Context) {
		for n, want := range []bool{true, false} {
			loaded, err := d.Since(ctx, acme, before)
			require.NoError(t, err)
			require.Equal(t, want, loaded, "time %d", n)
		}
		require.Equal(t, []string{"A", "C"}, known(ctx, acme))
	}))
	require.Equal(t, 1, loads(t, func(ctx context.Context) {
		_, err := d.Refresh(ctx, acme)
		require.NoError(t, err)
		require.Equal(t, []string{"A", "C"}, known(ctx, acme))
	}))
	always := availability.NewDirectory(db, 1)
	require.Equal(t, 2, loads(t, func(ctx context.Context) {
		for range 2 {
			_, err := always.Places(ctx, acme)
			require.NoError(t, err)
		}
	}))
}

// TestNobodyWaitsForNewerPlaces: while one caller reads, which a lock on a table holds up here, the others go on with what is known.
func TestNobodyWaitsForNewerPlaces(t *testing.T) {
	t.Parallel()
	db, dsn := migrated(t)
	acme := scopeOf(t, "ACME")
	d := availability.NewDirectory(db, 50*time.Millisecond)
	first, err := d.Places(t.Context(), acme)
	require.NoError(t, err)
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	_, err = c.Exec(t.Context(), "BEGIN; LOCK TABLE networks")
	require.NoError(t, err)
	ask := func() <-chan *availability.Places {
		done := make(chan *availability.Places, 1)
		go func() {
			p, _ := d.Places(t.Context(), acme)
			done <- p
		}()
		return done
	}
	newer := make(chan *availability.Places, 1)
	go func() { // asks until what is known has come of age; that call reads, and waits for the lock
		p := first
		for err := error(nil); err == nil && p == first; {
			p, err = d.Places(t.Context(), acme)
		}
		newer <- p
	}()
	require.Eventually(t, func() bool {
		waiting := 0
		return c.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'networks'::regclass").Scan(&waiting) == nil && waiting == 1
	}, 30*time.Second, time.Millisecond)
	select {
	case p := <-ask():
		require.Same(t, first, p)
	case <-time.After(30 * time.Second):
		t.Fatal("another caller waits for the one that reads")
	}
	_, err = c.Exec(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NotSame(t, first, <-newer)
}
