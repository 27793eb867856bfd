package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// tableWord is in each whole statement; constants without it are pieces that code puts into others.
var tableWord = regexp.MustCompile(`\b(FROM|INTO|UPDATE)\b|version\(\)`)

// constants finds the texts of SQL statements among the constants of the source of this package and of those below it that send statements.
func constants(t *testing.T) (out []store.Derived) {
	folders := []string{"."}
	files, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		at := filepath.Dir(name)
		if !strings.HasSuffix(name, "_test.go") && bytes.Contains(text, []byte("store.Statement{")) && !slices.Contains(folders, at) {
			folders = append(folders, at)
		}
	}
	require.Greater(t, len(folders), 1)
	for _, folder := range folders {
		out = append(out, constantsIn(t, folder)...)
	}
	return out
}

func constantsIn(t *testing.T, folder string) (out []store.Derived) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	values := map[string]ast.Expr{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, s := range g.Specs {
					v := s.(*ast.ValueSpec)
					for i, n := range v.Names {
						if i < len(v.Values) {
							values[n.Name] = v.Values[i]
						}
					}
				}
			}
		}
	}
	parts := map[string]bool{} // constants that others are put together from
	for _, e := range values {
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				parts[id.Name] = true
			}
			return true
		})
	}
	for name, e := range values {
		if parts[name] {
			continue
		}
		text, ok := textOf(e, values)
		verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
		if ok && strings.Contains("SELECT INSERT UPDATE DELETE WITH", verb) && verb != "" && strings.Contains(text, " ") && tableWord.MatchString(text) && !strings.Contains(text, "%s") {
			out = append(out, store.Derived{Name: name, SQL: text})
		}
	}
	return out
}

// textOf evaluates literals, names of constants and their concatenations.
func textOf(e ast.Expr, values map[string]ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.Ident:
		v, ok := values[e.Name]
		if !ok {
			return "", false
		}
		return textOf(v, values)
	case *ast.BinaryExpr:
		x, okX := textOf(e.X, values)
		y, okY := textOf(e.Y, values)
		return x + y, okX && okY
	}
	return "", false
}

func allStatements(t *testing.T) []store.Derived {
	derived, err := store.Statements(domain.Catalogue())
	require.NoError(t, err)
	return append(derived, constants(t)...)
}

func TestEveryStatementIsAcceptedByPostgreSQL(t *testing.T) {
	t.Parallel()
	conn := migrated(t)
	all := allStatements(t)
	require.Greater(t, len(all), 500)
	for _, s := range all {
		_, err := conn.Prepare(context.Background(), "", s.SQL)
		require.NoError(t, err, "%s: %s", s.Name, s.SQL)
	}
}

// TestHotStatementsUseAnIndex plans hot statements for unknown values on tables with rows, and demands that each table is read by an index that
// narrows the search beyond the account, or that gives the order which a LIMIT cuts.
func TestHotStatementsUseAnIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn := filled(t)
	_, err := conn.Exec(ctx, "ANALYZE")
	require.NoError(t, err)
	// As the store does: as the role that policies hold back, and with plans for unknown values.
	_, err = conn.Exec(ctx, "SET plan_cache_mode = force_generic_plan; SET ROLE fluent_tenant", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	checked := 0
	for _, s := range allStatements(t) {
		if s.Hot {
			checked++
			plan := explain(t, conn, s.SQL)
			for _, problem := range scans(plan, false) {
				t.Errorf("%s: %s\n%s", s.Name, problem, s.SQL)
			}
		}
	}
	t.Logf("%d hot statements planned", checked)
}

