package api_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/api"
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
