package change

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Remove takes links, or elements of a list value, away from an entity. Taking away what is not there is no error.
func (c *Changer) Remove(ctx context.Context, p *tenant.Principal, r *catalogue.Removal, value map[string]any) error {
	return c.DB.Write(ctx, p.Scope(), func(tx *store.Tx) error {
		s := c.begin(p)
		owner, _ := value[r.Owner.Name].(map[string]any)
		o, err := s.want(r.Owner.Key, owner, "input."+r.Owner.Name)
		if err != nil {
			return err
		}
		list, _ := value[r.Items.Name].([]any)
		if r.Edge == nil {
			if err := s.planValue(r.Items.Key, list, "input."+r.Items.Name); err != nil {
				return err
			}
		}
		d := &draft{Draft: &entity.Draft{Type: r.Owner.Key.Of, Place: "input"}, self: o, input: &catalogue.Input{Of: r.Owner.Key.Of}}
		if r.Edge != nil {
			if err := s.planLinks(d, &catalogue.InputField{Key: r.Items.Key, Edge: r.Edge}, list, "input."+r.Items.Name); err != nil {
				return err
			}
		}
		if err := s.ready(ctx, tx, d); err != nil {
			return err
		}
		if err := s.allowUpdate(ctx, d); err != nil {
			return err
		}
		if r.Edge == nil {
			if err := s.mayTake(ctx, d, list); err != nil {
				return err
			}
			if err := d.without(r, list); err != nil {
				return err
			}
		}
		for _, l := range d.links {
			d.Parts = append(d.Parts, entity.Join{Edge: l.edge, Entity: l.want.Entity, Place: l.want.Place})
		}
		s.making.Drafts = append(s.making.Drafts, d.Draft)
		if err := s.making.Complete(ctx, s); err != nil {
			return err
		}
		s.making.Write(tx)
		return nil
	})
}

// without takes the elements that the request names out of the owner's list value.
func (d *draft) without(r *catalogue.Removal, list []any) error {
	by := r.Field.Value.MergeBy
	gone := map[string]bool{}
	named, _ := resolved(list).([]any)
	for _, x := range named {
		gone[identity(x, by)] = true
	}
	p := r.Field.Pointer(d.Entity)
	stored, err := elements(p)
	if err != nil {
		return err
	}
	stored = slices.DeleteFunc(stored, func(x any) bool { return gone[identity(x, by)] })
	if err := transcode(p, stored, d.Place); err != nil {
		return err
	}
	d.Touch(r.Field)
	d.give(r.Field, nil)
	return nil
}

// bulkPage is how many rows a bulk update reads at a time.
const bulkPage = 5000

// Bulk sets the status of all rows of a type in a container that have a value in a field, and returns how many there were.
type Bulk struct {
	Type  *catalogue.Type
	Key   *catalogue.Input // of the container
	Field *catalogue.Field // locationRef, groupRef
}

// SetStatus carries out a bulk status update: {filter: {catalogue, <field>}, input: {status}}.
func (c *Changer) SetStatus(ctx context.Context, p *tenant.Principal, b Bulk, filter map[string]any, status string) (int, error) {
	if err := p.CanSomewhere(b.Type.Permission + "_UPDATE"); err != nil {
		return 0, err
	}
	container, _ := filter["catalogue"].(map[string]any)
	count := 0
	err := c.DB.Write(ctx, p.ScopeFor(b.Type.Permission+"_UPDATE"), func(tx *store.Tx) error {
		count = 0
		w, err := keys.New(b.Key, container, "filter.catalogue")
		if err != nil {
			return err
		}
		if err := keys.Resolve(ctx, tx, w); err != nil {
			return err
		}
		if err := w.Missing(); err != nil {
			return err
		}
		count, err = c.begin(p).setStatus(ctx, tx, b, store.Condition{Field: b.Type.Field("catalogue"), Op: store.In, Values: []any{w.ID()}},
			store.Condition{Field: b.Field, Op: store.In, Values: []any{filter[b.Field.Name]}}, status)
		return err
	})
	return count, err
}

func (s *session) setStatus(ctx context.Context, tx *store.Tx, b Bulk, container, of store.Condition, status string) (int, error) {
	column, id := b.Type.Field("status"), b.Type.Field("id")
	q := store.Query{
		Type: b.Type, Fields: []*catalogue.Field{id}, Page: store.Page{First: bulkPage},
		Where: []store.Condition{container, of},
	}
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
			e := b.Type.New()
			rowID, _ := row[0].(catalogue.ID)
			if err := assign(id.Pointer(e), string(rowID), ""); err != nil {
				return 0, err
			}
			if err := assign(column.Pointer(e), status, ""); err != nil {
				return 0, err
			}
			s.making.Change(e, column).Place = "input"
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
