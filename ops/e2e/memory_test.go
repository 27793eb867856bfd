package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/memory"
)

var memoryOption = regexp.MustCompile(`--memory-limit\x00([0-9]+)B`)

// TestEveryProcessOfAnInstallationHasAMemoryLimit reads the arguments of what `fluent up` started.
func TestEveryProcessOfAnInstallationHasAMemoryLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		t.Skip("GOMEMLIMIT is set: each process reads that")
	}
	s := shared(t)
	sum, limited := int64(0), 0
	for name, pid := range readJSON[map[string]int](t, filepath.Join(s.stack.Options.Dir, "processes.json")) {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		require.NoError(t, err, name)
		found := memoryOption.FindSubmatch(raw)
		if found == nil {
			require.Contains(t, name, "database", "only the database has no limit of ours: %s", raw)
			continue
		}
		n, err := strconv.ParseInt(string(found[1]), 10, 64)
		require.NoError(t, err)
		sum, limited = sum+n, limited+1
	}
	total, err := memory.Total()
	require.NoError(t, err)
	require.GreaterOrEqual(t, limited, 4)
	require.LessOrEqual(t, sum, int64(memory.Together*float64(total)))
	require.Greater(t, sum, total/2, "what there is is used")
}
