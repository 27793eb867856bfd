package cli

import (
	"testing"

	"github.com/stretchr/testify/require"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestANodeThatWasAskedToDrainIsShownSo: the answer to fluent node drain comes before the node has heard of it.
func TestANodeThatWasAskedToDrainIsShownSo(t *testing.T) {
	t.Parallel()
	state := nodeColumns()[3]
	require.Equal(t, "STATE", state.Title)
	for _, c := range []struct {
		is    cpv1.NodeState
		drain bool
		want  string
	}{
		{cpv1.NodeState_NODE_STATE_READY, false, "READY"}, {cpv1.NodeState_NODE_STATE_READY, true, "DRAINING"},
		{cpv1.NodeState_NODE_STATE_JOINING, false, "JOINING"}, {cpv1.NodeState_NODE_STATE_JOINING, true, "DRAINING"},
		{cpv1.NodeState_NODE_STATE_DRAINING, true, "DRAINING"}, {cpv1.NodeState_NODE_STATE_GONE, true, "GONE"}, {cpv1.NodeState_NODE_STATE_PLANNED, true, "PLANNED"},
	} {
		require.Equal(t, c.want, state.Value(&cpv1.Node{State: c.is, Drain: c.drain}))
	}
}
