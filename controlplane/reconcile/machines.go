package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

const (
	machines     = "machines"      // the reconciler's name in the audit
	silence      = 5 * time.Second // after which a machine is judged gone
	judgeMachine = time.Second     // how often silence is looked for
)

// Machines judges nodes and hosts by what they report, and keeps as many node processes planned as environments want.
func Machines(ctx context.Context, d Deps) error {
	d.Presence.Clear() // what was heard in an earlier term is old
	m := &keeper{Deps: d, since: d.Now()}
	for ctx.Err() == nil {
		heard := d.Presence.Changed()
		view := d.Store.View()
		_, nodes := state.Nodes.All(view)
		_, hosts := state.Hosts.All(view)
		_, environments := state.Environments.All(view)
		if err := m.step(ctx, view); err != nil && ctx.Err() == nil {
			d.Logger.WarnContext(ctx, "judge machines", "error", err)
		}
		Wait(ctx, judgeMachine, heard, nodes, hosts, environments, view.Abandoned())
	}
	return nil
}

// commit makes one command. That a machine has changed since it was looked at, or is gone, is no trouble: the change wakes the loop, which looks
// at it anew. So it goes while a whole cluster starts.
func (m *keeper) commit(ctx context.Context, body proto.Message) error {
	err := m.Deps.Commit(ctx, machines, body)
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

type keeper struct {
	Deps
	since time.Time // of the term: nobody is silent for longer than this leader listens
}

func (m *keeper) step(ctx context.Context, v state.View) error {
	var problems []error
	nodes, _ := state.Nodes.List(v, state.Page{})
	for _, n := range nodes {
		if judged := m.judge(presence.NodeKey(n.GetId()), n.GetState()); judged != n.GetState() {
			body := &statev1.JudgeNode{Id: n.GetId(), State: judged, Etag: n.GetEtag()}
			problems = append(problems, m.commit(ctx, body))
		}
	}
	hosts, _ := state.Hosts.List(v, state.Page{})
	for _, h := range hosts {
		if judged := m.judge(presence.HostKey(h.GetId()), h.GetState()); judged != h.GetState() {
			body := &statev1.JudgeHost{Id: h.GetId(), State: judged, Etag: h.GetEtag()}
			problems = append(problems, m.commit(ctx, body))
		}
	}
	environments, _ := state.Environments.List(v, state.Page{})
	for _, e := range environments {
		if e.GetDriver() == cpv1.NodeDriver_NODE_DRIVER_PROCESS {
			problems = append(problems, m.plan(ctx, v, e))
		}
	}
	return errors.Join(problems...)
}

// judge says what state a machine is in, going by its last report.
func (m *keeper) judge(key string, now cpv1.NodeState) cpv1.NodeState {
	report, known := m.Presence.Last(key)
	heard := m.since
	if known {
		heard = report.Seen
	}
	said := map[string]cpv1.NodeState{
		"JOINING": cpv1.NodeState_NODE_STATE_JOINING, "READY": cpv1.NodeState_NODE_STATE_READY, "DRAINING": cpv1.NodeState_NODE_STATE_DRAINING,
	}[report.State]
	switch {
	case now == cpv1.NodeState_NODE_STATE_PLANNED:
		return now // until it joins
	case m.Now().Sub(heard) > silence:
		return cpv1.NodeState_NODE_STATE_GONE
	case said == cpv1.NodeState_NODE_STATE_UNSPECIFIED:
		return now
	default:
		return said
	}
}

// plan brings the number of an environment's processes to what it wants, one or more commands at a time.
func (m *keeper) plan(ctx context.Context, v state.View, e *cpv1.Environment) error {
	all, _ := state.Nodes.Group(v, state.InEnvironment(e.GetName()))
	var active []*cpv1.Node
	var problems []error
	for _, n := range all {
		switch {
		case n.GetHost() == "" || n.GetKind() != cpv1.MachineKind_MACHINE_KIND_NODE:
		case n.GetDrain() && (n.GetState() == cpv1.NodeState_NODE_STATE_GONE || n.GetState() == cpv1.NodeState_NODE_STATE_PLANNED):
			problems = append(problems, m.commit(ctx, &statev1.DeleteNode{Id: n.GetId(), Etag: n.GetEtag()}))
		case !n.GetDrain() && !lost(v, n):
			active = append(active, n)
		}
	}
	want := int(e.GetNodeCount())
	for i := want; i < len(active); i++ {
		problems = append(problems, m.commit(ctx, &statev1.DrainNode{Id: active[i].GetId(), Etag: active[i].GetEtag()}))
	}
	for range want - len(active) {
		if err := m.addNode(ctx, e); err != nil {
			problems = append(problems, err)
			break
		}
	}
	return errors.Join(problems...)
}

// lost nodes went away together with their host.
func lost(v state.View, n *cpv1.Node) bool {
	host, found := state.Hosts.Get(v, n.GetHost())
	return n.GetState() == cpv1.NodeState_NODE_STATE_GONE && (!found || host.GetState() == cpv1.NodeState_NODE_STATE_GONE)
}

// addNode plans one more process, on the host of the region that runs the fewest.
func (m *keeper) addNode(ctx context.Context, e *cpv1.Environment) error {
	v := m.Store.View() // with the node that was planned just before
	hosts, _ := state.Hosts.List(v, state.Page{})
	hosts = slices.DeleteFunc(hosts, func(h *cpv1.Host) bool {
		running, _ := state.Nodes.Group(v, state.OnHost(h.GetId()))
		full := h.GetCapacity() > 0 && len(running) >= int(h.GetCapacity())
		return h.GetState() != cpv1.NodeState_NODE_STATE_READY || h.GetRegion() != e.GetRegion() || full
	})
	if len(hosts) == 0 {
		return nil // a host's coming wakes us
	}
	host := slices.MinFunc(hosts, func(a, b *cpv1.Host) int {
		onA, _ := state.Nodes.Group(v, state.OnHost(a.GetId()))
		onB, _ := state.Nodes.Group(v, state.OnHost(b.GetId()))
		return len(onA) - len(onB)
	})
	return m.commit(ctx, &statev1.PlanNode{Node: &cpv1.Node{
		Id: freeID(v, e.GetName()), Environment: e.GetName(), Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Host: host.GetId(), Release: e.GetRelease(),
	}})
}

func freeID(v state.View, environment string) string {
	for i := 1; ; i++ {
		id := fmt.Sprintf("%s-%d", environment, i)
		if _, taken := state.Nodes.Get(v, id); !taken {
			return id
		}
	}
}
