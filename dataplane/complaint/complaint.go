// Package complaint keeps a failure that lasts from filling the log.
package complaint

import (
	"log/slog"
	"time"
)

// again is how often a failure that lasts is said again.
const again = time.Minute

// Complaint makes of a failure that repeats one line in the log, one more each minute, and one when it is over. It belongs to one loop.
type Complaint struct {
	since, said time.Time
	times       int
}

// Hear takes the outcome of one more try.
func (c *Complaint) Hear(log *slog.Logger, what string, err error) {
	now := time.Now()
	switch {
	case err == nil && c.times > 0:
		log.Info("works again", "what", what, "failures", c.times, "after", now.Sub(c.since).Round(time.Millisecond))
		*c = Complaint{}
	case err == nil: // as it should be
	case c.times == 0:
		*c = Complaint{since: now, said: now, times: 1}
		log.Warn(what, "error", err)
	default:
		c.times++
		if now.Sub(c.said) >= again {
			c.said = now
			log.Warn(what, "error", err, "failures", c.times, "since", c.since.UTC())
		}
	}
}
