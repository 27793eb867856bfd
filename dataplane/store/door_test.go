package store_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// given is a gathering of arguments that are there already.
type given struct{ args store.Args }

func (g given) Args(*store.Reader) (store.Args, error) { return g.args, nil }

// TestAPartCannotForgetWhoseRowsItReaches: a statement whose arguments no reader made, or another account's reader, is not sent, nor is
// anything with it.
func TestAPartCannotForgetWhoseRowsItReaches(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	seen := &store.Trace{}
	ctx := store.WithTrace(t.Context(), seen)
	theirs := s.DB.Reader(scopeOf(t, "OTHER"))
	for name, c := range map[string]struct {
		args store.Args
		says string
	}{
		"no arguments":         {store.Args{}, "statement part.read: it does not say whose rows it reaches"},
		"another account's":    {theirs.Args(), `statement part.read is for account OTHER, and was given to a reader of account "ACME"`},
		"those of no account":  {s.DB.Reader(tenancy.Scope{}).Args(), "a scope without an account reaches nothing"},
		"those of environment": {s.DB.Environment().Args(), "a scope without an account reaches nothing"},
	} {
		read := store.Statement{Name: "part.read", SQL: "SELECT name FROM roles WHERE account_id = $1", Args: c.args}
		require.ErrorContains(t, s.DB.Reader(s.Scope).Send(ctx, read), c.says, name)
		require.ErrorContains(t, s.DB.Autocommit(s.Scope).Send(ctx, read), c.says, name)
		require.ErrorContains(t, s.DB.Write(ctx, s.Scope, func(tx *store.Tx) error { return tx.Send(ctx, read) }), c.says, name)
		require.ErrorContains(t, s.DB.Write(ctx, s.Scope, func(tx *store.Tx) error { roleNamed(tx, "1", "one"); tx.Queue(read); return nil }), c.says, name)
		require.ErrorContains(t, s.DB.Write(ctx, s.Scope, func(tx *store.Tx) error { roleNamed(tx, "1", "one"); tx.Require(read); return nil }), c.says, name)
		require.ErrorContains(t, s.DB.Write(ctx, s.Scope, func(tx *store.Tx) error {
			roleNamed(tx, "1", "one")
			tx.Gather(store.Statement{Name: "part.read", SQL: read.SQL}, given{c.args})
			return nil
		}), c.says, name)
	}
	mine := store.Statement{Name: "part.read", SQL: "SELECT name FROM roles WHERE account_id = $1", Args: s.DB.Reader(s.Scope).Args()}
	for _, r := range []*store.Reader{theirs, s.DB.Environment(), s.DB.AutocommitEnvironment(), s.DB.Reader(tenancy.Scope{})} {
		require.ErrorContains(t, r.Send(ctx, mine), "is for account ACME")
	}
	require.Empty(t, seen.Statements())
}

// TestAPartsStatementsReachItsAccount, at once, queued and gathered.
func TestAPartsStatementsReachItsAccount(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.EachAccount(func(tx *store.Tx) { roleNamed(tx, "1", "one"); roleNamed(tx, "2", "two") })
	read := func(r *store.Reader) (names []string) {
		require.NoError(t, r.Send(t.Context(), store.Statement{Name: "part.read", SQL: "SELECT name FROM roles WHERE account_id = $1 AND id > $2 ORDER BY id", Args: r.Args(0), Rows: func(rows pgx.Rows) (err error) {
			names, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		}}))
		return names
	}
	rename := "UPDATE roles SET name = $2 WHERE account_id = $1 AND id = $3"
	var touched int64
	s.Locked(func(tx *store.Tx) {
		tx.Queue(store.Statement{Name: "part.rename", SQL: rename, Args: tx.Args("uno", 1), Done: func(rows int64) error { touched = rows; return nil }})
		tx.Gather(store.Statement{Name: "part.rename", SQL: rename}, given{tx.Args("due", 2)})
		require.Equal(t, []string{"one", "two"}, read(tx.Reader), "what is sent at once comes before what is queued")
		require.NoError(t, tx.Flush(t.Context()))
		require.Equal(t, []string{"uno", "due"}, read(tx.Reader))
	})
	require.EqualValues(t, 1, touched)
	require.Equal(t, []string{"uno", "due"}, read(s.DB.Reader(s.Scope)))
	require.Equal(t, []string{"one", "two"}, read(s.DB.Reader(scopeOf(t, "OTHER"))))
	refused := errors.New("refused")
	err := s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error {
		tx.Queue(store.Statement{Name: "part.check", SQL: "SELECT 1 / count(*) FROM roles WHERE account_id = $1 AND name = $2", Args: tx.Args("nobody"), Fail: store.OnDivision(refused)})
		return nil
	})
	require.ErrorIs(t, err, refused)
	found, err := store.Get[security.Role](t.Context(), s.DB.Reader(s.Scope), "1")
	require.NoError(t, err)
	require.Equal(t, "uno", found[0].Name)
}

