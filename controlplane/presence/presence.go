// Package presence remembers what nodes and hosts last said. It lives in the leader's memory only: a new leader begins with nothing
// and learns within a report's interval. What it means (ready, gone) is judged elsewhere and written as state.
package presence

import (
	"sync"
	"time"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Report is what a machine last said, and when it was heard.
type Report struct {
	Seen         time.Time
	State        string // JOINING, READY, DRAINING; hosts: READY
	AppliedIndex uint64
	Load         *nodev1.Load
	Problem      string // that an operator should mend
}

// Tracker keeps the last report of each machine. It is safe for concurrent use.
type Tracker struct {
	mu      sync.Mutex
	last    map[string]Report
	changed chan struct{}
}

// New makes a tracker that has heard of nobody.
func New() *Tracker {
	return &Tracker{last: map[string]Report{}, changed: make(chan struct{})}
}

// NodeKey and HostKey name machines, so that a node and a host may have the same id.
func NodeKey(id string) string { return "node/" + id }

// HostKey is explained at NodeKey.
func HostKey(id string) string { return "host/" + id }

// Note takes a report. Those who wait are woken if it says something new.
func (t *Tracker) Note(key string, r Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, known := t.last[key]
	t.last[key] = r
	if !known || before.State != r.State || before.AppliedIndex != r.AppliedIndex {
		close(t.changed)
		t.changed = make(chan struct{})
	}
}

// Last is the last report of a machine.
func (t *Tracker) Last(key string) (Report, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, known := t.last[key]
	return r, known
}

// Changed is closed when a machine says something new.
func (t *Tracker) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// Clear forgets everything: at the begin of a term.
func (t *Tracker) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.last)
}
