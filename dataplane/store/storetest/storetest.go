// Package storetest opens stores for tests, and lets tests stop a store's transactions between what they check and their commit, make them fail
// there, and cut them off from the database, so that what only matters when two of them meet can be tried without luck. Only tests may import it.
//
//	hooks := storetest.New(t)
//	db := storetest.Open(t, dsn, store.Options{Hook: hooks.Hook})
//	stop := hooks.Stop(storetest.At{Point: store.Committing, Account: "ACME"})
//	first := storetest.Go(func() error { return write(db) })
//	stop.Arrived()                                  // it has done all but COMMIT
//	second := storetest.Go(func() error { return other(db) })
//	second.Blocked(t, dsn)                          // it waits for a lock of the first
//	stop.Release()
//	require.NoError(t, first.Wait())
//
// Hooks without anything in them change nothing, not even the number of round trips, so a harness may always set them.
package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// patience is how long a test waits for something that is certain to come.
const patience = 2 * time.Minute

// Hooks is what a test wants to happen in a store. It may be used by many goroutines, and by several stores.
type Hooks struct {
	t     testing.TB
	mu    sync.Mutex
	rules []*rule
}

type rule struct {
	at   At
	left int // how often it still applies
	act  func(ctx context.Context, at store.Place) error
}

// At says where something shall happen. Zero fields fit everything.
type At struct {
	Point     store.Point
	Statement string
	Account   tenancy.AccountID
	Attempt   int
	Of        func(ctx context.Context) bool // which caller
}

func (a *At) fits(ctx context.Context, p store.Place) bool {
	return (a.Point == 0 || a.Point == p.Point) && (a.Statement == "" || a.Statement == p.Statement) &&
		(a.Account == "" || a.Account == p.Account) && (a.Attempt == 0 || a.Attempt == p.Attempt) && (a.Of == nil || a.Of(ctx))
}

// New makes hooks with nothing in them, for a test.
func New(t testing.TB) *Hooks { return &Hooks{t: t} }

// Hook is for store.Options.
func (h *Hooks) Hook(ctx context.Context, p store.Place) func() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, r := range h.rules {
		if !r.at.fits(ctx, p) {
			continue
		}
		if r.left--; r.left == 0 {
			h.rules = append(h.rules[:i:i], h.rules[i+1:]...)
		}
		return func() error { return r.act(ctx, p) }
	}
	return nil
}

// On runs act the next times that a transaction comes to a place. What it returns befalls the transaction; see store.Hook. Of several that fit,
// the one that was set first applies.
func (h *Hooks) On(at At, times int, act func(ctx context.Context, at store.Place) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules = append(h.rules, &rule{at: at, left: times, act: act})
}

// Fail makes transactions fail at a place, so many times. A *pgconn.PgError is taken as the database's own.
func (h *Hooks) Fail(at At, times int, err error) {
	h.On(at, times, func(context.Context, store.Place) error { return err })
}

// LoseAnswer cuts the next transaction off after its COMMIT was carried out and before it hears of it. at.Point is of no matter.
func (h *Hooks) LoseAnswer(at At) {
	at.Point = store.Committed
	h.Fail(at, 1, store.ErrCut)
}

// LoseCommit cuts the next transaction off so that its COMMIT never arrives, which it cannot tell from a lost answer. at.Point is of no matter.
func (h *Hooks) LoseCommit(at At) {
	at.Point = store.Committing
	h.Fail(at, 1, store.ErrCut)
}

// Stop stops the next transaction that comes to a place, until the test lets it go or ends. Those after it pass.
func (h *Hooks) Stop(at At) *Stop {
	s := &Stop{hooks: h, arrived: make(chan struct{}), released: make(chan struct{})}
	h.On(at, 1, func(ctx context.Context, p store.Place) error {
		s.place = p
		close(s.arrived)
		select {
		case <-s.released:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-h.t.Context().Done(): // which comes before its cleanup, so that stores can be closed
			return h.t.Context().Err()
		}
	})
	return s
}

// Stop is where a transaction stands, or will.
type Stop struct {
	hooks    *Hooks
	arrived  chan struct{}
	released chan struct{}
	place    store.Place
}

// Arrived waits until a transaction stands there, and says where that is.
func (s *Stop) Arrived() store.Place {
	s.hooks.t.Helper()
	select {
	case <-s.arrived:
	case <-time.After(patience):
		s.hooks.t.Fatal("no transaction came to the place where it was to be stopped")
	}
	return s.place
}

// Release lets the transaction go on. It may be called before the transaction arrives, and once.
func (s *Stop) Release() { close(s.released) }
