package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/server"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/uplink"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/cli/render"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// trio is a real control plane of three servers in this process.
type trio struct {
	peers []cluster.Peer
	stop  map[string]func()
}

func newTrio(t *testing.T) *trio {
	t.Helper()
	c, dir := &trio{stop: map[string]func(){}}, t.TempDir()
	for i := range 3 {
		c.peers = append(c.peers, cluster.Peer{ID: fmt.Sprintf("cp%d", i+1), Raft: porttest.Address(t), API: porttest.Address(t)})
	}
	authority, err := keyring.MakeAuthority("fluent-trio", time.Now())
	require.NoError(t, err)
	file := filepath.Join(dir, "authority.pem")
	require.NoError(t, os.WriteFile(file, authority, 0o600))
	for _, p := range c.peers {
		ctx, cancel := context.WithCancel(context.Background())
		ended, ready := make(chan error, 1), make(chan string, 1)
		go func() {
			ended <- server.Run(ctx, server.Config{
				ID: p.ID, Dir: filepath.Join(dir, p.ID), Peers: c.peers, Bootstrap: true, Authority: file,
				OperatorUsername: "ann", OperatorPassword: "correct horse", Logger: slog.New(slog.DiscardHandler),
				Ready: func(api string) { ready <- api },
			})
		}()
		select {
		case <-ready:
		case err := <-ended:
			require.NoError(t, err, p.ID)
		}
		c.stop[p.ID] = sync.OnceFunc(func() {
			cancel()
			<-ended
		})
	}
	t.Cleanup(func() {
		for _, stop := range c.stop {
			stop()
		}
	})
	return c
}

func (c *trio) url(id string) string {
	for _, p := range c.peers {
		if p.ID == id {
			return "http://" + p.API
		}
	}
	return ""
}

// TestACommandLineAgainstThreeServers logs in at one server of three, and reads through a follower what the leader says.
func TestACommandLineAgainstThreeServers(t *testing.T) {
	cp := newTrio(t)
	s := newShell(t)
	given := cp.url("cp1")
	require.Eventually(t, func() bool {
		code, _, _ := s.run("correct horse\n", "login", "--server", given, "--username", "ann", "--password-stdin")
		return code == render.ExitOK
	}, 3*time.Minute, 50*time.Millisecond, "nobody can log in")
	kept, err := login.Load(filepath.Join(s.dir, "credentials.json"))
	require.NoError(t, err)
	require.Equal(t, given, kept.Servers[0], "the one that was given comes first")
	require.ElementsMatch(t, []string{cp.url("cp1"), cp.url("cp2"), cp.url("cp3")}, kept.Servers)

	s.must("region", "create", "here", "--country", "AU", "--jurisdiction", "AU")
	var status struct{ LeaderId string }
	require.NoError(t, json.Unmarshal([]byte(s.must("cluster", "status", "--output", "json")), &status))
	follower := "cp1"
	if status.LeaderId == follower {
		follower = "cp2"
	}
	throughAFollower(t, s, cp.url(follower))
	repeats(t, s)
	tokenOfAPlaceThatIsGone(t, s, given)

	cp.stop["cp1"]()
	require.Contains(t, s.must("region", "list"), "here", "the session goes on without the server that the login was given")
	for _, stop := range cp.stop {
		stop()
	}
	code, _, errOut := s.run("", "region", "create", "there", "--country", "NZ", "--jurisdiction", "NZ")
	require.Equal(t, render.ExitUnavailable, code)
	require.Regexp(t, regexp.MustCompile(`\n  The change may have been made\. Run the same command with --request-id [A-Z2-7]{26}: it is not made twice\.\n`), errOut)
}

