package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDatabasePasswordsAreNeverShown(t *testing.T) {
	t.Parallel()
	shown := map[string]string{
		"":                                   "",
		"postgres://db:5432/x":               "postgres://db:5432/x",
		"postgres:///x?host=/run/postgresql": "postgres:///x?host=/run/postgresql",
		"postgres://u:geheim@db/x":           "postgres://u:xxxxx@db/x",
		"postgresql://u:ge%40h%2Feim@db/x":   "postgresql://u:xxxxx@db/x",
		"postgres://db/x?user=u&password=geheim&sslpassword=eim": "postgres://db/x?password=xxxxx&sslpassword=xxxxx&user=u",
	}
	for raw, want := range shown {
		require.NoError(t, checkDatabaseURL(raw), raw)
		require.Equal(t, want, withoutPassword(raw))
	}
	for _, raw := range []string{
		"host=db user=u password=geheim dbname=x", "u:geheim@db/x", "mysql://u:geheim@db/x", "postgres://u:ge%zzheim@db/x", "postgres://u:ge@heim@db/x",
		"postgres://u:12/geheim@db/x", "postgres://u:12?geheim@db/x", "postgres://u:12#geheim@db/x", "postgres://db/x?user=u;password=geheim",
	} {
		err := checkDatabaseURL(raw)
		require.Error(t, err, raw)
		require.NotContains(t, err.Error(), "heim", "the refusal repeats the address")
		require.Equal(t, "(set)", withoutPassword(raw), "addresses that older releases took")
	}
}
