package uplink_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

var errLater = connect.NewError(connect.CodeUnavailable, "later")

// held is what a folder's certificate says.
func held(t *testing.T, dir string) *trust.Credential {
	t.Helper()
	holder, err := trust.Open(filepath.Join(dir, trust.File), time.Now)
	require.NoError(t, err)
	return holder.Current()
}

func TestATokenIsTakenOnceAndTheCertificateKept(t *testing.T) {
	t.Parallel()
	p, dir := newPlane(t), t.TempDir()
	p.script(frames(nil, environment("shared"), snapshot("ACME"), end("one", 5)))
	first := start(t, dir, "token", p)
	first.reaches(t, 5)
	require.Equal(t, "fluent://one/environment/shared/node/n1", held(t, dir).String())
	require.Equal(t, held(t, dir).Identity, first.link.Identity())
	require.Len(t, get(p, func(p *plane) []string { return p.joinedBy }), 1)
	first.stop()

	// The next process has no token. It serves from the disk at once, and tells where it answers now.
	second := start(t, dir, "", p)
	require.NotNil(t, second.state.View().Account("ACME"))
	require.Eventually(t, func() bool { return get(p, func(p *plane) int { return len(p.joins) }) == 2 }, patience, 5*time.Millisecond)
	require.Equal(t, "n1", get(p, func(p *plane) string { return p.joinedBy[1] }))
	again := get(p, func(p *plane) *nodev1.JoinRequest { return p.joins[1] })
	require.Equal(t, []string{"127.0.0.1:7", "one", ""}, []string{again.GetAddress(), again.GetClusterId(), again.GetToken()})
	require.Eventually(t, func() bool { return watched(p) == 2 }, patience, 5*time.Millisecond)
	resumed := get(p, func(p *plane) *nodev1.WatchRequest { return p.watches[1] })
	require.Equal(t, "one", resumed.GetIncarnation())
	require.EqualValues(t, 5, resumed.GetIndex())
}

func TestAProcessThatIsNotLetInEnds(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	require.ErrorContains(t, <-start(t, t.TempDir(), "wrong", p).ended, "not valid")
}

func TestAFolderStaysWithItsEnvironment(t *testing.T) {
	t.Parallel()
	p, dir := newPlane(t), t.TempDir()
	p.script(frames(nil, environment("shared"), end("one", 5)))
	first := start(t, dir, "token", p)
	first.reaches(t, 5)
	first.stop()
	require.NoError(t, os.Remove(filepath.Join(dir, trust.File)))
	p.mu.Lock()
	p.environment = "other"
	p.mu.Unlock()
	require.ErrorContains(t, <-start(t, dir, "token", p).ended, "another environment")
}

func TestCertificatesAreRenewedWhileTheStreamGoesOn(t *testing.T) {
	t.Parallel()
	p, dir := newPlane(t), t.TempDir()
	p.age = trust.Lifetime * 3 / 4
	renewed := make(chan struct{})
	p.script(func(stream nodev1connect.NodeServiceWatchServerStream) error {
		if err := frames(nil, environment("shared"), end("one", 5))(stream); err != nil {
			return err
		}
		<-renewed
		return frames(nil, change(6, "ACME"))(stream)
	})
	node := start(t, dir, "token", p)
	node.reaches(t, 5)
	require.Eventually(t, func() bool { return held(t, dir).NotAfter.After(time.Now().Add(trust.Lifetime / 2)) }, patience, 5*time.Millisecond)
	reports := get(p, func(p *plane) int { return p.reports })
	require.Eventually(t, func() bool { return get(p, func(p *plane) int { return p.reports }) > reports }, patience, 5*time.Millisecond)
	close(renewed)
	node.reaches(t, 6)
	require.Equal(t, 1, watched(p), "the stream is the first one")
	require.Equal(t, 1, get(p, func(p *plane) int { return p.wishes }), "one certificate is enough")
}

