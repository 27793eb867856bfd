package api_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/state"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// neighbour is another server of the cluster, which understands a schema, and tells nobody who does not say who he is.
type neighbour struct {
	cpc.UnimplementedClusterServiceHandler
	schema atomic.Uint32
}

func (n *neighbour) GetStatus(ctx context.Context, _ *cpv1.GetStatusRequest) (*cpv1.GetStatusResponse, error) {
	if info, ok := connect.CallInfoForServerContext(ctx); !ok || info.RequestHeader().Get("Authorization") == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, "Who are you?")
	}
	return &cpv1.GetStatusResponse{Schema: n.schema.Load()}, nil
}

// TestTheSchemaFloorIsWhatEveryServerUnderstands has a server of an older release beside the leader, then an upgraded one, then one that is gone.
func TestTheSchemaFloorIsWhatEveryServerUnderstands(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	beside := &neighbour{}
	beside.schema.Store(state.Schema - 1)
	server, mux := wire.NewServer(), http.NewServeMux()
	cpc.RegisterClusterServiceHandler(server, beside)
	wire.Mount(mux, server)
	web := trusttest.Serve(t, trusttest.Listen(t), d.authorities.Party(), mux)
	t.Cleanup(web.Close)
	d.beside(cluster.Peer{ID: "cp2", Raft: "127.0.0.1:3", API: web.Listener.Addr().String()})
	finalise := func() (*cpv1.FinaliseUpgradeResponse, error) {
		return cpc.NewClusterServiceClient(d.root()).FinaliseUpgrade(t.Context(), &cpv1.FinaliseUpgradeRequest{})
	}
	d.root()
	before := d.store.View().Index()
	_, err := finalise()
	require.ErrorContains(t, err, "The server cp2 understands schema")
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err), "%v", err)
	require.Equal(t, before, d.store.View().Index(), "nothing was raised")
	beside.schema.Store(state.Schema)
	done, err := finalise()
	require.NoError(t, err)
	require.Equal(t, state.Schema, done.GetSchemaFloor())
	require.Greater(t, d.store.View().Index(), before)
	before = d.store.View().Index()
	web.CloseClientConnections()
	web.Close()
	_, err = finalise()
	require.ErrorContains(t, err, "The server cp2 does not answer")
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), "%v", err)
	require.Equal(t, before, d.store.View().Index())
}
