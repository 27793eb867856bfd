package conformance

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

// writeSkew lets two writes read two orders, of which each may take one off only while the other is on.
func writeSkew(b *bench) {
	typ := store.TypeOf[order.Order](b.db)
	const rounds = 20
	for range rounds {
		ids := b.orders(2, func(_ int, o *order.Order) { o.Status = "ON" })
		var bothRead, done sync.WaitGroup
		bothRead.Add(2)
		for me := range ids {
			done.Go(func() {
				first := true
				err := b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
					found, err := store.Get[order.Order](b.ctx, tx.Reader, ids...)
					if err != nil {
						return err
					}
					if first {
						first = false
						bothRead.Done()
						bothRead.Wait()
					}
					if found[1-me].Status == "ON" {
						found[me].Status = "OFF"
						tx.Update(found[me], typ.Field("status"))
					}
					return nil
				})
				require.NoError(b.t, err)
			})
		}
		done.Wait()
		found, err := store.Get[order.Order](b.ctx, b.db.Reader(b.scope), ids...)
		require.NoError(b.t, err)
		on := 0
		for _, o := range found {
			if o.Status == "ON" {
				on++
			}
		}
		require.Equal(b.t, 1, on)
	}
}

// hotRow lets eight clients count up one order's price.
func hotRow(b *bench) {
	typ := store.TypeOf[order.Order](b.db)
	zero := 0.0
	id := b.orders(1, func(_ int, o *order.Order) { o.TotalPrice = &zero })[0]
	const clients, each = 8, 25
	var tries atomic.Int64
	var done sync.WaitGroup
	for range clients {
		done.Go(func() {
			for range each {
				err := b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
					tries.Add(1)
					found, err := store.Get[order.Order](b.ctx, tx.Reader, id)
					if err != nil {
						return err
					}
					*found[0].TotalPrice++
					tx.Update(found[0], typ.Field("totalPrice"))
					return nil
				})
				require.NoError(b.t, err)
			}
		})
	}
	done.Wait()
	found, err := store.Get[order.Order](b.ctx, b.db.Reader(b.scope), id)
	require.NoError(b.t, err)
	require.EqualValues(b.t, clients*each, *found[0].TotalPrice)
	b.t.Logf("%d updates of one row by %d clients took %d tries", clients*each, clients, tries.Load())
}

// ambiguous cuts the connection between a COMMIT and its answer, and then before any COMMIT.
func ambiguous(b *bench) {
	typ := store.TypeOf[order.Order](b.db)
	cut := newCutter(b.t, b.dsn)
	db, err := store.Open(b.ctx, cut.dsn, store.Options{Catalogue: b.db.Catalogue(), WriteConnections: 1})
	require.NoError(b.t, err)
	b.t.Cleanup(db.Close)
	ids := b.orders(1, nil)
	runs := 0
	insert := func(arm func()) (catalogue.ID, error) {
		o := b.Entity(b.scope, typ).(*order.Order)
		runs = 0
		return o.ID, db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
			runs++
			if _, err := store.Get[order.Order](b.ctx, tx.Reader, ids[0]); err != nil {
				return err
			}
			arm()
			tx.Insert(o)
			return nil
		})
	}
	_, err = insert(func() {}) // so that all statements are prepared
	require.NoError(b.t, err)
	id, err := insert(cut.arm)
	require.ErrorIs(b.t, err, store.ErrAmbiguous)
	require.Equal(b.t, 1, runs, "what may have happened is not repeated")
	require.Equal(b.t, store.Ambiguous, store.Classify(err))
	require.NotNil(b.t, b.byID(typ, id), "it was committed all the same")

	cut.arm() // the next answer, to BEGIN, is lost: nothing was committed, so the write runs again
	id, err = insert(func() {})
	require.NoError(b.t, err)
	require.LessOrEqual(b.t, runs, 2) // 1 when the pool's own check of the connection met the cut
	require.NotNil(b.t, b.byID(typ, id))
}

