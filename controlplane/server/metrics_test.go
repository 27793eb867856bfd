package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperatorsSeeTheClusterInMetrics(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	leaders := 0
	for _, p := range cp.peers {
		status, page := get(t, cp.api(p.ID)+"/metrics")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, `fluent_controlplane_raft_index{kind="applied"}`)
		require.Contains(t, page, `fluent_controlplane_operations{state="running"} 0`)
		if strings.Contains(page, `fluent_controlplane_raft_state{state="leader"} 1`) {
			leaders++
		}
	}
	require.LessOrEqual(t, leaders, 1)
}
