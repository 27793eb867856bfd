package reconcile_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

const (
	planned  = cpv1.NodeState_NODE_STATE_PLANNED
	joining  = cpv1.NodeState_NODE_STATE_JOINING
	isReady  = cpv1.NodeState_NODE_STATE_READY
	draining = cpv1.NodeState_NODE_STATE_DRAINING
	gone     = cpv1.NodeState_NODE_STATE_GONE
)

// fleet is a world whose machines are looked at when the test says so, at the time that it says.
type fleet struct {
	*world
	began time.Time
}

func newFleet(t *testing.T) *fleet { t.Helper(); return &fleet{newWorld(t), time.Now()} }

// look looks at the machines so long after the term began.
func (f *fleet) look(after time.Duration) {
	f.T.Helper()
	deps := f.deps()
	deps.Now = func() time.Time { return f.began.Add(after) }
	require.NoError(f.T, reconcile.LookAtMachines(f.T.Context(), deps, f.began))
}

func (f *fleet) says(key, state string, at time.Duration) {
	f.Heard.Note(key, presence.Report{Seen: f.began.Add(at), State: state})
}

func (f *fleet) host(id, region string, capacity int32) {
	f.Do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("host " + id), Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: region, ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}})
	f.Do(&statev1.JoinHost{TokenHash: []byte("host " + id), Host: &cpv1.Host{Id: id, Capacity: capacity}})
	f.says(presence.HostKey(id), "READY", time.Hour)
}

// wants sets how many processes the environment au-1 is to have.
func (f *fleet) wants(count int32) {
	e, _ := state.Environments.Get(f.Store.View(), "au-1")
	f.Do(&statev1.PutEnvironment{Etag: e.GetEtag(), Environment: &cpv1.Environment{
		Name: "au-1", Region: "au", Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED, Driver: cpv1.NodeDriver_NODE_DRIVER_PROCESS, NodeCount: count, Release: "r7",
	}})
}

// nodes are the states of all nodes; those that drain have a minus before their id.
func (f *fleet) nodes() map[string]cpv1.NodeState {
	list, _ := state.Nodes.List(f.Store.View(), state.Page{})
	out := map[string]cpv1.NodeState{}
	for _, n := range list {
		out[map[bool]string{true: "-"}[n.GetDrain()]+n.GetId()] = n.GetState()
	}
	return out
}

func (f *fleet) on(host string) int {
	list, _ := state.Nodes.Group(f.Store.View(), state.OnHost(host))
	return len(list)
}

// TestMachinesAreWhatTheySaidLast judges a node by its reports, and by its silence: to the moment.
func TestMachinesAreWhatTheySaidLast(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.Node("a1", "au-1")
	f.Heard.Clear()
	is := func(wanted cpv1.NodeState, after time.Duration) {
		t.Helper()
		f.look(after)
		require.Equal(t, wanted, f.nodes()["a1"], after)
	}
	is(isReady, 0)
	is(isReady, 5*time.Second) // a new leader has heard of nobody yet, and waits as long as for anybody
	is(gone, 5*time.Second+1)
	for said, wanted := range map[string]cpv1.NodeState{"JOINING": joining, "READY": isReady, "DRAINING": draining} {
		f.says(presence.NodeKey("a1"), said, time.Minute)
		is(wanted, time.Minute+5*time.Second)
		index := f.Store.View().Index()
		is(wanted, time.Minute+5*time.Second)
		require.Equal(t, index, f.Store.View().Index(), "nothing new is no command")
	}
	f.says(presence.NodeKey("a1"), "READY", 2*time.Minute)
	is(isReady, 2*time.Minute)
	f.says(presence.NodeKey("a1"), "A WORD OF A LATER RELEASE", 2*time.Minute)
	is(isReady, 2*time.Minute)
	is(gone, 2*time.Minute+5*time.Second+1)
	f.says(presence.HostKey("a1"), "READY", 3*time.Minute) // a host may have the name of a node
	is(gone, 3*time.Minute)
}

