package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// Triggers raise what a server with a full disk says, so that every engine's way to that state is the same here. A disk that is really full
// is tried end to end (ops/e2e, TestAFullDatabaseDiskStopsWritesAlone).
func TestADatabaseThatTakesNoWritesIsToldFromOneThatIsGone(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	probe := db.Probe()
	t.Cleanup(probe.Close)
	require.NoError(t, probe.Check(t.Context()))
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	do := func(sql string) {
		t.Helper()
		_, err := c.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	scope := scopeOf(t, "ACME")
	write := func(id string) error {
		return db.Write(t.Context(), scope, func(tx *store.Tx) error {
			made := &foundation.Setting{Name: "n" + id, Context: "ACCOUNT", ValueType: "STRING", Value: "v"}
			made.ID = catalogue.ID(id)
			tx.Insert(made)
			return nil
		})
	}
	require.NoError(t, write("1"))
	require.Nil(t, probe.Refusal(t.Context()))
	for code, reason := range map[string]string{
		"53100": "DATABASE_FULL", "53200": "DATABASE_OUT_OF_MEMORY", "53400": "DATABASE_LIMIT_REACHED", "58030": "DATABASE_IO_ERROR", "25006": "DATABASE_READ_ONLY",
	} {
		do(`CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '` + code + `'; END $$`)
		do(`CREATE TRIGGER full_disk BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION full_disk()`)
		do(`CREATE TRIGGER full_disk BEFORE INSERT ON artefacts FOR EACH ROW EXECUTE FUNCTION full_disk()`)
		err := write("2")
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
		require.True(t, store.TakesNoWrites(err))
		require.Equal(t, reason, fault.Of(err).Meta["reason"])
		_, err = artefacts.Of(db).Put(t.Context(), scope, []byte("x"))
		require.True(t, store.TakesNoWrites(err), "outside a transaction, too: %v", err)
		_, err = db.Reader(scope).Select(t.Context(), store.Query{Type: store.TypeOf[foundation.Setting](db)})
		require.NoError(t, err, "reads go on")
		require.NoError(t, probe.Check(t.Context()), "it answers")
		require.Equal(t, reason, probe.Refusal(t.Context()).Reason)

		do(`DROP TRIGGER full_disk ON settings`)
		require.Equal(t, reason, probe.Refusal(t.Context()).Reason, "while its own trial is refused, nothing is over")
		do(`DROP TRIGGER full_disk ON artefacts`)
		require.Nil(t, probe.Refusal(t.Context()), "its own trial is taken: it is over, though no tenant has written")
		var left int
		require.NoError(t, c.QueryRow(t.Context(), `SELECT count(*) FROM artefacts`).Scan(&left))
		require.Zero(t, left, "trials leave nothing")
	}
	require.NoError(t, write("2"))
	require.False(t, store.TakesNoWrites(fault.New(fault.Unavailable, "something else")))
}

// TestWritesGoOnOnlyOnceATrialLikeAnOrderIsTaken has a disk on which what is small, or packs well, still finds room.
func TestWritesGoOnOnlyOnceATrialLikeAnOrderIsTaken(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	registry := prometheus.NewRegistry()
	db := open(t, dsn, store.Options{Metrics: store.NewMetrics(registry)})
	probe := db.Probe()
	t.Cleanup(probe.Close)
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	do := func(sql string) {
		t.Helper()
		_, err := c.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	refused := func(reason string) float64 {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "fluent_store_writes_refused_total" && m.GetLabel()[0].GetValue() == reason {
					return m.GetCounter().GetValue()
				}
			}
		}
		return 0
	}
	do(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$`)
	do(`CREATE FUNCTION nearly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF octet_length(NEW.body) >= 262144 AND (SELECT count(DISTINCT get_byte(NEW.body, i)) FROM generate_series(0, 1999) i) > 200 THEN
			RAISE EXCEPTION 'no' USING ERRCODE = TG_ARGV[0]; END IF; RETURN NEW; END $$`)
	do(`CREATE TRIGGER full_disk BEFORE INSERT ON revoked_tokens FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	do(`CREATE TRIGGER nearly BEFORE INSERT ON artefacts FOR EACH ROW EXECUTE FUNCTION nearly('53100')`)
	scope := scopeOf(t, "ACME")
	write := func() error { return access.RevokeToken(t.Context(), db, scope, "t", time.Now()) }
	require.True(t, store.TakesNoWrites(write()))
	require.InDelta(t, 1, refused("DATABASE_FULL"), 0)
	_, err = artefacts.Of(db).Put(t.Context(), scope, []byte("a little"))
	require.NoError(t, err)
	require.Equal(t, "DATABASE_FULL", probe.Refusal(t.Context()).Reason, "that it does not reach the database proves nothing")
	require.NoError(t, probe.Check(t.Context()))
	require.Equal(t, "DATABASE_FULL", probe.Refusal(t.Context()).Reason, "what finds a corner proves nothing")

	do(`DROP TRIGGER nearly ON artefacts`)
	do(`CREATE TRIGGER nearly BEFORE INSERT ON artefacts FOR EACH ROW EXECUTE FUNCTION nearly('25006')`)
	require.Equal(t, "DATABASE_READ_ONLY", probe.Refusal(t.Context()).Reason, "what it says now counts")
	do(`DROP TRIGGER nearly ON artefacts`)

	// While a trial is under way, which will be taken, another write is refused.
	holder, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = holder.Exec(t.Context(), `LOCK TABLE artefacts IN EXCLUSIVE MODE`)
	require.NoError(t, err)
	var found *store.Refusal
	asked := storetest.Go(func() error { found = probe.Refusal(t.Context()); return nil })
	asked.Blocked(t, dsn)
	require.True(t, store.TakesNoWrites(write()))
	require.NoError(t, holder.Commit(t.Context()))
	require.NoError(t, asked.Wait())
	require.NotNil(t, found, "what was said since is not forgotten")
	require.Equal(t, "DATABASE_FULL", found.Reason)
	require.Nil(t, probe.Refusal(t.Context()))
	require.InDelta(t, 2, refused("DATABASE_FULL"), 0)
}

// TestATrialThatWaitsIsNoReasonToWait has a trial find the table locked: a node that waited for it would not look after its database meanwhile.
func TestATrialThatWaitsIsNoReasonToWait(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	probe := db.Probe()
	t.Cleanup(probe.Close)
	probe.SetTrialTime(20 * time.Millisecond)
	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	_, err = c.Exec(t.Context(), `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$`)
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), `CREATE TRIGGER full_disk BEFORE INSERT ON revoked_tokens FOR EACH ROW EXECUTE FUNCTION full_disk()`)
	require.NoError(t, err)
	require.True(t, store.TakesNoWrites(access.RevokeToken(t.Context(), db, scopeOf(t, "ACME"), "t", time.Now())))
	require.NoError(t, probe.Check(t.Context()))
	holder, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = holder.Exec(t.Context(), `LOCK TABLE artefacts IN EXCLUSIVE MODE`)
	require.NoError(t, err)
	long, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.Equal(t, "DATABASE_FULL", probe.Refusal(long).Reason, "what is not known to be over goes on")
	require.NoError(t, long.Err(), "the trial had a time of its own")
	require.NoError(t, probe.Check(t.Context()), "and the database answers all the same")
	require.NoError(t, holder.Rollback(t.Context()))
	probe.SetTrialTime(time.Minute)
	require.Nil(t, probe.Refusal(t.Context()))
}

