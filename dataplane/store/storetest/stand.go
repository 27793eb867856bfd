package storetest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// Stand is what tests of statements stand on: a store over a database in which only conditions of statements tell accounts apart, a connection
// past the store, and two accounts, in which a test keeps the same rows: what a condition left out would reach is there to be reached.
type Stand struct {
	T     *testing.T
	DSN   string
	DB    *store.DB
	Hooks *Hooks
	Scope tenancy.Scope // of account ACME; the other one is OTHER
	Raw   *pgx.Conn     // a superuser's, which policies do not hold back
}

// Databases makes a database of a test's own, a copy of the one of a name that prepare has filled; dbtest.Template does.
type Databases func(t testing.TB, name string, prepare func(dsn string) error) (dsn string)

// NewStand makes a stand on a database of the test's own that has the current schema.
func NewStand(t *testing.T, databases Databases) *Stand {
	t.Helper()
	s := &Stand{T: t, DSN: databases(t, "store", Migrate), Hooks: New(t), Scope: ScopeOf(t, "ACME")}
	s.DB = Open(t, s.DSN, store.Options{Hook: s.Hooks.Hook})
	s.Raw = s.Connect()
	s.unfence()
	return s
}

// ScopeOf is the scope of a whole account.
func ScopeOf(t testing.TB, account string) tenancy.Scope {
	t.Helper()
	scope, err := tenancy.NewScope(tenancy.AccountID(account))
	require.NoError(t, err)
	return scope
}

// unfence takes the database's own fence between accounts away, as it is on CockroachDB: statements alone must tell them apart.
func (s *Stand) unfence() {
	tables := s.Texts("SELECT relname::text FROM pg_class WHERE relrowsecurity AND relkind = 'r'")
	require.NotEmpty(s.T, tables)
	for _, table := range tables {
		s.SQL("ALTER TABLE " + table + " DISABLE ROW LEVEL SECURITY")
	}
}

// Connect makes a connection past the store.
func (s *Stand) Connect() *pgx.Conn {
	s.T.Helper()
	c, err := pgx.Connect(context.Background(), s.DSN)
	require.NoError(s.T, err)
	s.T.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// AnyPlan makes the database read tables in the order in which their rows are stored: locks are to be taken in an order that no plan decides.
func (s *Stand) AnyPlan() {
	s.T.Helper()
	for _, name := range []string{"enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"} {
		s.SQL("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET " + name + " = off', current_database()); END $$")
	}
	s.DB = Open(s.T, s.DSN, store.Options{Hook: s.Hooks.Hook})
}

// Locked writes in ACME with locks of its own and must succeed.
func (s *Stand) Locked(fn func(tx *store.Tx)) {
	s.T.Helper()
	require.NoError(s.T, s.DB.WriteLocked(s.T.Context(), s.Scope, func(tx *store.Tx) error { fn(tx); return nil }))
}

// EachAccount writes in both accounts.
func (s *Stand) EachAccount(fn func(tx *store.Tx)) {
	s.T.Helper()
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(s.T, s.DB.WriteLocked(s.T.Context(), ScopeOf(s.T, account), func(tx *store.Tx) error { fn(tx); return nil }))
	}
}

// SQL runs a statement past the store.
func (s *Stand) SQL(text string, args ...any) {
	s.T.Helper()
	_, err := s.Raw.Exec(s.T.Context(), text, args...)
	require.NoError(s.T, err)
}

// Texts reads rows of one text past the store.
func (s *Stand) Texts(text string, args ...any) []string {
	s.T.Helper()
	rows, err := s.Raw.Query(s.T.Context(), text, args...)
	require.NoError(s.T, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.T, err)
	return out
}

// Free lists rows of a table of ACME that nobody has locked, by the text of a column.
func (s *Stand) Free(table, column string) []string {
	s.T.Helper()
	rows, err := s.Connect().Query(s.T.Context(), "SELECT "+column+"::text FROM "+table+" WHERE account_id = 'ACME' ORDER BY 1 FOR UPDATE SKIP LOCKED")
	require.NoError(s.T, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.T, err)
	return out
}

// Hold locks the one row that a statement finds, until the function that is returned is called.
func (s *Stand) Hold(sql string, args ...any) (release func()) {
	s.T.Helper()
	tx, err := s.Connect().Begin(context.Background())
	require.NoError(s.T, err)
	tag, err := tx.Exec(s.T.Context(), sql, args...)
	require.NoError(s.T, err)
	require.EqualValues(s.T, 1, tag.RowsAffected())
	return func() { require.NoError(s.T, tx.Rollback(context.Background())) }
}
