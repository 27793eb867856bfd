package store_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

// pick changes an order's line, in a transaction of either kind.
func (s *shop) pick(id catalogue.ID, status string, locked bool) func() error {
	write := s.DB.Write
	if locked {
		write = s.DB.WriteLocked
	}
	return func() error {
		return write(context.Background(), s.Scope, func(tx *store.Tx) error {
			i := &order.OrderItem{Status: status}
			i.ID = id
			tx.Update(i, s.item.Field("status"))
			return nil
		})
	}
}

// bodies counts the documents that are there.
func (s *shop) bodies() int {
	return len(s.Texts("SELECT order_id::text FROM order_documents WHERE account_id = 'ACME' AND body IS NOT NULL"))
}

// one opens a single order with a line, and returns both ids.
func (s *shop) one() (o, line catalogue.ID) {
	s.T.Helper()
	s.EachAccount(func(tx *store.Tx) {
		o := s.random(s.order, "1").(*order.Order)
		o.RetailerID = "1"
		i := s.random(s.item, "2").(*order.OrderItem)
		i.OrderID = "1"
		tx.Insert(o, i)
	})
	return "1", "2"
}

// readAlone reads an order, and waits for the document that the node may write since it was read before.
func (s *shop) readAlone(id catalogue.ID) {
	s.T.Helper()
	s.read(id)
	require.Eventually(s.T, s.DB.FillerRests, time.Minute, time.Millisecond)
}

func (s *shop) fillNow(id catalogue.ID) func() error {
	return func() error { return s.DB.Fill(context.Background(), s.Scope, s.order, id) }
}

// TestAWriterBetweenSnapshotAndDocumentWins: what a filler has read before the commit it does not write after it, whether there was a row or not.
func TestAWriterBetweenSnapshotAndDocumentWins(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, line := s.one()
	for i, at := range []string{"order_documents.add", "order_documents.write", "order_documents.write"} {
		stop := s.Hooks.Stop(storetest.At{Point: store.Sending, Statement: at})
		filler := storetest.Go(s.fillNow(o))
		stop.Arrived()
		require.NoError(t, s.pick(line, string(rune('A'+i)), i == 1)())
		stop.Release()
		require.NoError(t, filler.Wait())
		require.Zero(t, s.bodies(), at)
		s.readAlone(o)
	}
	require.NoError(t, s.fillNow(o)())
	require.Equal(t, 1, s.bodies())
	require.Equal(t, []string{"order_documents.read"}, s.read(o))
}

// TestAFillerMeetsAWriterThatHasNotCommitted: it sees what was before, and writes nothing of it.
func TestAFillerMeetsAWriterThatHasNotCommitted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, line := s.one()
	for i, locked := range []bool{true, false, true} {
		stop := s.Hooks.Stop(storetest.At{Point: store.Committing})
		writer := storetest.Go(s.pick(line, string(rune('A'+i)), locked))
		stop.Arrived()
		filler := storetest.Go(s.fillNow(o))
		if i == 0 { // there is no row that could be skipped: the new one waits for the other to be there, or not
			filler.Blocked(t, s.DSN)
		} else {
			require.NoError(t, filler.Wait())
		}
		stop.Release()
		require.NoError(t, writer.Wait())
		require.NoError(t, filler.Wait())
		require.Zero(t, s.bodies())
		s.readAlone(o)
	}
}

// TestAWriterThatCameToNothingLeavesTheDocument, and one behind a document that was just written empties it: the transaction begins anew if it must.
func TestAWriterThatCameToNothingLeavesTheDocument(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, line := s.one()
	require.NoError(t, s.fillNow(o)())
	s.Hooks.LoseCommit(storetest.At{Account: "ACME"})
	require.ErrorIs(t, s.pick(line, "LOST", true)(), store.ErrAmbiguous)
	require.Equal(t, 1, s.bodies())
	require.Equal(t, []string{"order_documents.read"}, s.read(o))

	require.NoError(t, s.pick(line, "A", true)())
	stop := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "order_items.update"})
	writer := storetest.Go(s.pick(line, "B", false))
	stop.Arrived()
	require.NoError(t, s.fillNow(o)())
	require.Equal(t, 1, s.bodies())
	stop.Release()
	require.NoError(t, writer.Wait())
	require.Zero(t, s.bodies())
	s.read(o)
}

