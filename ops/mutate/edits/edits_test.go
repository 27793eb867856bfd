package edits_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/mutate/edits"
)

// check parses and type-checks a file and finds its mutants.
func check(t *testing.T, text string) ([]edits.Mutant, error) {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "a.go", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", nil)}
	if _, err := config.Check("a", fset, []*ast.File{tree}, info); err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	return edits.Of(edits.Source{Fset: fset, Tree: tree, Text: []byte(text), Info: info}), nil
}

// TestEachOperator: what is found in a function, and that all of it compiles and differs from what was there.
func TestEachOperator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code string
		want       []string
	}{
		{"conditions", "func f(a, b, c bool) {\nif a && b && c {\n}\nif !a {\n}\n}", []string{
			"a && b && c → never", "without && a", "without && b", "without && c", "!a → never", "!a → always"}},
		{"one of two", "func f(a, b bool) bool { return a || !b }", []string{"without || a", "without || !b"}},
		{"bounds", "func f(i, n int) bool { return i < n }", []string{"i < n → <="}},
		{"bounds by constants say each value once", "func f(n int) (a, b, c bool) { return n < 3, n <= 3, n == 3 }", []string{
			"n < 3 → <=", "func f(n int) (a, b, c bool) { return n < 3, n <= 3, n == 3 }: 3 → 2",
			"n <= 3 → <", "func f(n int) (a, b, c bool) { return n < 3, n <= 3, n == 3 }: 3 → 4",
			"n == 3 → !=", "func f(n int) (a, b, c bool) { return n < 3, n <= 3, n == 3 }: 3 → 4"}},
		{"answers", "func g() bool { return false }\nfunc f() bool { return g() }", []string{
			"func g() bool { return false }: false → true", "g() → !g()"}},
		{"switches", "func f(n int) {\nswitch n {\ncase 1, 2:\nf(1)\nf(2)\ncase 3:\nf(3)\ndefault:\nf(4)\n}\nswitch {\ncase n > 5:\nf(5)\n}\n}", nil},
		{"arithmetic", "func f(a, b int, s string) (int, string) { a += b; return a * b, s + s }", []string{
			"left out: a += b", "a += b → -=", "a * b → /"}},
		{"smaller and larger", "func f(a, b int) int { return min(a, b) }", []string{"func f(a, b int) int { return min(a, b) }: min → max"}},
		{"own names are not the language's", "func min(a int) int { return a }\nfunc f(a int) int { return min(a) }", nil},
		{"statements", "func f(m map[string]int) {\ndelete(m, \"a\")\ndefer f(nil)\ngo f(nil)\nm[\"b\"] = 1\n}", []string{
			"left out: delete(m, \"a\")", "left out: defer f(nil)", "left out: go f(nil)", "left out: m[\"b\"] = 1", "m[\"b\"] = 1: 1 → 2"}},
		{"an only statement goes with its condition", "func f(a bool) {\nfor {\nif a {\nbreak\n}\n}\n}", []string{"a → never", "a → always"}},
		{"early returns", "func f(a bool) int {\nif a {\nf(a)\nreturn 1\n}\nreturn 2\n}", []string{
			"a → never", "a → always", "left out: f(a)", "left out: return 1", "return 1: 1 → 2", "return 2: 2 → 3"}},
		{"room made in advance is no behaviour", "func f() { _ = make([]int, 0, 8); _ = make(map[int]int, 9) }", []string{
			"func f() { _ = make([]int, 0, 8); _ = make(map[int]int, 9) }: 0 → 1", "left out: _ = make([]int, 0, 8)", "left out: _ = make(map[int]int, 9)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "package a\n\n" + c.code + "\n"
			found, err := check(t, text)
			require.NoError(t, err)
			var changes []string
			for _, m := range found {
				changes = append(changes, m.Change)
				mutated := string(m.Apply([]byte(text)))
				require.NotEqual(t, text, mutated, m.Change)
				_, err := check(t, mutated)
				require.NoError(t, err, "%s\n%s", m.Change, mutated)
			}
			if c.name == "switches" {
				require.Subset(t, changes, []string{"case 1 left out", "case 2 left out", "case 3 left out", "n > 5 → never", "left out: f(1)", "left out: f(2)"})
				return
			}
			require.ElementsMatch(t, c.want, changes)
		})
	}
}

// TestLocksGoWithTheirRelease: a lock alone would hang or panic, which says nothing of what it is for.
func TestLocksGoWithTheirRelease(t *testing.T) {
	t.Parallel()
	text := "package a\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc f(b bool) {\n\tmu.Lock()\n\tif b {\n\t\tmu.Unlock()\n\t\treturn\n\t}\n\tdefer mu.Unlock()\n\tprintln()\n}\n"
	found, err := check(t, text)
	require.NoError(t, err)
	for _, m := range found {
		if m.Change == "without the lock mu" {
			require.Equal(t, "package a\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc f(b bool) {\n\tif false { mu.Lock() }\n\tif b {\n\t\tif false { mu.Unlock() }\n\t\treturn\n\t}\n\tif false { defer mu.Unlock() }\n\tprintln()\n}\n",
				string(m.Apply([]byte(text))))
			require.Equal(t, 8, m.Place.Line)
			return
		}
	}
	require.Fail(t, "the lock was not found")
}

func TestMomentsAndLogs(t *testing.T) {
	t.Parallel()
	text := "package a\n\nimport (\n\t\"log/slog\"\n\t\"time\"\n)\n\nfunc f(a, b time.Time) bool {\n\tslog.Info(\"x\")\n\tif 3*time.Second > 0 {\n\t}\n\treturn a.Before(b)\n}\n"
	found, err := check(t, text)
	require.NoError(t, err)
	var changes []string
	for _, m := range found {
		changes = append(changes, m.Change)
		require.NotContains(t, m.Change, "slog")
	}
	require.Contains(t, changes, "a.Before(b) → !(b).Before(a)")
	require.Contains(t, changes, "if 3*time.Second > 0 {: 3 → 30")
}

func TestGeneratedFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	found, err := check(t, "// Code generated by hand. DO NOT EDIT.\n\npackage a\n\nfunc f(a, b int) bool { return a < b }\n")
	require.NoError(t, err)
	require.Empty(t, found)
}
