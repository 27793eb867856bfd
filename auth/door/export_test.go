package door

import (
	"net/http"
	"sync/atomic"
	"time"
)

// Held is how many connections a listener has.
func Held(l *Listener) int { return l.places.now() }

// Faults is how often accepting failed.
func Faults(l *Listener) int64 { return l.faults.Load() }

// Shed is how many connections were turned away for a reason.
func Shed(l *Listener, why string) int64 {
	for r := range reasons {
		if r.String() == why {
			return l.shed[r].Load()
		}
	}
	panic("no reason " + why)
}

// Remembered is how many sources and credentials are remembered.
func (f *Failures) Remembered() (sources, credentials int) { return f.sources.Len(), f.good.Len() }

// StopClock has no time pass for it but that of steps, which must not be taken while it is asked.
func (f *Failures) StopClock() (step func(time.Duration)) {
	at := time.Now()
	f.now = func() time.Time { return at }
	return func(by time.Duration) { at = at.Add(by) }
}

// Waiting is how many bodies of callers that are known wait for room.
func (b *Bodies) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pools[known].waiting.Len()
}

// Stalled is how many bodies were told to give way.
func (b *Bodies) Stalled() int64 { return b.cut.Load() }

// CountLooks counts how often the time is asked for, as it is once by each search for bodies that stall.
func (b *Bodies) CountLooks() func() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var looks atomic.Int64
	b.now = func() time.Time { looks.Add(1); return time.Now() }
	return looks.Load
}

// Callers is how many addresses a listener counts connections of.
func Callers(l *Listener) int {
	l.places.mu.Lock()
	defer l.places.mu.Unlock()
	return len(l.places.from)
}

// Reserved is how many addresses a listener takes for the process's own.
func Reserved(l *Listener) int {
	l.reserved.mu.Lock()
	defer l.reserved.mu.Unlock()
	return len(l.reserved.from)
}

// Relieving is whether the descriptor that a listener keeps is lent, or was never lent.
func Relieving(l *Listener) bool {
	l.spare.mu.Lock()
	defer l.spare.mu.Unlock()
	return l.faults.Load() == 0 || l.spare.file == nil
}

// StreamsUnderWay is how many requests over HTTP/2 a server has from callers without a certificate.
func StreamsUnderWay(server *http.Server) int {
	s := server.Handler.(*streams)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// Streams bounds what strangers have under way over HTTP/2.
func Streams(next http.Handler, patience time.Duration) http.Handler {
	return newStreams(next, patience)
}

// StreamsOf is how many requests are under way at a handler made by Streams, and of how many addresses.
func StreamsOf(h http.Handler) (requests, addresses int) {
	s := h.(*streams)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all, len(s.under)
}

// SetPatience is for bodies that come to wait from now on.
func (b *Bodies) SetPatience(patience time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.limits.Patience = patience
}

// Guard bounds how long the other end of a connection may take.
var Guard = guard
