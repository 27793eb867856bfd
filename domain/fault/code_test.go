package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
)

func TestEveryKindHasAPlatformCode(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotEmpty(t, fault.New(kind, "x").PlatformCode(), "kind %d", kind)
	}
	require.Equal(t, fault.CodeOrderExists, fault.New(fault.Exists, "x").WithCode(fault.CodeOrderExists).PlatformCode(), "a code of its own wins")
	require.Equal(t, "S0002E", fault.New(fault.Conflict, "x").PlatformCode(), "who lost a race may try again")
}