// TestWhatIsGatheredIsJoinedUntilItIsSentOrSealed.
func TestWhatIsGatheredIsJoinedUntilItIsSentOrSealed(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	seen := &store.Trace{}
	ctx := store.WithTrace(t.Context(), seen)
	require.NoError(t, s.DB.Write(ctx, s.Scope, func(tx *store.Tx) error {
		gather := func(name string) {
			tx.Gather(store.Statement{Name: name, SQL: "SELECT 1 FROM roles WHERE account_id = $1"}, &given{tx.Args()})
		}
		require.Nil(t, tx.Gathering("part.a"))
		gather("part.a")
		gather("part.b")
		first := tx.Gathering("part.a")
		require.NotNil(t, first)
		require.NotSame(t, first, tx.Gathering("part.b"))
		tx.Seal("part.a")
		require.Nil(t, tx.Gathering("part.a"))
		require.NotNil(t, tx.Gathering("part.b"), "it is another one's")
		gather("part.a")
		require.NotSame(t, first, tx.Gathering("part.a"))
		require.NoError(t, tx.Flush(ctx))
		require.Nil(t, tx.Gathering("part.b"), "it is sent")
		return nil
	}))
	require.Equal(t, []string{"part.a", "part.b", "part.a"}, seen.Statements())
}

// TestWhatIsRequiredComesFirst of what a flush sends, and where it does not hold nothing is written.
func TestWhatIsRequiredComesFirst(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	seen, refused := &store.Trace{}, errors.New("refused")
	err := s.DB.Write(store.WithTrace(t.Context(), seen), s.Scope, func(tx *store.Tx) error {
		tx.Queue(store.Statement{Name: "part.last", SQL: "SELECT 1 FROM roles WHERE account_id = $1", Args: tx.Args()})
		roleNamed(tx, "1", "one")
		tx.Require(store.Statement{Name: "part.first", SQL: "SELECT 1 / count(*) FROM roles WHERE account_id = $1", Args: tx.Args(), Fail: store.OnDivision(refused)})
		return nil
	})
	require.ErrorIs(t, err, refused)
	require.Equal(t, []string{"part.first", "roles.insert", "part.last"}, seen.Statements())
	require.False(t, hasRole(t, s.DB, "ACME", "1"))
}

// TestWhatAPartKeepsIsTheTransactions, beyond a flush, and each attempt's own.
func TestWhatAPartKeepsIsTheTransactions(t *testing.T) {
	t.Parallel()
	hooks := storetest.New(t)
	db := open(t, migratedDSN(t), store.Options{Hook: hooks.Hook})
	hooks.Fail(storetest.At{Point: store.Decided}, 1, said("40001"))
	type one struct{}
	type two struct{}
	runs := 0
	require.NoError(t, db.Write(t.Context(), scopeOf(t, "ACME"), func(tx *store.Tx) error {
		runs++
		require.Nil(t, tx.Kept(one{}))
		tx.Keep(one{}, 1)
		tx.Keep(two{}, 2)
		roleNamed(tx, "1", "one")
		require.NoError(t, tx.Flush(t.Context()))
		require.Equal(t, []any{1, 2}, []any{tx.Kept(one{}), tx.Kept(two{})})
		tx.Keep(one{}, 3)
		require.Equal(t, []any{3, 2}, []any{tx.Kept(one{}), tx.Kept(two{})})
		return nil
	}))
	require.Equal(t, 2, runs)
}