func TestWhoWasAwayForTooLongNeedsANewToken(t *testing.T) {
	t.Parallel()
	p, dir := newPlane(t), t.TempDir()
	p.good["n1"] = true
	p.cluster.Join(dir, p.cluster.Identity(trust.NodeKind, "n1"), time.Now().Add(-2*trust.Lifetime))
	p.script(frames(nil, environment("shared"), end("one", 5)))
	stale := start(t, dir, "", p)
	brief, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := stale.link.CreateRetailer(brief, &nodev1.CreateRetailerRequest{})
	require.Error(t, err)
	stale.stop()
	require.Zero(t, get(p, func(p *plane) int { return len(p.joins) + p.reports }), "it is not let in")
	start(t, dir, "token", p).reaches(t, 5)
	require.True(t, held(t, dir).NotAfter.After(time.Now()))
}

func TestAnotherClustersServerIsNotTalkedTo(t *testing.T) {
	t.Parallel()
	other, dir := newPlaneOf(t, trusttest.New(t, "two")), t.TempDir()
	own := trusttest.New(t, "one")
	own.Join(dir, own.Identity(trust.NodeKind, "n1"), time.Now())
	node := start(t, dir, "", other)
	brief, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err := node.link.CreateRetailer(brief, &nodev1.CreateRetailerRequest{})
	require.ErrorContains(t, err, "of the cluster two, and this is one")
	require.Zero(t, get(other, func(p *plane) int { return len(p.joins) + p.reports }))
}

func TestTheStreamGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.script(
		frames(errLater, snapshot("HALF")), // cut off before its end
		frames(errLater, environment("shared"), snapshot("ACME"), end("one", 5), change(6, "BETA")),
		frames(nil, change(7, "GAMMA")),
	)
	node := start(t, t.TempDir(), "token", p)
	node.reaches(t, 7)
	require.Nil(t, node.state.View().Account("HALF"))
	require.Len(t, node.state.View().Accounts(), 3)
	asked := get(p, func(p *plane) []*nodev1.WatchRequest { return p.watches })
	require.Len(t, asked, 3)
	require.Zero(t, asked[1].GetIndex(), "half a snapshot is no place to go on from")
	require.Equal(t, "one", asked[2].GetIncarnation())
	require.EqualValues(t, 6, asked[2].GetIndex())
}

func TestAResetStartsOverWithASnapshot(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	blank := make(chan struct{})
	fill := sync.OnceFunc(func() { close(blank) })
	t.Cleanup(fill)
	p.script(
		frames(nil, environment("shared"), snapshot("OLD"), end("one", 9), reset("restored from a backup")),
		func(stream nodev1connect.NodeServiceWatchServerStream) error {
			<-blank
			return frames(nil, environment("shared"), snapshot("NEW"), end("two", 3))(stream)
		},
	)
	node := start(t, t.TempDir(), "token", p)
	require.Eventually(t, func() bool { return watched(p) == 2 }, patience, 5*time.Millisecond)
	require.NotNil(t, node.state.View().Account("OLD"), "what is known serves until the new snapshot is whole")
	second := get(p, func(p *plane) *nodev1.WatchRequest { return p.watches[1] })
	require.Empty(t, second.GetIncarnation())
	require.Zero(t, second.GetIndex())
	fill()
	node.reaches(t, 3)
	require.Nil(t, node.state.View().Account("OLD"))
	require.NotNil(t, node.state.View().Account("NEW"))
}

func TestAnotherServerTakesOver(t *testing.T) {
	t.Parallel()
	gone := newPlane(t)
	here := newPlaneOf(t, gone.cluster)
	gone.web.Close()
	here.script(frames(nil, environment("shared"), end("one", 5)))
	node := start(t, t.TempDir(), "token", gone, here)
	node.reaches(t, 5)
	require.Eventually(t, func() bool { return get(here, func(p *plane) int { return p.reports }) > 0 }, patience, 5*time.Millisecond)
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	hangs := newPlane(t)
	here := newPlaneOf(t, hangs.cluster)
	here.good["n1"] = true
	hangs.script(frames(nil, environment("shared"), end("one", 5)))
	here.script(frames(nil, change(6, "ACME")))
	node := start(t, t.TempDir(), "token", hangs, here)
	node.reaches(t, 5)
	t.Cleanup(hangs.freeze()) // its stream stays open and silent
	node.reaches(t, 6)
	asked := get(here, func(p *plane) *nodev1.WatchRequest { return p.watches[0] })
	require.EqualValues(t, 5, asked.GetIndex())
}

