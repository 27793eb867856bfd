package store_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// numbersOf takes ids and returns them as numbers.
func numbersOf(t *testing.T, db *store.DB, scope tenancy.Scope, typ *catalogue.Type, n int) (out []int) {
	t.Helper()
	ids, err := db.NewIDs(t.Context(), scope, typ, n)
	require.NoError(t, err)
	for _, id := range ids {
		number, err := strconv.Atoi(string(id))
		require.NoError(t, err)
		out = append(out, number)
	}
	return out
}

// TestNoNumberIsGivenOutTwice: not by two nodes, not after a node's end, not when the answer of the database was lost, and none that came from
// outside. What is lost leaves gaps.
func TestNoNumberIsGivenOutTwice(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	hooks := storetest.New(t)
	scope := scopeOf(t, "ACME")
	one, two := open(t, dsn, store.Options{Hook: hooks.Hook}), open(t, dsn, store.Options{})
	roles, networks := store.TypeOf[security.Role](one), store.TypeOf[foundation.Network](one)
	require.Equal(t, []int{1, 2, 3}, numbersOf(t, one, scope, roles, 3))
	require.Equal(t, []int{4}, numbersOf(t, two, scope, roles, 1), "a block begins with what is wanted")
	require.Equal(t, []int{1}, numbersOf(t, two, scopeOf(t, "OTHER"), roles, 1), "each account counts for itself")
	require.Equal(t, []int{1}, numbersOf(t, two, scope, networks, 1), "and each table")
	require.Equal(t, []int{5}, numbersOf(t, open(t, dsn, store.Options{}), scope, roles, 1), "a node that begins anew")

	hooks.Fail(storetest.At{Point: store.Sent, Statement: "id_blocks.take"}, 1, store.ErrCut)
	got := numbersOf(t, one, scope, roles, 5000)
	for i := range len(got) - 1 {
		require.Equal(t, got[i]+1, got[i+1], "as many as are wanted come in one block")
	}
	require.Equal(t, 5006, got[0], "the block whose answer was lost is a gap")
	next := numbersOf(t, open(t, dsn, store.Options{}), scope, roles, 1)[0]
	require.Greater(t, next, got[len(got)-1])

	require.NoError(t, one.ReserveIDs(t.Context(), scope, networks, 500))
	require.NoError(t, one.ReserveIDs(t.Context(), scope, networks, 7), "which takes nothing back")
	fresh := open(t, dsn, store.Options{})
	require.Equal(t, []int{501}, numbersOf(t, fresh, scope, networks, 1))
}

// TestNumbersRiseWithTimeOnTheDatabase: what a second node takes a second later is higher than anything that the first one has given out, and a
// block goes on where the last was left if nobody else has had a number since.
func TestNumbersRiseWithTimeOnTheDatabase(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	scope := scopeOf(t, "ACME")
	one, two := open(t, dsn, store.Options{}), open(t, dsn, store.Options{})
	var passed time.Duration // one goroutine
	began := time.Now()
	now := func() time.Time { return began.Add(passed) }
	one.SetNumbersClock(now)
	two.SetNumbersClock(now)
	roles := store.TypeOf[security.Role](one)
	take := func(db *store.DB, n int) int { return numbersOf(t, db, scope, roles, n)[0] }
	require.Equal(t, 1, take(one, 8))
	require.Equal(t, 9, take(one, 4), "which was taken for more of the same")
	require.Equal(t, 13, take(one, 1))
	passed += time.Second
	require.Equal(t, 14, take(one, 1), "the rest of a block that is too old is taken up again")
	require.Equal(t, 15, take(one, 1))
	high := take(two, 1)
	require.Greater(t, high, 15)
	require.Equal(t, 16, take(one, 1), "within half a second the first node goes on")
	passed += time.Second
	require.Greater(t, take(one, 1), high, "and after it no more")
	require.Greater(t, take(two, 1), high+1, "nor the second one with its own")
}

func TestNumbersOfSeveralTypesComeTogether(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	scope := scopeOf(t, "ACME")
	one, two := open(t, dsn, store.Options{}), open(t, dsn, store.Options{})
	roles, networks, events := store.TypeOf[security.Role](one), store.TypeOf[foundation.Network](one), one.Catalogue().Type("InventoryPosition")
	want := map[*catalogue.Type]int{roles: 25, networks: 1, events: 2}
	seen := &store.Trace{}
	got, err := one.NewIDsOf(store.WithTrace(t.Context(), seen), scope, want)
	require.NoError(t, err)
	require.Equal(t, 1, seen.RoundTrips())
	require.Len(t, got[roles], 25)
	require.Equal(t, []catalogue.ID{"1", "25"}, []catalogue.ID{got[roles][0], got[roles][24]})
	require.Equal(t, []catalogue.ID{"1"}, got[networks])
	require.Len(t, slices.Compact(got[events]), 2)
	require.Equal(t, []int{26}, numbersOf(t, two, scope, roles, 1))
	seen = &store.Trace{}
	none, err := one.NewIDsOf(store.WithTrace(t.Context(), seen), scope, map[*catalogue.Type]int{roles: 0, events: 3})
	require.NoError(t, err)
	require.Len(t, none[events], 3)
	require.Zero(t, seen.RoundTrips(), "UUIDs cost nothing")
}

