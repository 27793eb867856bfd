package gateway_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// alone is a gateway over one node that does as it is told.
func alone(t *testing.T, does http.HandlerFunc) (front *gateway.Gateway, url, node string) {
	t.Helper()
	back := httptest.NewServer(does)
	t.Cleanup(back.Close)
	front = gateway.New(setUp(t, back).state, gateway.Settings{}, slog.New(slog.DiscardHandler))
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	return front, s.URL, strings.TrimPrefix(back.URL, "http://")
}

// TestANodeIsBusyWithWhatItWorksOn ends requests in every way there is. While a request is under way its node counts as busy with it, until the
// caller has the last of the answer; then it does not, and it rests if it took nothing.
func TestANodeIsBusyWithWhatItWorksOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		does  func(w http.ResponseWriter, r *http.Request)
		rests bool
	}{
		"answered": {does: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") }},
		"refused":  {does: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }},
		"lost":     {does: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		"cut": {does: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", mebi))
			panic(http.ErrAbortHandler)
		}},
		"draining": {rests: true, does: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(gateway.DrainingHeader, "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inside, goOn := make(chan struct{}, 10), make(chan struct{})
			front, url, node := alone(t, func(w http.ResponseWriter, r *http.Request) {
				inside <- struct{}{}
				<-goOn
				c.does(w, r)
			})
			ctx, leave := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v4.1/event/async", strings.NewReader("{}"))
			require.NoError(t, err)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				res, err := http.DefaultClient.Do(req)
				if err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			}()
			<-inside
			inFlight, rests := front.Busy(node)
			require.EqualValues(t, 1, inFlight)
			require.False(t, rests)
			close(goOn)
			if c.rests { // there is nobody else, so it is asked again, until the caller goes
				require.Eventually(t, func() bool { _, rests := front.Busy(node); return rests }, time.Minute, time.Millisecond)
			} else {
				<-ended
			}
			leave()
			<-ended
			require.Eventually(t, func() bool { inFlight, _ := front.Busy(node); return inFlight == 0 }, time.Minute, time.Millisecond)
			_, rests = front.Busy(node)
			require.Equal(t, c.rests, rests)
		})
	}
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		var calls atomic.Int64
		b, dead := setUp(t, node(t, &calls)), porttest.Address(t)
		front := gateway.New(b.state, gateway.Settings{}, slog.New(slog.DiscardHandler))
		front.Meet(&nodev1.Peer{NodeId: "z", Kind: "node", Address: dead, State: "READY"})
		require.Eventually(t, func() bool {
			front.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v4.1/event", nil))
			inFlight, rests := front.Busy(dead)
			require.Zero(t, inFlight)
			return rests
		}, time.Minute, time.Millisecond)
	})
	t.Run("a caller that goes away", func(t *testing.T) {
		t.Parallel()
		inside := make(chan struct{}, 10)
		front, url, node := alone(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			inside <- struct{}{}
			<-r.Context().Done()
		})
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v4.1/event", nil)
		require.NoError(t, err)
		go func() { <-inside; leave() }()
		_, err = http.DefaultClient.Do(req)
		require.ErrorIs(t, err, context.Canceled)
		require.Eventually(t, func() bool { inFlight, _ := front.Busy(node); return inFlight == 0 }, time.Minute, time.Millisecond)
		require.Empty(t, inside, "what nobody waits for is not sent again")
	})
}

// TestWhoGoesAwaySaysNothingOfANode: before a connection is there, and while the request is under way.
func TestWhoGoesAwaySaysNothingOfANode(t *testing.T) {
	t.Parallel()
	var leave context.CancelFunc
	var calls atomic.Int64
	front, _, node := alone(t, func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		leave()
		<-r.Context().Done()
	})
	ask := func(ctx context.Context) {
		front.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v4.1/event", nil).WithContext(ctx))
		_, rests := front.Busy(node)
		require.False(t, rests)
	}
	var ctx context.Context
	ctx, leave = context.WithCancel(t.Context())
	defer leave()
	ask(ctx)
	require.EqualValues(t, 1, calls.Load())
	ask(ctx) // has gone already
	require.EqualValues(t, 1, calls.Load())
}

