package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// fakeNode joins, follows its desired state, reports, and prepares tenants by remembering them.
type fakeNode struct {
	cp      *trio
	id      string
	web     *httptest.Server
	cancel  context.CancelFunc
	running sync.WaitGroup
	before  func(step, account string) // called before a tenant call is answered; may be nil

	holder *trust.Holder

	mu       sync.Mutex
	index    uint64
	state    map[string]*nodev1.Resource // by kind and name
	resets   []string
	hold     bool // its streams wait
	ended    int  // snapshots
	prepared map[string]int
}

func startNode(t *testing.T, cp *trio, id string) *fakeNode {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &fakeNode{cp: cp, id: id, cancel: cancel, state: map[string]*nodev1.Resource{}, prepared: map[string]int{}}
	server := connect.NewServer()
	nodev1connect.RegisterTenantServiceHandler(server, n)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	listener := trusttest.Listen(t)
	token := cp.invite(aNode, "shared", time.Hour)
	n.holder = eventually(t, func() (*trust.Holder, error) {
		return cp.enterAt(&nodev1.JoinRequest{Token: token, NodeId: id, Kind: "node", Address: listener.Addr().String()})
	})
	require.Equal(t, "shared", n.holder.Current().Environment)
	n.web = trusttest.Serve(t, listener, n.holder.Party(), mux)
	n.running.Go(func() { n.watch(ctx) })
	n.running.Go(func() { n.report(ctx) })
	t.Cleanup(n.stop)
	return n
}

func (n *fakeNode) stop() {
	n.cancel()
	n.running.Wait()
	n.web.CloseClientConnections()
	n.web.Close()
}

func (n *fakeNode) client() nodev1connect.NodeServiceClient {
	return nodev1connect.NewNodeServiceClient(n.cp.line(n.holder))
}

// watch follows the stream, on another server when one goes away, with the resume token.
func (n *fakeNode) watch(ctx context.Context) {
	incarnation := ""
	for ctx.Err() == nil {
		n.mu.Lock()
		request := &nodev1.WatchRequest{Incarnation: incarnation, Index: n.index}
		hold := n.hold
		n.mu.Unlock()
		if hold {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		stream, err := n.client().Watch(ctx, request)
		for err == nil {
			var frame *nodev1.WatchResponse
			if frame, err = stream.Receive(); err == nil {
				incarnation = n.take(frame, incarnation)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (n *fakeNode) take(frame *nodev1.WatchResponse, incarnation string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case frame.GetReset_() != nil:
		n.resets = append(n.resets, frame.GetReset_().GetReason())
		n.state = map[string]*nodev1.Resource{}
	case frame.GetSnapshot() != nil:
		n.state[resourceKey(frame.GetSnapshot())] = frame.GetSnapshot()
	case frame.GetSnapshotEnd() != nil:
		n.index, n.ended = frame.GetSnapshotEnd().GetIndex(), n.ended+1
		return frame.GetSnapshotEnd().GetIncarnation()
	case frame.GetChange() != nil:
		n.state[resourceKey(frame.GetChange().GetResource())] = frame.GetChange().GetResource()
		if frame.GetChange().GetDeleted() {
			delete(n.state, resourceKey(frame.GetChange().GetResource()))
		}
		n.index = frame.GetChange().GetIndex()
		return frame.GetChange().GetIncarnation()
	}
	return incarnation
}

func resourceKey(r *nodev1.Resource) string {
	switch {
	case r.GetEnvironment() != nil:
		return "environment"
	case r.GetAccount() != nil:
		return "account/" + r.GetAccount().GetName()
	case r.GetConfiguration() != nil:
		return "configuration/" + r.GetConfiguration().GetAccount()
	default:
		return "peer/" + r.GetPeer().GetNodeId()
	}
}

func (n *fakeNode) get(key string) *nodev1.Resource {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state[key]
}

// report says READY often, so that a test need not wait.
func (n *fakeNode) report(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n.mu.Lock()
		index := n.index
		n.mu.Unlock()
		if index == 0 {
			continue
		}
		_, _ = n.client().Report(ctx, &nodev1.ReportRequest{State: "READY", AppliedIndex: index, Load: &nodev1.Load{Turns: 1}})
	}
}

func (n *fakeNode) note(step, account string) {
	n.mu.Lock()
	n.prepared[step+"/"+account]++
	before := n.before
	n.mu.Unlock()
	if before != nil {
		before(step, account)
	}
}

// PrepareAccount remembers the account.
func (n *fakeNode) PrepareAccount(_ context.Context, r *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	if r.GetAccount() == "REFUSED" {
		return nil, connect.NewError(connect.CodeInvalidArgument, "no such accounts here")
	}
	n.note("prepare_account", r.GetAccount())
	return &nodev1.PrepareAccountResponse{AdminUserId: "1"}, nil
}

// PrepareRetailer remembers the retailer.
func (n *fakeNode) PrepareRetailer(_ context.Context, r *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	n.note("create_retailer", r.GetAccount())
	return &nodev1.PrepareRetailerResponse{Artefacts: map[string]string{"workflow/ORDER::HD": strings.Repeat("ab", 32)}}, nil
}