// PostgreSQL without space for its log says 53100 as its last word and goes down: whether the COMMIT in that trip took place is open.
func TestTheLastWordOfAServerThatCrashesLeavesACommitOpen(t *testing.T) {
	t.Parallel()
	last := &pgconn.PgError{SeverityUnlocalized: "PANIC", Severity: "PANIC", Code: "53100"}
	require.Equal(t, store.Retryable, store.Classify(last), "before a COMMIT nothing was done")
	require.True(t, store.LostAnswer(last))
	refused := &pgconn.PgError{SeverityUnlocalized: "ERROR", Severity: "ERROR", Code: "53100"}
	require.Equal(t, store.Fatal, store.Classify(refused), "a repeat at once would be refused, too")
	require.False(t, store.LostAnswer(refused))
	require.False(t, store.LostAnswer(errors.Join(refused)))
	_, only := store.RefusalOf(refused)
	require.True(t, only)
	_, only = store.RefusalOf(last)
	require.False(t, only, "that nothing was written is not known")
}

func TestErrorsOfAServerThatIsBusyOrGoingMayBeRepeated(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]store.Class{
		"40001": store.Retryable, "40P01": store.Retryable, "53300": store.Retryable, "57P01": store.Retryable, "57P03": store.Retryable, "08006": store.Retryable,
		"40003": store.Ambiguous, "23505": store.Fatal, "57014": store.Fatal, "42P01": store.Fatal,
	} {
		require.Equal(t, want, store.Classify(fmt.Errorf("run: %w", &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code})), code)
	}
}

