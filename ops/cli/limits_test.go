package cli

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// TestLimitsComeFromOptionsThenTheEnvironment gives them in all ways, to a port that strangers reach and to one that they do not.
func TestLimitsComeFromOptionsThenTheEnvironment(t *testing.T) {
	limits := func(public bool, args ...string) (door.Limits, error) {
		l := limiter{public: public}
		cmd := &cobra.Command{Use: "x", RunE: func(*cobra.Command, []string) error { return nil }}
		l.flags(cmd)
		cmd.SetArgs(args)
		require.NoError(t, cmd.Execute())
		return l.limits()
	}
	get := func(public bool, args ...string) door.Limits {
		l, err := limits(public, args...)
		require.NoError(t, err)
		return l
	}
	usual := door.DefaultConnections()
	require.Equal(t, door.Limits{Connections: usual, PerAddress: usual / 4}, get(true))
	require.Equal(t, door.Limits{Connections: usual}, get(false))
	require.Equal(t, door.Limits{Connections: 100, PerAddress: 25}, get(true, "--connections", "100"))
	require.Equal(t, door.Limits{Connections: usual}, get(true, "--connections-per-address", "0"))
	t.Setenv(connectionsVariable, "80")
	t.Setenv(perAddressVariable, "7")
	require.Equal(t, door.Limits{Connections: 80, PerAddress: 7}, get(true))
	require.Equal(t, door.Limits{Connections: 80, PerAddress: 7}, get(false))
	require.Equal(t, door.Limits{Connections: 100, PerAddress: 0}, get(true, "--connections", "100", "--connections-per-address", "0"))
	for _, wrong := range [][]string{{"--connections", "0"}, {"--connections", "2000000000"}, {"--connections-per-address", "-5"}} {
		_, err := limits(true, wrong...)
		require.Error(t, err, wrong)
	}
	t.Setenv(connectionsVariable, "many")
	_, err := limits(true)
	require.ErrorContains(t, err, connectionsVariable)
}
