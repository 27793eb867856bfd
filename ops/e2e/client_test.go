package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOfficialClient runs the official npm client, unchanged, through its acceptance list (see client/acceptance.mjs).
func TestOfficialClient(t *testing.T) {
	s := shared(t)
	dir := installClient(t)
	order := s.bookedOrder(t)
	d := s.stack.Ready.Demo
	profiles := t.TempDir()
	writeProfile(t, profiles, map[string]any{
		"profile.json":     map[string]any{"baseUrl": s.stack.Ready.Gateway, "id": d.ClientID, "clientSecret": d.ClientSecret, "user": "ADMIN"},
		"retailer.R1.json": map[string]any{"id": d.RetailerID},
		"user.ADMIN.json":  map[string]any{"username": d.Username, "password": d.Password},
	})
	command := exec.Command("node", "acceptance.mjs")
	command.Dir = dir
	command.Env = append(os.Environ(),
		"BASE_URL="+s.stack.Ready.Gateway, "CLIENT_ID="+d.ClientID, "CLIENT_SECRET="+d.ClientSecret, "USERNAME_="+d.Username,
		"PASSWORD_="+d.Password, "RETAILER_ID="+d.RetailerID, "PROFILE_DIR="+profiles, "ORDER_REF="+order, "PRODUCT_REF=TOPS-01-S",
		"LOCATION_REF=DC-SYD", "RUN="+strings.ToLower(filepath.Base(workspace)[len("fluent-e2e-"):]))
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	claims := 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var claim struct {
			Claim string `json:"claim"`
			OK    bool   `json:"ok"`
			Error string `json:"error"`
		}
		if json.Unmarshal(lines.Bytes(), &claim) != nil || claim.Claim == "" {
			continue
		}
		claims++
		t.Run(claim.Claim, func(t *testing.T) { require.True(t, claim.OK, claim.Error) })
	}
	require.NoError(t, err, "%s\n%s", out, stderr.String())
	require.GreaterOrEqual(t, claims, 25)
}

// installClient installs the official client in a temporary copy of the client folder, once in a run.
func installClient(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(workspace, "client")
	installed.Do(func() {
		require.NoError(t, os.CopyFS(dir, os.DirFS("client")))
		install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = dir
		out, err := install.CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	require.DirExists(t, filepath.Join(dir, "node_modules"), "the client was not installed; see the first test that asked for it")
	return dir
}

var installed sync.Once

func writeProfile(t *testing.T, base string, files map[string]any) {
	t.Helper()
	dir := filepath.Join(base, "ACCEPT")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	for name, content := range files {
		encoded, err := json.Marshal(content)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), encoded, 0o600))
	}
}

// bookedOrder is the ref of a demo order in status BOOKED.
func (s *system) bookedOrder(t *testing.T) string {
	t.Helper()
	s.quiet(t)
	var found struct {
		Orders struct {
			Edges []struct{ Node struct{ Ref string } }
		}
	}
	require.NoError(t, s.client.GraphQL(context.Background(), `{ orders(status: "BOOKED", first: 1) { edges { node { ref } } } }`, nil, &found))
	require.NotEmpty(t, found.Orders.Edges, "no demo order is BOOKED")
	return found.Orders.Edges[0].Node.Ref
}
