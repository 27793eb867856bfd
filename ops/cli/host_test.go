package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/hostagent"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestAHostHandsTokensOnWhereNobodyReadsThem: the token of a node stands in neither its arguments nor its environment, which others may read for as
// long as it runs, and the node does not inherit that of its host.
func TestAHostHandsTokensOnWhereNobodyReadsThem(t *testing.T) {
	t.Setenv("FLUENT_JOIN_TOKEN", "of the host")
	t.Setenv("FLUENT_LOG", "WARN")
	for _, kind := range []cpv1.MachineKind{cpv1.MachineKind_MACHINE_KIND_NODE, cpv1.MachineKind_MACHINE_KIND_GATEWAY} {
		cmd := nodeProcess("fluent", []string{"http://127.0.0.1:1"}, joiner{}, hostagent.Start{NodeID: "n1", Kind: kind, Dir: "d", JoinToken: "of the node"})
		seen := strings.Join(append(cmd.Args, cmd.Env...), "\n")
		require.NotContains(t, seen, "of the node")
		require.NotContains(t, seen, "of the host")
		require.Contains(t, cmd.Env, "FLUENT_LOG=WARN")
		given, err := io.ReadAll(cmd.Stdin)
		require.NoError(t, err)
		token, err := (&joiner{tokenFile: cmd.Args[len(cmd.Args)-1]}).joinToken(strings.NewReader(string(given)))
		require.NoError(t, err)
		require.Equal(t, "of the node", token, "as the node reads it")

		again := nodeProcess("fluent", []string{"http://127.0.0.1:1"}, joiner{}, hostagent.Start{NodeID: "n1", Kind: kind, Dir: "d"})
		require.NotContains(t, again.Args, "--join-token-file", "one that has its certificate is told no token")
		require.Nil(t, again.Stdin)
	}
}

// TestWhatCallersSayIsCutInTheLogsOfProcesses: servers, gateways, nodes and hosts all log by this.
func TestWhatCallersSayIsCutInTheLogsOfProcesses(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	(&app{IO: IO{Err: &log}}).processLogger().Error("refused", "path", "/"+strings.Repeat("x", 1<<20), "who", "a\nb")
	require.Less(t, log.Len(), 2<<10)
	require.Contains(t, log.String(), "… (1048577 bytes)")
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.NotContains(t, log.String(), `a\nb`, "nobody begins a line")
}
