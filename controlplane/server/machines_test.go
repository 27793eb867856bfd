package server_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

func (c *trio) nodes(t *testing.T) map[string]*cpv1.Node {
	t.Helper()
	list := eventually(t, func() (*cpv1.ListNodesResponse, error) {
		return controlplanev1connect.NewNodeAdminServiceClient(c.operator()).ListNodes(context.Background(), &cpv1.ListNodesRequest{})
	})
	out := map[string]*cpv1.Node{}
	for _, n := range list.GetNodes() {
		out[n.GetId()] = n
	}
	return out
}

func TestNodesComeAndGo(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, quick)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	require.Eventually(t, func() bool { return cp.nodes(t)["n1"].GetState() == cpv1.NodeState_NODE_STATE_READY }, time.Minute, 20*time.Millisecond)
	require.Equal(t, int64(1), cp.nodes(t)["n1"].GetLoad().GetTurns())

	// Another server than the one that it watches goes on where the first one ended.
	cp.kill(cp.peers[0].ID)
	eventually(t, func() (*cpv1.UpdateEnvironmentResponse, error) {
		return controlplanev1connect.NewEnvironmentServiceClient(cp.operator()).UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{
			Environment: &cpv1.Environment{Name: "shared", DatabaseUrl: "postgres://elsewhere/x"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"database_url"}},
		})
	})
	require.Eventually(t, func() bool {
		return node.get("environment").GetEnvironment().GetDatabaseUrl() == "postgres://elsewhere/x"
	}, time.Minute, 20*time.Millisecond)
	node.mu.Lock()
	require.Empty(t, node.resets)
	require.Equal(t, 1, node.ended, "one snapshot; the second server sent changes only")
	node.mu.Unlock()

	// A restart with the certificate alone.
	again := eventually(t, func() (*nodev1.JoinResponse, error) {
		return node.client().Join(t.Context(), &nodev1.JoinRequest{NodeId: "n1", Kind: "node", Address: "127.0.0.1:9", CertificateRequest: cp.request()})
	})
	require.Equal(t, "shared", again.GetEnvironment())
	_, err := nodev1connect.NewNodeServiceClient(client(cp.anyone(), "")).Join(t.Context(), &nodev1.JoinRequest{NodeId: "n1", Kind: "node", CertificateRequest: cp.request()})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, err = node.client().Join(t.Context(), &nodev1.JoinRequest{NodeId: "n1", Kind: "node", ClusterId: "another", CertificateRequest: cp.request()})
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err))

	// Silence is judged; a forgotten node's certificate is of no more use.
	node.stop()
	require.Eventually(t, func() bool { return cp.nodes(t)["n1"].GetState() == cpv1.NodeState_NODE_STATE_GONE }, time.Minute, 50*time.Millisecond)
	eventually(t, func() (*cpv1.DeleteNodeResponse, error) {
		return controlplanev1connect.NewNodeAdminServiceClient(cp.operator()).DeleteNode(t.Context(), &cpv1.DeleteNodeRequest{Id: "n1", RequestId: "delete"})
	})
	require.Eventually(t, func() bool {
		_, err = node.client().Report(t.Context(), &nodev1.ReportRequest{State: "READY"})
		return connect.CodeOf(err) == connect.CodeUnauthenticated
	}, time.Minute, 20*time.Millisecond)
}

func TestStaleResumeTokensAreReset(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	stream, err := node.client().Watch(t.Context(), &nodev1.WatchRequest{Incarnation: "another cluster", Index: 3})
	require.NoError(t, err)
	defer stream.Close()
	frame, err := stream.Receive()
	require.NoError(t, err)
	require.NotEmpty(t, frame.GetReset_().GetReason())
	frame, err = stream.Receive()
	require.NoError(t, err)
	require.Equal(t, "shared", frame.GetSnapshot().GetEnvironment().GetName())
}

// host is a host agent that notes what it should run.
type host struct {
	mu        sync.Mutex
	processes map[string]*cpv1.NodeProcess
}

func (h *host) get() map[string]*cpv1.NodeProcess {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.processes
}

func startHost(t *testing.T, cp *trio, id string) (*host, controlplanev1connect.HostServiceClient) {
	t.Helper()
	holder := cp.machine(aHost, id, "here")
	h, api := &host{}, controlplanev1connect.NewHostServiceClient(cp.line(holder))
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := api.Watch(ctx, &cpv1.WatchRequest{})
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			frame, err := stream.Receive()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.processes = map[string]*cpv1.NodeProcess{}
			for _, p := range frame.GetProcesses() {
				h.processes[p.GetNodeId()] = p
			}
			h.mu.Unlock()
		}
	})
	running.Go(func() {
		for ctx.Err() == nil {
			_, _ = api.Report(ctx, &cpv1.ReportRequest{})
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return h, api
}

func TestHostsRunWhatEnvironmentsWant(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	h, api := startHost(t, cp, "h1")
	resize := func(count int32) {
		_, err := controlplanev1connect.NewEnvironmentServiceClient(cp.operator()).UpdateEnvironment(t.Context(), &cpv1.UpdateEnvironmentRequest{
			Environment: &cpv1.Environment{Name: "shared", Driver: cpv1.NodeDriver_NODE_DRIVER_PROCESS, NodeCount: count},
			UpdateMask:  &fieldmaskpb.FieldMask{Paths: []string{"driver", "node_count"}},
		})
		require.NoError(t, err)
	}
	resize(2)
	require.Eventually(t, func() bool { return len(h.get()) == 2 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, "shared", h.get()["shared-1"].GetEnvironment())

	made, err := api.CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: "shared-1"})
	require.NoError(t, err)
	joined, err := cp.enter(cpv1.MachineKind_MACHINE_KIND_NODE, "shared-1", made.GetToken())
	require.NoError(t, err)
	require.Equal(t, "shared-1", joined.Current().ID)
	_, err = cp.enter(cpv1.MachineKind_MACHINE_KIND_NODE, "shared-2", made.GetToken())
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "the token is for one node")
	_, err = api.CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: "n9"})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))

	resize(1) // the node that has not joined goes at once
	require.Eventually(t, func() bool { return len(h.get()) == 1 }, time.Minute, 10*time.Millisecond)
	_, err = controlplanev1connect.NewNodeAdminServiceClient(cp.operator()).DrainNode(t.Context(), &cpv1.DrainNodeRequest{Id: "shared-1"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { // it is replaced while it drains
		now := h.get()
		return len(now) == 2 && now["shared-1"].GetDrain() && now["shared-2"] != nil
	}, time.Minute, 10*time.Millisecond, "%v", h.get())
}

func TestRefusalsEndAnOperation(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	made := cp.create("WAITING")
	require.Eventually(t, func() bool {
		o := eventually(t, func() (*cpv1.GetOperationResponse, error) {
			return controlplanev1connect.NewOperationServiceClient(cp.operator()).GetOperation(t.Context(), &cpv1.GetOperationRequest{Id: made.GetOperation().GetId()})
		})
		return o.GetOperation().GetWaitingFor().GetReason() == "NO_ENVIRONMENT"
	}, time.Minute, 20*time.Millisecond)
	startNode(t, cp, "n1")
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, cp.await(made.GetOperation().GetId()).GetState(), "a node's coming ends the wait")
	refused := cp.await(cp.create("REFUSED").GetOperation().GetId())
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_FAILED, refused.GetState())
	require.Contains(t, refused.GetError().GetDetail(), "no such accounts here")
	require.Equal(t, cpv1.StepState_STEP_STATE_FAILED, refused.GetSteps()[1].GetState())
}
