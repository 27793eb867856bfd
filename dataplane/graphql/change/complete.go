package change

import (
	"context"
	"fmt"
	"maps"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// allot fetches ids for what is new. All cost one round trip at most.
func (s *session) allot(ctx context.Context, d *draft) (err error) {
	counts := map[*catalogue.Type]int{}
	for _, x := range d.nameless() {
		counts[x.Type]++
	}
	s.ids, err = s.DB.NewIDsOf(ctx, s.scope, counts)
	return err
}

// nameless are the new entities that have no id yet.
func (d *draft) nameless() (list []*draft) {
	d.each(func(x *draft) {
		if x.New && idOf(x) == "" {
			list = append(list, x)
		}
	})
	return list
}

// number gives new entities their ids and joins children with their parents.
func (s *session) number(ctx context.Context, d *draft) error {
	if s.ids == nil {
		if err := s.allot(ctx, d); err != nil {
			return err
		}
	}
	ids := maps.Clone(s.ids)
	for _, x := range d.nameless() {
		of := ids[x.Type]
		x.assignID(x.Type.Field("id"), of[0])
		ids[x.Type] = of[1:]
	}
	d.each(func(x *draft) { s.making.Drafts = append(s.making.Drafts, x.Draft) })
	s.making.Join()
	return nil
}

// each visits a draft and its children, parents first.
func (d *draft) each(visit func(*draft)) {
	visit(d)
	for _, k := range d.kids {
		k.each(visit)
	}
}

// know begins a making with what was found so far.
func (s *session) know(ctx context.Context) {
	s.making = &entity.Making{Catalogue: s.Catalogue, Checks: s.Checks, By: entity.Maker{
		Name: s.who.Username, Sender: s.who.Sender(), Retailer: s.who.RetailerID, For: s.scope.Retailers(), Limited: s.scope.Retailers() != nil, Now: s.now(ctx),
	}}
	s.exists = map[string]any{}
	for _, w := range s.wants {
		switch {
		case w.Loose():
			s.exists[w.Text()] = w.Entity
		case w.Entity != nil:
			s.making.Know(w.Entity)
		}
	}
}

// complete has guards look at entities, and has those filled in and checked. What follows from what is new is then among the session's events.
func (s *session) complete(ctx context.Context, d *draft) error {
	var err error
	d.each(func(x *draft) {
		if err == nil {
			err = s.join(ctx, x)
		}
		if err == nil {
			err = s.after(ctx, x)
		}
	})
	if err != nil {
		return err
	}
	if err := s.making.Complete(ctx, s); err != nil {
		return err
	}
	s.events, err = s.sends(ctx, d, s.making.Created(s.DB.NewUUID))
	return err
}

// sends leaves the CREATE of a root out that its maker made for another retailer than his own, if the account wants none then.
func (s *session) sends(ctx context.Context, d *draft, events []*workflow.Event) ([]*workflow.Event, error) {
	asked, some := s.CreatesForOthers[d.Type.EntityType]
	if !some || !d.Fires() || len(events) == 0 || s.who.RetailerID == 0 || events[0].RetailerID == int32(s.who.RetailerID) {
		return events, nil
	}
	held, err := s.DB.Reader(s.scope).Settings(ctx, setting.Place{}, asked)
	if err != nil {
		return nil, fmt.Errorf("read whether the creation is told of: %w", err)
	}
	if sent, err := asked.Get(held, setting.Place{}); err != nil || sent { // what nobody can read changes nothing
		return events, nil
	}
	return events[1:], nil
}

// Find reads what a decision rests on. See entity.Reader.
func (s *session) Find(ctx context.Context, needs []entity.Need) ([]any, error) {
	wants := make([]*keys.Want, len(needs))
	for i, n := range needs {
		if n.ID != "" {
			wants[i] = keys.ByID(n.Type, n.ID, n.Place)
			continue
		}
		wants[i] = keys.Exists(n.Type, n.By, n.Values, n.Place)
		wants[i].Entity = s.exists[wants[i].Text()]
	}
	if err := s.resolve(ctx, wants); err != nil {
		return nil, err
	}
	out := make([]any, len(wants))
	for i, w := range wants {
		out[i] = w.Entity
	}
	return out, nil
}

// resolve reads what is wanted, but for what others among many have asked for.
func (s *session) resolve(ctx context.Context, wants []*keys.Want) error {
	if s.together == nil {
		return keys.Resolve(ctx, s.from, wants...)
	}
	wants = s.together.unknown(wants)
	defer s.together.learn(wants)
	return keys.Resolve(ctx, s.from, wants...)
}

// Version is the newest version of a retailer's workflow. See entity.Reader.
func (s *session) Version(ctx context.Context, retailer tenancy.RetailerID, name string, root workflow.Root) (int, error) {
	if s.Changer.Workflows == nil {
		return 0, nil
	}
	version, _, err := s.Changer.Workflows.Current(ctx, s.who.Account, retailer, name, root)
	return version, err
}

// Workflows lists the names of a retailer's workflows. See entity.Lister.
func (s *session) Workflows(retailer tenancy.RetailerID) []string {
	if s.Changer.Workflows == nil {
		return nil
	}
	return s.Changer.Workflows.Names(s.who.Account, retailer)
}

// List reads what guards look at, with the whole account's eyes. See entity.Lister.
func (s *session) List(ctx context.Context, t *catalogue.Type, by *catalogue.Field, values ...any) ([]any, error) {
	whole, err := tenancy.NewScope(s.who.Account)
	if err != nil {
		return nil, err
	}
	return s.DB.Reader(whole).Entities(ctx, store.Query{Type: t, Where: []store.Condition{{Field: by, Op: store.In, Values: values}}})
}

// Hold has the entity for the transaction alone. See entity.Lister.
func (s *session) Hold(ctx context.Context, t *catalogue.Type, id catalogue.ID) error {
	if s.tx == nil {
		return fmt.Errorf("hold %s %s: there is no transaction yet", t.Name, id)
	}
	return s.tx.Hold(ctx, t, id)
}

// join ties a draft to what its input lists along connections: by rows between the two, or by a reference of the other, which then changes too, so that
// it takes the right to change that one.
func (s *session) join(ctx context.Context, d *draft) error {
	for _, l := range d.links {
		if l.edge.Link != nil {
			d.Joins = append(d.Joins, entity.Join{Edge: l.edge, Entity: l.want.Entity, Place: l.want.Place})
			continue
		}
		other := &draft{Draft: &entity.Draft{Type: s.Catalogue.TypeOf(l.want.Entity), Entity: l.want.Entity, Place: l.want.Place}}
		if err := s.allowUpdate(ctx, other); err != nil {
			return err
		}
		if p, ok := l.edge.By.Pointer(l.want.Entity).(*catalogue.ID); ok {
			*p = idOf(d)
			changed := s.making.Change(l.want.Entity, l.edge.By)
			changed.Place, other.Touched = l.want.Place, changed.Touched
		}
		if other.moves() {
			if err := s.allowUpdate(ctx, other); err != nil {
				return err
			}
		}
	}
	return nil
}
