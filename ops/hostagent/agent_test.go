package hostagent_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	"github.com/fluent-oms/fluent/ops/hostagent"
	"github.com/fluent-oms/fluent/ops/supervise"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// hosts is a control plane that knows one host.
type hosts struct {
	controlplanev1connect.UnimplementedHostServiceHandler
	cluster *trusttest.Cluster
	lists   chan []*cpv1.NodeProcess // each is sent to the watcher

	mu      sync.Mutex
	joins   int
	tokens  int
	refuses error                          // what who asks for a node's token is told; nil: it gets one
	listens map[string][]string            // where each start of a node was told to listen
	reports map[string]*cpv1.ProcessReport // last report of each node
}

func (h *hosts) Join(_ context.Context, r *cpv1.JoinRequest) (*cpv1.JoinResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joins++
	if r.GetToken() != h.cluster.Token("once") {
		return nil, connect.NewError(connect.CodeUnauthenticated, "unknown token")
	}
	certificate, authorities, err := h.cluster.Sign(r.GetCertificateRequest(), h.cluster.Identity(trust.HostKind, r.GetHostId()), time.Now())
	return &cpv1.JoinResponse{HostId: r.GetHostId(), Certificate: certificate, Authorities: authorities}, err
}

func (h *hosts) Watch(ctx context.Context, _ *cpv1.WatchRequest, s controlplanev1connect.HostServiceWatchServerStream) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case list := <-h.lists:
			if err := s.Send(&cpv1.WatchResponse{Processes: list}); err != nil {
				return err
			}
		}
	}
}

func (h *hosts) Report(_ context.Context, r *cpv1.ReportRequest) (*cpv1.ReportResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports = map[string]*cpv1.ProcessReport{}
	for _, p := range r.GetProcesses() {
		h.reports[p.GetNodeId()] = p
	}
	return &cpv1.ReportResponse{}, nil
}

func (h *hosts) CreateNodeToken(context.Context, *cpv1.CreateNodeTokenRequest) (*cpv1.CreateNodeTokenResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens++
	if h.refuses != nil {
		return nil, h.refuses
	}
	return &cpv1.CreateNodeTokenResponse{Token: "node-token"}, nil
}

func (h *hosts) report(node string) *cpv1.ProcessReport {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reports[node]
}

func (h *hosts) counts() (joins, tokens int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.joins, h.tokens
}

func serve(t *testing.T) (*hosts, *httptest.Server) {
	t.Helper()
	h := &hosts{cluster: trusttest.New(t, "one"), lists: make(chan []*cpv1.NodeProcess), listens: map[string][]string{}}
	server, mux := connect.NewServer(), http.NewServeMux()
	controlplanev1connect.RegisterHostServiceHandler(server, h)
	connecthttp.Mount(mux, server)
	return h, trusttest.Serve(t, trusttest.Listen(t, porttest.Address(t)), h.cluster.Server("cp1"), mux)
}

// sleeper is a node that has joined, as a real one would have, and does nothing.
func (h *hosts) sleeper(s hostagent.Start) *exec.Cmd {
	h.mu.Lock()
	h.listens[s.NodeID] = append(h.listens[s.NodeID], s.Listen)
	h.mu.Unlock()
	if s.JoinToken != "" {
		h.cluster.Join(s.Dir, h.cluster.Identity(trust.NodeKind, s.NodeID), time.Now())
	}
	return exec.Command("/bin/sh", "-c", "exec sleep 600")
}

// run starts an agent; the returned function stops it with its nodes.
func run(t *testing.T, dir string, h *hosts, url string) (*hostagent.Agent, func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	group, err := supervise.NewGroup(t.TempDir(), log)
	require.NoError(t, err)
	agent, err := hostagent.New(hostagent.Config{
		Dir: dir, HostID: "h1", Address: "127.0.0.1", Command: h.sleeper,
		JoinToken: func(context.Context) (string, error) { return h.cluster.Token("once"), nil },
	}, hostagent.Deps{Transport: remote.Machines([]string{url}), Group: group, Logger: log})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { agent.Run(ctx); close(done) }()
	stop := sync.OnceFunc(func() { cancel(); <-done; group.Stop() })
	t.Cleanup(stop)
	return agent, stop
}