// costs fixes what reads and writes cost.
func costs(b *bench) {
	typ, items := store.TypeOf[order.Order](b.db), store.TypeOf[order.OrderItem](b.db)
	cost := func(statements, trips int, run func(tr *store.Trace)) {
		b.t.Helper()
		tr := &store.Trace{}
		run(tr)
		require.Len(b.t, tr.Statements(), statements, tr.Statements())
		if b.db.Engine() == store.PostgreSQL { // CockroachDB's savepoint protocol has trips of its own
			require.Equal(b.t, trips, tr.RoundTrips())
		}
	}
	o := b.Entity(b.scope, typ).(*order.Order)
	lines := []any{b.Entity(b.scope, items), b.Entity(b.scope, items), b.Entity(b.scope, items)}
	for _, line := range lines {
		line.(*order.OrderItem).OrderID = o.ID
	}
	cost(2, 1, func(tr *store.Trace) { // BEGIN, orders, items, COMMIT in one trip
		require.NoError(b.t, b.db.Write(store.WithTrace(b.ctx, tr), b.scope, func(tx *store.Tx) error { tx.Insert(o); tx.Insert(lines...); return nil }))
	})
	cost(3, 2, func(tr *store.Trace) { // read; update, the order's document, and COMMIT
		ctx := store.WithTrace(b.ctx, tr)
		require.NoError(b.t, b.db.Write(ctx, b.scope, func(tx *store.Tx) error {
			found, err := store.Get[order.Order](ctx, tx.Reader, o.ID)
			if err != nil {
				return err
			}
			tx.Update(found[0], typ.Field("status"))
			return nil
		}))
	})
	cost(1, 1, func(tr *store.Trace) {
		_, err := b.db.Reader(b.scope).Select(store.WithTrace(b.ctx, tr), store.Query{Type: items, Parents: &store.Parents{Edge: typ.Edge("items"), IDs: []catalogue.ID{o.ID, "2", "3"}}})
		require.NoError(b.t, err)
	})
	cost(3, 1, func(tr *store.Trace) {
		_, err := b.db.Reader(b.scope).SelectAll(store.WithTrace(b.ctx, tr), store.Query{Type: typ}, store.Query{Type: items}, store.Query{Type: typ, Page: store.Page{Last: 1}})
		require.NoError(b.t, err)
	})
	cost(0, 0, func(tr *store.Trace) {
		require.NoError(b.t, b.db.Write(store.WithTrace(b.ctx, tr), b.scope, func(*store.Tx) error { return nil }))
	})
	refused := errors.New("refused")
	require.ErrorIs(b.t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Delete(typ, o.ID); return refused }), refused)
	require.NotNil(b.t, b.byID(typ, o.ID))
}

// numbers lets two nodes make ids at once.
func numbers(b *bench) {
	typ := store.TypeOf[order.Order](b.db)
	require.NoError(b.t, b.db.ReserveIDs(b.ctx, b.scope, typ, 41))
	var mu sync.Mutex
	seen := map[catalogue.ID]bool{}
	var done sync.WaitGroup
	for _, db := range []*store.DB{b.db, b.open(b.dsn)} {
		for range 4 {
			done.Go(func() {
				for n := range 20 {
					ids, err := db.NewIDs(b.ctx, b.scope, typ, n)
					require.NoError(b.t, err)
					mu.Lock()
					for _, id := range ids {
						number, err := strconv.Atoi(string(id))
						require.NoError(b.t, err)
						require.Greater(b.t, number, 41)
						require.False(b.t, seen[id])
						seen[id] = true
					}
					mu.Unlock()
				}
			})
		}
	}
	done.Wait()
	require.Len(b.t, seen, 2*4*190)
	require.True(b.t, seen["42"])
	other, err := b.db.NewID(b.ctx, scopeOf(b.t, "OTHER"), typ)
	require.NoError(b.t, err)
	require.Equal(b.t, catalogue.ID("1"), other)
}
