package turn

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/words"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Resolve fills what an event's sender left out: the entity's id, ref, subtype and status, and its root. It fails with fault NotFound when
// neither the entity nor a root that the event names exists. An event may speak of an entity that does not exist yet if its root does, but not one of
// a sender who is limited to locations: of what he does not reach, it would not be known whether it exists.
func (r *Runner) Resolve(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) error {
	rd := r.d.DB.Reader(scope)
	ev.EntityType, ev.RootType = workflow.EntityTypeName(ev.EntityType), workflow.EntityTypeName(ev.RootType)
	if ev.Type == "" {
		ev.Type = workflow.Normal
	}
	entity, err := r.find(ctx, rd, ev, ev.RootID)
	if err != nil {
		return err
	}
	switch {
	case entity == nil && !scope.AllowsAll(tenancy.RetailerID(ev.RetailerID)):
		return fault.NotFoundf("there is no %s %s, or it is not yours to change", ev.EntityType, oneOf(ev.EntityID, ev.EntityRef)).At(where(ev))
	case entity == nil:
		return r.resolveRoot(ctx, scope, ev)
	}
	t := r.types.typeOf(entity)
	if hidden, err := r.hidden(ctx, scope, t, entity); err != nil || hidden {
		return orMissing(err, ev)
	}
	rd = rd.Within(scope.Seeing()) // the root of what is at a location need not be there
	ev.EntityID, ev.EntityRef = string(idOf(t, entity)), textOf(t, entity, "ref")
	ev.EntitySubtype, ev.EntityStatus = textOf(t, entity, "type"), textOf(t, entity, "status")
	for by, id := t.Above(entity); by != nil; by, id = t.Above(entity) {
		up, err := rd.ByID(ctx, by.Ref, id)
		if err != nil {
			return err
		}
		if up[0] == nil {
			return fault.NotFoundf("%s %s has no root: %s %s does not exist", ev.EntityType, ev.EntityID, by.Ref.Name, id)
		}
		entity, t = up[0], r.types.typeOf(up[0])
	}
	r.nameRoot(ev, t, entity)
	return nil
}

// hidden reports whether a policy of the account hides an entity from who sends an event: for him there is none, by this door, too.
func (r *Runner) hidden(ctx context.Context, scope tenancy.Scope, t *catalogue.Type, entity any) (bool, error) {
	who, ok := tenant.FromContext(ctx)
	view := t.Permission + "_VIEW"
	if !ok || !who.Withheld(view) {
		return false, nil
	}
	found, err := r.d.DB.Reader(who.Leaves(view, scope).Seeing()).ByID(ctx, t, idOf(t, entity))
	return err == nil && found[0] == nil, err
}

func orMissing(err error, ev *workflow.Event) error {
	if err != nil {
		return fmt.Errorf("look whether a policy hides %s %s: %w", ev.EntityType, oneOf(ev.EntityID, ev.EntityRef), err)
	}
	return missing(ev)
}

func missing(ev *workflow.Event) error {
	return fault.NotFoundf("there is no %s %s", ev.EntityType, oneOf(ev.EntityID, ev.EntityRef)).At(where(ev))
}

// resolveRoot serves events about entities that do not exist yet.
func (r *Runner) resolveRoot(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) error {
	rd := r.d.DB.Reader(scope)
	for _, named := range []struct{ place, word string }{{"entityType", ev.EntityType}, {"rootEntityType", ev.RootType}} {
		if named.word != "" && r.types.of(named.word) == nil {
			return words.Unknown(named.word, r.types.names()).At(named.place)
		}
	}
	if ev.RootType == "" || ev.RootID == "" && ev.RootRef == "" {
		return missing(ev)
	}
	root, err := r.findRoot(ctx, rd, ev)
	if err != nil {
		return err
	}
	if root == nil {
		return missing(ev)
	}
	if hidden, err := r.hidden(ctx, scope, r.types.typeOf(root), root); err != nil || hidden {
		return orMissing(err, ev)
	}
	r.nameRoot(ev, r.types.typeOf(root), root)
	return nil
}

func (r *Runner) findRoot(ctx context.Context, rd *store.Reader, ev *workflow.Event) (any, error) {
	return r.find(ctx, rd, &workflow.Event{EntityType: ev.RootType, EntityID: ev.RootID, EntityRef: ev.RootRef, RetailerID: ev.RetailerID}, "")
}

func (r *Runner) rootByRef(ctx context.Context, rd *store.Reader, ev *workflow.Event) (any, error) {
	if ev.RootRef == "" {
		return nil, nil
	}
	return r.findRoot(ctx, rd, ev)
}

func (r *Runner) nameRoot(ev *workflow.Event, t *catalogue.Type, root any) {
	ev.RootType, ev.RootID, ev.RootRef = t.EntityType, string(idOf(t, root)), textOf(t, root, "ref")
	if own := retailerOf(t, root); own != 0 && ev.RetailerID == 0 {
		ev.RetailerID = int32(own)
	}
}

func oneOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// maxSameRef bounds how many entities of one ref under different roots are looked at.
const maxSameRef = 100

// find loads the entity that an event names by id or by ref. Where several entities bear the ref, the one under the root counts.
func (r *Runner) find(ctx context.Context, rd *store.Reader, ev *workflow.Event, rootID string) (any, error) {
	for _, t := range r.types.of(ev.EntityType) {
		if ev.EntityID != "" {
			found, err := rd.ByID(ctx, t, catalogue.ID(ev.EntityID))
			if err != nil {
				return nil, fmt.Errorf("find %s %s: %w", ev.EntityType, ev.EntityID, err)
			}
			if found[0] != nil && ofRetailer(t, found[0], ev.RetailerID) {
				return found[0], nil
			}
			continue
		}
		f := t.Field("ref")
		if f == nil || ev.EntityRef == "" {
			continue
		}
		found, err := rd.Entities(ctx, store.Query{Type: t, Where: []store.Condition{store.Match(f, ev.EntityRef)}, Page: store.Page{First: maxSameRef}})
		if err != nil {
			return nil, fmt.Errorf("find %s %s: %w", ev.EntityType, ev.EntityRef, err)
		}
		if e := choose(t, found, ev, rootID); e != nil {
			return e, nil
		}
	}
	return nil, nil
}

// choose picks the entity under the named root, else the first that is the retailer's.
func choose(t *catalogue.Type, found []any, ev *workflow.Event, rootID string) any {
	var first any
	for _, e := range found {
		if textOf(t, e, "ref") != ev.EntityRef || !ofRetailer(t, e, ev.RetailerID) {
			continue
		}
		if first == nil {
			first = e
		}
		if rootID != "" && t.Root != nil {
			if id, _ := t.Root.Get(e).(catalogue.ID); string(id) == rootID {
				return e
			}
		}
	}
	return first
}

func ofRetailer(t *catalogue.Type, e any, retailer int32) bool {
	own := retailerOf(t, e)
	return retailer == 0 || own == 0 || own == tenancy.RetailerID(retailer)
}

// where names the member by which an event addresses its entity.
func where(ev *workflow.Event) string {
	if ev.EntityID != "" {
		return "entityId"
	}
	return "entityRef"
}
