package api

import (
	"context"
	"slices"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const healthService = "/grpc.health.v1.Health/"

// registerHealth serves the standard health check of gRPC: serving means the same as GET /readyz.
func registerHealth(server *connect.Server, unready func() string) {
	status := func() *grpc_health_v1.HealthCheckResponse {
		if unready() == "" {
			return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
		}
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}
	}
	methods := grpc_health_v1.File_grpc_health_v1_health_proto.Services().ByName("Health").Methods()
	server.Register(connect.Method{
		Spec: connect.Spec{Procedure: healthService + "Check", Schema: methods.ByName("Check"), IdempotencyLevel: connect.IdempotencyNoSideEffects},
		Handler: func(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
			if err := stream.Receive(&grpc_health_v1.HealthCheckRequest{}); err != nil {
				return err
			}
			return stream.Send(status())
		},
	})
}

// serverNames lists services for reflection.
type serverNames []string

// names lists the services of a server with those that need no token.
func names(server *connect.Server) serverNames {
	var out serverNames
	for spec := range server.Specs() {
		if service := serviceOf(spec.Procedure); !slices.Contains(out, service) {
			out = append(out, service)
		}
	}
	return append(out, "grpc.health.v1.Health")
}

func serviceOf(procedure string) string {
	for i := len(procedure) - 1; i > 0; i-- {
		if procedure[i] == '/' {
			return procedure[1:i]
		}
	}
	return procedure
}

// Names is what reflection asks for.
func (n serverNames) Names() []string { return n }
