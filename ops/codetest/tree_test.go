package codetest_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the import path of the repository's root.
const module = "github.com/fluent-oms/fluent"

// root is the repository's root as seen from this package's folder.
var root = filepath.Join("..", "..")

// file is one Go file of ours.
type file struct {
	path  string // from the root, with slashes
	lines int
	test  bool
	ast   *ast.File
	fset  *token.FileSet
}

// folder is the package folder, from the root: "." or "domain/order".
func (f file) folder() string { return filepath.ToSlash(filepath.Dir(f.path)) }

// at is a place for a failure message.
func (f file) at(pos token.Pos) string {
	return f.path + ":" + itoa(f.fset.Position(pos).Line)
}

// parseTree reads all Go files but generated ones once per test binary.
var parseTree = sync.OnceValues(func() ([]file, error) {
	var files []file
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(filepath.ToSlash(rel), entry.Name())
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		f, err := parseFile(path)
		if err != nil || ast.IsGenerated(f.ast) {
			return err
		}
		f.path, f.test = filepath.ToSlash(rel), strings.HasSuffix(rel, "_test.go")
		files = append(files, f)
		return nil
	})
	return files, err
})

func skipFolder(rel, name string) error {
	hidden := rel != "." && strings.HasPrefix(name, ".")
	// ops/tools has modules of its own; testdata is no code of ours.
	if hidden || rel == "ops/tools" || rel == "proto/third_party" || rel == "proto/gen" || rel == "bin" || name == "node_modules" || name == "testdata" {
		return filepath.SkipDir
	}
	return nil
}

func files(t *testing.T) []file {
	t.Helper()
	all, err := parseTree()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

// report fails the test with all findings at once.
func report(t *testing.T, rule string, findings []string) {
	t.Helper()
	slices.Sort(findings)
	if len(findings) > 0 {
		t.Errorf("%s (%d):\n  %s", rule, len(findings), strings.Join(findings, "\n  "))
	}
}

func countLines(text []byte) int { return bytes.Count(text, []byte("\n")) }

func parseSource(fset *token.FileSet, path string, text []byte) (*ast.File, error) {
	return parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
}
