package node

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/token"
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

// member is a node that has joined a cluster (none, if it is empty) and knows a key.
func member(t *testing.T, cluster string, key token.Key) *Node {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cluster"), []byte(cluster), 0o600))
	state, err := desired.Open("")
	require.NoError(t, err)
	for _, frame := range []*nodev1.WatchResponse{
		{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: &nodev1.Resource{Kind: &nodev1.Resource_PublicKey{PublicKey: &nodev1.PublicKey{KeyId: key.ID, Ed25519: key.Public}}}}},
		{Frame: &nodev1.WatchResponse_SnapshotEnd{SnapshotEnd: &nodev1.SnapshotEnd{Incarnation: cluster, Index: 1}}},
	} {
		state.Apply(frame)
	}
	link, err := uplink.New(uplink.Config{Servers: []string{"http://127.0.0.1:1"}, NodeID: "n1", Dir: dir}, state, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return &Node{config: Config{ID: "n1"}, state: state, link: link, log: slog.New(slog.DiscardHandler)}
}

func TestOnlyTheOwnControlPlanePreparesTenants(t *testing.T) {
	t.Parallel()
	signer, err := token.NewSigner(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	stranger, err := token.NewSigner(bytes.Repeat([]byte{2}, 32))
	require.NoError(t, err)
	ago := func() time.Time { return time.Now().Add(-time.Hour) }
	own := token.NewIssuer("cluster", signer, time.Now)
	sign := func(raw string, _ token.Lifetime, err error) string {
		require.NoError(t, err)
		return raw
	}
	server := token.ControlPlane{Server: "cp1", Node: "n1"}
	good := sign(own.ControlPlane(server, time.Minute))
	bad := map[string]string{
		"nothing":                   "",
		"garbage":                   "a.b.c",
		"a node's credential":       sign(own.Node(token.Node{NodeID: "n1", Environment: "shared", Kind: "node"}, time.Minute)),
		"an operator's token":       sign(own.Operator(token.Operator{Username: "root"}, time.Minute)),
		"a tenant's token":          sign(own.Tenant(token.Tenant{Account: "ACME", UserID: "1"}, time.Minute)),
		"what another node got":     sign(own.ControlPlane(token.ControlPlane{Server: "cp1", Node: "n2"}, time.Minute)),
		"what another server got":   sign(own.ControlPlane(token.ControlPlane{Server: "cp1"}, time.Minute)),
		"another cluster's":         sign(token.NewIssuer("cluster-2", signer, time.Now).ControlPlane(server, time.Minute)),
		"another key's":             sign(token.NewIssuer("cluster", stranger, time.Now).ControlPlane(server, time.Minute)),
		"one that expired long ago": sign(token.NewIssuer("cluster", signer, ago).ControlPlane(server, time.Minute)),
	}
	service := &preparer{}
	call := func(n *Node, raw, account string) error {
		web := httptest.NewServer(n.tenants(service))
		defer web.Close()
		client := nodev1connect.NewTenantServiceClient(connect.NewClient(connecthttp.NewTransport(web.Client(), web.URL), interceptor.StaticBearer(raw)))
		_, err := client.PrepareAccount(t.Context(), &nodev1.PrepareAccountRequest{Account: account})
		return err
	}
	node := member(t, "cluster", signer.Key())
	for name, raw := range bad {
		require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(call(node, raw, "ACME")), name)
	}
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(call(member(t, "", signer.Key()), good, "ACME")), "a node that has joined nothing")
	require.Zero(t, service.calls)
	require.NoError(t, call(node, good, "ACME"))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(call(node, good, "")), "the control plane sees which faults will not go away")
}