// TestWhoGivesUpHearsThatHeGaveUp, and not that the database does not answer, or that all connections are busy.
func TestWhoGivesUpHearsThatHeGaveUp(t *testing.T) {
	t.Parallel()
	db := open(t, migratedDSN(t), store.Options{ReadConnections: 1})
	reader := db.Reader(scopeOf(t, "ACME"))
	gone, giveUp := context.WithCancel(t.Context())
	giveUp()
	_, err := reader.Select(gone, store.Query{Type: store.TypeOf[foundation.Setting](db)})
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.False(t, fault.Is(err, fault.Limited), "%v", err)
}

// TestWhoGivesTooLittleTimeHearsThat, whatever it was spent on: a connection, the database, or another try. What the database did not do in a
// time of the store's own stays its silence.
func TestWhoGivesTooLittleTimeHearsThat(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	hooks := storetest.New(t)
	db := open(t, dsn, store.Options{Hook: hooks.Hook, ReadConnections: 1, WriteAttempts: 1_000_000})
	read := func(ctx context.Context, db *store.DB) error {
		_, err := db.Reader(scopeOf(t, "ACME")).Select(ctx, store.Query{Type: store.TypeOf[foundation.Setting](db)})
		return err
	}
	short := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	late := func(err error) {
		t.Helper()
		require.True(t, fault.Is(err, fault.Expired), "%v", err)
		require.Equal(t, "DEADLINE_EXCEEDED", fault.Of(err).Meta["reason"])
		require.NotContains(t, fault.Of(err).Detail, "does not answer")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, store.Fatal, store.Classify(err), "nobody tries again for a caller who has no time")
	}

	c, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	locked, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = locked.Exec(t.Context(), `LOCK TABLE settings IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	late(read(short(), db)) // the database works on it
	require.NoError(t, locked.Rollback(t.Context()))

	stop := hooks.Stop(storetest.At{Point: store.Sending})
	holder := storetest.Go(func() error { return read(t.Context(), db) })
	stop.Arrived()
	late(read(short(), db)) // another one has the only connection
	stop.Release()
	require.NoError(t, holder.Wait())

	ctx := short()
	hooks.On(storetest.At{Point: store.Decided}, 1, func(context.Context, store.Place) error { <-ctx.Done(); return said("40001") })
	err = db.Write(ctx, scopeOf(t, "ACME"), func(*store.Tx) error { return nil })
	require.True(t, fault.Is(err, fault.Expired), "no time for another try: %v", err)

	silent := silence(t, dsn)
	mute := open(t, silent.dsn, store.Options{AcquireWait: 50 * time.Millisecond})
	silent.begin()
	err = read(t.Context(), mute)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.Equal(t, "DATABASE_UNREACHABLE", fault.Of(err).Meta["reason"], "nobody set a time but the store")
}
