package store_test

import (
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/fluent-oms/fluent/domain/workflow"
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

// TestWhatIsPurgedIsSettledAndOlder: each kind of row has one that is just over the age, one just under, and one that is old and not settled.
func TestWhatIsPurgedIsSettledAndOlder(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	const age = time.Hour
	ago := func(d time.Duration) time.Time { return s.DB.Now(t.Context()).Add(-d) }
	over, under := age+time.Minute, age-time.Minute
	old := func(shard, n int) string { // an id that was made long ago
		return fmt.Sprintf("%x0000000-0000-8000-8000-%012d", shard, n)
	}
	for _, account := range []string{"ACME", "OTHER"} {
		for i, e := range []struct {
			state string
			done  any
		}{
			{"SUCCESS", ago(over)}, {"NO_MATCH", ago(over)}, {"FAILED", ago(over)}, {"SUCCESS", ago(under)}, {"PENDING", ago(over)}, {"SCHEDULED", nil}, {"SUCCESS", ago(over)},
		} {
			s.SQL(`INSERT INTO events (account_id, id, slot, state, priority, received_on, generated_on, done_on, retailer_id, name, type, entity_type, entity_id, entity_ref, root_type, root_id, root_ref, detail)
VALUES ($1, $2::text::uuid, 0, $3, 0, $4, $4, $5, 1, $6, 'NORMAL', 'ORDER', '1', '', 'ORDER', '1', '', '{}')`, account, old(i%2*15, i), e.state, ago(over), e.done, fmt.Sprint(i, " ", e.state))
		}
		for i, at := range []time.Time{ago(over), ago(under)} {
			s.SQL(`INSERT INTO trails (account_id, turn_id, retailer_id, root_type, root_id, generated_on, keys, body) VALUES ($1, $2::text::uuid, 1, 'ORDER', $3, $4, '{}', '')`, account, old(i, i), fmt.Sprint(i), at)
		}
		for i, d := range []struct {
			state string
			done  any
		}{{"DONE", ago(over)}, {"DEAD", ago(over)}, {"DONE", ago(under)}, {"PENDING", nil}, {"PENDING", ago(over)}} {
			s.SQL(`INSERT INTO webhook_deliveries (account_id, id, state, name, endpoint, event, next_try_on, created_on, done_on) VALUES ($1, $2::text::uuid, $3, $4, '', '{}', now(), now(), $5)`,
				account, old(i, i), d.state, fmt.Sprint(i, " ", d.state), d.done)
		}
		for job, closes := range map[int]time.Time{1: ago(over), 2: ago(over), 3: ago(under)} {
			s.SQL(`INSERT INTO jobs (account_id, id, retailer_id, name, created_on, closes_on) VALUES ($1, $2, 1, '', now(), $3)`, account, job, closes)
		}
		for batch, b := range map[int]struct {
			job    int
			status string
			done   any
		}{1: {1, "COMPLETE", ago(over)}, 2: {2, "COMPLETE", ago(under)}, 3: {2, "RUNNING", ago(over)}, 4: {1, "COMPLETE", ago(over)}} {
			s.SQL(`INSERT INTO batches (account_id, id, job_id, retailer_id, action, entity_type, event, header, status, total, processed, failed, created_on, completed_on)
VALUES ($1, $2, $3, 1, '', '', '', '{}', $4, 0, 0, 0, now(), $5)`, account, batch, b.job, b.status, b.done)
			for row := range 3 {
				s.SQL(`INSERT INTO batch_rows (account_id, batch_id, row_number, body, entity_id, entity_ref, code, message) VALUES ($1, $2, $3, '{}', '', '', '', '')`, account, batch, row)
			}
		}
	}
	purge := func(what store.Purgeable, limit int) int {
		n, err := s.DB.Purge(t.Context(), "ACME", what, age, limit)
		require.NoError(t, err)
		return n
	}
	left := func(column, table string) []string {
		require.NotEmpty(t, s.Texts("SELECT 1::text FROM "+table+" WHERE account_id = 'OTHER'"))
		return s.Texts("SELECT " + column + "::text FROM " + table + " WHERE account_id = 'ACME' ORDER BY 1")
	}
	require.Equal(t, 0, purge(store.PurgeBatches, 9), "records go first")
	require.Equal(t, 0, purge(store.PurgeEvents, 0))
	require.Equal(t, 3, purge(store.PurgeEvents, 3), "no more than are asked for, of all ranges together")
	require.Len(t, left("name", "events"), 4)
	require.Equal(t, 1, purge(store.PurgeEvents, 9))
	require.Equal(t, []string{"3 SUCCESS", "4 PENDING", "5 SCHEDULED"}, left("name", "events"))
	require.Equal(t, 1, purge(store.PurgeTrails, 9))
	require.Equal(t, []string{"1"}, left("root_id", "trails"))
	require.Equal(t, 1, purge(store.PurgeDeliveries, 1))
	require.Equal(t, 1, purge(store.PurgeDeliveries, 9))
	require.Equal(t, []string{"2 DONE", "3 PENDING", "4 PENDING"}, left("name", "webhook_deliveries"))
	require.Equal(t, 2, purge(store.PurgeBatchRows, 2), "of all batches together")
	require.Equal(t, 0, purge(store.PurgeBatches, 9), "some of their records are left")
	require.Equal(t, 4, purge(store.PurgeBatchRows, 9))
	require.Equal(t, 0, purge(store.PurgeJobs, 9), "a job that has batches stays")
	require.Equal(t, 2, purge(store.PurgeBatches, 9))
	require.Equal(t, []string{"2", "3"}, left("id", "batches"))
	require.Equal(t, 1, purge(store.PurgeJobs, 9))
	require.Equal(t, []string{"2", "3"}, left("id", "jobs"))
	require.Len(t, left("row_number", "batch_rows"), 6)
	order := store.Purgeables()
	require.Less(t, slices.Index(order, store.PurgeBatchRows), slices.Index(order, store.PurgeBatches))
	require.Less(t, slices.Index(order, store.PurgeBatches), slices.Index(order, store.PurgeJobs))
}

// TestWhatIsYoungIsNotEvenLookedAt: ids tell when they were made, so what is made after the age is out of the range that is read.
func TestWhatIsYoungIsNotEvenLookedAt(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.EachAccount(func(tx *store.Tx) { tx.AppendEvents(eventOf(s.DB, "1")) })
	s.SQL("UPDATE events SET state = 'SUCCESS', done_on = now() - INTERVAL '2 hours'")
	n, err := s.DB.Purge(t.Context(), "ACME", store.PurgeEvents, time.Hour, 9)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.DB.Purge(t.Context(), "ACME", store.PurgeEvents, -time.Minute, 9)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, s.Texts("SELECT account_id FROM events"), 1)
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

// TestBatchesTakeEachRecordForItself: of two batches with the same row numbers, in two accounts, only the records of the one that ended change, and
// what failed is what has a code.
func TestBatchesTakeEachRecordForItself(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.DB.Write(t.Context(), scopeOf(t, account), func(tx *store.Tx) error {
			tx.AddJob(&store.Job{ID: "1", RetailerID: 2, ClosesOn: tx.Now().Add(time.Hour)})
			if err := tx.Flush(t.Context()); err != nil {
				return err
			}
			for _, id := range []catalogue.ID{"1", "2"} {
				records := []json.RawMessage{json.RawMessage(`{}`), json.RawMessage(`{}`), json.RawMessage(`{}`), json.RawMessage(`{}`)}
				if err := tx.AddBatch(t.Context(), &store.Batch{ID: id, JobID: "1", RetailerID: 2, Header: json.RawMessage(`{}`)}, records); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	started := s.DB.Now(t.Context())
	s.Locked(func(tx *store.Tx) { tx.StartBatch("1"); started = tx.Now() })
	s.Locked(func(tx *store.Tx) {
		tx.FinishBatch("1", 4, []store.BatchRow{{Number: 0, EntityID: "e"}, {Number: 1, Code: "C1", Message: "no"}, {Number: 2, Message: "as it was"}, {Number: 3, Code: "C2"}})
	})
	s.Locked(func(tx *store.Tx) { tx.StartBatch("1") })
	r := s.DB.Reader(s.Scope)
	done, err := r.Batch(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, store.BatchComplete, done.Status, "what is complete does not start again")
	require.Equal(t, []int{4, 4, 2}, []int{done.Total, done.Processed, done.Failed})
	require.WithinDuration(t, started, *done.StartedOn, 0)
	numbers := func(rows []store.BatchRow, err error) (out []int) {
		require.NoError(t, err)
		for _, row := range rows {
			out = append(out, row.Number)
		}
		return out
	}
	require.Equal(t, []int{1, 3}, numbers(r.BatchFailures(t.Context(), "1", 0, 9)))
	require.Equal(t, []int{1}, numbers(r.BatchFailures(t.Context(), "1", 1, 1)), "from that number on")
	require.Equal(t, []int{3}, numbers(r.BatchFailures(t.Context(), "1", 2, 9)))
	require.Equal(t, []int{2, 3}, numbers(r.BatchRows(t.Context(), "1", 2, 9)))
	require.Equal(t, []int{2}, numbers(r.BatchRows(t.Context(), "1", 2, 1)))
	require.Empty(t, numbers(r.BatchFailures(t.Context(), "2", 0, 9)))
	require.Equal(t, []string{"3"}, s.Texts("SELECT count(*)::text FROM batches WHERE status = 'PENDING'"))
	require.Equal(t, []string{"1"}, s.Texts("SELECT count(*)::text FROM batch_rows WHERE entity_id = 'e'"))
	require.Equal(t, []string{"2"}, s.Texts("SELECT count(*)::text FROM batch_rows WHERE code <> ''"))

	limited, err := tenancy.NewScope("ACME", 1)
	require.NoError(t, err)
	for name, err := range map[string]error{
		"job": func() error { _, err := s.DB.Reader(limited).Job(t.Context(), "1"); return err }(), "batch": func() error { _, err := s.DB.Reader(limited).Batch(t.Context(), "1"); return err }(),
		"new batch": s.DB.Write(t.Context(), limited, func(tx *store.Tx) error { return tx.AddBatch(t.Context(), &store.Batch{ID: "3", JobID: "1"}, nil) }),
	} {
		require.True(t, fault.Is(err, fault.NotFound), "%s: %v", name, err)
	}
	s.SQL("UPDATE jobs SET retailer_id = 0")
	_, err = s.DB.Reader(limited).Job(t.Context(), "1")
	require.NoError(t, err, "what is the account's own is everybody's")
	found, err := r.Job(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, []catalogue.ID{"1", "2"}, []catalogue.ID{found.Batches[0].ID, found.Batches[1].ID})
}

// TestADeliveryIsOneSendersAtATime and comes again when it is due.
func TestADeliveryIsOneSendersAtATime(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.EachAccount(func(tx *store.Tx) {
		for i := range 3 {
			tx.AddDelivery(store.Delivery{ID: fmt.Sprintf("00000000-0000-8000-8000-00000000000%d", i), Name: fmt.Sprint(i), Endpoint: "e", Event: workflow.Event{Name: "X"}})
		}
	})
	claim := func(hold time.Duration, perAccount int) []store.Delivery {
		found, err := s.DB.ClaimDeliveries(t.Context(), hold, perAccount)
		require.NoError(t, err)
		return found
	}
	require.Len(t, claim(time.Hour, 2), 4, "so many of each account")
	last := claim(time.Hour, 2)
	require.Len(t, last, 2, "what another one has is not due")
	require.Equal(t, "X", last[0].Event.Name)
	require.Empty(t, claim(time.Hour, 9))
	mine := last[slices.IndexFunc(last, func(d store.Delivery) bool { return d.Account == "ACME" })]
	require.NoError(t, s.DB.FinishDelivery(t.Context(), mine, "", "503", time.Hour))
	require.Empty(t, claim(time.Hour, 9), "it rests")
	require.NoError(t, s.DB.FinishDelivery(t.Context(), mine, "", "503", 0))
	again := claim(0, 9)
	require.Len(t, again, 1)
	require.Equal(t, 2, again[0].Attempts)
	require.NoError(t, s.DB.FinishDelivery(t.Context(), mine, "DONE", "200", 0))
	require.NoError(t, s.DB.FinishDelivery(t.Context(), mine, "DEAD", "late", 0), "who answers late changes nothing")
	require.Empty(t, claim(0, 9))
	require.Equal(t, []string{"ACME DONE 200 2"}, s.Texts("SELECT concat_ws(' ', account_id, state, answer, attempts) FROM webhook_deliveries WHERE done_on IS NOT NULL"))
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
