package node

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/uplink"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// preparer counts what gets through, and refuses what has no account.
type preparer struct{ calls int }

func (p *preparer) PrepareAccount(_ context.Context, r *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	p.calls++
	if r.GetAccount() == "" {
		return nil, fault.Invalidf("account", "An account is needed.")
	}
	return &nodev1.PrepareAccountResponse{AdminUserId: "1"}, nil
}

func (p *preparer) PrepareRetailer(context.Context, *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	p.calls++
	return &nodev1.PrepareRetailerResponse{}, nil
}

// member is a node that has joined a cluster.
func member(t *testing.T, cluster *trusttest.Cluster) *Node {
	t.Helper()
	dir := t.TempDir()
	cluster.Join(dir, cluster.Identity(trust.NodeKind, "n1"), time.Now())
	state, err := desired.Open("")
	require.NoError(t, err)
	link, err := uplink.New(uplink.Config{Servers: []string{"http://127.0.0.1:1"}, NodeID: "n1", Dir: dir}, state, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return &Node{config: Config{ID: "n1"}, state: state, link: link, log: slog.New(slog.DiscardHandler), self: door.NewSelfCall(door.StandardTimes(), slog.New(slog.DiscardHandler), nil), crowd: door.NewCrowd(door.Proxies{}, 0),
		bodies: door.NewBodies(door.BodyLimits{}), guard: memory.NewGuard(memory.Limit(), slog.New(slog.DiscardHandler), nil)}
}

func TestOnlyTheOwnControlPlanePreparesTenants(t *testing.T) {
	t.Parallel()
	own, other := trusttest.New(t, "one"), trusttest.New(t, "two")
	node, service := member(t, own), &preparer{}
	web := trusttest.Serve(t, trusttest.Listen(t), node.link.Trust(), node.tenants(service))
	t.Cleanup(web.Close)
	call := func(client *http.Client, url, account string) error {
		_, err := nodev1connect.NewTenantServiceClient(connect.NewClient(connecthttp.NewTransport(client, url))).
			PrepareAccount(t.Context(), &nodev1.PrepareAccountRequest{Account: account})
		return err
	}
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(call(http.DefaultClient, web.URL, "ACME")), "nobody")
	for _, kind := range []string{trust.NodeKind, trust.GatewayKind, trust.HostKind} {
		client := trust.NewClient(own.Party(own.Identity(kind, "x")), trust.Anybody)
		require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(call(client, trust.URL(web.URL), "ACME")), kind)
	}
	stranger := other.Server("cp1")
	stranger.Cluster, stranger.Roots = own.Server("cp1").Cluster, own.Server("cp1").Roots
	require.Error(t, call(trust.NewClient(stranger, trust.Anybody), trust.URL(web.URL), "ACME"), "another cluster's server")
	elsewhere := own.Identity(trust.NodeKind, "n2")
	require.ErrorContains(t, call(trust.NewClient(own.Server("cp1"), trust.Exactly(elsewhere)), trust.URL(web.URL), "ACME"), "and not "+elsewhere.String())
	require.Zero(t, service.calls)

	server := trust.NewClient(own.Server("cp1"), trust.Exactly(node.link.Identity()))
	require.NoError(t, call(server, trust.URL(web.URL), "ACME"))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(call(server, trust.URL(web.URL), "")), "the control plane sees which faults will not go away")
}

func TestOnlyNodesOfTheEnvironmentNudge(t *testing.T) {
	t.Parallel()
	own := trusttest.New(t, "one")
	node := member(t, own)
	s := &services{node: node}
	web := trusttest.Serve(t, trusttest.Listen(t), node.link.Trust(), http.HandlerFunc(s.nudged))
	t.Cleanup(web.Close)
	status := func(client *http.Client, url string) int {
		res, err := client.Post(url, "application/json", strings.NewReader("no list"))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	foreign := own.Identity(trust.NodeKind, "n2")
	foreign.Environment = "other"
	require.Equal(t, http.StatusUnauthorized, status(http.DefaultClient, web.URL))
	for _, id := range []trust.Identity{foreign, own.Identity(trust.GatewayKind, "g"), own.Identity(trust.HostKind, "h")} {
		require.Equal(t, http.StatusUnauthorized, status(trust.NewClient(own.Party(id), trust.Anybody), trust.URL(web.URL)), id)
	}
	neighbour := trust.NewClient(own.Party(own.Identity(trust.NodeKind, "n2")), trust.Anybody)
	require.Equal(t, http.StatusBadRequest, status(neighbour, trust.URL(web.URL)), "it is let in, and what it brings is no list")
}