func migrated(t *testing.T) *pgx.Conn {
	conn, err := pgx.Connect(context.Background(), migratedDSN(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// filled is a database with rows in all tables of entities.
func filled(t *testing.T) *pgx.Conn {
	fill := func(dsn string) error {
		if err := storetest.Migrate(dsn); err != nil {
			return err
		}
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			return err
		}
		for _, typ := range domain.Catalogue().Types() {
			fillTable(t, conn, typ.Table)
			if typ.Document != nil {
				fillTable(t, conn, typ.Document.Table)
			}
		}
		for _, typ := range domain.Catalogue().Types() {
			for _, e := range typ.Edges {
				if e.Link != nil {
					fillTable(t, conn, e.Link.Table)
				}
			}
		}
		return conn.Close(t.Context())
	}
	conn, err := pgx.Connect(t.Context(), dbtest.Template(t, "filled", fill))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

const filledRows = 6000

// fillTable puts rows of two accounts into a table that is empty, with about ten rows for each reference.
func fillTable(t *testing.T, conn *pgx.Conn, table string) {
	ctx := context.Background()
	var n int
	require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+table+" LIMIT 1) x").Scan(&n))
	if n > 0 {
		return
	}
	rows, err := conn.Query(ctx, `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema() ORDER BY ordinal_position`, table)
	require.NoError(t, err)
	var names, values []string
	var name, kind string
	_, err = pgx.ForEachRow(rows, []any{&name, &kind}, func() error {
		value := sampleValue(name, kind)
		if len(names) == 2 && names[1] != "id" && strings.HasSuffix(name, "_id") {
			value = "g" // the far side of a link table
		}
		if len(names) == 1 && strings.HasSuffix(table, "_documents") {
			value = "g" // there is one of each root
		}
		names, values = append(names, name), append(values, value)
		return nil
	})
	require.NoError(t, err)
	_, err = conn.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generate_series(1, %d) AS s (g) ON CONFLICT DO NOTHING",
		table, strings.Join(names, ", "), strings.Join(values, ", "), filledRows))
	require.NoError(t, err, table)
}

func sampleValue(name, kind string) string {
	switch {
	case name == "account_id":
		return "'A' || g % 2"
	case name == "id" && kind == "uuid":
		return "gen_random_uuid()"
	case name == "id":
		return "g"
	case kind == "uuid":
		return "md5((g / 20)::TEXT)::UUID"
	case strings.HasSuffix(name, "_id"):
		return "g / 20"
	case kind == "text":
		return "'v' || g"
	case kind == "bigint", kind == "integer", kind == "double precision":
		return "g"
	case kind == "boolean":
		return "g % 2 = 0"
	case kind == "timestamp with time zone":
		return "now() + g * INTERVAL '1 second'"
	default:
		return "'[]'"
	}
}

func explain(t *testing.T, conn *pgx.Conn, sql string) map[string]any {
	ctx := context.Background()
	d, err := conn.Prepare(ctx, "s", sql)
	require.NoError(t, err)
	nulls := strings.TrimSuffix(strings.Repeat("NULL, ", len(d.ParamOIDs)), ", ")
	rows, err := conn.Query(ctx, "EXPLAIN (FORMAT JSON) EXECUTE s ("+nulls+")", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	text, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NoError(t, conn.Deallocate(ctx, "s"))
	var plans []struct{ Plan map[string]any }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan
}

// scans walks a plan and tells which tables are read in a way that grows with the account. sorted says that a node above needs all rows.
func scans(node map[string]any, sorted bool) (problems []string) {
	kind, _ := node["Node Type"].(string)
	cond, _ := node["Index Cond"].(string)
	switch node["Relation Name"] {
	case "long_writes": // all rows of an account are wanted: there are hardly ever any
		return nil
	case "engine_nodes": // of all nodes, of which each has a row
		return nil
	}
	switch kind {
	case "Seq Scan":
		problems = append(problems, fmt.Sprintf("reads all of %v", node["Relation Name"]))
	case "Index Scan", "Index Only Scan", "Bitmap Index Scan":
		if strings.Count(cond, "=")+strings.Count(cond, "<")+strings.Count(cond, ">") < 2 && (sorted || kind == "Bitmap Index Scan") {
			problems = append(problems, fmt.Sprintf("reads a whole account by %v: %s", node["Index Name"], cond))
		}
	case "Sort", "Incremental Sort", "Hash", "Aggregate", "Materialize":
		sorted = true
	case "Limit":
		sorted = false
	}
	children, _ := node["Plans"].([]any)
	for _, c := range children {
		problems = append(problems, scans(c.(map[string]any), sorted)...)
	}
	return problems
}
