package change

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// number gives new entities their ids and joins children with their parents. Ids come from the node's blocks.
func (s *session) number(ctx context.Context, d *draft) error {
	counts := map[*catalogue.Type][]*draft{}
	var order []*catalogue.Type
	d.each(func(x *draft) {
		if x.fresh && idOf(x) == "" {
			if counts[x.typ] == nil {
				order = append(order, x.typ)
			}
			counts[x.typ] = append(counts[x.typ], x)
		}
	})
	for _, t := range order {
		ids, err := s.DB.NewIDs(ctx, s.scope, t, len(counts[t]))
		if err != nil {
			return err
		}
		for i, x := range counts[t] {
			x.assignID(t.Field("id"), ids[i])
		}
	}
	d.each(func(x *draft) { x.join() })
	return nil
}

// each visits a draft and its children, parents first.
func (d *draft) each(visit func(*draft)) {
	visit(d)
	for _, k := range d.kids {
		k.each(visit)
	}
}

// join writes the references between a draft and its new children.
func (d *draft) join() {
	for _, k := range d.kids {
		if !k.fresh {
			continue
		}
		switch {
		case k.input.Edge != nil && k.input.Edge.By != nil:
			k.assignID(k.input.Edge.By, idOf(d))
		case k.input.Field != nil:
			d.assignID(k.input.Field, idOf(k.draft))
			if k.input.Back != nil {
				k.assignID(k.input.Back, idOf(d))
			}
		}
	}
}

// complete fills in what callers don't give: copies, statuses, workflows, and the rest that finish knows.
func (s *session) complete(ctx context.Context, d *draft) error {
	var err error
	d.each(func(x *draft) {
		s.remember(x.typ, idOf(x), x.entity)
	})
	d.inner(func(x *draft) {
		if err != nil {
			return
		}
		if err = s.guard(ctx, x); err == nil && x.fresh {
			err = s.completeOne(ctx, x)
		}
	})
	return err
}

// inner visits a draft and its children, children first: what an order copies from its new customer is then there.
func (d *draft) inner(visit func(*draft)) {
	for _, k := range d.kids {
		k.inner(visit)
	}
	visit(d)
}

func (s *session) completeOne(ctx context.Context, d *draft) error {
	if status := d.typ.Field("status"); status != nil && status.Get(d.entity) == "" {
		if err := assign(status.Pointer(d.entity), firstStatus(d.typ), d.place); err != nil {
			return err
		}
	}
	if finish := finishers[d.typ.Name]; finish != nil {
		if err := finish(ctx, s, d); err != nil {
			return err
		}
	}
	for _, f := range d.typ.Fields {
		if len(f.Copy) > 0 {
			if err := s.copyInto(ctx, d, f); err != nil {
				return err
			}
		}
	}
	return s.stamp(ctx, d)
}

// firstStatus is the status of a new entity: what no workflow activates is active from the start.
func firstStatus(t *catalogue.Type) string {
	switch t.Name {
	case "Location", "Network", "Retailer", "User", "Customer":
		return "ACTIVE"
	}
	return "CREATED"
}

// copyInto copies a value along a path of references.
func (s *session) copyInto(ctx context.Context, d *draft, f *catalogue.Field) error {
	entity := d.entity
	for i, step := range f.Copy {
		own := s.typeOf(entity).Field(step.Name)
		if own == nil {
			return nil
		}
		if i == len(f.Copy)-1 {
			return assign(f.Pointer(d.entity), own.Get(entity), d.place)
		}
		var err error
		if entity, err = s.follow(ctx, entity, own); err != nil || entity == nil {
			return err
		}
	}
	return nil
}

// root is the entity whose workflow drives the draft's.
func (s *session) root(ctx context.Context, entity any) (any, error) {
	for range 8 {
		t := s.typeOf(entity)
		if t.Root == nil {
			return entity, nil
		}
		next, err := s.follow(ctx, entity, t.Root)
		if err != nil || next == nil {
			return entity, err
		}
		entity = next
	}
	return entity, nil
}

// stamp writes the workflow of a new orchestrated entity: its root's.
func (s *session) stamp(ctx context.Context, d *draft) error {
	ref := d.typ.Field("workflowRef")
	if ref == nil {
		return nil
	}
	root, err := s.root(ctx, d.entity)
	if err != nil {
		return err
	}
	rt := s.typeOf(root)
	subtype, _ := rt.Field("type").Get(root).(string)
	name := rt.EntityType + "::" + subtype
	if err := assign(ref.Pointer(d.entity), name, d.place); err != nil {
		return err
	}
	retailer, err := s.retailerFor(ctx, root)
	if err != nil || s.Workflows == nil {
		return err
	}
	version, ok, err := s.Workflows.Current(ctx, s.who.Account, retailer, name)
	if err != nil || !ok {
		return err
	}
	return assign(d.typ.Field("workflowVersion").Pointer(d.entity), version, d.place)
}

