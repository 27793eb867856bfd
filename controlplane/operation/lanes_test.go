package operation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/operation"
	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// crowd is a world whose nodes count who is with them, and answer when they are let.
type crowd struct {
	*world
	open chan struct{}

	count sync.Mutex
	now   map[string]int
	most  map[string]int
}

func (c *crowd) visit(node string) {
	c.count.Lock()
	c.now[node]++
	c.most[node] = max(c.most[node], c.now[node])
	c.count.Unlock()
	<-c.open
	c.count.Lock()
	c.now[node]--
	c.count.Unlock()
}

func (c *crowd) inside() (n int) {
	c.count.Lock()
	defer c.count.Unlock()
	for _, each := range c.now {
		n += each
	}
	return n
}

func (c *crowd) PrepareAccount(_ context.Context, on *cpv1.Node, _ *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	c.visit(on.GetId())
	return &nodev1.PrepareAccountResponse{}, nil
}

func (c *crowd) PrepareRetailer(_ context.Context, on *cpv1.Node, _ *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	c.visit(on.GetId())
	return &nodev1.PrepareRetailerResponse{Artefacts: map[string]string{"a": "b"}}, nil
}

func TestTwoHundredAccountsAtOnceMeetNoNodeInACrowd(t *testing.T) {
	t.Parallel()
	const accounts, nodes = 200, 2
	c := &crowd{world: newWorld(t), open: make(chan struct{}), now: map[string]int{}, most: map[string]int{}}
	ids := make([]string, accounts)
	for i := range ids {
		ids[i] = c.Account(fmt.Sprintf("A%d", i), "AU")
	}
	c.Node("a1", "au-1")
	c.Node("a2", "au-1")
	c.Node("e1", "eu-1")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	deps := c.deps()
	deps.Nodes = asked{c}
	go func() { defer close(ended); _ = operation.Drive(ctx, deps) }()
	open := sync.OnceFunc(func() { close(c.open) })
	t.Cleanup(func() { open(); cancel(); <-ended })

	require.Eventually(t, func() bool { return c.inside() == nodes*state.PreparationsPerNode }, time.Minute, 5*time.Millisecond)
	last := func() *cpv1.WaitingFor {
		v := c.Store.View()
		return state.WithTurn(v, c.Operation(ids[accounts-1])).GetWaitingFor()
	}
	require.Eventually(t, func() bool {
		return last().GetDetail() == "Waits for 199 others: the nodes of au-1 prepare 4 at a time."
	}, time.Minute, 5*time.Millisecond, "%v", last())
	require.Equal(t, "QUEUED", last().GetReason())
	require.Equal(t, "environment/au-1", last().GetResource())
	require.NotNil(t, last().GetSince())
	require.Nil(t, state.WithTurn(c.Store.View(), c.Operation(ids[0])).GetWaitingFor(), "the first waits for nobody")
	index := c.Store.View().Index()

	// Those who wait keep nobody of another environment from being worked on.
	elsewhere := c.Account("EU1", "EU")
	require.Eventually(t, func() bool { c.count.Lock(); defer c.count.Unlock(); return c.now["e1"] == 1 }, time.Minute, 5*time.Millisecond)
	require.LessOrEqual(t, int(c.Store.View().Index()-index), 2, "waiting writes nothing into the log: the account and its place are all")

	open()
	for _, id := range append(ids, elsewhere) {
		c.done(id)
	}
	for node, most := range c.most {
		require.LessOrEqual(t, most, state.PreparationsPerNode, node)
	}
	require.Positive(t, c.most["a2"], "they are spread")
}

// TestALaneThatIsLeftIsOfferedAtOnce: who waits hears of it, and looks at another node at each attempt.
func TestALaneThatIsLeftIsOfferedAtOnce(t *testing.T) {
	t.Parallel()
	freed := make(chan struct{}, 1)
	l := operation.NewLanes(freed)
	ready := []*cpv1.Node{{Id: "a"}, {Id: "b"}, {Id: "c"}}
	require.True(t, l.Room(nil), "who waits for a node says so himself")
	on, leave := l.Enter(nil, 0)
	require.Nil(t, on)
	require.Nil(t, leave)
	for attempt, want := range []string{"a", "b", "c", "a"} {
		on, leave := l.Enter(ready, attempt)
		require.Equal(t, want, on.GetId())
		leave()
	}
	require.Len(t, freed, 1, "and who has heard of it already is not waited for")
	require.Zero(t, l.Busy())
	<-freed

	inside := map[string]int{}
	var last func()
	for range len(ready) * state.PreparationsPerNode {
		require.True(t, l.Room(ready))
		on, leave := l.Enter(ready, 0)
		inside[on.GetId()]++
		last = leave
	}
	for _, n := range ready {
		require.Equal(t, state.PreparationsPerNode, inside[n.GetId()])
	}
	require.False(t, l.Room(ready))
	on, _ = l.Enter(ready, 1)
	require.Nil(t, on)
	require.Empty(t, freed)
	last()
	require.Len(t, freed, 1)
	require.True(t, l.Room(ready))
	on, _ = l.Enter(ready, 1)
	require.NotNil(t, on)
}

// TestOnlyPreparationsWaitForNodesThatAreFull: a step that asks no node, such as the last ones of an account that is prepared, is taken whatever the
// nodes do; a server that takes over meets operations at each of their steps.
func TestOnlyPreparationsWaitForNodesThatAreFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	w.Node("a2", "au-1")
	made := w.Operation(w.Account("ACME", "AU"))
	v := w.Store.View()
	waits := 0
	for at := range made.GetSteps() {
		o := proto.CloneOf(made)
		o.Environment = "au-1"
		for i, step := range o.GetSteps() {
			step.State = cpv1.StepState_STEP_STATE_PENDING
			if i == at {
				step.State = cpv1.StepState_STEP_STATE_RUNNING
			}
		}
		name := o.GetSteps()[at].GetName()
		require.Equal(t, !state.Prepares(o), operation.MayGoOn(v, o, state.PreparationsPerNode, "a1", "a2"), name)
		require.True(t, operation.MayGoOn(v, o, state.PreparationsPerNode, "a1"), "%s: the other one has room", name)
		if state.Prepares(o) {
			waits++
		}
	}
	require.Positive(t, waits)
	require.Less(t, waits, len(made.GetSteps()))
}
