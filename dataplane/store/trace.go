package store

import (
	"context"
	"slices"
	"sync"
)

// Trace counts what the calls made with one context cost. It may be read and used by many goroutines.
type Trace struct {
	mu         sync.Mutex
	statements []string
	trips      int
}

// Statements lists the names of the statements sent, in order; BEGIN, COMMIT and ROLLBACK are not among them.
func (t *Trace) Statements() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.statements)
}

// RoundTrips is how many times a client waited for the server, without the preparation of statements that a connection meets for
// the first time.
func (t *Trace) RoundTrips() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.trips
}

func (t *Trace) sent(calls []call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trips++
	for i := range calls {
		if !calls[i].control {
			t.statements = append(t.statements, calls[i].name)
		}
	}
}

type traceKey struct{}

// WithTrace returns a context whose store calls are counted in t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func trace(ctx context.Context, calls []call) {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		t.sent(calls)
	}
}