// TestAnEnvironmentHasAsManyProcessesAsItWants plans them on hosts, drains and deletes them, and replaces those whose host is gone.
func TestAnEnvironmentHasAsManyProcessesAsItWants(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.wants(3)
	f.look(0)
	require.Empty(t, f.nodes(), "there is no host yet")
	f.host("h1", "au", 0)
	f.host("h2", "au", 0)
	f.host("e1", "eu", 0)
	f.Node("guest", "au-1") // one that nobody planned does not count
	f.says(presence.NodeKey("guest"), "READY", time.Hour)
	f.look(0)
	require.Equal(t, map[string]cpv1.NodeState{"au-1-1": planned, "au-1-2": planned, "au-1-3": planned, "guest": isReady}, f.nodes())
	require.Equal(t, []int{1, 2}, slices.Sorted(slices.Values([]int{f.on("h1"), f.on("h2")})), "they are spread")
	require.Zero(t, f.on("e1"), "not in another region")
	n, _ := state.Nodes.Get(f.Store.View(), "au-1-1")
	require.Equal(t, "r7", n.GetRelease())
	f.look(time.Hour)
	require.Equal(t, planned, f.nodes()["au-1-1"], "they may take as long to start as they need")
	require.Len(t, f.nodes(), 4)
	f.says(presence.HostKey("h1"), "READY", 2*time.Hour)
	f.says(presence.HostKey("h2"), "READY", 2*time.Hour)
	f.says(presence.NodeKey("guest"), "READY", 2*time.Hour)

	// Of those that run, one too many drains, and is deleted once it is gone.
	for _, id := range []string{"au-1-1", "au-1-2", "au-1-3"} {
		f.Do(&statev1.JudgeNode{Id: id, State: isReady})
		f.says(presence.NodeKey(id), "READY", 2*time.Hour)
	}
	f.wants(2)
	f.look(2 * time.Hour)
	require.Equal(t, map[string]cpv1.NodeState{"au-1-1": isReady, "au-1-2": isReady, "-au-1-3": isReady, "guest": isReady}, f.nodes())
	f.says(presence.NodeKey("au-1-3"), "DRAINING", 2*time.Hour)
	f.look(2 * time.Hour)
	f.look(2 * time.Hour)
	require.Equal(t, draining, f.nodes()["-au-1-3"], "it is not deleted while it works")
	f.Do(&statev1.JudgeNode{Id: "au-1-3", State: gone})
	f.says(presence.NodeKey("au-1-3"), "DRAINING", 2*time.Hour-time.Minute)
	f.look(2 * time.Hour)
	require.NotContains(t, f.nodes(), "-au-1-3")
	require.Len(t, f.nodes(), 3)

	// A node that is gone is started again by its host, and not replaced; one whose host is gone too is.
	lonely, _ := state.Nodes.Get(f.Store.View(), "au-1-1")
	f.says(presence.NodeKey("au-1-1"), "READY", time.Hour)
	f.look(2 * time.Hour)
	require.Equal(t, map[string]cpv1.NodeState{"au-1-1": gone, "au-1-2": isReady, "guest": isReady}, f.nodes())
	f.says(presence.HostKey(lonely.GetHost()), "READY", time.Hour)
	f.look(2 * time.Hour)
	f.look(2 * time.Hour)
	states := f.nodes()
	if other, _ := state.Nodes.Get(f.Store.View(), "au-1-2"); other.GetHost() == lonely.GetHost() {
		require.Len(t, states, 4, "au-1-2 answers still: %v", slices.Collect(maps.Keys(states)))
	}
	require.Equal(t, planned, states["au-1-3"], "the first id that is free")
	replaced, _ := state.Nodes.Get(f.Store.View(), "au-1-3")
	require.NotEqual(t, lonely.GetHost(), replaced.GetHost())
}

// TestAHostTakesNoMoreThanItCan fills hosts of a capacity.
func TestAHostTakesNoMoreThanItCan(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.host("h1", "au", 1)
	f.host("h2", "au", 2)
	f.wants(5)
	f.look(0)
	require.Equal(t, []int{1, 2}, []int{f.on("h1"), f.on("h2")})
	f.host("h3", "au", 0)
	f.look(0)
	require.Equal(t, []int{1, 2, 2}, []int{f.on("h1"), f.on("h2"), f.on("h3")})
	f.wants(0)
	f.look(0)
	f.look(0)
	require.Empty(t, f.nodes(), "what was never started goes at once")
}
