package door

import (
	"errors"
	"os"
	"sync"
	"time"
)

// deadline is one direction's of a connection. A server moves it a dozen times in the course of a request, nearly always further away, and each
// time the runtime has to move a timer. So what is wanted is noted here, and the connection itself is told when that is sooner than what it knows of, or
// when it has come to an end too soon: then the deadline is set anew, and whoever waits goes on.
type deadline struct {
	set func(time.Time) error // of the connection itself

	mu     sync.Mutex
	wanted time.Time // zero: none
	told   time.Time // what the connection knows of
	inside int       // how many read, or write
}

// sooner reports whether a deadline comes before another; the zero one never comes.
func sooner(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }

// want notes a deadline.
func (d *deadline) want(at time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = at
	if d.inside > 0 && sooner(at, d.told) {
		return d.tell()
	}
	return nil
}

// tell is called with the lock held. It does not wait for anything.
func (d *deadline) tell() error {
	d.told = d.wanted
	return d.set(d.wanted)
}

// begin is called before a read or a write.
func (d *deadline) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside++
	if sooner(d.wanted, d.told) || longAgo(d.told) && d.told != d.wanted {
		return d.tell()
	}
	return nil
}

// longAgo reports whether a deadline is one of those that are set to end what somebody waits for at once.
func longAgo(at time.Time) bool { return !at.IsZero() && at.Unix() <= 1 }

// end is called after a read or a write, and reports whether it ended before the deadline that is wanted, and must go on.
func (d *deadline) end(err error) (again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || !sooner(d.told, d.wanted) {
		return false
	}
	return d.tell() == nil
}
