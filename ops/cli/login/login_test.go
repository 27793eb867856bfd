package login_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/cli/login"
)

func TestCredentialsAreKeptPrivately(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "credentials.json")
	_, err := login.Load(path)
	require.ErrorIs(t, err, login.ErrNone)
	want := login.Credentials{Servers: []string{"http://a"}, Username: "ann", Token: "t", ExpiresAt: time.Unix(1_800_000_000, 0).UTC()}
	require.NoError(t, login.Save(path, login.Credentials{}))
	require.NoError(t, login.Save(path, want))
	got, err := login.Load(path)
	require.NoError(t, err)
	require.Equal(t, want, got)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing half-written is left")
	require.NoError(t, login.Remove(path))
	require.NoError(t, login.Remove(path))
}

func TestBrokenFilesAreReported(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := login.Load(path)
	require.ErrorContains(t, err, path)
}

func TestPathFollowsTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("FLUENT_CONFIG", dir)
	got, err := login.Path()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "credentials.json"), got)
	t.Setenv("FLUENT_CONFIG", filepath.Join(dir, "mine.json"))
	got, err = login.Path()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "mine.json"), got)
	t.Setenv("FLUENT_CONFIG", "")
	t.Setenv("XDG_CONFIG_HOME", dir)
	got, err = login.Path()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "fluent", "credentials.json"), got)
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	end := time.Unix(1_800_000_000, 0)
	require.False(t, login.Credentials{}.Expired(end))
	require.False(t, login.Credentials{ExpiresAt: end}.Expired(end.Add(-time.Second)))
	require.True(t, login.Credentials{ExpiresAt: end}.Expired(end))
}
