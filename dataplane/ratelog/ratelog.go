// Package ratelog keeps a failure that lasts from filling the log.
package ratelog

import (
	"log/slog"
	"sync"
	"time"
)

// again is how often a failure that lasts is said again.
const again = time.Minute

// Failure makes of a failure that repeats one line in the log, one more each minute, and one when it is over. It belongs to one loop.
type Failure struct {
	since, said time.Time
	times       int
}

// Report takes the outcome of one more try.
func (f *Failure) Report(log *slog.Logger, what string, err error) {
	now := time.Now()
	switch {
	case err == nil && f.times > 0:
		log.Info("works again", "what", what, "failures", f.times, "after", now.Sub(f.since).Round(time.Millisecond))
		*f = Failure{}
	case err == nil: // as it should be
	case f.times == 0:
		*f = Failure{since: now, said: now, times: 1}
		log.Warn(what, "error", err)
	default:
		f.times++
		if now.Sub(f.said) >= again {
			f.said = now
			log.Warn(what, "error", err, "failures", f.times, "since", f.since.UTC())
		}
	}
}

// Shared is a failure that many requests meet, as few lines in the log as a Failure. It is safe for concurrent use.
type Shared struct {
	mu sync.Mutex
	of Failure
}

// Report takes the outcome of one more try.
func (s *Shared) Report(log *slog.Logger, what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of.Report(log, what, err)
}
