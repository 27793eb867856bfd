package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// roleNamed queues a new role.
func roleNamed(tx *store.Tx, id, name string) {
	r := &security.Role{Name: name}
	r.ID = catalogue.ID(id)
	tx.Insert(r)
}

// hasRole reads outside of all transactions.
func hasRole(t *testing.T, db *store.DB, account, id string) bool {
	t.Helper()
	found, err := store.Get[security.Role](context.Background(), db.Reader(scopeOf(t, account)), catalogue.ID(id))
	require.NoError(t, err)
	return found[0] != nil
}

// TestHooksMeetATransactionAtEachOfItsPlaces: in order, and without a trip more where a hook has no interest.
func TestHooksMeetATransactionAtEachOfItsPlaces(t *testing.T) {
	t.Parallel()
	var places []string
	db := open(t, migratedDSN(t), store.Options{Hook: func(_ context.Context, p store.Place) func() error {
		places = append(places, fmt.Sprintf("%d %s %s %d", p.Point, p.Statement, p.Account, p.Attempt))
		return nil
	}})
	seen := &store.Trace{}
	ctx := store.WithTrace(t.Context(), seen)
	require.NoError(t, db.Write(ctx, scopeOf(t, "ACME"), func(tx *store.Tx) error {
		_, err := store.Get[security.Role](ctx, tx.Reader, "1")
		roleNamed(tx, "1", "one")
		events.Append(tx, &workflow.Event{ID: string(db.NewUUID()), Name: "Go", EntityType: "ORDER", EntityID: "1", RootType: "ORDER", RootID: "1", Priority: workflow.Checkout})
		return err
	}))
	require.Equal(t, []string{
		fmt.Sprintf("%d roles.byID ACME 1", store.Sending), fmt.Sprintf("%d roles.byID ACME 1", store.Sent),
		fmt.Sprintf("%d  ACME 1", store.Decided),
		fmt.Sprintf("%d roles.insert ACME 1", store.Sending), fmt.Sprintf("%d roles.insert ACME 1", store.Sent),
		fmt.Sprintf("%d events.append ACME 1", store.Sending), fmt.Sprintf("%d events.append ACME 1", store.Sent),
		fmt.Sprintf("%d  ACME 1", store.Committing), fmt.Sprintf("%d  ACME 1", store.Committed),
	}, places)
	require.Equal(t, 2, seen.RoundTrips())
	places = nil
	require.True(t, hasRole(t, db, "ACME", "1"))
	require.Equal(t, []string{fmt.Sprintf("%d roles.byID ACME 0", store.Sending), fmt.Sprintf("%d roles.byID ACME 0", store.Sent)}, places)
}

// TestWhatBefallsATransactionInAHookBefallsItAsFromTheDatabase: conflicts are repeated, lost commits and lost answers are not, whether they
// took place or not, and a connection that is lost before COMMIT was due is.
func TestWhatBefallsATransactionInAHookBefallsItAsFromTheDatabase(t *testing.T) {
	t.Parallel()
	hooks := storetest.New(t)
	db := open(t, migratedDSN(t), store.Options{Hook: hooks.Hook})
	scope := scopeOf(t, "ACME")
	runs := 0
	write := func(id string) error {
		runs = 0
		return db.Write(t.Context(), scope, func(tx *store.Tx) error {
			runs++
			roleNamed(tx, id, "role "+id)
			return nil
		})
	}
	hooks.Fail(storetest.At{Point: store.Sent, Statement: "roles.insert"}, 2, &pgconn.PgError{Code: "40001", Message: "provoked"})
	require.NoError(t, write("1"))
	require.Equal(t, 3, runs)

	hooks.Fail(storetest.At{Point: store.Committing}, 1, &pgconn.PgError{Code: "23514", Message: "provoked"})
	require.ErrorContains(t, write("2"), "provoked")
	require.False(t, hasRole(t, db, "ACME", "2"))

	hooks.LoseAnswer(storetest.At{})
	require.ErrorIs(t, write("3"), store.ErrAmbiguous)
	require.Equal(t, 1, runs)
	require.True(t, hasRole(t, db, "ACME", "3"))

	hooks.LoseCommit(storetest.At{Account: "ACME"})
	require.ErrorIs(t, write("4"), store.ErrAmbiguous)
	require.Equal(t, 1, runs)
	require.False(t, hasRole(t, db, "ACME", "4"))

	hooks.Fail(storetest.At{Point: store.Decided}, 1, store.ErrCut)
	require.NoError(t, write("5"))
	require.Equal(t, 2, runs)
	require.True(t, hasRole(t, db, "ACME", "5"))
}

// TestAStopHoldsOneTransactionWhileOthersPass: the second to write a key waits for the first, and learns what became of it.
func TestAStopHoldsOneTransactionWhileOthersPass(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	hooks := storetest.New(t)
	db := open(t, dsn, store.Options{Hook: hooks.Hook})
	stop := hooks.Stop(storetest.At{Point: store.Committing, Account: "ACME"})
	write := func(account, id, name string) error {
		return db.WriteLocked(t.Context(), scopeOf(t, account), func(tx *store.Tx) error { roleNamed(tx, id, name); return nil })
	}
	first := storetest.Go(func() error { return write("ACME", "1", "same") })
	require.Equal(t, store.Place{Point: store.Committing, Account: "ACME", Attempt: 1}, stop.Arrived())
	require.NoError(t, write("OTHER", "1", "same"))
	require.NoError(t, write("ACME", "2", "another"))
	require.False(t, first.Ended())
	second := storetest.Go(func() error { return write("ACME", "3", "same") })
	second.Blocked(t, dsn)
	stop.Release()
	require.NoError(t, first.Wait())
	require.True(t, fault.Is(second.Wait(), fault.Exists))
}
