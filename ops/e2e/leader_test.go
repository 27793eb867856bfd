package e2e_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/stack"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// operator makes an authenticated line to the control plane.
func operator(t *testing.T, s *stack.Stack) *connect.Client {
	t.Helper()
	transport := remote.NewTransport(remote.HTTPClient(), s.Ready.ControlPlane)
	auth := controlplanev1connect.NewAuthServiceClient(connect.NewClient(transport))
	answer, err := auth.Login(context.Background(), &cpv1.LoginRequest{Username: s.Ready.Operator.Username, Password: s.Ready.Operator.Password})
	require.NoError(t, err)
	return connect.NewClient(transport, interceptor.Bearer(func(context.Context) (string, error) { return answer.GetAccessToken(), nil }))
}

// leaderIndex finds which of the stack's server processes leads.
func leaderIndex(t *testing.T, s *stack.Stack) int {
	t.Helper()
	cluster := controlplanev1connect.NewClusterServiceClient(operator(t, s))
	leader := ""
	require.Eventually(t, func() bool {
		answer, err := cluster.GetStatus(context.Background(), &cpv1.GetStatusRequest{})
		leader = answer.GetLeaderId()
		return err == nil && leader != ""
	}, time.Minute, 50*time.Millisecond)
	servers, err := s.Processes("server")
	require.NoError(t, err)
	for i, p := range servers {
		if slices.Contains(p.Command, leader) {
			return i
		}
	}
	require.Fail(t, "no process is the leader "+leader)
	return 0
}
