package lease_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/lease"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
)

// hurried notes how long a call to the table may take.
type hurried struct {
	*table
	within time.Duration
}

func (h *hurried) Heartbeat(ctx context.Context, node string, ttl time.Duration) ([]string, []leasestore.Lease, error) {
	if at, ok := ctx.Deadline(); ok {
		h.within = time.Until(at)
	}
	return h.table.Heartbeat(ctx, node, ttl)
}

// TestARenewalGivesUpInTime for another one before the lease runs out.
func TestARenewalGivesUpInTime(t *testing.T) {
	t.Parallel()
	h := &hurried{table: newTable(1, "n1")}
	m, err := lease.New(h, lease.Config{Node: "n1", TTL: time.Hour})
	require.NoError(t, err)
	require.NoError(t, m.Step(t.Context()))
	require.Positive(t, h.within)
	require.LessOrEqual(t, h.within, 30*time.Minute)
}

// TestWhoGivesBackASurplusStays among the living: it still holds the rest.
func TestWhoGivesBackASurplusStays(t *testing.T) {
	t.Parallel()
	d := newTable(4, "n1")
	m := d.manager(t, nil)
	require.NoError(t, m.Step(t.Context()))
	d.nodes = []string{"n1", "n2"}
	require.NoError(t, m.Step(t.Context()))
	require.Len(t, d.released, 1)
	require.False(t, d.left)
	require.NoError(t, m.Release(t.Context()))
	require.True(t, d.left)
}
