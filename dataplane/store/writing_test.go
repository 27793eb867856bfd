package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
)

// said is an error as the server words it.
func said(code string) *pgconn.PgError {
	return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: "provoked"}
}

// TestWritesAreRepeatedWhereNothingWasDone and nowhere else, whatever the moment: what the server says decides, and behind COMMIT what it does not.
func TestWritesAreRepeatedWhereNothingWasDone(t *testing.T) {
	t.Parallel()
	hooks := storetest.New(t)
	db := open(t, migratedDSN(t), store.Options{Hook: hooks.Hook})
	scope := scopeOf(t, "ACME")
	next := 0
	write := func() (runs int, id string, err error) {
		next++
		id = fmt.Sprint(next)
		err = db.Write(t.Context(), scope, func(tx *store.Tx) error {
			runs++
			if _, err := store.Get[security.Role](t.Context(), tx.Reader, "1"); err != nil {
				return err
			}
			roleNamed(tx, id, "role "+id)
			return nil
		})
		return runs, id, err
	}
	const repeated, refused, open = "repeated", "refused", "open"
	for _, c := range []struct {
		at    store.Point
		err   error
		what  string
		there bool
	}{
		{store.Sent, said("40001"), repeated, true}, {store.Decided, said("40P01"), repeated, true}, {store.Sent, said("53300"), repeated, true},
		{store.Sent, said("57P01"), repeated, true}, {store.Sent, said("08006"), repeated, true}, {store.Sent, said("23514"), refused, false},
		{store.Sent, said("57014"), refused, false}, {store.Sending, context.DeadlineExceeded, refused, false},
		{store.Committing, said("40001"), repeated, true}, {store.Committing, said("40003"), open, false}, {store.Committing, said("57P01"), open, false},
		{store.Committing, said("08006"), open, false}, {store.Committing, said("23514"), refused, false},
		{store.Committed, said("57P02"), open, true}, {store.Committed, store.ErrCut, open, true}, {store.Committing, store.ErrCut, open, false},
		{store.Decided, store.ErrCut, repeated, true},
	} {
		hooks.Fail(storetest.At{Point: c.at}, 1, c.err)
		runs, id, err := write()
		name := fmt.Sprintf("%v at %d: %v", c.err, c.at, err)
		switch c.what {
		case repeated:
			require.NoError(t, err, name)
			require.Equal(t, 2, runs, name)
		case refused:
			require.ErrorIs(t, err, c.err, name)
			require.NotErrorIs(t, err, store.ErrAmbiguous, name)
			require.Equal(t, 1, runs, name)
		case open:
			require.ErrorIs(t, err, store.ErrAmbiguous, name)
			require.True(t, fault.Is(err, fault.Unavailable), name)
			require.Equal(t, "OUTCOME_UNKNOWN", fault.Of(err).Meta["reason"], name)
			require.Equal(t, 1, runs, name)
		}
		require.Equal(t, c.there, hasRole(t, db, "ACME", id), name)
	}
}

// TestWritesAreRepeatedWithinTheirBudgets: of attempts, of time, and of the caller's patience.
func TestWritesAreRepeatedWithinTheirBudgets(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	hooks := storetest.New(t)
	scope := scopeOf(t, "ACME")
	write := func(ctx context.Context, db *store.DB) (runs int, err error) {
		err = db.Write(ctx, scope, func(tx *store.Tx) error { runs++; roleNamed(tx, "1", "one"); return nil })
		return runs, err
	}
	few := open(t, dsn, store.Options{Hook: hooks.Hook, WriteAttempts: 3})
	hooks.Fail(storetest.At{Point: store.Committing}, 2, said("40001"))
	runs, err := write(t.Context(), few)
	require.NoError(t, err, "the last attempt counts")
	require.Equal(t, 3, runs)
	brief := open(t, dsn, store.Options{Hook: hooks.Hook, WriteAttempts: 1_000_000, WriteBudget: time.Nanosecond})
	hooks.Fail(storetest.At{Point: store.Decided}, 1, said("40001"))
	runs, err = write(t.Context(), brief)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.Equal(t, 1, runs, "its time was over when it failed")
	require.Equal(t, "1", fault.Of(err).Meta["attempts"])
	long := open(t, dsn, store.Options{Hook: hooks.Hook, WriteAttempts: 1_000_000})
	ctx, cancel := context.WithCancel(t.Context())
	hooks.On(storetest.At{Point: store.Decided}, 2, func(context.Context, store.Place) error { cancel(); return said("40001") })
	runs, err = write(ctx, long)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, runs, "nobody waits for another one")
}

