package lease_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/dataplane/engine/lease"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
)

// table is a database as a node sees it. The node's clock is moved by the test, and by calls that take time.
type table struct {
	clock    *enginetest.Clock // the node's
	slow     time.Duration     // what each call takes
	down     error             // what calls answer with, after that time
	noTaking error             // the same for TakeRanges alone
	nodes    []string
	leases   []leasestore.Lease

	took     []bool  // of each TakeRanges: whether it was to take what stands in the node's own name
	released [][]int // of each ReleaseRanges
	left     bool
}

// newTable has so many ranges, all of them free.
func newTable(ranges int, nodes ...string) *table {
	d := &table{clock: enginetest.NewClock(), nodes: nodes}
	for id := range ranges {
		d.leases = append(d.leases, leasestore.Lease{Range: id, Expired: true})
	}
	return d
}

func (d *table) Heartbeat(context.Context, string, time.Duration) ([]string, []leasestore.Lease, error) {
	d.clock.Step(d.slow)
	return d.nodes, append([]leasestore.Lease(nil), d.leases...), d.down
}

func (d *table) TakeRanges(_ context.Context, node string, ranges []int, _ time.Duration, own bool) (map[int]leasestore.Epoch, error) {
	d.clock.Step(d.slow)
	d.took = append(d.took, own)
	if d.noTaking != nil {
		return nil, d.noTaking
	}
	out := map[int]leasestore.Epoch{}
	for _, id := range ranges {
		if l := &d.leases[id]; l.Expired || own && l.Owner == node {
			l.Owner, l.Expired = node, false
			l.Epoch++
			out[id] = l.Epoch
		}
	}
	return out, nil
}

func (d *table) ReleaseRanges(_ context.Context, _ string, ranges []int, leaving bool) error {
	d.released, d.left = append(d.released, ranges), leaving
	for _, id := range ranges {
		d.leases[id].Expired = true
	}
	return d.down
}

// manager has leases of eight seconds, of which a node uses six.
func (d *table) manager(t *testing.T, changed func()) *lease.Manager {
	t.Helper()
	m, err := lease.New(d, lease.Config{Node: "n1", TTL: 8 * time.Second, Now: d.clock.Now, Changed: changed})
	require.NoError(t, err)
	return m
}

func held(m *lease.Manager, id int) bool {
	_, _, ok := m.Held(id)
	return ok
}

// TestANodeStopsBeforeTheDatabaseWouldGiveItsRangesAway: by its own clock, counted from when it asked, not from when it was answered.
func TestANodeStopsBeforeTheDatabaseWouldGiveItsRangesAway(t *testing.T) {
	t.Parallel()
	d := newTable(2, "n1")
	d.slow = time.Second
	m := d.manager(t, nil)
	asked := d.clock.Now()
	require.NoError(t, m.Step(t.Context())) // a heartbeat and a take: two seconds
	require.Equal(t, asked.Add(2*time.Second), d.clock.Now())
	epoch, until, ok := m.Held(1)
	require.True(t, ok)
	require.EqualValues(t, 1, epoch)
	require.Equal(t, asked.Add(6*time.Second), until, "the earlier of the two calls counts, for its renewal covers all")
	d.clock.Step(4*time.Second - time.Nanosecond)
	require.True(t, held(m, 1))
	require.Equal(t, []int{0, 1}, m.Ranges())
	d.clock.Step(time.Nanosecond)
	require.False(t, held(m, 1), "its time is over")
	require.Empty(t, m.Ranges())

	asked = d.clock.Now()
	require.NoError(t, m.Step(t.Context()))
	_, until, ok = m.Held(1)
	require.True(t, ok, "the database had not given it away")
	require.Equal(t, asked.Add(6*time.Second), until)
}

// TestAHeartbeatThatFailsRenewsNothing, however long it took.
func TestAHeartbeatThatFailsRenewsNothing(t *testing.T) {
	t.Parallel()
	d := newTable(1, "n1")
	m := d.manager(t, nil)
	require.NoError(t, m.Step(t.Context()))
	d.clock.Step(5 * time.Second)
	d.slow, d.down = time.Second-time.Nanosecond, errors.New("no connection")
	require.Error(t, m.Step(t.Context()))
	require.True(t, held(m, 0), "what it has it has until then")
	d.clock.Step(time.Nanosecond)
	require.False(t, held(m, 0))
}

