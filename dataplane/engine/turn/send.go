package turn

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Send sends an event. See rules.Turn.
func (u *unit) Send(ev workflow.Event) {
	u.complete(&ev)
	u.ask(asked{permission: "EVENT_CREATE", retailer: tenancy.RetailerID(ev.RetailerID)})
	u.act(history.Sending, ev.Name, sendDetail(&ev))
	if u.inline(&ev) {
		u.inlineIDs++
		ev.ID = history.ItemID(u.id, u.inlineIDs)
		u.queue = append(u.queue, queued{ev: &ev, depth: u.depth + 1, rec: nil})
		return
	}
	ev.ID = string(u.r.d.DB.NewUUID())
	u.out = append(u.out, &ev)
}

// complete fills what the sender left out from the event being answered.
func (u *unit) complete(ev *workflow.Event) {
	if ev.Type == "" {
		ev.Type = workflow.Normal
	}
	if ev.RetailerID == 0 {
		ev.RetailerID = u.ev.RetailerID
	}
	if ev.EntityType == "" {
		ev.EntityType, ev.EntityID, ev.EntityRef = u.ev.EntityType, u.ev.EntityID, u.ev.EntityRef
		ev.EntitySubtype = u.ev.EntitySubtype
	}
	if ev.RootType == "" {
		u.completeRoot(ev)
	}
	ev.GeneratedOn, ev.GeneratedBy, ev.Caller = time.Time{}, history.EngineUser, u.ev.Caller // it is there from the commit on
	if ev.Caller != "" {
		ev.GeneratedBy = u.ev.GeneratedBy
	}
	ev.Parents = []string{u.ev.ID}
	ev.RunOnce, ev.Priority = nil, ev.Priority.After(u.ev.Priority)
	if ev.ScheduledOn.Equal(u.ev.ScheduledOn) {
		ev.ScheduledOn = time.Time{} // a copy of an event that came due is not another appointment
	}
	if ev.Source == "" {
		ev.Source = u.ev.Source
	}
}

// completeRoot takes the turn's root, unless the entity is a root of its own.
func (u *unit) completeRoot(ev *workflow.Event) {
	own := u.r.types.of(ev.EntityType)
	another := ev.EntityType != u.ref.typeName || ev.EntityID != "" && ev.EntityID != u.ref.id || ev.EntityRef != "" && ev.EntityRef != u.trail.RootRef
	if len(own) > 0 && own[0].Workflow && own[0].Root == nil && another {
		ev.RootType, ev.RootID, ev.RootRef = ev.EntityType, ev.EntityID, ev.EntityRef
		return
	}
	ev.RootType, ev.RootID, ev.RootRef = u.ref.typeName, u.ref.id, u.trail.RootRef
}

// inline reports whether an event joins the turn: same root and retailer, and not scheduled, not even for now.
func (u *unit) inline(ev *workflow.Event) bool {
	if !ev.ScheduledOn.IsZero() || ev.RootType != u.ref.typeName || ev.RetailerID != u.ev.RetailerID {
		return false
	}
	if ev.RootID != "" {
		return ev.RootID == u.ref.id
	}
	return ev.RootRef != "" && ev.RootRef == u.trail.RootRef
}

func sendDetail(ev *workflow.Event) map[string]any {
	d := map[string]any{"entity": ev.EntityType + "/" + ev.EntityID}
	if ev.EntityID == "" {
		d["entity"] = ev.EntityType + "/" + ev.EntityRef
	}
	if !ev.ScheduledOn.IsZero() {
		d["scheduledOn"] = ev.ScheduledOn.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return d
}

// settleOut finds the roots of events that name them by ref alone: their slots hang on the id.
func (u *unit) settleOut(ctx context.Context) error {
	for _, ev := range u.out {
		if ev.RootID != "" {
			if ev.EntityType == ev.RootType && ev.EntityID == "" && (ev.EntityRef == "" || ev.EntityRef == ev.RootRef) {
				ev.EntityID = ev.RootID
			}
			continue
		}
		root, err := u.r.rootByRef(ctx, u.read, ev)
		if err != nil {
			return err
		}
		if root == nil {
			continue
		}
		t := u.r.types.typeOf(root)
		ev.RootID = string(idOf(t, root))
		if ev.EntityType == ev.RootType && ev.EntityRef == ev.RootRef {
			ev.EntityID = ev.RootID
		}
	}
	return nil
}
