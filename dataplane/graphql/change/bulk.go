package change

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// bulkPage is how many rows a bulk update reads at a time.
const bulkPage = 5000

// Values are what a bulk update is given: which rows, and what becomes of them.
type Values struct {
	Filter map[string]any
	Set    map[string]any
}

// SetAll carries out a bulk update of rows of a type and returns how many there were.
func (c *Changer) SetAll(ctx context.Context, p *tenant.Principal, t *catalogue.Type, b *catalogue.Bulk, v Values) (int, error) {
	permission := t.Permission + "_UPDATE"
	if err := p.CanSomewhere(permission); err != nil {
		return 0, err
	}
	count := 0
	scope := p.ScopeFor(permission)
	err := c.DB.Write(ctx, scope.Acting(), func(tx *store.Tx) error {
		where, err := bulkFilter(ctx, tx.Within(scope), b, v.Filter)
		if err != nil {
			return err
		}
		s := c.begin(p)
		if count, err = s.setAll(ctx, tx, b, store.Query{Type: t, Where: where}, v.Set); err != nil {
			return err
		}
		return s.settleParts(ctx, tx)
	})
	return count, err
}

// bulkFilter gives the conditions of a filter. What it points at must be there.
func bulkFilter(ctx context.Context, from keys.Reader, b *catalogue.Bulk, filter map[string]any) ([]store.Condition, error) {
	where := make([]store.Condition, len(b.Filter.Fields))
	var wants []*keys.Want
	var at []int // of the wants, among the conditions
	for i, in := range b.Filter.Fields {
		where[i] = store.Condition{Field: in.Field, Op: store.In, Values: []any{filter[in.Name]}}
		if in.Key == nil {
			continue
		}
		key, _ := filter[in.Name].(map[string]any)
		w, err := keys.New(in.Key, key, "filter."+in.Name)
		if err != nil {
			return nil, err
		}
		wants, at = append(wants, w), append(at, i)
	}
	if err := keys.Resolve(ctx, from, wants...); err != nil {
		return nil, err
	}
	for i, w := range wants {
		if err := w.Missing(); err != nil {
			return nil, err
		}
		where[at[i]].Values = []any{w.ID()}
	}
	return where, nil
}

// setAll gives all rows of a query the new values, page by page, through the door of entities. Whoever may not change one of them changes none: what
// several retailers share is in the reach of each.
func (s *session) setAll(ctx context.Context, tx *store.Tx, b *catalogue.Bulk, q store.Query, set map[string]any) (int, error) {
	changed := make([]*catalogue.Field, len(b.Set.Fields))
	for i, in := range b.Set.Fields {
		changed[i] = in.Field
	}
	q.Fields, q.Page = whose(q.Type), store.Page{First: bulkPage}
	s.from = tx
	count := 0
	for {
		res, err := tx.Select(ctx, q)
		if err != nil {
			return 0, err
		}
		g := res.Groups[0]
		s.know(ctx)
		if err := s.allowRows(ctx, q, g.Rows); err != nil {
			return 0, err
		}
		for _, row := range g.Rows {
			e, err := outline(q, row[:1])
			if err != nil {
				return 0, err
			}
			for _, in := range b.Set.Fields {
				if err := assign(in.Field.Pointer(e), set[in.Name], ""); err != nil {
					return 0, err
				}
			}
			s.making.Change(e, changed...).Place = "input"
		}
		if err := s.making.Complete(ctx, s); err != nil {
			return 0, err
		}
		s.making.Write(tx)
		count += len(g.Rows)
		if !g.HasNext || len(g.Cursors) == 0 {
			return count, nil
		}
		q.Page.After = g.Cursors[len(g.Cursors)-1]
	}
}

// whose lists the fields by which the permission to change a row goes: its id first, then what says whose it is.
func whose(t *catalogue.Type) []*catalogue.Field {
	out := []*catalogue.Field{t.Field("id")}
	for _, f := range []*catalogue.Field{t.Retailer, t.RetailerVia} {
		if f != nil && f != out[0] {
			out = append(out, f)
		}
	}
	return out
}

// allowRows checks the permission for all rows, once for those that are of the same.
func (s *session) allowRows(ctx context.Context, q store.Query, rows [][]any) error {
	seen := map[string]bool{}
	for _, row := range rows {
		of := fmt.Sprint(row[1:]...)
		if seen[of] && q.Type.RetailerEdge == nil {
			continue
		}
		seen[of] = true
		e, err := outline(q, row)
		if err != nil {
			return err
		}
		if err := s.allowUpdate(ctx, &draft{Draft: &entity.Draft{Type: q.Type, Entity: e, Place: "filter"}}); err != nil {
			return err
		}
	}
	return nil
}

// outline is an entity with the first values of a row, and no others.
func outline(q store.Query, row []any) (any, error) {
	e := q.Type.New()
	for i, v := range row {
		if id, ok := v.(catalogue.ID); ok {
			v = string(id)
		}
		if v == nil {
			continue
		}
		if err := assign(q.Fields[i].Pointer(e), v, ""); err != nil {
			return nil, err
		}
	}
	return e, nil
}
