package codetest_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// namedTest is a test in a text, and whether it is an argument of -run, which is a pattern.
var namedTest = regexp.MustCompile(`(-run )?\b((?:Test|Fuzz|Benchmark)[A-Z]\w*)`)

// TestDocsNameTestsThatThereAre: a decision whose guarding test was renamed or removed would look guarded.
func TestDocsNameTestsThatThereAre(t *testing.T) {
	t.Parallel()
	var known []string
	for _, f := range files(t) {
		for _, decl := range f.ast.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && f.test {
				known = append(known, d.Name.Name)
			}
		}
	}
	slices.Sort(known)
	var findings []string
	named := 0
	tree := os.DirFS(root)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipFolder(name, entry.Name())
		case path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		for _, m := range namedTest.FindAllStringSubmatch(string(text), -1) {
			named++
			at, exact := slices.BinarySearch(known, m[2])
			if begins := at < len(known) && strings.HasPrefix(known[at], m[2]); !exact && !(begins && m[1] != "") {
				findings = append(findings, fmt.Sprintf("%s: %s", name, m[2]))
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, named, 100)
	report(t, "tests that docs name and that are not there", findings)
}
