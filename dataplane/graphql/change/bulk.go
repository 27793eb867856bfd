package change

import (
	"context"

	"github.com/fluent-oms/fluent/auth/tenant"
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
	err := c.DB.Write(ctx, p.ScopeFor(permission), func(tx *store.Tx) error {
		where, err := bulkFilter(ctx, tx, b, v.Filter)
		if err == nil {
			count, err = c.begin(p).setAll(ctx, tx, b, store.Query{Type: t, Where: where}, v.Set)
		}
		return err
	})
	return count, err
}

// bulkFilter gives the conditions of a filter. What it points at must be there.
func bulkFilter(ctx context.Context, tx *store.Tx, b *catalogue.Bulk, filter map[string]any) ([]store.Condition, error) {
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
	if err := keys.Resolve(ctx, tx, wants...); err != nil {
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

// setAll gives all rows of a query the new values, page by page, through the door of entities.
func (s *session) setAll(ctx context.Context, tx *store.Tx, b *catalogue.Bulk, q store.Query, set map[string]any) (int, error) {
	id := q.Type.Field("id")
	changed := make([]*catalogue.Field, len(b.Set.Fields))
	for i, in := range b.Set.Fields {
		changed[i] = in.Field
	}
	q.Fields, q.Page = []*catalogue.Field{id}, store.Page{First: bulkPage}
	s.from = tx
	count := 0
	for {
		res, err := tx.Select(ctx, q)
		if err != nil {
			return 0, err
		}
		g := res.Groups[0]
		s.know(ctx)
		for _, row := range g.Rows {
			e := q.Type.New()
			rowID, _ := row[0].(catalogue.ID)
			if err := assign(id.Pointer(e), string(rowID), ""); err != nil {
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