// TestALongSnapshotIsNotBegunAgain: while a snapshot comes, that its server is too busy for other calls is no reason to leave it.
func TestALongSnapshotIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	busy := newPlane(t)
	here := newPlaneOf(t, busy.cluster)
	here.good["n1"] = true
	asked := make(chan int, 1)
	busy.script(func(stream nodev1connect.NodeServiceWatchServerStream) error {
		if err := stream.Send(environment("shared")); err != nil {
			return err
		}
		thaw := busy.freeze()
		defer thaw()
		for n := 0; get(here, func(p *plane) int { return p.reports }) < 2; n++ { // reports go elsewhere when busy did not answer
			if err := stream.Send(snapshot(fmt.Sprint("ACCOUNT", n))); err != nil {
				asked <- 0 // it was left
				return err
			}
			time.Sleep(5 * time.Millisecond) // the line's own pace
		}
		asked <- watched(busy) + watched(here)
		return frames(nil, snapshot("LAST"), end("one", 5))(stream)
	})
	node := start(t, t.TempDir(), "token", busy, here)
	require.Equal(t, 1, <-asked, "nobody was asked for the snapshot again")
	node.reaches(t, 5)
	require.NotNil(t, node.state.View().Account("LAST"))
}

func TestWhatIsAskedForIsSeenBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	told := make(chan struct{})
	tell := sync.OnceFunc(func() { close(told) })
	t.Cleanup(tell)
	p.script(func(stream nodev1connect.NodeServiceWatchServerStream) error {
		if err := frames(nil, environment("shared"), end("one", 5))(stream); err != nil {
			return err
		}
		<-told
		return frames(nil, change(9, "ACME"))(stream)
	})
	p.commit = func() (*nodev1.CommitConfigurationResponse, error) {
		return &nodev1.CommitConfigurationResponse{Configuration: &nodev1.Configuration{Version: "v2", Index: 9}}, nil
	}
	p.retailer = func() (*nodev1.CreateRetailerResponse, error) {
		return &nodev1.CreateRetailerResponse{Retailer: 2, Index: 9}, nil
	}
	node := start(t, t.TempDir(), "token", p)
	node.reaches(t, 5)
	brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := node.link.Commit(brief, &nodev1.CommitConfigurationRequest{})
	require.ErrorIs(t, err, context.DeadlineExceeded, "the commit is not seen here yet")
	tell()
	active, err := node.link.Commit(t.Context(), &nodev1.CommitConfigurationRequest{})
	require.NoError(t, err)
	require.Equal(t, "v2", active.GetVersion())
	require.EqualValues(t, 9, node.state.View().Index)
	number, err := node.link.CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{})
	require.NoError(t, err)
	require.EqualValues(t, 2, number)
}

func TestRefusalsAreFaults(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.script(frames(nil, environment("shared"), end("one", 5)))
	node := start(t, t.TempDir(), "token", p)
	node.reaches(t, 5)
	for code, kind := range map[connect.Code]fault.Kind{
		connect.CodeAlreadyExists: fault.Exists, connect.CodeAborted: fault.Conflict, connect.CodeNotFound: fault.NotFound,
		connect.CodeFailedPrecondition: fault.Unprocessable, connect.CodeInvalidArgument: fault.Invalid,
		connect.CodeUnauthenticated: fault.Unavailable, connect.CodePermissionDenied: fault.Unavailable,
	} {
		refusal := connect.NewError(code, "no")
		p.commit = func() (*nodev1.CommitConfigurationResponse, error) { return nil, refusal }
		p.retailer = func() (*nodev1.CreateRetailerResponse, error) { return nil, refusal }
		_, err := node.link.Commit(t.Context(), &nodev1.CommitConfigurationRequest{})
		require.Equal(t, kind, fault.Of(err).Kind, "commit, %s: %v", code, err)
		_, err = node.link.CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{})
		require.Equal(t, kind, fault.Of(err).Kind, "retailer, %s: %v", code, err)
	}
	p.web.CloseClientConnections()
	p.web.Close()
	_, err := node.link.CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
}

