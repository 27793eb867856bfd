package state

import (
	"context"
	"errors"
	"sync"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// ErrReset says that a reader of changes has to start over with a snapshot: it was too slow, its resume token is too old, or the store
// was replaced.
var ErrReset = errors.New("start over with a snapshot")

// keptChanges is how many commands' changes an environment's topic keeps for readers that resume or lag.
const keptChanges = 4096

// feed hands the changes of desired state to readers, one topic per environment, so that nobody wakes for another environment's.
// Only Apply publishes. Readers never hold it up: one that lags beyond what is kept is told to start over.
type feed struct {
	mu     sync.Mutex
	floor  Index // changes up to here are not kept
	topics map[string]*topic
}

type topic struct {
	oldest, newest *batch
	kept           int
	floor          Index
}

// batch is what one command changed in one environment. next is set before ready is closed, under the feed's lock.
type batch struct {
	index   Index
	changes []*nodev1.Change
	next    *batch
	ready   chan struct{}
	dropped bool
}

func newFeed(floor Index) *feed { return &feed{floor: floor, topics: map[string]*topic{}} }

func (f *feed) topic(name string) *topic {
	t, ok := f.topics[name]
	if !ok {
		start := &batch{index: f.floor, ready: make(chan struct{})}
		t = &topic{oldest: start, newest: start, floor: f.floor}
		f.topics[name] = t
	}
	return t
}

// published is the changes of one command by environment.
type published struct {
	index   Index
	changes map[string][]*nodev1.Change
}

func (f *feed) publish(p published) {
	if len(p.changes) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for environment, changes := range p.changes {
		t := f.topic(environment)
		b := &batch{index: p.index, changes: changes, ready: make(chan struct{})}
		t.newest.next = b
		close(t.newest.ready)
		t.newest = b
		t.kept++
		for t.kept > keptChanges {
			gone := t.oldest
			t.oldest, t.floor = gone.next, gone.next.index
			gone.next, gone.dropped = nil, true
			t.kept--
		}
	}
}

// Changes reads the changes of one environment's desired state in order.
type Changes struct {
	generation *generation
	at         *batch
}

// Follow positions a reader behind the changes up to an index; ErrReset if they are not all kept.
func (v View) Follow(environment string, after Index) (*Changes, error) {
	f := v.generation.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.topic(environment)
	if after < t.floor {
		return nil, ErrReset
	}
	at := t.oldest
	for at.next != nil && at.next.index <= after {
		at = at.next
	}
	return &Changes{generation: v.generation, at: at}, nil
}

// Next waits for the next command that changed something and gives its changes. ErrReset ends the reader's usefulness.
func (c *Changes) Next(ctx context.Context) (Index, []*nodev1.Change, error) {
	select {
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	case <-c.generation.abandoned:
		return 0, nil, ErrReset
	case <-c.at.ready:
	}
	f := c.generation.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.at.dropped {
		return 0, nil, ErrReset
	}
	c.at = c.at.next
	return c.at.index, c.at.changes, nil
}
