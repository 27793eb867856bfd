package codetest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const storeFolder = "dataplane/store"

// door is what the store exports for its parts only: by it, statements of a part's own reach the database.
var door = []string{"Statement", "Args", "Unscoped", "Gathering", "Copy", "Entities", "Number", "OnDivision", "OnTaken", "FirstUUID", "Shards"}

// partImports names for parts of the store which other parts they may import, with the reason.
var partImports = map[string]map[string]string{
	storeFolder + "/retention": {
		storeFolder + "/access":  "how many failed sign-ins are kept is bounded by their number, too, which their own statement knows",
		storeFolder + "/repeats": "requests say themselves how long they are known, which their own statement reads",
	},
}

// unscoped are the functions of parts whose statements are not about one account, with the reason.
var unscoped = map[string]string{
	storeFolder + "/access.RevokedTokens":    "each node hears of what was revoked in all accounts",
	storeFolder + "/access.PoliciesSince":    "each node hears of the policies of all accounts",
	storeFolder + "/access.ForgetTokens":     "what has expired is forgotten in all accounts at once",
	storeFolder + "/access.listKeys":         "keys belong to the environment",
	storeFolder + "/access.addKey":           "keys belong to the environment",
	storeFolder + "/access.sealingKeys":      "keys belong to the environment",
	storeFolder + "/access.KeepSealingKeys":  "keys belong to the environment",
	storeFolder + "/access.ForgetKeys":       "keys belong to the environment",
	storeFolder + "/access.counted":          "an attempt to sign in counts against its source as well, which belongs to no account",
	storeFolder + "/events.ReadPending":      "a node works for all accounts",
	storeFolder + "/events.ReleaseDue":       "a node works for all accounts",
	storeFolder + "/events.BlockedRetailers": "the same",
	storeFolder + "/events.Hurry":            "the same; each row of its arguments has its account",
	storeFolder + "/events.Overlooked":       "a node works for all accounts",
	storeFolder + "/leases.Fence":            "ranges of slots belong to the environment",
	storeFolder + "/leases.Heartbeat":        "ranges of slots belong to the environment",
	storeFolder + "/leases.TakeRanges":       "ranges of slots belong to the environment",
	storeFolder + "/leases.ReleaseRanges":    "ranges of slots belong to the environment",
	storeFolder + "/personal.Waiting":        "one node goes on with the operations of all accounts",
	storeFolder + "/outbox.Claim":            "one sender serves all accounts",
}

// TestTheStoresDoorIsForItsParts: who stands on the store uses entities, or a part.
func TestTheStoresDoorIsForItsParts(t *testing.T) {
	t.Parallel()
	var findings []string
	for _, f := range files(t) {
		if inAny(f.folder(), []string{storeFolder}) {
			continue
		}
		for _, s := range doorUses(f) {
			findings = append(findings, fmt.Sprintf("%s: store.%s", f.at(s.Pos()), s.Sel.Name))
		}
	}
	report(t, "uses of the store's door from outside: add to a part below "+storeFolder+", or make one", findings)
}

// TestPartsOfTheStoreStandAlone: a part knows the core and no other part, but for those that are declared.
func TestPartsOfTheStoreStandAlone(t *testing.T) {
	t.Parallel()
	parts, imports := map[string]bool{}, map[string][]string{}
	for _, f := range files(t) {
		if f.test || !strings.HasPrefix(f.folder(), storeFolder+"/") {
			continue
		}
		if len(doorUses(f)) > 0 {
			parts[f.folder()] = true
		}
		for _, spec := range f.ast.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if to, ours := strings.CutPrefix(path, module+"/"); ours {
				imports[f.folder()] = append(imports[f.folder()], to)
			}
		}
	}
	require.NotEmpty(t, parts)
	var findings []string
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		for _, to := range imports[part] {
			if parts[to] && partImports[part][to] == "" {
				findings = append(findings, fmt.Sprintf("%s imports %s", part, to))
			}
		}
	}
	report(t, "parts of the store that stand on others: declare it in this test, with the reason", findings)
}

// TestUnscopedStatementsAreListed, each with its reason, and the list holds no others.
func TestUnscopedStatementsAreListed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	var findings []string
	for _, f := range files(t) {
		if f.test {
			continue
		}
		for _, decl := range f.ast.Decls {
			for _, s := range selectorsOf(decl, storeName(f)) {
				if s.Sel.Name != "Unscoped" {
					continue
				}
				name := f.folder()
				if fn, ok := decl.(*ast.FuncDecl); ok {
					name += "." + fn.Name.Name
				}
				seen[name] = true
				if unscoped[name] == "" {
					findings = append(findings, f.at(s.Pos())+": "+name)
				}
			}
		}
	}
	for name := range unscoped {
		if !seen[name] {
			findings = append(findings, name+" is listed and does not do so")
		}
	}
	report(t, "statements without an account", findings)
}

// doorUses finds what a file uses of the door.
func doorUses(f file) (out []*ast.SelectorExpr) {
	for _, s := range selectorsOf(f.ast, storeName(f)) {
		if slices.Contains(door, s.Sel.Name) {
			out = append(out, s)
		}
	}
	return out
}

// storeName is the name under which a file imports the store; empty if it does not.
func storeName(f file) string {
	for _, spec := range f.ast.Imports {
		if spec.Path.Value == strconv.Quote(module+"/"+storeFolder) {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return "store"
		}
	}
	return ""
}

// selectorsOf finds what a tree names of a package.
func selectorsOf(tree ast.Node, name string) (out []*ast.SelectorExpr) {
	if name == "" {
		return nil
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

func TestUsesOfTheDoorAreSeen(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		`import "` + module + `/dataplane/store"; var s store.Statement`:                        1,
		`import s "` + module + `/dataplane/store"; func f() { s.Unscoped(); s.Open() }`:        1,
		`import "` + module + `/dataplane/store"; func f(r *store.Reader) { store.Get(r) }`:     0,
		`import "` + module + `/controlplane/store"; var s store.Statement`:                     0,
		`import "` + module + `/dataplane/store"; type Statement struct{ store *store.Reader }`: 0,
	} {
		tree, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+source, 0)
		require.NoError(t, err)
		require.Len(t, doorUses(file{ast: tree}), want, source)
	}
}