// retailerFor is the retailer in whose name an entity's events run: its own, or for what several share the caller's, if it is
// one of them.
func (s *session) retailerFor(ctx context.Context, entity any) (tenancy.RetailerID, error) {
	all, err := s.retailersOf(ctx, entity)
	if err != nil || len(all) == 0 {
		return s.who.RetailerID, err
	}
	for _, r := range all {
		if r == s.who.RetailerID {
			return r, nil
		}
	}
	return all[0], nil
}

// retailersOf lists the retailers that an entity belongs to; none for what the whole account shares.
func (s *session) retailersOf(ctx context.Context, entity any) ([]tenancy.RetailerID, error) {
	for range 8 {
		t := s.typeOf(entity)
		switch {
		case t.Retailer != nil && t.Retailer.Kind == catalogue.JSON:
			refs, _ := t.Retailer.Get(entity).([]string)
			return s.retailersByRef(ctx, refs)
		case t.Retailer != nil:
			id, _ := t.Retailer.Get(entity).(catalogue.ID)
			return one(id), nil
		case t.RetailerVia == nil:
			return nil, nil
		}
		next, err := s.follow(ctx, entity, t.RetailerVia)
		if err != nil || next == nil {
			return nil, err
		}
		entity = next
	}
	return nil, nil
}

func one(id catalogue.ID) []tenancy.RetailerID {
	if n, err := strconv.ParseInt(string(id), 10, 32); err == nil {
		return []tenancy.RetailerID{tenancy.RetailerID(n)}
	}
	return nil
}

// retailersByRef finds retailers that a catalogue names, by ref or by number.
func (s *session) retailersByRef(ctx context.Context, refs []string) ([]tenancy.RetailerID, error) {
	var out []tenancy.RetailerID
	t := s.Catalogue.Type("Retailer")
	var wants []*keys.Want
	for _, ref := range refs {
		if n := one(catalogue.ID(ref)); n != nil {
			out = append(out, n...)
			continue
		}
		wants = append(wants, keys.Exists(t, []*catalogue.Field{t.Field("ref")}, []any{ref}, "input.retailerRefs"))
	}
	if err := keys.Resolve(ctx, s.from, wants...); err != nil {
		return nil, err
	}
	for _, w := range wants {
		if err := w.Missing(); err != nil && s.scope.Retailers() != nil {
			return nil, err
		}
		out = append(out, one(w.ID())...)
	}
	return out, nil
}

// write queues the rows of a draft and its children.
func (s *session) write(ctx context.Context, tx *store.Tx, d *draft) error {
	var err error
	d.each(func(x *draft) {
		if err != nil {
			return
		}
		switch {
		case x.fresh:
			tx.Insert(x.entity)
		case len(x.touched) > 0:
			tx.Update(x.entity, x.touched...)
		}
		x.link(tx)
		if x.fresh && x.typ.Fires {
			err = s.created(ctx, x)
		}
	})
	return err
}

// link joins a draft with what its input lists along edges.
func (d *draft) link(tx *store.Tx) {
	for _, l := range d.links {
		if l.edge.Link != nil {
			tx.Link(l.edge, idOf(d), l.want.ID())
			continue
		}
		if p, ok := l.edge.By.Pointer(l.want.Entity).(*catalogue.ID); ok {
			*p = idOf(d)
			tx.Update(l.want.Entity, l.edge.By)
		}
	}
	for _, k := range d.kids {
		if k.fresh && k.input.Edge != nil && k.input.Edge.Link != nil {
			tx.Link(k.input.Edge, idOf(d), idOf(k.draft))
		}
	}
}

// created makes the CREATE event of a new entity.
func (s *session) created(ctx context.Context, d *draft) error {
	root, err := s.root(ctx, d.entity)
	if err != nil {
		return err
	}
	retailer, err := s.retailerFor(ctx, root)
	if err != nil {
		return err
	}
	rt := s.typeOf(root)
	e := &workflow.Event{
		ID: string(s.DB.NewUUID()), Name: "CREATE", Type: "NORMAL", RetailerID: int32(retailer),
		EntityType: d.typ.EntityType, EntityID: string(idOf(d)), EntityRef: text(d.typ, d.entity, "ref"),
		EntitySubtype: text(d.typ, d.entity, "type"), EntityStatus: text(d.typ, d.entity, "status"),
		RootType: rt.EntityType, RootID: text(rt, root, "id"), RootRef: text(rt, root, "ref"),
		GeneratedBy: s.who.Username, GeneratedOn: s.now(ctx), Priority: priority(rt),
	}
	s.events = append(s.events, e)
	return nil
}

// priority puts shoppers' work before loads.
func priority(root *catalogue.Type) workflow.Priority {
	switch {
	case root.EntityType == "ORDER":
		return workflow.Checkout
	case strings.HasSuffix(root.EntityType, "_CATALOGUE"):
		return workflow.Batch
	}
	return workflow.StoreWork
}

// text reads a text field or an id of an entity; empty where the type has no such field.
func text(t *catalogue.Type, entity any, name string) string {
	f := t.Field(name)
	if f == nil {
		return ""
	}
	switch v := f.Get(entity).(type) {
	case string:
		return v
	case catalogue.ID:
		return string(v)
	}
	return ""
}

