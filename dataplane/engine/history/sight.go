package history

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/store"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// sight decides which items a scope shows that is limited to locations: those about what is at one of them. It asks the database, for the entities of
// many items at a time, and remembers what it was told. A scope without such limits asks nothing.
type sight struct {
	db    *store.DB
	scope tenancy.Scope
	known map[string]bool
}

func newSight(db *store.DB, scope tenancy.Scope) *sight {
	return &sight{db: db, scope: scope.Acting(), known: map[string]bool{}}
}

// limited reports whether more than its retailer decides about an item.
func (s *sight) limited() bool { return len(s.scope.Locations()) > 0 || len(s.scope.Where()) > 0 }

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
		kind, id := about(&items[i])
		if _, known := s.known[sightKey(kind, id)]; !known && id != "" {
			s.known[sightKey(kind, id)] = false
			wanted[kind] = append(wanted[kind], catalogue.ID(id))
		}
	}
	p := s.db.Reader(s.scope).Pipeline()
	type asked struct {
		kind string
		ids  []catalogue.ID
		rows *[]any
	}
	var all []asked
	for kind, ids := range wanted {
		for _, t := range s.db.Catalogue().EntityTypes(kind) {
			all = append(all, asked{kind, ids, p.ByID(t, ids...)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	if err := p.Run(ctx); err != nil {
		return fmt.Errorf("find out whose events are: %w", err)
	}
	for _, a := range all {
		for i, row := range *a.rows {
			if row != nil {
				s.known[sightKey(a.kind, string(a.ids[i]))] = true
			}
		}
	}
	return nil
}

// shows decides about an item at which look has looked.
func (s *sight) shows(it *Item) bool {
	if !allows(s.scope, it.RetailerID) {
		return false
	}
	return !s.limited() || s.known[sightKey(about(it))]
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
