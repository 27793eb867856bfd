package history

import (
	"context"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
)

// How many waiting events one search looks at, of each state.
const (
	maxWaiting  = 2_000
	mostWaiting = 20_000 // by who follows, and must not miss any
)

// waiting finds events that have not run yet: the newest of each state, for there may be turns between them.
func (s *search) waiting(ctx context.Context) error {
	if s.q.EventType != "" && s.q.EventType != orchestration {
		return nil
	}
	for _, state := range []eventstore.State{eventstore.Pending, eventstore.Scheduled} {
		if s.q.EventStatus != "" && s.q.EventStatus != string(state) {
			continue
		}
		most := maxWaiting
		if s.q.follows {
			most = mostWaiting
		}
		heads, err := eventstore.Waiting(ctx, s.r, state, s.q.From, s.q.To, most)
		if err != nil {
			return err
		}
		ids := s.candidates(heads)
		if len(heads) == most && len(ids) < s.want {
			if err := s.full("events that wait", most); err != nil {
				return err
			}
		}
		if err := s.readWaiting(ctx, state, ids); err != nil {
			return err
		}
	}
	return nil
}

// candidates are the ids of events of which nothing but what they were sent by may stand against them: only those are read whole.
func (s *search) candidates(heads []eventstore.Row) (ids []string) {
	q := s.q
	q.SourceEvents = ""
	for i := range heads {
		if it := Waiting(&heads[i]); q.matches(&it) && allows(s.scope, it.RetailerID) {
			ids = append(ids, it.ID)
		}
	}
	return ids
}

// readWaiting takes as many events as a page can show, few at a time while they are long.
func (s *search) readWaiting(ctx context.Context, state eventstore.State, ids []string) error {
	most := len(s.held) + s.want
	for next := fewTrails; len(ids) > 0 && len(s.held) < most; {
		part := ids[:min(next, len(ids), most-len(s.held))]
		ids = ids[len(part):]
		rows, err := eventstore.List(ctx, s.r, part...)
		if err != nil {
			return err
		}
		items := make([]Item, len(rows))
		for i := range rows {
			items[i] = Waiting(&rows[i])
		}
		if err := s.sight.look(ctx, items...); err != nil {
			return err
		}
		read := 0
		for i := range rows {
			read += rows[i].Length
			if rows[i].State != state || !s.offer(items[i]) { // it ran meanwhile, or another event sent it
				continue
			}
			if err := s.hold(rows[i].Length); err != nil {
				return err
			}
		}
		next = nextPage(len(part), read)
	}
	return nil
}
