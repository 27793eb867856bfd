package api_test

import (
	"context"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/api"
	"github.com/fluent-oms/fluent/domain/fault"
)

func TestEveryMethodDeclaresAPermissionThatThePolicyKnows(t *testing.T) {
	t.Parallel()
	engine, err := policy.New(context.Background())
	require.NoError(t, err)
	all := api.Permissions()
	require.Greater(t, len(all), 45)
	for procedure, permission := range all {
		if permission == "" {
			t.Errorf("%s declares no permission", procedure)
		} else if permission != interceptor.Public && !engine.Knows(permission) {
			t.Errorf("%s declares %s, which the policy does not know", procedure, permission)
		}
	}
}

func TestEveryKindOfFaultHasACode(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotZero(t, wire.CodeOf(kind), "kind %d", kind)
	}
	require.Equal(t, connect.CodeAborted, wire.CodeOf(fault.Conflict))
	require.Zero(t, wire.CodeOf(fault.Expired+1), "a new kind needs a code, and this test its name")
}
