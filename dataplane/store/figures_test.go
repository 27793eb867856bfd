package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// TestChangesMarkWhatRestsOnThem writes in two accounts, one change after another, and reads the marks of one.
func TestChangesMarkWhatRestsOnThem(t *testing.T) {
	t.Parallel()
	s := newStand(t).Stand
	figures, err := domain.Catalogue().Figures([]catalogue.Figure{
		{Name: "statuses", RestsOn: []string{"Location.status"}, Means: "A test."},
		{Name: "members", RestsOn: []string{"Network.locations"}, Means: "A test."},
		{Name: "schedules", RestsOn: []string{"Location.openingSchedule", "Location.name"}, Means: "A test."},
	})
	require.NoError(t, err)
	s.DB = storetest.Open(t, s.DSN, store.Options{Figures: figures, Hook: s.Hooks.Hook})
	location, network := store.TypeOf[foundation.Location](s.DB), store.TypeOf[foundation.Network](s.DB)
	l := func() *foundation.Location {
		return &foundation.Location{Node: catalogue.Node{ID: "1"}, Ref: "L", Name: "n", Type: "STORE", Status: "ACTIVE", RetailerID: "1"}
	}
	n := func() *foundation.Network { return &foundation.Network{Node: catalogue.Node{ID: "2"}, Ref: "N"} }
	marks := func() map[string]int64 {
		out := map[string]int64{}
		require.NoError(t, s.DB.WriteLocked(t.Context(), s.Scope, func(tx *store.Tx) error {
			held := map[string]*store.HeldMark{}
			for _, f := range []string{"statuses", "members", "schedules"} {
				held[f] = tx.HoldMark(f)
			}
			err := tx.Flush(t.Context())
			for f, h := range held {
				if err == nil {
					out[f], err = h.Mark(t.Context())
				}
			}
			return err
		}))
		return out
	}
	require.Equal(t, map[string]int64{"statuses": 0, "members": 0, "schedules": 0}, marks(), "of what was never marked")
	want := func(statuses, members, schedules int64) map[string]int64 {
		return map[string]int64{"statuses": statuses, "members": members, "schedules": schedules}
	}
	for _, c := range []struct {
		name string
		do   func(tx *store.Tx)
		want map[string]int64
	}{
		{"new rows", func(tx *store.Tx) { tx.Insert(l(), n()) }, want(1, 0, 1)},
		{"a field", func(tx *store.Tx) { tx.Update(l(), location.Field("status")) }, want(2, 0, 1)},
		{"another field", func(tx *store.Tx) { tx.Update(l(), location.Field("supportPhoneNumber")) }, want(2, 0, 1)},
		{"several fields", func(tx *store.Tx) {
			tx.Update(l(), location.Field("openingSchedule"), location.Field("name"), location.Field("status"))
		}, want(3, 0, 2)},
		{"all fields", func(tx *store.Tx) { tx.Update(l()) }, want(4, 0, 3)},
		{"a link", func(tx *store.Tx) { tx.Link(network.Edge("locations"), "2", "1") }, want(4, 1, 3)},
		{"its other side", func(tx *store.Tx) { tx.Unlink(location.Edge("networks"), "1", "2") }, want(4, 2, 3)},
		{"an edge of another table", func(tx *store.Tx) { tx.Link(network.Edge("retailers"), "2", "1") }, want(4, 2, 3)},
		{"no row", func(tx *store.Tx) { tx.Delete(location) }, want(4, 2, 3)},
		{"a row that goes", func(tx *store.Tx) { tx.Delete(location, "1") }, want(5, 2, 4)},
	} {
		s.EachAccount(c.do)
		require.Equal(t, c.want, marks(), c.name)
	}
	failed := s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error {
		tx.Insert(l())
		if err := tx.Flush(t.Context()); err != nil {
			return err
		}
		return context.Canceled
	})
	require.ErrorIs(t, failed, context.Canceled)
	require.Equal(t, want(5, 2, 4), marks(), "a change that was not committed")
}

// TestMarksAreTakenInOneOrder, whatever order a transaction changes things in: one that waits for the first mark holds none that comes after it, so
// that no two wait for each other.
func TestMarksAreTakenInOneOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t).Stand
	figures, err := domain.Catalogue().Figures([]catalogue.Figure{
		{Name: "first", RestsOn: []string{"Location.name"}, Means: "A test."}, {Name: "second", RestsOn: []string{"Location.status"}, Means: "A test."},
	})
	require.NoError(t, err)
	s.DB = storetest.Open(t, s.DSN, store.Options{Figures: figures, Hook: s.Hooks.Hook})
	location := store.TypeOf[foundation.Location](s.DB)
	l := &foundation.Location{Node: catalogue.Node{ID: "1"}, Ref: "L", Name: "n", Type: "STORE", Status: "ACTIVE", RetailerID: "1"}
	s.EachAccount(func(tx *store.Tx) { tx.Insert(l) })
	release := s.Hold("SELECT 1 FROM figure_marks WHERE account_id = 'ACME' AND figure = 'first' FOR UPDATE")
	change := storetest.Go(func() error {
		return s.DB.WriteLocked(context.Background(), s.Scope, func(tx *store.Tx) error {
			tx.Update(l, location.Field("status"))
			tx.Update(l, location.Field("name"))
			return nil
		})
	})
	change.Blocked(t, s.DSN)
	require.Equal(t, []string{"second"}, s.Free("figure_marks", "figure"))
	release()
	require.NoError(t, change.Wait())
}
