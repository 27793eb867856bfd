package node

import (
	"context"
	"net/http"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// tenantServicePath is where TenantService is mounted.
const tenantServicePath = "/fluent.node.v1.TenantService/"

// tenants serves TenantService to the control plane.
func (n *Node) tenants(service nodev1connect.TenantServiceHandler) http.Handler {
	server := wire.NewServer(n.fromControlPlane)
	nodev1connect.RegisterTenantServiceHandler(server, service)
	mux := http.NewServeMux()
	wire.Mount(mux, server)
	return mux
}

// fromControlPlane lets only servers of the node's own control plane call, and gives faults their Connect codes.
func (n *Node) fromControlPlane(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if from, ok := trust.Caller(ctx); !ok || from.Kind != trust.ServerKind {
			return connect.NewError(connect.CodeUnauthenticated, "a control-plane server's certificate is needed")
		}
		return asConnect(next(ctx, spec, stream))
	}
}

// asConnect gives a fault its Connect code, and its facts as a detail; what has a code already stays.
func asConnect(err error) error {
	call, _ := wire.Verdict(err)
	if err == nil || call != nil {
		return err
	}
	f := fault.Of(err)
	return wire.FromFault(f, f.Error()).WithCause(err) // the control plane shows operators the cause
}
