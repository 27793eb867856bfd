package change

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
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
			if err := s.before(ctx, d, list); err != nil {
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
		return s.settleParts(ctx, tx)
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