// TestNumbersEndWhereClientsDo: what a signed number of 32 bits holds is given out, and nothing after it.
func TestNumbersEndWhereClientsDo(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	roles := store.TypeOf[security.Role](s.DB)
	for name, more := range map[string]func(db *store.DB) error{
		"one type": func(db *store.DB) error { _, err := db.NewIDs(t.Context(), s.Scope, roles, 1); return err },
		"several": func(db *store.DB) error {
			_, err := db.NewIDsOf(t.Context(), s.Scope, map[*catalogue.Type]int{roles: 1})
			return err
		},
	} {
		s.SQL("DELETE FROM id_blocks")
		s.SQL("INSERT INTO id_blocks (account_id, kind, next_id) VALUES ('ACME', 'roles', $1)", math.MaxInt32-10)
		db := open(t, s.DSN, store.Options{})
		got := numbersOf(t, db, s.Scope, roles, 10)
		require.Equal(t, math.MaxInt32-1, got[9], name)
		err := more(db)
		require.True(t, fault.Is(err, fault.Limited), "%s: %v", name, err)
		require.Equal(t, "ids", fault.Of(err).Meta["limit"])
	}
}

// TestPagesHaveTheirBounds: what a caller may ask for, and how many rows a read without pages brings.
func TestPagesHaveTheirBounds(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	db := open(t, s.DSN, store.Options{MaxRows: 3})
	typ := store.TypeOf[order.Order](db)
	insert := func(ids ...catalogue.ID) {
		s.EachAccount(func(tx *store.Tx) {
			for _, id := range ids {
				o := &order.Order{Ref: "O" + string(id), RetailerID: "1", CustomerID: "1"}
				o.ID, o.Type, o.Status = id, "HD", "CREATED"
				tx.Insert(o)
			}
		})
	}
	insert("1", "2", "3")
	read := func(page store.Page) (ids []catalogue.ID, g store.Group, err error) {
		res, err := db.Reader(s.Scope).Select(t.Context(), store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("id")}, Page: page})
		if err != nil {
			return nil, g, err
		}
		for _, row := range res.Groups[0].Rows {
			ids = append(ids, row[0].(catalogue.ID))
		}
		return ids, res.Groups[0], nil
	}
	ids, _, err := read(store.Page{})
	require.NoError(t, err, "as many as the ceiling")
	require.Len(t, ids, 3)
	insert("4")
	_, _, err = read(store.Page{})
	require.True(t, fault.Is(err, fault.TooLarge), "%v", err)
	for _, c := range []struct {
		page            store.Page
		want            []catalogue.ID
		previous, after bool
	}{
		{store.Page{First: 4}, []catalogue.ID{"1", "2", "3", "4"}, false, false}, {store.Page{First: 3}, []catalogue.ID{"1", "2", "3"}, false, true},
		{store.Page{Last: 4}, []catalogue.ID{"1", "2", "3", "4"}, false, false}, {store.Page{Last: 3}, []catalogue.ID{"2", "3", "4"}, true, false},
	} {
		ids, g, err := read(c.page)
		require.NoError(t, err)
		require.Equal(t, c.want, ids)
		require.Equal(t, []bool{c.previous, c.after}, []bool{g.HasPrevious, g.HasNext}, "%v", c.page)
	}
	_, all, err := read(store.Page{First: 4})
	require.NoError(t, err)
	ids, g, err := read(store.Page{First: 9, After: all.Cursors[0], Before: all.Cursors[3]})
	require.NoError(t, err)
	require.Equal(t, []catalogue.ID{"2", "3"}, ids, "neither of the two")
	require.Equal(t, []bool{true, true}, []bool{g.HasPrevious, g.HasNext})
	ids, g, err = read(store.Page{Last: 9, After: all.Cursors[0], Before: all.Cursors[3]})
	require.NoError(t, err)
	require.Equal(t, []catalogue.ID{"2", "3"}, ids)
	require.Equal(t, []bool{true, true}, []bool{g.HasPrevious, g.HasNext})
	for _, bad := range []store.Page{{First: -1}, {Last: -1}, {First: 1, Last: 1}, {First: 1, After: all.Cursors[0] + "A"}} {
		_, _, err := read(bad)
		require.True(t, fault.Is(err, fault.Invalid), "%v", bad)
	}
	last, err := store.Load[order.Order](t.Context(), db.Reader(s.Scope), store.Query{Page: store.Page{Last: 2}})
	require.NoError(t, err)
	require.Equal(t, []catalogue.ID{"3", "4"}, []catalogue.ID{last[0].ID, last[1].ID})
	require.Len(t, last, 2)
	for _, id := range []catalogue.ID{"-1", "+1", " 1", "1.0", ""} {
		found, err := db.Reader(s.Scope).ByID(t.Context(), typ, id, "1")
		require.NoError(t, err)
		require.Nil(t, found[0], "%q", id)
	}
}

// TestADatabaseFromTheFutureIsLeftAlone: a newer program has migrated it.
func TestADatabaseFromTheFutureIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.SQL("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
	err := s.DB.Migrate(context.Background(), nil)
	require.True(t, fault.Is(err, fault.Unprocessable), "%v", err)
	require.True(t, fault.Is(s.DB.Ready(context.Background()), fault.Unavailable), "nor is it ready for this program")
}

// TestMigratingAgainRaisesTheFence, where a node died between the last migration and the policies.
func TestMigratingAgainRaisesTheFence(t *testing.T) {
	t.Parallel()
	s := newStand(t) // which has taken it down
	s.SQL("DROP POLICY tenant ON roles")
	require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error { roleNamed(tx, "1", "one"); return nil }))
	for _, table := range s.Texts("SELECT DISTINCT tablename::text FROM pg_policies") {
		s.SQL("DROP POLICY tenant ON " + pgx.Identifier{table}.Sanitize())
	}
	require.NoError(t, s.DB.Migrate(context.Background(), nil))
	require.NotEmpty(t, s.Texts("SELECT tablename::text FROM pg_policies WHERE tablename = 'roles'"))
	s.SQL("SET ROLE fluent_tenant")
	require.Empty(t, s.Texts("SELECT id::text FROM roles"), "no account is named")
}
