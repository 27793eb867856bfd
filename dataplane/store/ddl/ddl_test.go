package ddl_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/dataplane/store/migrations"
	"github.com/fluent-oms/fluent/domain"
)

func TestTheMigrationsMakeAllThatTheCatalogueHas(t *testing.T) {
	t.Parallel()
	made, err := ddl.ReadMade(migrations.FS)
	require.NoError(t, err)
	require.Empty(t, ddl.Of(domain.Catalogue()).Missing(made), "run: go generate ./dataplane/store/migrations")
}

func TestEveryTenantTableBeginsItsKeyWithTheAccount(t *testing.T) {
	t.Parallel()
	for _, table := range ddl.Of(domain.Catalogue()).Tables {
		require.Equal(t, "account_id", table.Columns[0].Name, table.Name)
		require.True(t, table.Columns[0].NotNull, table.Name)
		require.Contains(t, table.Create(), "PRIMARY KEY (account_id, ", table.Name)
	}
}

func TestNamesAreNotCutShort(t *testing.T) {
	t.Parallel()
	s := ddl.Of(domain.Catalogue())
	for _, x := range s.Indexes {
		require.LessOrEqual(t, len(x.Name), 63, x.Name)
		require.Contains(t, x.Create(), "(account_id, ", x.Name)
	}
}

func TestEveryStatementMayRunAgain(t *testing.T) {
	t.Parallel()
	for _, s := range ddl.Of(domain.Catalogue()).Statements() {
		require.Contains(t, s, "IF NOT EXISTS")
	}
}

func TestSharedTables(t *testing.T) {
	t.Parallel()
	text := ddl.Of(domain.Catalogue()).Table("products").Create()
	require.Equal(t, 1, strings.Count(text, "kind TEXT NOT NULL"))
	require.Contains(t, text, "    product_id INT8,\n", "only variants have it")
}

func TestOnlyWhatIsNewIsGenerated(t *testing.T) {
	t.Parallel()
	schema := &ddl.Schema{
		Tables: []*ddl.Table{
			{Name: "a", Key: []string{"id"}, Columns: []*ddl.Column{
				{Name: "account_id", SQL: "TEXT", NotNull: true}, {Name: "id", SQL: "INT8", NotNull: true}, {Name: "n", SQL: "INT8", NotNull: true}, {Name: "t", SQL: "TEXT"},
			}},
			{Name: "b", Key: []string{"id"}, Columns: []*ddl.Column{{Name: "account_id", SQL: "TEXT", NotNull: true}, {Name: "id", SQL: "UUID", NotNull: true}}},
		},
		Indexes: []*ddl.Index{
			{Name: "a_old", Table: "a", Columns: []string{"id"}}, {Name: "a_new", Table: "a", Columns: []string{"t"}, Unique: true, Partial: "t"},
		},
	}
	old := "CREATE TABLE IF NOT EXISTS a (\n    account_id TEXT NOT NULL,\n    id INT8 NOT NULL,\n    CONSTRAINT a_pkey PRIMARY KEY (account_id, id)\n);\n" +
		"CREATE INDEX IF NOT EXISTS a_old ON a (account_id, id);\n"
	made, err := ddl.ReadMade(fstest.MapFS{"00001_entities.sql": {Data: []byte(old)}, "00007_other.sql": {}})
	require.NoError(t, err)
	require.Equal(t, "00008_entities.sql", made.NextFile("entities"))
	missing := schema.Missing(made)
	require.Equal(t, []string{
		"ALTER TABLE a ADD COLUMN IF NOT EXISTS n INT8 NOT NULL DEFAULT 0",
		"ALTER TABLE a ADD COLUMN IF NOT EXISTS t TEXT",
		"CREATE TABLE IF NOT EXISTS b (\n    account_id TEXT NOT NULL,\n    id UUID NOT NULL,\n    CONSTRAINT b_pkey PRIMARY KEY (account_id, id)\n)",
		"CREATE UNIQUE INDEX IF NOT EXISTS a_new ON a (account_id, t) WHERE t IS NOT NULL",
	}, missing)

	made, err = ddl.ReadMade(fstest.MapFS{"00001_entities.sql": {Data: []byte(old)}, "00008_entities.sql": {Data: []byte(ddl.Migration(missing))}})
	require.NoError(t, err)
	require.Empty(t, schema.Missing(made), "what was generated is found again")

	_, err = ddl.ReadMade(fstest.MapFS{"entities.sql": {}})
	require.ErrorContains(t, err, "want NNNNN_subject.sql")
}