// TestReadsAreRepeatedAndGiveUp, for a failover takes a moment and a conflict a repetition.
func TestReadsAreRepeatedAndGiveUp(t *testing.T) {
	t.Parallel()
	hooks := storetest.New(t)
	db := open(t, migratedDSN(t), store.Options{Hook: hooks.Hook})
	read := func() error {
		_, err := store.Get[security.Role](t.Context(), db.Reader(scopeOf(t, "ACME")), "1")
		return err
	}
	hooks.Fail(storetest.At{Point: store.Sent}, 3, store.ErrCut)
	require.NoError(t, read())
	crash := said("53100") // without room for its log
	crash.Severity, crash.SeverityUnlocalized = "PANIC", "PANIC"
	for _, cause := range []error{said("57P03"), said("57P01"), said("08006"), said("53300"), crash, store.ErrCut} {
		hooks.Fail(storetest.At{Point: store.Sending}, 4, cause)
		err := read()
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
		require.Equal(t, "DATABASE_UNREACHABLE", fault.Of(err).Meta["reason"], "%v", cause)
		require.False(t, store.TakesNoWrites(err), "a server that is gone refuses nothing")
	}
	hooks.Fail(storetest.At{Point: store.Sending}, 1, said("42P01"))
	require.ErrorContains(t, read(), "provoked", "what would fail alike is not repeated")
	require.NoError(t, read())
}

// TestAFailedStatementDoomsItsTransaction, whatever the closure makes of the error, and leaves nothing behind on the connection.
func TestAFailedStatementDoomsItsTransaction(t *testing.T) {
	t.Parallel()
	db := open(t, migratedDSN(t), store.Options{WriteConnections: 1})
	scope := scopeOf(t, "ACME")
	require.NoError(t, db.Write(t.Context(), scope, func(tx *store.Tx) error { roleNamed(tx, "1", "one"); return nil }))
	err := db.Write(t.Context(), scope, func(tx *store.Tx) error {
		roleNamed(tx, "2", "two")
		roleNamed(tx, "3", "one")
		require.ErrorContains(t, tx.Flush(t.Context()), "23505")
		roleNamed(tx, "4", "four")
		return nil // as if nothing had been
	})
	require.Error(t, err)
	for _, id := range []string{"2", "3", "4"} {
		require.False(t, hasRole(t, db, "ACME", id), id)
	}
	gone := errors.New("the caller thinks better of it")
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		roleNamed(tx, "5", "five")
		require.NoError(t, tx.Flush(ctx))
		cancel()
		return gone
	}), gone)
	require.False(t, hasRole(t, db, "ACME", "5"))
	require.NoError(t, db.Write(t.Context(), scope, func(tx *store.Tx) error { roleNamed(tx, "5", "five"); return nil }), "the connection is free, and so is the key")
}

// translated is what a caller of Write would see of an error inside.
func translated(db *store.DB, inside error) error {
	scope, _ := scopeNamed("ACME")
	return db.Write(context.Background(), scope, func(*store.Tx) error { return inside })
}

// TestTextThatADatabaseCannotHoldIsTheCallersFault, as are values that are missing.
func TestTextThatADatabaseCannotHoldIsTheCallersFault(t *testing.T) {
	t.Parallel()
	db := open(t, migratedDSN(t), store.Options{})
	for _, code := range []string{"22021", "22P05"} {
		require.True(t, fault.Is(translated(db, said(code)), fault.Invalid), code)
	}
	missing := said("23502")
	missing.ColumnName, missing.TableName = "retailer_id", "locations"
	f := fault.Of(translated(db, missing))
	require.Equal(t, fault.Invalid, f.Kind)
	require.Equal(t, "retailer_id", f.Field)
	for constraint, code := range map[string]string{"orders_ref_key": "C0121E", "orders_pkey": "C0123E", "roles_name_key": "C0123E"} {
		taken := said("23505")
		taken.ConstraintName = constraint
		require.Equal(t, code, fault.Of(translated(db, taken)).Code, constraint)
	}
}
