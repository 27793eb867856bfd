//go:build soak

package soak_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// examples are the worked examples of docs/how-to/examples, and the test of each that shows it at work.
var examples = map[string]struct{ generate, vet, folder, test string }{
	"resource-with-operation.patch": {"ops/tools/buf.sh generate", "./controlplane/... ./ops/cli/...", "./controlplane/operation", "TestARetailerIsRepaired"},
	"root-with-dependants.patch":    {"go generate ./dataplane/store/migrations", "./domain/... ./dataplane/...", "./dataplane/engine", "TestATurnLoadsItsRootWithItsParts"},
	"entity-with-parts.patch":       {"go generate ./dataplane/store/migrations", "./domain/... ./dataplane/...", "./dataplane/entity", "TestRulesMakeWhatTheAPIMakes"},
}

// TestWorkedExamplesWork puts each worked example into a copy of the tree, generates what is generated, vets what it touches and runs its test.
func TestWorkedExamplesWork(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	for name, example := range examples {
		t.Run(name, func(t *testing.T) {
			tree := copied(t, root)
			run(t, tree, "git", "apply", filepath.Join(root, "docs", "how-to", "examples", name))
			generate := strings.Fields(example.generate)
			run(t, tree, generate[0], generate[1:]...)
			run(t, tree, "go", append([]string{"vet"}, strings.Fields(example.vet)...)...)
			out := run(t, tree, "go", "test", example.folder, "-run", "^"+example.test+"$", "-v", "-count=1")
			require.Contains(t, out, "--- PASS: "+example.test)
		})
	}
}

// copied is a copy of the files that git knows, with the tools that were fetched already.
func copied(t *testing.T, root string) string {
	t.Helper()
	tree := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(run(t, root, "git", "ls-files", "-z"), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // it is being removed
		}
		require.NoError(t, err)
		info, err := os.Stat(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(tree, name), text, info.Mode()))
	}
	if _, err := os.Stat(filepath.Join(root, ".cache")); err == nil {
		require.NoError(t, os.Symlink(filepath.Join(root, ".cache"), filepath.Join(tree, ".cache")))
	}
	return tree
}

// run runs a command in a folder and gives what it said.
func run(t *testing.T, folder, command string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, command, arguments...)
	c.Dir = folder
	if !filepath.IsAbs(command) && strings.Contains(command, "/") {
		c.Path = filepath.Join(folder, command)
	}
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", command, arguments, out)
	return string(out)
}
