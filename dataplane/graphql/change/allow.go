package change

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

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
	if err := s.beforeAll(ctx, d); err != nil {
		return err
	}
	if err := d.apply(); err != nil {
		return err
	}
	if !d.moves() {
		return nil
	}
	return s.allowUpdate(ctx, d)
}

// moves reports whether a change touches what says whose the entity is.
func (d *draft) moves() bool {
	said := []*catalogue.Field{d.Type.Retailer, d.Type.RetailerVia}
	if o := d.Type.Owner; o != nil {
		said = append(said, o.Kind, o.ID)
	}
	return slices.ContainsFunc(d.Touched, func(f *catalogue.Field) bool { return slices.Contains(said, f) })
}

// allowUpdate checks the permission for what is changed, in the retailers that it belongs to as it is now.
func (s *session) allowUpdate(ctx context.Context, d *draft) error {
	return s.allow(ctx, d, "_UPDATE")
}

func (s *session) allow(ctx context.Context, d *draft, action string) error {
	permission := d.Type.Permission + action
	all, err := s.concerned(ctx, d)
	if err != nil {
		return err
	}
	part := s.who.Conditional(permission)
	for _, r := range all {
		whole, err := s.who.CanAt(permission, r)
		if err != nil {
			return err
		}
		part = part || !whole
	}
	switch {
	case len(all) > 0:
	case d.Type.AccountWide:
		err = s.who.Can(permission, 0)
	case d.Type.RetailerEdge != nil:
		err = cmp.Or(s.who.CanSomewhere(permission), s.allowLinked(d, permission))
	default:
		err = s.who.CanSomewhere(permission)
		part = part || len(s.who.ScopeFor(permission).Locations()) > 0
	}
	if err != nil || !part {
		return err
	}
	return s.allowPart(ctx, d, permission)
}

// part is an entity of which not its retailer alone says whether the caller may write it.
type part struct {
	typ        *catalogue.Type
	id         func() catalogue.ID
	permission string
}

// allowPart has the database decide about an entity, by what the caller may change: as it is now, where it is there already, and as it will be when
// everything is written.
func (s *session) allowPart(ctx context.Context, d *draft, permission string) error {
	p := part{d.Type, func() catalogue.ID { return idOf(d) }, permission}
	s.parts = append(s.parts, p)
	if d.New {
		return nil
	}
	from, ok := s.from.(interface {
		Within(scope tenancy.Scope) *store.Reader
	})
	if !ok {
		return s.who.Elsewhere(permission)
	}
	return s.mine(ctx, from.Within, p)
}

// settleParts has the database decide about what was written and asked about, before it is committed.
func (s *session) settleParts(ctx context.Context, tx *store.Tx) error {
	if len(s.parts) == 0 {
		return nil
	}
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	for _, p := range s.parts {
		if err := s.mine(ctx, tx.Within, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) mine(ctx context.Context, within func(tenancy.Scope) *store.Reader, p part) error {
	found, err := within(s.who.ScopeFor(p.permission).Acting()).ByID(ctx, p.typ, p.id())
	if err == nil && found[0] == nil {
		return s.who.Elsewhere(p.permission)
	}
	return err
}

// concerned lists the retailers in which a permission for the draft must be held; 0 is the account itself.
func (s *session) concerned(ctx context.Context, d *draft) ([]tenancy.RetailerID, error) {
	if e := d.Type.RetailerEdge; e != nil && !d.New {
		return s.joined(ctx, d, e)
	}
	return s.making.Concerned(ctx, s, d.Entity, d.Place)
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

// allowLinked checks the permission in each retailer that a new entity is joined with.
func (s *session) allowLinked(d *draft, permission string) error {
	for _, l := range d.links {
		if l.edge != d.Type.RetailerEdge {
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

// one is the retailer of a number; none where it is no number.
func one(id catalogue.ID) []tenancy.RetailerID {
	if n, err := strconv.ParseInt(string(id), 10, 32); err == nil {
		return []tenancy.RetailerID{tenancy.RetailerID(n)}
	}
	return nil
}
