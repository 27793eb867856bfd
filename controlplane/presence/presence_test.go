package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/presence"
)

func TestOnlyNewsWakes(t *testing.T) {
	t.Parallel()
	tracker := presence.New()
	woken := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	changed := tracker.Changed()
	tracker.Note(presence.NodeKey("n1"), presence.Report{State: "READY", AppliedIndex: 1})
	require.True(t, woken(changed), "the first report")
	changed = tracker.Changed()
	tracker.Note(presence.NodeKey("n1"), presence.Report{State: "READY", AppliedIndex: 1, Seen: time.Unix(9, 0)})
	require.False(t, woken(changed), "nothing new but the time")
	last, known := tracker.Last(presence.NodeKey("n1"))
	require.True(t, known)
	require.Equal(t, time.Unix(9, 0), last.Seen)
	tracker.Note(presence.NodeKey("n1"), presence.Report{State: "READY", AppliedIndex: 2})
	require.True(t, woken(changed))
	_, known = tracker.Last(presence.HostKey("n1"))
	require.False(t, known, "a host is no node")
	tracker.Clear()
	_, known = tracker.Last(presence.NodeKey("n1"))
	require.False(t, known)
}