// tokenOfAPlaceThatIsGone starts a node with the token of an environment that was deleted and made again.
func tokenOfAPlaceThatIsGone(t *testing.T, s *shell, server string) {
	s.must("environment", "create", "gone", "--region", "here", "--database-url", "postgres://fluent@db/gone")
	var invited struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(s.must("node", "invite", "--kind", "node", "--environment", "gone", "--output", "json")), &invited))
	s.must("environment", "delete", "gone", "--yes")
	s.must("environment", "create", "gone", "--region", "here", "--database-url", "postgres://fluent@db/gone")
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	code, _, errOut := s.run(invited.Token, "node", "--dir", t.TempDir(), "--servers", server, "--join-token-file", "-")
	require.Equal(t, render.ExitUnauthenticated, code)
	require.Regexp(t, `(?m)^fluent: token: The join token is not valid\. .*Make another: fluent node invite$`, errOut)
	require.NotContains(t, errOut, "fluent login")
}

// throughAFollower lets the leader refuse the command line and a node that both know a follower only.
func throughAFollower(t *testing.T, s *shell, follower string) {
	code, _, errOut := s.run("", "region", "get", "nowhere", "--server", follower)
	require.Equal(t, render.ExitNotFound, code)
	require.Equal(t, "fluent: There is no region \"nowhere\".\n", errOut)
	code, _, errOut = s.run("", "region", "delete", "here", "--etag", "old", "--yes", "--server", follower)
	require.Equal(t, render.ExitConflict, code)
	require.Regexp(t, `(?s)^fluent: .*etag.*\n  etag: .+\n$`, errOut, "the facts are in the details")
	code, _, errOut = s.run("", "environment", "create", "shared", "--region", "nowhere", "--database-url", "postgres://x", "--server", follower)
	require.Equal(t, render.ExitUsage, code)
	require.Contains(t, errOut, "environment.region: ")

	s.must("environment", "create", "shared", "--region", "here", "--database-url", "postgres://fluent@db/x")
	var invited struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(s.must("node", "invite", "--kind", "node", "--environment", "shared", "--output", "json")), &invited))
	dir := t.TempDir()
	state, err := desired.Open(filepath.Join(dir, "desired"))
	require.NoError(t, err)
	link, err := uplink.New(uplink.Config{Servers: []string{follower}, JoinToken: invited.Token, NodeID: "n1", Kind: "node", Address: "127.0.0.1:9", Dir: dir},
		state, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = link.Run(ctx, func() *nodev1.ReportRequest { return &nodev1.ReportRequest{State: "JOINING"} }, func() {}) // it ends with ctx
	}()
	defer func() {
		cancel()
		<-ended
	}()
	require.Eventually(t, func() bool { return state.View().Environment().GetName() == "shared" }, time.Minute, 10*time.Millisecond)
	_, err = link.Commit(t.Context(), &nodev1.CommitConfigurationRequest{Account: "NOBODY", Retailer: 1})
	f := fault.Of(err)
	require.Equal(t, fault.NotFound, f.Kind, "%v", err)
	require.Equal(t, "C0120E", f.Code, "%v", err)
	require.Equal(t, `There is no account "NOBODY".`, f.Detail)
	_, err = link.CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{RequestId: "1", Account: "NOBODY", Ref: "a b"})
	f = fault.Of(err)
	require.Equal(t, fault.Invalid, f.Kind, "%v", err)
	require.Contains(t, f.Detail, "ref: ")
}

// repeats runs a command twice with one id, as somebody does who does not know what became of the first.
func repeats(t *testing.T, s *shell) {
	for range 2 {
		require.Contains(t, s.must("region", "create", "twice", "--country", "AU", "--jurisdiction", "AU", "--request-id", "mine"), "twice")
	}
	code, _, errOut := s.run("", "region", "create", "twice", "--country", "AU", "--jurisdiction", "AU")
	require.Equal(t, render.ExitConflict, code)
	require.NotContains(t, errOut, "--request-id", "it is known what became of it")
	code, _, _ = s.run("", "region", "list", "--request-id", "mine")
	require.Equal(t, render.ExitUsage, code)
}
