package turn

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"time"

	"github.com/fluent-oms/fluent/dataplane/entity"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// How long after a root was made its first turn is tried again where it failed: a minute, then twice as long each time, at last each hour.
const (
	firstWait   = time.Minute
	longestWait = time.Hour
)

// again is the event that tries a root's first turn anew, where its CREATE event failed, or found no workflow: the root would else be left as it is, and
// nobody would know. While it waits it stands in the event log as SCHEDULED, with the reason, and among the blocked roots. Whatever was wrong (a setting,
// a location, a rule, a workflow) may be mended by then; once it is the engine does not wait (see Engine.mend). nil: the event is not a root's first.
func (u *unit) again(ev *workflow.Event, why string) *workflow.Event {
	if ev.Name != entity.CreateEvent || ev.Type != workflow.Normal || ev.RunOnce != nil || ev.EntityType != ev.RootType || ev.RootID == "" || ev.EntityID != ev.RootID {
		return nil
	}
	made := ev.GeneratedOn
	if made.IsZero() {
		made = u.now
	}
	if u.root != nil {
		made = timeOf(u.typ, u.root, "createdOn")
	}
	next := *ev
	next.GeneratedOn, next.ScheduledOn, next.Parents = time.Time{}, nextTry(made, u.now), []string{ev.ID}
	next.ID = idOfTry(string(u.in.Scope.Account()), ev, next.ScheduledOn)
	if next.Attributes = maps.Clone(ev.Attributes); next.Attributes == nil {
		next.Attributes = map[string]any{}
	}
	block := eventstore.Block{Reason: why, Event: ev.ID, Since: made, Tried: u.now, Under: u.under}
	next.Attributes[eventstore.Blocker] = block.Attribute()
	return &next
}

// nextTry is the first moment of those at which a root is tried that is later than now. They hang on when it was made alone: whoever finds out that
// there must be another try means the same one.
func nextTry(made, now time.Time) time.Time {
	at := made.Add(firstWait)
	for wait := firstWait; !at.After(now); at = at.Add(wait) {
		if wait = min(2*wait, longestWait); wait == longestWait && now.Sub(at) > wait {
			at = at.Add(now.Sub(at).Truncate(wait))
		}
	}
	return at
}

// idOfTry is the same for all who mean the same try.
func idOfTry(account string, ev *workflow.Event, at time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%s/%d", account, ev.RootType, ev.RootID, at.UnixMicro()))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// blocked adds the next try of what failed to an outcome.
func (o *Outcome) blocked(next *workflow.Event) {
	if next != nil {
		o.Events, o.Blocked = append(o.Events, next), o.Blocked+1
	}
}

// undriven notes that a root which must have a workflow has none: it is tried again when one may have come.
func (u *unit) undriven(ev *workflow.Event, why string) {
	if u.typ == nil || !u.typ.Driven || u.flow != nil || u.root == nil {
		return
	}
	if next := u.again(ev, why); next != nil {
		u.out, u.waits = append(u.out, next), u.waits+1
	}
}
