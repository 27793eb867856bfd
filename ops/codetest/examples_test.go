package codetest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mostTouched is how many files each worked example of docs/how-to/examples may touch, but for tests and generated ones.
var mostTouched = map[string]int{"resource-with-operation.patch": 8, "entity-with-parts.patch": 2, "root-with-dependants.patch": 4}

// touchedFile is a file in a patch.
var touchedFile = regexp.MustCompile(`(?m)^\+\+\+ b/(.+)$`)

// entityStruct is the declaration of a struct in the domain, and madeStruct one that a patch adds.
var (
	entityStruct = regexp.MustCompile(`(?m)^type (\w+) struct`)
	madeStruct   = regexp.MustCompile(`(?m)^\+type (\w+) struct`)
)

// TestWorkedExamplesStayShortAndApply: what a how-to page shows fits the tree as it is, and costs no more files than promised. `make soak` generates,
// compiles and runs it.
func TestWorkedExamplesStayShortAndApply(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "docs", "how-to", "examples", "*.patch"))
	require.NoError(t, err)
	require.Len(t, files, len(mostTouched))
	for _, file := range files {
		name := filepath.Base(file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var touched []string
		for _, m := range touchedFile.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(m[1], "_test.go") && !strings.HasPrefix(m[1], "proto/gen/") {
				touched = append(touched, m[1])
			}
		}
		require.Contains(t, mostTouched, name)
		require.LessOrEqual(t, len(touched), mostTouched[name], "%s touches %v", name, touched)
		absolute, err := filepath.Abs(file)
		require.NoError(t, err)
		check := exec.CommandContext(t.Context(), "git", "apply", "--check", absolute)
		check.Dir = root
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s does not fit the tree any more; make it anew:\n%s", name, out)
	}
}

// shownExample is the code of a how-to page in a file of tests, up to the test that runs it.
var shownExample = regexp.MustCompile(`(?s)\n// What follows, up to the next test, is the worked example of (docs/how-to/[a-z-]+\.md)\.\n\n(.*?)\n// TestTheWorkedExample`)

// inAList is what a test puts before a value that a page shows as an entry of a list.
var inAList = regexp.MustCompile(`^var \w+ = `)

// TestPagesShowTheCodeThatTestsRun: a how-to page has the code of its worked example word for word, or it has not been tried.
func TestPagesShowTheCodeThatTestsRun(t *testing.T) {
	t.Parallel()
	shown := 0
	for _, f := range files(t) {
		if filepath.Base(f.path) != "howto_test.go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, f.path))
		require.NoError(t, err)
		m := shownExample.FindSubmatch(text)
		require.NotNil(t, m, "%s: it does not say of which page it is the example", f.path)
		page, err := os.ReadFile(filepath.Join(root, string(m[1])))
		require.NoError(t, err)
		for _, piece := range strings.Split(string(m[2]), "\n\n") {
			piece = inAList.ReplaceAllString(strings.TrimSpace(piece), "")
			require.Contains(t, string(page), piece, "%s does not show this piece of %s", m[1], f.path)
		}
		shown++
	}
	require.Equal(t, 4, shown)
}

// TestWorkedExamplesMakeEntitiesOfTheirOwn: the catalogue has one type of a name, in whatever package it is declared, so an example whose name has
// been taken since applies and does not run.
func TestWorkedExamplesMakeEntitiesOfTheirOwn(t *testing.T) {
	t.Parallel()
	taken := map[string]string{}
	sources, err := filepath.Glob(filepath.Join(root, "domain", "*", "*.go"))
	require.NoError(t, err)
	for _, file := range sources {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range entityStruct.FindAllStringSubmatch(string(text), -1) {
			taken[m[1]] = file
		}
	}
	require.Contains(t, taken, "Order")
	var made []string
	for name := range mostTouched {
		text, err := os.ReadFile(filepath.Join(root, "docs", "how-to", "examples", name))
		require.NoError(t, err)
		for _, m := range madeStruct.FindAllStringSubmatch(string(text), -1) {
			require.Empty(t, taken[m[1]], "%s makes a %s, which is there already; give it another name", name, m[1])
			made = append(made, m[1])
		}
	}
	require.Subset(t, made, []string{"Inspection", "PickRound"})
}
