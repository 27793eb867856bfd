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
