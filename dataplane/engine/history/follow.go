package history

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/fault"
)

// This file keeps what those rely on who follow the event log, by asking from the greatest generatedOn that they have seen on. Times of items are
// drawn when they are written (see store.Horizon); so whatever is older than the horizon is there, or never will be. A search with From shows
// nothing younger; one with To as well, which is no more ahead than clocks are apart, is for all up to there, and waits until that is older.

// skew is how far times that two nodes drew may be out of the order of their commits.
const skew = 2 * time.Second

// follow finds out up to when a search with From shows items, or waits.
func (s *search) follow(ctx context.Context, now time.Time) error {
	if !s.q.follows {
		return nil
	}
	horizon, err := s.r.Horizon(ctx)
	if err != nil {
		return err
	}
	if s.q.open = s.q.To.After(now.Add(store.Horizon)); s.q.open {
		s.horizon = horizon
		return nil
	}
	if !s.q.To.After(horizon) {
		return nil
	}
	timer := time.NewTimer(min(s.q.To.Sub(horizon), 2*store.Horizon)) // what takes longer to be written is not waited for
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// young reports whether others may still appear before an item.
func (s *search) young(it *Item) bool {
	return !s.horizon.IsZero() && !(it.GeneratedOn.Before(s.horizon) && it.there.Before(s.horizon))
}

// after is the time of an item that From is about: when it was generated. Who follows events of a final status finds them by when they came to it,
// for others may have come to it before that were generated later.
func (q *Query) after(it *Item) time.Time {
	if q.open && q.EventStatus != "" && eventstore.State(q.EventStatus).Final() && it.Type == orchestration && it.there.After(it.GeneratedOn.Time) {
		return it.there
	}
	return it.GeneratedOn.Time
}

// full is the error of a search with From that has not looked at everything. Whoever goes on from what it found would miss the rest.
func (s *search) full(what string, most int) error {
	if !s.q.follows || len(s.found) >= s.want {
		return nil
	}
	return fault.New(fault.TooLarge, "More than %d %s since then would have to be looked at: give to, and ask for a shorter time at once, or for one root, entity or name", most, what).
		At("from").WithCode(fault.CodeTooMuch)
}
