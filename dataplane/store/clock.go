package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Now is the database's time, in UTC with microseconds: what it was when it was last asked, and what has passed since by the node's monotonic
// clock. It needs no round trip but once a minute, when the database is asked anew. What the node's wall clock says does not matter.
func (db *DB) Now(ctx context.Context) time.Time {
	if db.clock.stale() {
		_ = db.measure(ctx) // the clock goes on as it was
	}
	return db.clock.now()
}

// measure asks the database for its time.
func (db *DB) measure(ctx context.Context) error {
	var now time.Time
	sent := time.Now()
	err := db.readers.QueryRow(ctx, sqlVersion).Scan(new(string), &now)
	if err != nil {
		return db.translate(fmt.Errorf("ask the database for its time: %w", err))
	}
	db.clock.set(sent, time.Now(), now)
	return nil
}

// Time is Now as it was last measured, without a round trip.
func (db *DB) Time() time.Time { return db.clock.now() }

// clock follows the database's clock without asking it each time.
type clock struct {
	mu     sync.Mutex
	theirs time.Time // what the database said
	when   time.Time // the moment of that, by our clock; only its monotonic reading is used
	at     time.Time // when it was asked
	last   time.Time // what was last told
}

const (
	clockAge = time.Minute
	// clockNoise is how far measurements may be apart. A database's clock that goes back by more was set, and is followed: to tell the same
	// moment for an hour would be worse, since what is due then would come an hour late.
	clockNoise = time.Second
)

func (c *clock) set(sent, received, theirs time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.theirs, c.when, c.at = theirs, sent.Add(received.Sub(sent)/2), received
	if c.last.Sub(theirs) > clockNoise {
		c.last = time.Time{}
	}
}

func (c *clock) stale() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < clockAge {
		return false
	}
	c.at = time.Now() // one caller measures, the others go on
	return true
}

// now never goes back on one node, but with the database's clock.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := time.Now().UTC()
	if !c.when.IsZero() {
		t = c.theirs.Add(time.Since(c.when)).UTC()
	}
	if t = t.Truncate(time.Microsecond); t.Before(c.last) {
		t = c.last
	}
	c.last = t
	return t
}
