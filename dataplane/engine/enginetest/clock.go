// Package enginetest has what tests of engines, and of what stands around them, need in place of the real thing: a clock that only the test moves,
// and workflows in memory. Only tests may import it.
package enginetest

import (
	"sync"
	"time"
)

// Clock stands still between steps. It may be used by many goroutines.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock makes a clock that shows the present.
func NewClock() *Clock { return &Clock{at: time.Now()} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Step moves the clock on.
func (c *Clock) Step(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}
