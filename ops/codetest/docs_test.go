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
	"unicode/utf8"

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

// What a reader can take in at a glance, in characters.
const (
	longestLine = 140
	longestCell = 120
)

// longCells are the pages with cells of tables that are longer, how many there are, and why. It only shrinks.
var longCells = map[string]struct {
	count int
	why   string
}{
	"dataplane/engine/DESIGN.md": {4, "what the engine promises, and by what"},
	"docs/dependencies.md":       {7, "what was compared with a library, and why it was taken"},
	"docs/rules.md":              {9, "generated from what rules say of their properties"},
	"docs/settings.md":           {2, "generated from what declarations say of settings"},
}

// TestDocsAreReadAtAGlance: a long line is several ideas in one sentence, and a long cell of a table a paragraph that nobody reads.
func TestDocsAreReadAtAGlance(t *testing.T) {
	t.Parallel()
	var findings []string
	pages := 0
	tree := os.DirFS(root)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return skipFolder(name, entry.Name())
		case path.Ext(name) != ".md" || strings.Contains(name, "/testdata/"):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		pages++
		lines, cells := long(string(text))
		findings = append(findings, prefixed(name, lines)...)
		if given := longCells[name]; len(cells) != given.count {
			findings = append(findings, prefixed(name, append(cells, fmt.Sprintf("%d long cells, and %d are given", len(cells), given.count)))...)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, pages, 20)
	report(t, fmt.Sprintf("lines of more than %d characters, cells of more than %d: one idea a sentence, and what is long goes below its table", longestLine, longestCell), findings)
}

func prefixed(name string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = name + ":" + s
	}
	return out
}

// long lists the lines and the cells of a page that are too long, each with its number. Code is as long as it is.
func long(text string) (lines, cells []string) {
	code := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		switch {
		case code || strings.HasPrefix(line, "    "):
		case strings.HasPrefix(line, "|"):
			for _, cell := range strings.Split(line, " | ") {
				for _, part := range strings.Split(strings.Trim(cell, "| "), "<br>") {
					if n := utf8.RuneCountInString(part); n > longestCell {
						cells = append(cells, fmt.Sprintf("%d: a cell of %d", i+1, n))
					}
				}
			}
		case utf8.RuneCountInString(line) > longestLine:
			lines = append(lines, fmt.Sprintf("%d: a line of %d", i+1, utf8.RuneCountInString(line)))
		}
	}
	return lines, cells
}

// TestLongLinesAreSeen: in characters, not in bytes; not in code.
func TestLongLinesAreSeen(t *testing.T) {
	t.Parallel()
	fits, over := strings.Repeat("ü", longestLine), strings.Repeat("x", longestLine+1)
	lines, cells := long(strings.Join([]string{fits, over, "    " + over, "```", over, "```", "| a | " + over + " | " + fits[:longestCell] + "<br>" + fits[:longestCell] + " |"}, "\n"))
	require.Equal(t, []string{"2: a line of 141"}, lines)
	require.Equal(t, []string{"7: a cell of 141"}, cells)
}
