package turn

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// making is the door through which the turn's entities go: in the name of the retailer for whom the turn works. What it does on behalf of a user
// must rest on what is there for him.
func (u *unit) making(drafts ...*entity.Draft) *entity.Making {
	by := entity.Maker{Name: history.EngineUser, Retailer: u.ref.retailer, Limited: u.auth.who != nil, Composes: true, Now: u.now}
	if u.ref.retailer != 0 {
		by.For = []tenancy.RetailerID{u.ref.retailer}
	}
	return &entity.Making{Catalogue: u.r.d.DB.Catalogue(), By: by, Drafts: drafts, Checks: u.r.d.Checks}
}

// finder answers from the turn's memory, and reads the rest within its reach. See entity.Reader.
type finder struct{ *unit }

// Find finds entities, those of one type by one statement.
func (f finder) Find(ctx context.Context, needs []entity.Need) ([]any, error) {
	out := make([]any, len(needs))
	absent := map[*catalogue.Type][]int{}
	for i, n := range needs {
		if out[i] = f.remembered(n); out[i] != nil {
			continue
		}
		if n.ID != "" {
			absent[n.Type] = append(absent[n.Type], i)
			continue
		}
		id, err := f.idOf(ctx, n)
		if err != nil {
			return nil, err
		}
		if id != "" {
			out[i] = id
		}
	}
	for t, places := range absent {
		ids := make([]catalogue.ID, len(places))
		for i, at := range places {
			ids[i] = needs[at].ID
		}
		found, err := f.read.ByID(ctx, t, ids...)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", t.Name, err)
		}
		for i, at := range places {
			out[at] = f.known(found[i])
		}
	}
	return out, nil
}

// remembered is what the turn has in memory of a need; nil for nothing.
func (f finder) remembered(n entity.Need) any {
	if n.ID == "" {
		for _, e := range f.order {
			if !e.gone && n.Type.Holds(e.typ) && has(e, n.By, n.Values) {
				return idOf(e.typ, e.ptr)
			}
		}
		return nil
	}
	for _, t := range n.Type.Concrete() {
		if e := f.entities[identity{t, n.ID}]; e != nil {
			return e.ptr
		}
	}
	return nil
}

func has(e *row, fields []*catalogue.Field, values []any) bool {
	for i, f := range fields {
		own := e.typ.Field(f.Name)
		if own == nil || own.Get(e.ptr) != values[i] {
			return false
		}
	}
	return true
}

// idOf reads the id of what has some values; empty for nothing.
func (f finder) idOf(ctx context.Context, n entity.Need) (catalogue.ID, error) {
	q := store.Query{Type: n.Type, Fields: []*catalogue.Field{n.Type.Field("id")}, NoCursors: true, Page: store.Page{First: 1}}
	for i, by := range n.By {
		q.Where = append(q.Where, store.Condition{Field: by, Op: store.In, Values: []any{n.Values[i]}})
	}
	found, err := f.read.Select(ctx, q)
	if err != nil {
		return "", fmt.Errorf("look for %s: %w", n.Type.Name, err)
	}
	for _, row := range found.Groups[0].Rows {
		id, _ := row[0].(catalogue.ID)
		return id, nil
	}
	return "", nil
}

// Version is that of the workflow which the turn runs under, unless another root is asked for while a candidate is tried: that one may work by the
// other version of the configuration. Of another workflow it is the newest.
func (f finder) Version(ctx context.Context, retailer tenancy.RetailerID, name string, root workflow.Root) (int, error) {
	flow := f.flow
	if flow == nil || flow.Name != name || retailer != f.trail.RetailerID || f.trail.Configuration != "" && root != f.self() {
		var err error
		if flow, _, err = f.r.d.Workflows.Get(ctx, f.in.Scope.Account(), retailer, workflow.Following{Name: name, Root: root}); err != nil || flow == nil {
			return 0, err
		}
	}
	return workflow.VersionNumber(flow.Version)
}
