package profile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/cli/profile"
)

func read(t *testing.T, path string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(raw, &v))
	return v
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ACME")
	files, err := profile.Write(dir, profile.Profile{BaseURL: "http://g", Account: "ACME", ClientSecret: "s", Username: "admin@acme",
		Password: "p", RetailerRef: "R1", RetailerID: 1})
	require.NoError(t, err)
	require.Len(t, files, 3)
	require.Equal(t, map[string]any{"baseUrl": "http://g", "id": "ACME", "clientSecret": "s", "user": "admin"}, read(t, filepath.Join(dir, "profile.json")))
	require.Equal(t, map[string]any{"username": "admin@acme", "password": "p"}, read(t, filepath.Join(dir, "user.admin.json")))
	require.Equal(t, map[string]any{"id": "1"}, read(t, filepath.Join(dir, "retailer.R1.json")))
	for _, f := range files {
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.EqualValues(t, 0o600, info.Mode().Perm())
	}
}

func TestIncompleteProfilesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := profile.Write(t.TempDir(), profile.Profile{Account: "ACME"})
	require.Error(t, err)
	whole := profile.Profile{BaseURL: "b", Account: "A", ClientSecret: "s", Username: "u", Password: "p", RetailerRef: "../x"}
	_, err = profile.Write(t.TempDir(), whole)
	require.ErrorContains(t, err, "slash")
}