// TestWhatTheDatabaseGaveAwayIsGone: to another node, to another process of the same name, or to nobody yet.
func TestWhatTheDatabaseGaveAwayIsGone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now   leasestore.Lease
		owner string
	}{
		"another node":      {leasestore.Lease{Owner: "n2", Epoch: 2}, "n2"},
		"another node, too": {leasestore.Lease{Owner: "n2", Epoch: 1}, "n2"},
		"another process":   {leasestore.Lease{Owner: "n1", Epoch: 2}, "n1"},
		"run out":           {leasestore.Lease{Owner: "n1", Epoch: 1, Expired: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTable(3, "n1")
			changes := 0
			m := d.manager(t, func() { changes++ })
			require.NoError(t, m.Step(t.Context()))
			require.Equal(t, 1, changes)
			d.leases[1].Owner, d.leases[1].Epoch, d.leases[1].Expired = c.now.Owner, c.now.Epoch, c.now.Expired
			d.noTaking = errors.New("not now")
			if c.now.Expired {
				require.Error(t, m.Step(t.Context()))
			} else {
				require.NoError(t, m.Step(t.Context()))
			}
			require.Equal(t, []int{0, 2}, m.Ranges())
			require.Equal(t, c.owner, m.Owner(1))
			require.Equal(t, "n1", m.Owner(0))
			require.Equal(t, 2, changes, "whoever works for the range must hear of it")
			require.NoError(t, func() error { d.noTaking = nil; return m.Step(t.Context()) }())
			epoch, _, ok := m.Held(1)
			require.Equal(t, c.now.Expired, ok, "what is free is taken again, what has an owner is not")
			if ok {
				require.EqualValues(t, 2, epoch)
			}
		})
	}
}

// TestANewProcessTakesWhatItsNameHolds: once, when it starts, and again if that failed; never what others hold.
func TestANewProcessTakesWhatItsNameHolds(t *testing.T) {
	t.Parallel()
	d := newTable(4, "n1", "n2")
	for id, owner := range []string{"n1", "n2", "n2", "n1"} {
		d.leases[id].Owner, d.leases[id].Epoch, d.leases[id].Expired = owner, 5, false
	}
	d.noTaking = errors.New("not now")
	m := d.manager(t, nil)
	require.Error(t, m.Step(t.Context()))
	require.Empty(t, m.Ranges(), "under its predecessor's epoch it holds nothing")
	d.noTaking = nil
	require.NoError(t, m.Step(t.Context()))
	require.Equal(t, []int{0, 3}, m.Ranges())
	epoch, _, _ := m.Held(0)
	require.EqualValues(t, 6, epoch, "the predecessor is fenced")

	d.leases[0].Epoch = 7 // yet another process of the name has taken over from this one, which is not to take it back
	d.leases[1].Expired = true
	d.nodes = []string{"n1"}
	require.NoError(t, m.Step(t.Context()))
	require.Equal(t, []bool{true, true, false}, d.took)
	require.Equal(t, []int{1, 3}, m.Ranges())
}

// TestANodeTakesItsShareAndGivesBackTheRest of what it holds when others come.
func TestANodeTakesItsShareAndGivesBackTheRest(t *testing.T) {
	t.Parallel()
	d := newTable(7, "n0", "n1", "n2") // shares of 3, 2 and 2
	m := d.manager(t, nil)
	require.NoError(t, m.Step(t.Context()))
	require.Len(t, m.Ranges(), 2)
	d.nodes = []string{"n1", "n2"} // of 4 and 3
	require.NoError(t, m.Step(t.Context()))
	require.Len(t, m.Ranges(), 4)
	require.Empty(t, d.released)
	d.nodes = []string{"n0", "n1"}
	require.NoError(t, m.Step(t.Context()))
	require.Len(t, m.Ranges(), 3)
	require.Len(t, d.released, 1)
	require.Len(t, d.released[0], 1)
	given := d.released[0][0]
	require.NotContains(t, m.Ranges(), given, "it was given up before others may take it")
	require.Empty(t, m.Owner(given))
	require.Equal(t, []string{"n0", "n1"}, m.Nodes())
	d.nodes = []string{"n0"} // the database does not count it among the living
	require.NoError(t, m.Step(t.Context()))
	require.Empty(t, m.Ranges())
}

// TestAFencedRangeIsLostUnderItsEpochAlone: a commit of an earlier epoch that comes to nothing says nothing of the present one.
func TestAFencedRangeIsLostUnderItsEpochAlone(t *testing.T) {
	t.Parallel()
	d := newTable(2, "n1")
	changes := 0
	m := d.manager(t, func() { changes++ })
	require.NoError(t, m.Step(t.Context()))
	m.Lost(0, 0)
	m.Lost(5, 3)
	require.Equal(t, []int{0, 1}, m.Ranges())
	require.Equal(t, 1, changes)
	m.Lost(0, 1)
	require.Equal(t, []int{1}, m.Ranges())
	require.Equal(t, 2, changes)

	require.NoError(t, m.Release(t.Context()))
	require.Equal(t, [][]int{{1}}, d.released)
	require.True(t, d.left)
	require.Empty(t, m.Ranges())
	require.Equal(t, 3, changes)
}

func TestAManagerNeedsANode(t *testing.T) {
	t.Parallel()
	_, err := lease.New(newTable(1), lease.Config{})
	require.Error(t, err)
}
