package codetest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ownPath is the path of somebody's own folder, as stack traces and logs have it.
var ownPath = regexp.MustCompile(`/go/` + `pkg/mod/|(?:^|[^\w./-])/(?:root|home/\w+|Users/\w+)/`)

// sample is the home of nobody, in sample outputs.
var sample = []byte("/home/kim/")

// TestFilesNameNobodysMachine looks at all that is committed: traces, logs and failures that a tool wrote into the tree tell whose it was.
func TestFilesNameNobodysMachine(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	list.Dir = root
	names, err := list.Output()
	require.NoError(t, err)
	var findings []string
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		require.NoError(t, err)
		for n, line := range bytes.Split(text, []byte("\n")) {
			if found := ownPath.Find(line); found != nil && !bytes.Contains(found, sample) {
				findings = append(findings, fmt.Sprintf("%s:%d: %s", name, n+1, bytes.TrimSpace(found)))
			}
		}
	}
	report(t, "paths of somebody's own folders", findings)
}
