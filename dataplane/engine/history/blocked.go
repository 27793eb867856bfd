package history

import (
	"context"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Blocked is a root that stands still, for its first turn failed.
type Blocked struct {
	EntityType string `json:"entityType"`
	EntityID   string `json:"entityId"`
	EntityRef  string `json:"entityRef"`
	RetailerID string `json:"retailerId"`
	Reason     string `json:"reason"`  // as the turn that failed last said it
	EventID    string `json:"eventId"` // of that turn, in the event log
	Since      Time   `json:"since"`   // when the root was made
	NextTry    Time   `json:"nextTry"` // by itself; once its cause is mended, at once
}

// BlockedPage is a page of roots that stand still, those first that are tried again the soonest.
type BlockedPage struct {
	Start   int       `json:"start"`
	Count   int       `json:"count"`
	HasMore bool      `json:"hasMore"`
	Results []Blocked `json:"results"`
}

// Standing selects roots that stand still. Empty members do not limit.
type Standing struct {
	EntityType, EntityID, EntityRef, RetailerID string
	Start, Count                                int
}

// blockedPart is how many events a look for blocked roots reads at a time.
const blockedPart = 500

// Blocked lists roots that stand still, as far as the scope shows them.
func (l *Log) Blocked(ctx context.Context, scope tenancy.Scope, q Standing) (*BlockedPage, error) {
	if q.Count == 0 {
		q.Count = DefaultCount
	}
	if q.Count < 0 || q.Count > MaxCount {
		return nil, fault.Invalidf("count", "want 1 to %d", MaxCount)
	}
	if q.Start < 0 || q.Start > maxStart {
		return nil, fault.Invalidf("start", "want 0 to %d", maxStart)
	}
	page := &BlockedPage{Start: q.Start, Results: []Blocked{}}
	sight, r := newSight(ctx, l.db, scope), l.db.Reader(scope)
	root := eventstore.Root{Type: workflow.EntityTypeName(q.EntityType), ID: q.EntityID, Ref: q.EntityRef}
	skip := q.Start
	for after := (*eventstore.Row)(nil); ; {
		rows, err := eventstore.Blocked(ctx, r, root, after, blockedPart)
		if err != nil {
			return nil, err
		}
		found, err := standing(ctx, sight, rows, q.RetailerID)
		if err != nil {
			return nil, err
		}
		for _, b := range found {
			switch {
			case skip > 0:
				skip--
			case len(page.Results) == q.Count:
				page.HasMore = true
				return page, nil
			default:
				page.Results = append(page.Results, b)
				page.Count++
			}
		}
		if len(rows) < blockedPart {
			return page, nil
		}
		after = &rows[len(rows)-1]
	}
}

// standing are those of events that block a root which the scope shows.
func standing(ctx context.Context, sight *sight, rows []eventstore.Row, retailer string) (out []Blocked, err error) {
	items := make([]Item, len(rows))
	for i := range rows {
		items[i] = Waiting(&rows[i])
	}
	if err := sight.look(ctx, items...); err != nil {
		return nil, err
	}
	for i := range rows {
		ev, why := &rows[i].Event, eventstore.BlockOf(&rows[i].Event)
		if why == nil || !sight.shows(&items[i]) || retailer != "" && retailer != items[i].RetailerID {
			continue
		}
		out = append(out, Blocked{EntityType: ev.RootType, EntityID: ev.RootID, EntityRef: ev.RootRef, RetailerID: items[i].RetailerID,
			Reason: why.Reason, EventID: why.Event, Since: Time{why.Since}, NextTry: Time{ev.ScheduledOn}})
	}
	return out, nil
}
