package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// knows is a gateway that has heard of nodes, by id; their addresses are their ids.
func knows(t *testing.T, nodes map[string]string) *Gateway {
	t.Helper()
	state, err := desired.Open("")
	require.NoError(t, err)
	g := New(state, Settings{}, slog.New(slog.DiscardHandler))
	for id, state := range nodes {
		g.Meet(&nodev1.Peer{NodeId: id, Kind: "node", Address: id, State: state})
	}
	g.Meet(&nodev1.Peer{NodeId: "front", Kind: "gateway", Address: "front", State: "READY"})
	return g
}

// picks is how often each node is chosen of so many times.
func (g *Gateway) picks(now time.Time, tried map[string]bool) map[string]int {
	out := map[string]int{}
	for range 200 {
		if n := g.nodes.pick(g.state.View(), tried, now); n != nil {
			out[n.address]++
		}
	}
	return out
}

// TestWhoRestsAndForHowLong picks nodes a moment before and when a node's rest ends.
func TestWhoRestsAndForHowLong(t *testing.T) {
	t.Parallel()
	g := knows(t, map[string]string{"a": "READY", "b": "READY", "c": "JOINING", "d": "DRAINING"})
	began := time.Now()
	require.Len(t, g.picks(began, nil), 2)
	g.nodes.backend("a").rest(began)
	for _, after := range []time.Duration{0, resting - 1} {
		require.Equal(t, map[string]int{"b": 200}, g.picks(began.Add(after), nil), after)
	}
	require.Len(t, g.picks(began.Add(resting), nil), 2)
	require.Equal(t, 500*time.Millisecond, resting)
	require.Equal(t, map[string]int{"a": 200}, g.picks(began, map[string]bool{"b": true}), "who rests is better than nobody")
	g.nodes.backend("b").rest(began)
	require.Len(t, g.picks(began, nil), 2, "all rest")
	require.Empty(t, g.picks(began, map[string]bool{"a": true, "b": true}), "those that are not ready are never asked")
}

// TestTheLessBusyOfTwoIsChosen gives nodes requests under way.
func TestTheLessBusyOfTwoIsChosen(t *testing.T) {
	t.Parallel()
	g := knows(t, map[string]string{"a": "READY", "b": "READY", "c": "READY"})
	require.Len(t, g.picks(time.Now(), nil), 3)
	g.nodes.backend("a").inFlight.Store(1)
	g.nodes.backend("b").inFlight.Store(2)
	counts := g.picks(time.Now(), nil)
	require.Zero(t, counts["b"], "whoever it is drawn with has less to do: %v", counts)
	require.Positive(t, counts["a"])
	require.Greater(t, counts["c"], counts["a"])
	g.nodes.backend("c").inFlight.Store(3)
	require.Zero(t, g.picks(time.Now(), nil)["c"])
}

// TestARequestWaitsForANodeForFiveSeconds has no node at a clock that steps; one caller waits for as long as he may, one goes away.
func TestARequestWaitsForANodeForFiveSeconds(t *testing.T) {
	t.Parallel()
	for name, patience := range map[string]time.Duration{"who waits": time.Hour, "who goes away": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := knows(t, map[string]string{"a": "JOINING"})
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				r := httptest.NewRequest(http.MethodGet, "/api/v4.1/event", nil).WithContext(ctx)
				began := time.Now()
				ended := make(chan error)
				go func() {
					_, _, err := g.send(r, link.Message{}, func() bool { return true })
					ended <- err
				}()
				synctest.Wait()
				require.EqualValues(t, 1, g.figures.held.Load())
				time.Sleep(min(patience, hold) - 1)
				synctest.Wait()
				require.EqualValues(t, 1, g.figures.held.Load(), "it waits still")
				err := <-ended
				require.Equal(t, min(patience, hold), time.Since(began))
				require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
				require.EqualValues(t, 1, g.figures.shed.Load())
				require.Zero(t, g.figures.held.Load())
			})
		})
	}
	require.Equal(t, 5*time.Second, hold)
	require.ErrorIs(t, refusal(errDraining), errDraining)
	require.False(t, errors.Is(refusal(nil), errDraining))
}