// allowCreate checks the permission for what is created, in the retailer that it will belong to.
func (s *session) allowCreate(ctx context.Context, d *draft) error {
	return s.allow(ctx, d, "_CREATE")
}

// allowChange brings the values of a change into the entity that was found. Whose it was before the change decides, and whose it is after it:
// who may change what is one retailer's could else take what is another's, or the account's, by saying that it is that retailer's.
func (s *session) allowChange(ctx context.Context, d *draft) error {
	if err := s.allowUpdate(ctx, d); err != nil {
		return err
	}
	if err := s.mayTake(ctx, d, nil); err != nil {
		return err
	}
	if err := s.fill(ctx, d); err != nil {
		return err
	}
	if !d.moves() {
		return nil
	}
	return s.allowUpdate(ctx, d)
}

// moves reports whether a change touches what says whose the entity is.
func (d *draft) moves() bool {
	said := []*catalogue.Field{d.typ.Retailer, d.typ.RetailerVia}
	if o := d.typ.Owner; o != nil {
		said = append(said, o.Kind, o.ID)
	}
	return slices.ContainsFunc(d.touched, func(f *catalogue.Field) bool { return slices.Contains(said, f) })
}

// allowUpdate checks the permission for what is changed, in the retailers that it belongs to as it is now.
func (s *session) allowUpdate(ctx context.Context, d *draft) error {
	return s.allow(ctx, d, "_UPDATE")
}

func (s *session) allow(ctx context.Context, d *draft, action string) error {
	permission := d.typ.Permission + action
	all, err := s.concerned(ctx, d)
	if err != nil {
		return err
	}
	for _, r := range all {
		if err := s.who.Can(permission, r); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		return nil
	}
	if d.typ.AccountWide() {
		return s.who.Can(permission, 0)
	}
	if err := s.who.CanSomewhere(permission); err != nil {
		return err
	}
	if d.typ.RetailerEdge != nil {
		return s.allowLinked(d, permission)
	}
	return nil
}

// concerned lists the retailers in which a permission for the draft must be held; 0 is the account itself.
func (s *session) concerned(ctx context.Context, d *draft) ([]tenancy.RetailerID, error) {
	if d.typ.Owner != nil {
		return s.ownersRetailers(ctx, d)
	}
	if e := d.typ.RetailerEdge; e != nil && !d.fresh {
		return s.joined(ctx, d, e)
	}
	all, err := s.retailersOf(ctx, d.entity)
	if d.typ.Retailer != nil && d.typ.Retailer.Kind == catalogue.JSON && len(all) == 0 {
		return []tenancy.RetailerID{0}, err // a catalogue of no retailer is every retailer's
	}
	return all, err
}

// joined lists the retailers that an entity is joined with, also those out of the caller's reach.
func (s *session) joined(ctx context.Context, d *draft, e *catalogue.Edge) ([]tenancy.RetailerID, error) {
	whole, err := tenancy.NewScope(s.who.Account)
	if err != nil {
		return nil, err
	}
	res, err := s.DB.Reader(whole).Select(ctx, store.Query{
		Type: e.Target, Fields: []*catalogue.Field{e.Target.Field("id")}, NoCursors: true, Parents: &store.Parents{Edge: e, IDs: []catalogue.ID{idOf(d)}},
	})
	if err != nil {
		return nil, err
	}
	var out []tenancy.RetailerID
	for _, row := range res.Groups[0].Rows {
		id, _ := row[0].(catalogue.ID)
		out = append(out, one(id)...)
	}
	return out, nil
}

// ownersRetailers lists the retailers of what a setting or a comment is about. A setting of none is the account's. What a caller who is
// limited to some retailers does not reach is not there.
func (s *session) ownersRetailers(ctx context.Context, d *draft) ([]tenancy.RetailerID, error) {
	o := d.typ.Owner
	kind, id := fmt.Sprint(o.Kind.Get(d.entity)), fmt.Sprint(o.ID.Get(d.entity))
	known := false
	for _, k := range o.Kinds {
		if k.Name != kind {
			continue
		}
		if k.Type.Name == "Retailer" {
			return one(catalogue.ID(id)), nil
		}
		known = true
		entity, err := s.entity(ctx, k.Type, catalogue.ID(id))
		if err != nil {
			return nil, err
		}
		if entity != nil {
			return s.retailersOf(ctx, entity)
		}
	}
	if known && s.scope.Retailers() != nil {
		return nil, fault.NotFoundf("%s not found: id %s", kind, id).At(d.place + "." + o.ID.Name)
	}
	if d.typ.Name == "Setting" && !known {
		return []tenancy.RetailerID{0}, nil
	}
	return nil, nil
}

// allowLinked checks the permission in each retailer that a new entity is joined with.
func (s *session) allowLinked(d *draft, permission string) error {
	for _, l := range d.links {
		if l.edge != d.typ.RetailerEdge {
			continue
		}
		for _, r := range one(l.want.ID()) {
			if err := s.who.Can(permission, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// unavailable is the fault of a mutation that this server cannot carry out.
func unavailable(name string) error {
	return fault.New(fault.Unprocessable, "%s is not available on this server", name).WithCode("S0001E")
}
