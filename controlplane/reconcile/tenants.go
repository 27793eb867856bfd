package reconcile

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Tenants prepares tenants' rows on a node.
type Tenants interface {
	PrepareAccount(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error)
	PrepareRetailer(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error)
}

// callTime is how long a node may work on a call.
const callTime = 30 * time.Second

// NodeClient is Tenants over the network.
type NodeClient struct {
	party trust.Party

	mu    sync.Mutex
	nodes map[trust.Identity]*http.Client
}

// NewNodeClient makes a client that calls nodes in the name of a control-plane server.
func NewNodeClient(party trust.Party) *NodeClient {
	return &NodeClient{party: party, nodes: map[trust.Identity]*http.Client{}}
}

// client makes calls to one node, and to no other one that answers at its address.
func (c *NodeClient) client(on *cpv1.Node) nodev1connect.TenantServiceClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := trust.Identity{Cluster: c.party.Cluster(), Environment: on.GetEnvironment(), Kind: trust.NodeKind, ID: on.GetId()}
	if c.nodes[id] == nil {
		c.nodes[id] = trust.NewClient(c.party, trust.Exactly(id))
		c.nodes[id].Timeout = callTime
	}
	return nodev1connect.NewTenantServiceClient(connect.NewClient(wire.NewTransport(c.nodes[id], "https://"+on.GetAddress())))
}

// PrepareAccount makes an account's rows.
func (c *NodeClient) PrepareAccount(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error) {
	out, err := c.client(on).PrepareAccount(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("prepare account %s on %s: %w", r.GetAccount(), on.GetId(), err)
	}
	return out, nil
}

// PrepareRetailer makes a retailer with its defaults.
func (c *NodeClient) PrepareRetailer(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error) {
	out, err := c.client(on).PrepareRetailer(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("prepare retailer %d of %s on %s: %w", r.GetRetailer(), r.GetAccount(), on.GetId(), err)
	}
	return out, nil
}