// TestTwoFillersWriteTheSame, at the same time.
func TestTwoFillersWriteTheSame(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, line := s.one()
	for range 2 {
		first := s.Hooks.Stop(storetest.At{Point: store.Sent, Statement: "order_documents.versions"})
		one := storetest.Go(s.fillNow(o))
		first.Arrived()
		require.NoError(t, s.fillNow(o)())
		first.Release()
		require.NoError(t, one.Wait())
		require.Equal(t, 1, s.bodies())
		require.Equal(t, []string{"order_documents.read"}, s.read(o))
		require.NoError(t, s.pick(line, "A", true)())
	}
}

// TestNodesOfTheBuildBeforeDoNotInvalidate: while one is there documents do not count, and those from before it never again.
func TestNodesOfTheBuildBeforeDoNotInvalidate(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, _ := s.one()
	require.NoError(t, s.fillNow(o)())
	require.Equal(t, []string{"order_documents.read"}, s.read(o))
	s.SQL("INSERT INTO engine_nodes (node_id, expires_on) VALUES ('old', now() + INTERVAL '6 seconds')")
	s.SQL("UPDATE order_items SET status = 'BY AN OLD NODE' WHERE account_id = 'ACME'")
	require.Equal(t, append([]string{"order_documents.read"}, fromTables...), s.read(o))
	require.NoError(t, s.fillNow(o)())
	require.Equal(t, append([]string{"order_documents.read"}, fromTables...), s.read(o), "it may write again")
	s.filled(o)

	s.SQL("UPDATE engine_nodes SET expires_on = now() - INTERVAL '1 minute'")
	require.Equal(t, append([]string{"order_documents.read"}, fromTables...), s.read(o), "it is gone, and the documents are from before that")
	s.filled(o)
	require.Equal(t, []string{"order_documents.read"}, s.read(o))
}

// TestDocumentsThatWouldBeLongAreNotKept, and not looked for again and again.
func TestDocumentsThatWouldBeLongAreNotKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, _ := s.one()
	var many []any
	for n := range 1001 {
		i := s.random(s.item, catalogue.ID(strconv.Itoa(n+10))).(*order.OrderItem)
		i.OrderID = o
		many = append(many, i)
	}
	s.Locked(func(tx *store.Tx) { tx.Insert(many...) })
	s.read(o)
	require.Equal(t, append([]string{"order_documents.read"}, fromTables...), s.read(o))
	require.Eventually(t, s.DB.FillerRests, time.Minute, time.Millisecond)
	require.Zero(t, s.bodies())
	require.Equal(t, fromTables, s.read(o))
}

// TestDocumentsAreStoredAsTheyAre: PostgreSQL does not spend time on packing them.
func TestDocumentsAreStoredAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	require.Equal(t, []string{"e"}, s.Texts("SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'order_documents'::regclass AND attname = 'body'"))
	require.Equal(t, []string{"{toast_tuple_target=8160}"}, s.Texts("SELECT reloptions::text FROM pg_class WHERE relname = 'order_documents'"))
}

// TestDocumentsOfATableThatWasEmptyAreFoundByItsKey: a table that was analysed while it was empty is analysed again by who makes it grow.
func TestDocumentsOfATableThatWasEmptyAreFoundByItsKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(20)
	s.SQL("ANALYZE order_documents")
	pages := func() []string {
		return s.Texts("SELECT (reltuples > 10)::text FROM pg_class WHERE relname = 'order_documents'")
	}
	require.Equal(t, []string{"false"}, pages())
	for range 2 {
		for _, id := range s.orders {
			s.read(id)
		}
	}
	require.Eventually(t, s.DB.FillerRests, time.Minute, time.Millisecond)
	require.Equal(t, []string{"true"}, pages())
}

// TestDocumentsOfMoreRowsThanAreReadAreNotKept, though they would be short enough: they would end too soon.
func TestDocumentsOfMoreRowsThanAreReadAreNotKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, _ := s.one()
	f := &order.Fulfilment{Ref: "F", OrderID: o}
	f.ID = "3"
	var parts []any
	for n := range 1001 {
		i := &order.FulfilmentItem{Ref: "1", FulfilmentID: "3", OrderItemID: "2"}
		i.ID = catalogue.ID(strconv.Itoa(n + 10))
		parts = append(parts, i)
	}
	s.Locked(func(tx *store.Tx) { tx.Insert(append(parts[1:], f)...) })
	require.NoError(t, s.fillNow(o)())
	require.Equal(t, 1, s.bodies(), "a thousand are read")
	require.Equal(t, []string{"order_documents.read"}, s.read(o))
	s.Locked(func(tx *store.Tx) { tx.Insert(parts[0]) })
	require.NoError(t, s.fillNow(o)())
	require.Zero(t, s.bodies())
}