func eventually(t *testing.T, holds func() bool, what string) {
	t.Helper()
	require.Eventually(t, holds, time.Minute, 10*time.Millisecond, what)
}

func TestNodesFollowTheList(t *testing.T) {
	t.Parallel()
	h, web := serve(t)
	t.Cleanup(web.Close)
	dir := t.TempDir()
	agent, stop := run(t, dir, h, web.URL)
	t.Cleanup(stop) // before the server, which waits for the agent's stream

	h.lists <- []*cpv1.NodeProcess{{NodeId: "n1"}, {NodeId: "n2"}}
	eventually(t, func() bool { return h.report("n1").GetRunning() && h.report("n2").GetRunning() }, "both nodes run")

	first := agent.Processes()["n1"]
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	eventually(t, func() bool { r := h.report("n1"); return r.GetRunning() && r.GetRestarts() == 1 }, "a killed node runs again")
	require.NotEqual(t, first, agent.Processes()["n1"])
	_, tokens := h.counts()
	require.Equal(t, 2, tokens, "a node with a certificate needs no second token")

	h.lists <- []*cpv1.NodeProcess{{NodeId: "n1"}, {NodeId: "n2", Drain: true}}
	eventually(t, func() bool { return h.report("n2") == nil && len(agent.Processes()) == 1 }, "a drained node ends")
	eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "nodes", "n2"))
		return errors.Is(err, fs.ErrNotExist)
	}, "and its folder is gone")
	require.DirExists(t, filepath.Join(dir, "nodes", "n1"))
}

func TestNodesComeUpWithoutControlPlane(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, web := serve(t)
	agent, stop := run(t, dir, h, web.URL)
	h.lists <- []*cpv1.NodeProcess{{NodeId: "n1"}}
	eventually(t, func() bool { return agent.Processes()["n1"] != 0 }, "the node runs")
	stop()
	web.Close()

	agent, _ = run(t, dir, h, web.URL)
	eventually(t, func() bool { return agent.Processes()["n1"] != 0 }, "the node runs again")
	joins, _ := h.counts()
	require.Equal(t, 1, joins)
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Len(t, h.listens["n1"], 2)
	require.Equal(t, h.listens["n1"][0], h.listens["n1"][1], "gateways know it by that address")
}

// TestANodeThatCannotStartIsReportedAndTriedAgain refuses a node its token for a while, and takes another one off the list before it has started.
func TestANodeThatCannotStartIsReportedAndTriedAgain(t *testing.T) {
	t.Parallel()
	h, web := serve(t)
	t.Cleanup(web.Close)
	h.refuses = connect.NewError(connect.CodePermissionDenied, "not yet")
	agent, stop := run(t, t.TempDir(), h, web.URL)
	t.Cleanup(stop)
	h.lists <- []*cpv1.NodeProcess{{NodeId: "n1"}, {NodeId: "n2"}}
	for _, id := range []string{"n1", "n2"} {
		eventually(t, func() bool { return strings.Contains(h.report(id).GetDetail(), "not yet") }, "why it does not run")
		require.False(t, h.report(id).GetRunning())
	}
	require.Empty(t, agent.Processes())
	h.lists <- []*cpv1.NodeProcess{{NodeId: "n1"}}
	eventually(t, func() bool { return h.report("n2") == nil }, "what is not wanted any more is not spoken of")
	h.mu.Lock()
	h.refuses = nil
	h.mu.Unlock()
	eventually(t, func() bool { r := h.report("n1"); return r.GetRunning() && r.GetDetail() == "" }, "it runs")
	require.Len(t, agent.Processes(), 1)
}
