package store_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
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
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
)

// writesTo finds what a statement writes to.
var writesTo = regexp.MustCompile(`(?:INSERT INTO|\bUPDATE|DELETE FROM) (\w+|%s|%\[1\]s)`)

// entityTables are the tables of entities, with the types in them, and those of their links.
func entityTables() map[string][]string {
	tables := map[string][]string{}
	for _, t := range domain.Catalogue().Types() {
		tables[t.Table] = append(tables[t.Table], t.Name)
		for _, e := range t.Edges {
			if e.Link != nil {
				tables[e.Link.Table] = append(tables[e.Link.Table], t.Name)
			}
		}
	}
	return tables
}

// TestWhatChangesEntitiesSaysSo reads all SQL of the store. The core's texts for entities come through the queue of a Tx, which notes what it takes; any
// other that writes a table of entities tells the feed of changes itself, by the types that are in the table.
func TestWhatChangesEntitiesSaysSo(t *testing.T) {
	t.Parallel()
	tables := entityTables()
	told := 0
	for _, s := range constants(t) {
		for _, to := range writesTo.FindAllStringSubmatch(s.SQL, -1) {
			types, entities := tables[to[1]]
			if !entities {
				continue
			}
			told++
			require.Contains(t, s.SQL, "INSERT INTO changes", "%s writes %s, and nobody is told: see stock/noted.go", s.Name, to[1])
			require.True(t, slices.ContainsFunc(types, func(name string) bool {
				return regexp.MustCompile(`'[cud][NU]` + name + `'`).MatchString(s.SQL)
			}), "%s writes %s, and does not say so among what it tells", s.Name, to[1])
		}
	}
	require.Greater(t, told, 5)
}

// queued are the functions of the core whose texts hold for any table of entities. What they write is noted when the queue is taken (changed.take); who
// adds one sees to that as well.
//
// Documents are written by readers, and emptied behind what the queue has noted; nobody changes an entity by them.
var queued = []string{"(d *documented) writeTexts", "(g linkGroup) call", "(m *model) deleteText", "(m *model) insertText", "(m *model) updateText"}

// TestOnlyConstantsAndTheQueueWriteEntities: nowhere in the data plane is there another text that could write a table of entities.
func TestOnlyConstantsAndTheQueueWriteEntities(t *testing.T) {
	t.Parallel()
	tables := entityTables()
	var found []string
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				continue // read by the test above
			}
			ast.Inspect(d, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				for _, to := range writesTo.FindAllStringSubmatch(lit.Value, -1) {
					if _, entities := tables[to[1]]; entities || strings.HasPrefix(to[1], "%") {
						found = append(found, whose(d, text))
					}
				}
				return true
			})
		}
		return nil
	}))
	slices.Sort(found)
	require.Equal(t, queued, slices.Compact(found))
}

func whose(d ast.Decl, text []byte) string {
	fn, ok := d.(*ast.FuncDecl)
	if !ok {
		return string(text[d.Pos()-1 : d.End()-1])
	}
	if fn.Recv == nil {
		return fn.Name.Name
	}
	return string(text[fn.Recv.Pos()-1:fn.Recv.End()-1]) + " " + fn.Name.Name
}

// changesOf reads what is in the feed of an account, row by row.
func changesOf(t *testing.T, dsn, account string) (out [][]store.ChangedIDs) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { _ = c.Close(ctx) }()
	rows, err := c.Query(ctx, "SELECT body FROM changes WHERE account_id = $1 ORDER BY at, id", account)
	require.NoError(t, err)
	bodies, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	require.NoError(t, err)
	for _, body := range bodies {
		groups, err := store.DecodeChanges(body)
		require.NoError(t, err)
		out = append(out, groups)
	}
	return out
}

// TestACommitTellsWhatItChanged, once for each entity, over all its flushes, and nothing of what came to nothing.
func TestACommitTellsWhatItChanged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	scope := scopeOf(t, "ACME")
	roles := store.TypeOf[security.Role](db)
	role := func(id catalogue.ID) *security.Role {
		r := &security.Role{Name: "R" + string(id)}
		r.ID = id
		return r
	}
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		tx.Insert(role("3"), role("1000000"), role("4"))
		return nil
	}))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		tx.Insert(role("5"), role("6"))
		tx.Update(role("3"))
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		tx.Update(role("5"))
		tx.Update(role("3"))
		tx.Delete(roles, "6", "4", "none")
		return nil
	}))
	require.Error(t, db.Write(ctx, scope, func(tx *store.Tx) error { tx.Insert(role("3")); return nil }))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error {
		tx.Update(role("5"))
		tx.Delete(roles, "1000000")
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		tx.Delete(roles, "5")
		tx.Insert(role("1000000"))
		return nil
	}))
	network, at := &foundation.Network{Ref: "N"}, &foundation.Location{Ref: "L", Name: "n", Type: "STORE", Status: "ACTIVE", RetailerID: "1"}
	network.ID, at.ID = "7", "8"
	edge := store.TypeOf[foundation.Network](db).Edge("locations")
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error { tx.Insert(network, at); return nil }))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error { tx.Link(edge, "7", "8"); return nil }))
	require.NoError(t, db.Write(ctx, scope, func(tx *store.Tx) error { tx.Unlink(edge, "7", "8"); return nil }))
	linked := []store.ChangedIDs{{Type: "Location", What: store.Updated, IDs: []catalogue.ID{"8"}}, {Type: "Network", What: store.Updated, IDs: []catalogue.ID{"7"}}}
	require.Equal(t, [][]store.ChangedIDs{
		{{Type: "Role", What: store.Created, IDs: []catalogue.ID{"3", "4", "1000000"}}},
		{{Type: "Role", What: store.Created, IDs: []catalogue.ID{"5"}}, {Type: "Role", What: store.Deleted, IDs: []catalogue.ID{"4"}}, {Type: "Role", What: store.Updated, IDs: []catalogue.ID{"3"}}},
		{{Type: "Role", What: store.Deleted, IDs: []catalogue.ID{"5"}}, {Type: "Role", What: store.Updated, IDs: []catalogue.ID{"1000000"}}},
		{{Type: "Location", What: store.Created, IDs: []catalogue.ID{"8"}}, {Type: "Network", What: store.Created, IDs: []catalogue.ID{"7"}}},
		linked, linked,
	}, changesOf(t, dsn, "ACME"))
}

// TestALargeCommitTellsAllThatItChanged, in as many rows as it takes.
func TestALargeCommitTellsAllThatItChanged(t *testing.T) {
	t.Parallel()
	dsn := migratedDSN(t)
	db := open(t, dsn, store.Options{})
	const most = 9001
	require.NoError(t, db.Write(t.Context(), scopeOf(t, "ACME"), func(tx *store.Tx) error {
		for n := range most {
			id := strconv.Itoa(n + 1)
			r := &security.Role{Name: "R" + id}
			r.ID = catalogue.ID(id)
			tx.Insert(r)
		}
		return nil
	}))
	rows := changesOf(t, dsn, "ACME")
	told := map[catalogue.ID]bool{}
	for _, groups := range rows {
		for _, g := range groups {
			require.Equal(t, store.Created, g.What)
			require.LessOrEqual(t, len(g.IDs), 4000, "a row is read at once")
			for _, id := range g.IDs {
				told[id] = true
			}
		}
	}
	require.Len(t, told, most)
}
