package node

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// The forwarder is an inner part of a node that nothing exported shows alone, so this test is inside the package.
func TestWhatComesDuringADeliveryGoesWithTheNext(t *testing.T) {
	t.Parallel()
	started, release, delivered := make(chan struct{}, 10), make(chan struct{}), make(chan int, 10)
	c := newForwarder(func(_ context.Context, node string, rows []eventstore.Row) error {
		started <- struct{}{}
		<-release
		delivered <- len(rows)
		return nil
	}, slog.New(slog.DiscardHandler))
	row := func(i int) eventstore.Row { return eventstore.Row{Event: workflow.Event{ID: strconv.Itoa(i)}} }
	c.take(t.Context(), "n2", row(0))
	<-started
	for i := 1; i <= nudgeRows+5; i++ { // the last ones are left to polls
		c.take(t.Context(), "n2", row(i))
	}
	close(release)
	require.Equal(t, 1, <-delivered)
	require.Equal(t, nudgeRows, <-delivered)
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.waiting) == 0
	}, time.Minute, time.Millisecond)
	c.take(t.Context(), "n2", row(1))
	require.Equal(t, 1, <-delivered)
}
