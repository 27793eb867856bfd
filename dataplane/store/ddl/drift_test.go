package ddl_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/dataplane/store/migrations"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// described reads what a database says of the tables named: columns with their types, and indexes.
func described(t *testing.T, db *sql.DB, tables map[string]bool) []string {
	t.Helper()
	var out []string
	for _, query := range []string{
		`SELECT table_name, column_name || ' ' || data_type || ' nullable ' || is_nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`,
		`SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2`,
	} {
		rows, err := db.QueryContext(context.Background(), query)
		require.NoError(t, err)
		for rows.Next() {
			var table, what string
			require.NoError(t, rows.Scan(&table, &what))
			if tables[table] {
				out = append(out, table+": "+what)
			}
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return out
}

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dbtest.New(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestADatabaseAfterAllMigrationsHasTheSchemaOfTheCatalogue(t *testing.T) {
	t.Parallel()
	schema := ddl.Of(domain.Catalogue())
	tables := map[string]bool{}
	for _, table := range schema.Tables {
		tables[table.Name] = true
	}

	direct := open(t)
	for range 2 { // every statement may run again
		_, err := direct.ExecContext(t.Context(), strings.Join(schema.Statements(), ";\n"))
		require.NoError(t, err)
	}

	migrated := open(t)
	provider, err := goose.NewProvider(goose.DialectPostgres, migrated, migrations.FS)
	require.NoError(t, err)
	_, err = provider.Up(t.Context())
	require.NoError(t, err)

	want := append(described(t, direct, tables), leaving...)
	slices.Sort(want)
	have := described(t, migrated, tables)
	slices.Sort(have)
	require.Equal(t, want, have)
}

// leaving is what the catalogue no longer has, and nodes of the release before still name in their statements: a migration of the next release drops
// it, and its line here.
var leaving = []string{"users: api_key_hash text nullable YES"}
