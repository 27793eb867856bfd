package history

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// sight decides which items who reads is shown: those of a scope that is limited to locations are about what is at one of them, and of what a policy
// of the account hides there are none. It asks the database, for the entities of many items at a time, and remembers what it was told. Without such
// limits it asks nothing.
type sight struct {
	db    *store.DB
	scope tenancy.Scope
	who   *tenant.Principal // nil: no policy holds
	known map[string]bool
}

func newSight(ctx context.Context, db *store.DB, scope tenancy.Scope) *sight {
	s := &sight{db: db, scope: scope.Acting(), known: map[string]bool{}}
	if who, ok := tenant.FromContext(ctx); ok && who.Narrowed() {
		s.who = who
	}
	return s
}

// placed reports whether the scope is limited by what rows say.
func (s *sight) placed() bool { return len(s.scope.Locations()) > 0 || len(s.scope.Where()) > 0 }

// limited reports whether more than its retailer decides about an item.
func (s *sight) limited() bool { return s.placed() || s.who != nil }

// within is the scope in which rows of a type are seen.
func (s *sight) within(t *catalogue.Type) tenancy.Scope {
	if s.who == nil {
		return s.scope
	}
	return s.who.Leaves(t.Permission+"_VIEW", s.scope)
}

// asks reports whether rows of a kind have to be looked at.
func (s *sight) asks(kind string) bool {
	return s.placed() || s.withheld(kind)
}

// withheld reports whether a policy hides rows of a kind.
func (s *sight) withheld(kind string) bool {
	return s.who != nil && slices.ContainsFunc(s.db.Catalogue().EntityTypes(kind), func(t *catalogue.Type) bool { return s.who.Withheld(t.Permission + "_VIEW") })
}

// entities are those on which it rests whether an item is shown: what it is about, and its root where a policy may hide that.
func (s *sight) entities(it *Item) [][2]string {
	var out [][2]string
	kind, id := about(it)
	if s.asks(kind) {
		out = append(out, [2]string{kind, id})
	}
	if root := it.Context.RootEntityType; root != kind && s.withheld(root) {
		out = append(out, [2]string{root, it.Context.RootEntityID})
	}
	return out
}

// about is what an item is about: its root where there is no entity.
func about(it *Item) (kind, id string) {
	if it.Context.EntityID != "" {
		return it.Context.EntityType, it.Context.EntityID
	}
	return it.Context.RootEntityType, it.Context.RootEntityID
}

func sightKey(kind, id string) string { return kind + " " + id }

// look finds out about what items are about.
func (s *sight) look(ctx context.Context, items ...Item) error {
	if !s.limited() {
		return nil
	}
	wanted := map[string][]catalogue.ID{}
	for i := range items {
		for _, e := range s.entities(&items[i]) {
			if _, known := s.known[sightKey(e[0], e[1])]; !known && e[1] != "" {
				s.known[sightKey(e[0], e[1])] = false
				wanted[e[0]] = append(wanted[e[0]], catalogue.ID(e[1]))
			}
		}
	}
	type asked struct {
		kind string
		ids  []catalogue.ID
		rows *[]any
	}
	var all []asked
	p := s.db.Reader(s.scope).Pipeline()
	for kind, ids := range wanted {
		for _, t := range s.db.Catalogue().EntityTypes(kind) {
			if !s.withheld(kind) {
				all = append(all, asked{kind, ids, p.ByID(t, ids...)})
				continue
			}
			rows, err := s.db.Reader(s.within(t)).ByID(ctx, t, ids...)
			if err != nil {
				return fmt.Errorf("find out what a policy hides: %w", err)
			}
			s.learn(kind, ids, rows)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := p.Run(ctx); err != nil {
		return fmt.Errorf("find out whose events are: %w", err)
	}
	for _, a := range all {
		s.learn(a.kind, a.ids, *a.rows)
	}
	return nil
}

// learn notes which rows there are.
func (s *sight) learn(kind string, ids []catalogue.ID, rows []any) {
	for i, row := range rows {
		if row != nil {
			s.known[sightKey(kind, string(ids[i]))] = true
		}
	}
}

// shows decides about an item at which look has looked.
func (s *sight) shows(it *Item) bool {
	if !allows(s.scope, it.RetailerID) {
		return false
	}
	return !slices.ContainsFunc(s.entities(it), func(e [2]string) bool { return !s.known[sightKey(e[0], e[1])] })
}

// lookAt looks at all items of turns.
func (s *search) lookAt(ctx context.Context, rows []trailstore.Trail) error {
	if !s.sight.limited() {
		return nil
	}
	var items []Item
	for i := range rows {
		t, err := Decode(&rows[i])
		if err != nil {
			return err
		}
		items = append(items, Expand(s.scope.Account(), t)...)
	}
	return s.sight.look(ctx, items...)
}