// TestAnElectionIsWaitedFor: one server hangs, the other one has no leader for a while.
func TestAnElectionIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	hangs := newPlaneOf(t, p.cluster)
	p.script(frames(nil, environment("shared"), end("one", 5)))
	node := start(t, t.TempDir(), "token", p, hangs)
	node.reaches(t, 5)
	t.Cleanup(hangs.freeze())
	asked := 0
	p.commit = func() (*nodev1.CommitConfigurationResponse, error) {
		if asked++; asked < 3 {
			return nil, connect.NewError(connect.CodeUnavailable, "no leader")
		}
		return &nodev1.CommitConfigurationResponse{Configuration: &nodev1.Configuration{Version: "v2", Index: 5}}, nil
	}
	active, err := node.link.Commit(t.Context(), &nodev1.CommitConfigurationRequest{})
	require.NoError(t, err)
	require.Equal(t, "v2", active.GetVersion())
}

// TestWithoutALeaderForLongCallersAreTold, in the words of the server that answered, whichever was asked last.
func TestWithoutALeaderForLongCallersAreTold(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	gone := newPlaneOf(t, p.cluster)
	p.script(frames(nil, environment("shared"), end("one", 5)))
	node := start(t, t.TempDir(), "token", p, gone)
	node.reaches(t, 5)
	gone.web.CloseClientConnections()
	gone.web.Close()
	asked := 0
	p.retailer = func() (*nodev1.CreateRetailerResponse, error) {
		asked++
		return nil, connect.NewError(connect.CodeUnavailable, "no leader")
	}
	_, err := node.link.CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	require.ErrorContains(t, err, "no leader")
	require.Greater(t, asked, 1)
}

func TestARefusedCertificate(t *testing.T) {
	t.Parallel()
	remove := func(p *plane) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.good = map[string]bool{}
	}
	t.Run("with a token that works, the process joins anew", func(t *testing.T) {
		t.Parallel()
		p := newPlane(t)
		p.script(frames(nil, environment("shared"), end("one", 5)))
		node := start(t, t.TempDir(), "token", p)
		node.reaches(t, 5)
		remove(p)
		require.Eventually(t, func() bool { return get(p, func(p *plane) bool { return p.good["n1"] }) }, patience, 5*time.Millisecond)
		by := get(p, func(p *plane) []string { return p.joinedBy })
		require.Equal(t, []string{"", "n1", ""}, by, "first the certificate, then the token alone")
	})
	t.Run("without one, it goes on from the disk", func(t *testing.T) {
		t.Parallel()
		p, dir := newPlane(t), t.TempDir()
		p.script(frames(nil, environment("shared"), snapshot("ACME"), end("one", 5)))
		first := start(t, dir, "token", p)
		first.reaches(t, 5)
		first.stop()
		remove(p)
		second := start(t, dir, "", p)
		require.Eventually(t, func() bool { return get(p, func(p *plane) int { return len(p.joins) }) > 1 }, patience, 5*time.Millisecond)
		require.NotNil(t, second.state.View().Account("ACME"))
		require.NotNil(t, held(t, dir), "it may be good again")
		select {
		case err := <-second.ended:
			require.NoError(t, err, "a process that serves must not end")
		default:
		}
	})
}

// TestADrainIsHeardOnce answers every report with it.
func TestADrainIsHeardOnce(t *testing.T) {
	t.Parallel()
	p := newPlane(t)
	p.script(frames(nil, environment("shared"), end("one", 5)))
	node := start(t, t.TempDir(), "token", p)
	node.reaches(t, 5)
	reported := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool {
			node.link.ReportNow()
			return get(p, func(p *plane) int { return p.reports }) > n
		}, patience, 5*time.Millisecond)
	}
	reported(1)
	require.Zero(t, node.drains.Load())
	p.mu.Lock()
	p.drain = true
	p.mu.Unlock()
	reported(get(p, func(p *plane) int { return p.reports }) + 3)
	require.EqualValues(t, 1, node.drains.Load())
}
