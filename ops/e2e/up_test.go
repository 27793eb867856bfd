package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/stack"
)

// TestUpAgainAndBeside: `fluent up` runs beside another one, refuses a folder in use, and goes on where it ended, be it in order or by
// SIGKILL of everything.
func TestUpAgainAndBeside(t *testing.T) {
	other := shared(t) // runs all the while, in a folder of its own
	dir := filepath.Join(t.TempDir(), "state")
	first := startIn(t, dir)
	kept := administrator(t, first).account(t, "KEPT", "KEPT-1")
	kept.stock(t, apiclient.StockRow{LocationRef: "SHOP", SkuRef: "BELL", Qty: 3})
	order := kept.place(t, kept.client, kept.newOrder("K-1", kept.shopper(t, "kim"), "BELL", 1))
	const booked = "BOOKED; SHOP HD_PFS AWAITING_WAVE BELL×1"
	kept.becomes(t, order, booked)

	t.Run("the ready file", func(t *testing.T) { readyFiles(t, first, other.stack) })
	t.Run("beside another", func(t *testing.T) {
		require.NotEqual(t, first.Ready.Gateway, other.stack.Ready.Gateway)
		_, err := apiclient.New(other.stack.Ready.Gateway, kept.credentials).Token(context.Background())
		var refused *apiclient.StatusError
		require.ErrorAs(t, err, &refused, "the account exists in one of the two only")
		require.Equal(t, 401, refused.Status)
	})
	t.Run("a folder in use is refused", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, binary, "up", "--dir", dir, "--listen", "127.0.0.1:0", "--demo=false").CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, "%s", out)
		require.Contains(t, string(out), fmt.Sprint(first.Pid()))
		kept.becomes(t, order, booked)
	})

	stopped := stopQuietly(t, dir)
	require.NoError(t, first.Stop())
	require.NoFileExists(t, filepath.Join(dir, "ready.json"), "nothing is ready any more")
	stopped()
	second := startIn(t, dir)
	t.Run("again after a stop", func(t *testing.T) {
		require.Equal(t, first.Ready, second.Ready, "addresses and credentials stay")
		kept.becomes(t, order, booked)
		administrator(t, second).run(t, "", "account", "get", "KEPT")
	})

	require.NoError(t, second.KillAll())
	third := startIn(t, dir)
	t.Run("again after a kill of everything", func(t *testing.T) {
		require.Equal(t, first.Ready, third.Ready)
		kept.becomes(t, order, booked)
		later := kept.place(t, kept.client, kept.newOrder("K-2", kept.shopper(t, "kurt"), "BELL", 1))
		kept.becomes(t, later, booked)
		kept.offers(t, "HD_AGG", kept.summed(map[string]int{"BELL": 1}))
	})
}

// startIn runs a platform without demo data in a folder, until the test ends.
func startIn(t *testing.T, dir string) *stack.Stack {
	t.Helper()
	running, err := stack.Start(context.Background(), stack.Options{Binary: binary, Dir: dir, Args: []string{"--demo=false"}})
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Log(err)
		}
	})
	return running
}

// readyFiles: both have exactly the promised members; they are readable by their owner only, for they hold secrets.
func readyFiles(t *testing.T, bare, withDemo *stack.Stack) {
	for _, s := range []*stack.Stack{bare, withDemo} {
		path := filepath.Join(s.Options.Dir, "ready.json")
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		ready := readJSON[map[string]json.RawMessage](t, path)
		want := []string{"gateway", "controlPlane", "console", "operator"}
		if s == withDemo {
			want = append(want, "demo")
			require.ElementsMatch(t, []string{"account", "retailerId", "clientId", "clientSecret", "username", "password"}, members(t, ready["demo"]))
		}
		require.ElementsMatch(t, want, keys(ready))
		require.ElementsMatch(t, []string{"username", "password"}, members(t, ready["operator"]))
		require.Len(t, s.Ready.ControlPlane, 3)
	}
	_, err := os.Stat(filepath.Join(bare.Options.Dir, "database"))
	require.False(t, errors.Is(err, os.ErrNotExist), "its database is in its folder")
}

// stopQuietly is to be called before a stop, and what it returns after it: a stop that was asked for is no error to anybody.
func stopQuietly(t *testing.T, dir string) (stopped func()) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "logs", "*.log"))
	require.NoError(t, err)
	require.NotEmpty(t, logs)
	logs = append(logs, filepath.Join(dir, "up.log"))
	before := map[string]int{}
	for _, path := range logs {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		before[path] = len(raw)
	}
	return func() {
		for _, path := range logs {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			for line := range strings.Lines(string(raw[before[path]:])) {
				require.NotContains(t, strings.ToUpper(line), "ERROR]", "%s", path)
				require.NotContains(t, line, `"level":"ERROR"`, "%s", path)
			}
		}
	}
}

// TestBrowsersFindAPage: whoever opens an address of `fluent up` in a browser learns what answers there.
func TestBrowsersFindAPage(t *testing.T) {
	s := shared(t).stack
	ready := readJSON[struct{ Console string }](t, filepath.Join(s.Options.Dir, "ready.json"))
	for _, address := range append([]string{s.Ready.Gateway, ready.Console}, s.Ready.ControlPlane...) {
		res, err := http.Get(address + "/")
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, errors.Join(err, res.Body.Close()))
		require.Equal(t, http.StatusOK, res.StatusCode, address)
		require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"), address)
		require.Contains(t, string(body), "<h1>Fluent: the ", address)
	}
}

// TestTheAPIIsCalledWithoutCurl: the command line gets tokens and sends GraphQL, for the demo account and for an account's profile.
func TestTheAPIIsCalledWithoutCurl(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	ready := filepath.Join(s.stack.Options.Dir, "ready.json")
	profile := filepath.Join(t.TempDir(), "profile")
	operator.run(t, "", "account", "create", "TYPED", "--retailer", "TYPED-AU", "--profile", profile)

	const query = `{ me { username } retailers(ref: ["DEMO", "TYPED-AU"]) { edges { node { ref } } } }`
	require.JSONEq(t, `{"me":{"username":"demo-admin"},"retailers":{"edges":[{"node":{"ref":"DEMO"}}]}}`, operator.run(t, "", "api", "graphql", "--ready-file", ready, query))
	require.Contains(t, operator.run(t, query, "api", "graphql", "--profile", profile, "-"), `"TYPED-AU"`)
	token := strings.TrimSpace(operator.run(t, "", "api", "token", "--profile", profile))
	req, err := http.NewRequest(http.MethodGet, s.stack.Ready.Gateway+"/api/v4.1/event?count=1", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func members(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var object map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &object))
	return keys(object)
}

func keys(object map[string]json.RawMessage) []string {
	var names []string
	for name := range object {
		names = append(names, name)
	}
	return names
}
