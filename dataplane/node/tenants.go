package node

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// tenantServicePath is where TenantService is mounted.
const tenantServicePath = "/fluent.node.v1.TenantService/"

// tenants serves TenantService to the control plane.
func (n *Node) tenants(service nodev1connect.TenantServiceHandler) http.Handler {
	server := connect.NewServer(n.fromControlPlane)
	nodev1connect.RegisterTenantServiceHandler(server, service)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	return mux
}

// fromControlPlane lets only the node's own control plane call, with a token that was made for this node, and gives faults their Connect codes.
func (n *Node) fromControlPlane(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		info, _ := connect.CallInfoForServerContext(ctx)
		raw, ok := token.Bearer(info.RequestHeader().Get("Authorization"))
		if !ok {
			return connect.NewError(connect.CodeUnauthenticated, "a control-plane server's token is needed")
		}
		verifier, err := n.controlPlaneVerifier()
		if err == nil {
			_, err = verifier.ControlPlane(raw, n.link.NodeID())
		}
		if err == nil {
			err = next(ctx, spec, stream)
		}
		return asConnect(err)
	}
}

func (n *Node) controlPlaneVerifier() (*token.Verifier, error) {
	var keys []token.Key
	for id, public := range n.state.View().Keys() {
		keys = append(keys, token.Key{ID: id, Public: public})
	}
	set, err := token.NewKeySet(keys...)
	if err != nil {
		return nil, err
	}
	return token.NewVerifier(n.link.Cluster(), set, time.Now), nil
}

// asConnect gives a fault its Connect code; what has one already stays.
func asConnect(err error) error {
	if err == nil || connect.CodeOf(err) != connect.CodeUnknown {
		return err
	}
	f := fault.Of(err)
	return connect.NewError(interceptor.CodeOf(f.Kind), f.Error()).WithCause(err)
}
