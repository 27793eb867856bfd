package door_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

func TestLimitsThatNoProcessCouldKeepAreRefused(t *testing.T) {
	t.Parallel()
	have := door.Descriptors()
	require.NoError(t, door.Limits{}.Check())
	require.NoError(t, door.Limits{Connections: door.DefaultConnections(), PerAddress: 1}.Check())
	require.ErrorContains(t, door.Limits{Connections: have}.Check(), "ulimit -n")
	require.Error(t, door.Limits{Connections: -1}.Check())
	require.Error(t, door.Limits{PerAddress: -1}.Check())
	require.LessOrEqual(t, door.DefaultConnections(), max(have/2, 16))
	require.LessOrEqual(t, door.DefaultConnections(), door.MostByDefault)
	_, err := door.Listen("127.0.0.1:0", door.Port{Limits: door.Limits{Connections: have}})
	require.ErrorContains(t, err, "ulimit -n")
}
