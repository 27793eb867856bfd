package reconcile

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/token"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Tenants prepares tenants' rows on a node.
type Tenants interface {
	PrepareAccount(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareAccountRequest) (*nodev1.PrepareAccountResponse, error)
	PrepareRetailer(ctx context.Context, on *cpv1.Node, r *nodev1.PrepareRetailerRequest) (*nodev1.PrepareRetailerResponse, error)
}

// callLifetime is how long the token of one call to a node is good for.
const callLifetime = time.Minute

// NodeClient is Tenants over the network.
type NodeClient struct {
	server string
	issuer func() (*token.Issuer, error)
	http   *http.Client
}

// NewNodeClient makes a client that signs its calls in the name of a control-plane server.
func NewNodeClient(server string, issuer func() (*token.Issuer, error)) *NodeClient {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &NodeClient{server: server, issuer: issuer, http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{Protocols: protocols, HTTP2: pings(), IdleConnTimeout: time.Minute},
	}}
}

// pings notice a node that hangs, so that another is tried.
func pings() *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: time.Second, PingTimeout: 2 * time.Second}
}

// client makes calls to one node, with tokens that are of no use to it elsewhere.
func (c *NodeClient) client(on *cpv1.Node) nodev1connect.TenantServiceClient {
	bearer := interceptor.Bearer(func(context.Context) (string, error) {
		issuer, err := c.issuer()
		if err != nil {
			return "", err
		}
		raw, _, err := issuer.ControlPlane(token.ControlPlane{Server: c.server, Node: on.GetId()}, callLifetime)
		return raw, err
	})
	return nodev1connect.NewTenantServiceClient(connect.NewClient(connecthttp.NewTransport(c.http, "http://"+on.GetAddress()), bearer))
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
