package lease_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/lease"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
)

// silent is a database that answers nothing until it is mended.
type silent struct {
	mended atomic.Bool
	asked  atomic.Int32
}

func (s *silent) Heartbeat(context.Context, string, time.Duration) ([]string, []leasestore.Lease, error) {
	s.asked.Add(1)
	if !s.mended.Load() {
		return nil, nil, errors.New("no connection")
	}
	return []string{"n1"}, nil, nil
}

func (s *silent) TakeRanges(context.Context, string, []int, time.Duration, bool) (map[int]leasestore.Epoch, error) {
	return nil, nil
}

func (s *silent) ReleaseRanges(context.Context, string, []int, bool) error { return nil }

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func TestRenewalsThatFailAreOneLine(t *testing.T) {
	t.Parallel()
	database, log := &silent{}, &journal{}
	m, err := lease.New(database, lease.Config{Node: "n1", TTL: 12 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); m.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	require.Eventually(t, func() bool { return database.asked.Load() > 5 }, time.Minute, time.Millisecond)
	database.mended.Store(true)
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "works again") }, time.Minute, time.Millisecond)
	// A machine that stands still for a minute in between gives one more line.
	require.LessOrEqual(t, strings.Count(log.String(), "level=WARN"), 2, log.String())
}