// TestANodeIsNotBusyWithTokensThatItHasJudged sends bodies for which the node says first whether the token is good.
func TestANodeIsNotBusyWithTokensThatItHasJudged(t *testing.T) {
	t.Parallel()
	front, url, node, good, forged := guarded(t, door.BodyLimits{})
	back := httptest.NewServer(node)
	t.Cleanup(back.Close)
	address := strings.TrimPrefix(back.URL, "http://")
	front.Meet(&nodev1.Peer{NodeId: "a", Kind: "node", Address: address, State: "READY"}) // in the place of the one that was there
	for raw, wanted := range map[string]int{good: http.StatusOK, forged: http.StatusUnauthorized} {
		status, _ := post(t, url, raw, bytes.NewReader(make([]byte, door.UnknownBody+1)))
		require.Equal(t, wanted, status)
		require.Eventually(t, func() bool { inFlight, _ := front.Busy(address); return inFlight == 0 }, time.Minute, time.Millisecond)
	}
	require.EqualValues(t, 2, node.proofs.Load())
}

// TestWhoFailedAMomentAgoIsAskedAgain has the only node refuse twice before it works.
func TestWhoFailedAMomentAgoIsAskedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	_, url, _ := alone(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) <= 2 {
			w.Header().Set(gateway.DrainingHeader, "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	status, answer := post(t, url, "", strings.NewReader(`{"query":"mutation { x }"}`))
	require.Equal(t, http.StatusOK, status, answer)
	require.EqualValues(t, 3, calls.Load())
}

// TestAGatewayThatStopsWaitsForItsRequests stops a whole gateway while a node works, with patience and with little.
func TestAGatewayThatStopsWaitsForItsRequests(t *testing.T) {
	t.Parallel()
	for name, patience := range map[string]time.Duration{"long": time.Minute, "short": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inside, goOn := make(chan struct{}), make(chan struct{})
			back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				close(inside)
				<-goOn
				_, _ = io.WriteString(w, "whole")
			}))
			t.Cleanup(back.Close)
			dir, cluster := t.TempDir(), trusttest.New(t, "one")
			cluster.Join(dir, cluster.Identity(trust.GatewayKind, "g1"), time.Now())
			state, err := desired.Open(filepath.Join(dir, "desired"))
			require.NoError(t, err)
			(&bundle{state: state}).peer(t, "a", strings.TrimPrefix(back.URL, "http://"), "READY")
			require.NoError(t, state.Unkept())
			ctx, stop := context.WithCancel(t.Context())
			ended, ready := make(chan error, 1), make(chan string, 1)
			go func() {
				ended <- gateway.Run(ctx, gateway.Config{
					Listen: "127.0.0.1:0", Dir: dir, ID: "g1", Servers: []string{"http://127.0.0.1:1"}, DrainTime: patience,
				}, slog.New(slog.DiscardHandler), func(address string) { ready <- address })
			}()
			address := <-ready
			type said struct {
				status int
				body   string
				err    error
			}
			answer := make(chan said, 1)
			go func() {
				res, err := http.Post("http://"+address+"/api/v4.1/event/async", "application/json", strings.NewReader("{}"))
				if err != nil {
					answer <- said{err: err}
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				answer <- said{res.StatusCode, string(body), err}
			}()
			<-inside
			stop()
			if patience < time.Second {
				require.ErrorContains(t, <-ended, "still under way")
				close(goOn)
				require.Error(t, (<-answer).err)
				return
			}
			require.Eventually(t, func() bool {
				c, err := net.Dial("tcp", address)
				if err == nil {
					_ = c.Close()
				}
				return err != nil
			}, time.Minute, time.Millisecond, "nobody new comes in")
			require.Empty(t, ended, "it waits")
			close(goOn)
			require.Equal(t, said{http.StatusOK, "whole", nil}, <-answer)
			require.NoError(t, <-ended)
		})
	}
}
