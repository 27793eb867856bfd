package change

import (
	"context"
	"errors"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// CreateRetailer makes a retailer. The control plane allots its number and has it prepared like any other; what else the input says
// is then a change of that retailer. Everything that can be refused is refused before the control plane is asked.
func (c *Changer) CreateRetailer(ctx context.Context, p *tenant.Principal, m *catalogue.Mutation, value map[string]any) (any, error) {
	if c.Retailers == nil {
		return nil, fault.New(fault.Unprocessable, "Retailers are made by the operator of the platform: ask them for one").WithCode(fault.CodeUnserved)
	}
	if err := p.Can(m.Input.Of.Permission+"_CREATE", 0); err != nil {
		return nil, err
	}
	s := c.begin(p)
	d, err := s.plan(m.Input, value, "input", true)
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx, s.reader(), d); err != nil {
		return nil, err
	}
	var drafts []*entity.Draft
	d.each(func(x *draft) { drafts = append(drafts, x.Draft) })
	if err := s.making.Values(drafts...); err != nil {
		return nil, err
	}
	if err := s.vacant(ctx, d); err != nil {
		return nil, err
	}
	id, err := c.Retailers.Create(ctx, p.Account, d.Type.Text(d.Entity, "ref"), d.Type.Text(d.Entity, "tradingName"))
	if err != nil {
		return nil, d.named(err)
	}
	return c.completeRetailer(ctx, p, m.Input, retailer{id: id, value: value})
}

// retailer is one that was made, with the input that it was made from.
type retailer struct {
	id    catalogue.ID
	value map[string]any
}

// completeRetailer brings the input's values into the row that was prepared.
func (c *Changer) completeRetailer(ctx context.Context, p *tenant.Principal, in *catalogue.Input, r retailer) (any, error) {
	var d *draft
	var s *session
	err := c.DB.Write(ctx, p.Scope(), func(tx *store.Tx) error {
		s = c.begin(p)
		var err error
		if d, err = s.plan(in, r.value, "input", true); err != nil {
			return err
		}
		d.New, d.self = false, keys.ByID(d.Type, r.id, "input")
		s.wants = append(s.wants, d.self)
		if err := s.ready(ctx, tx, d); err != nil {
			return err
		}
		if err := s.number(ctx, d); err != nil {
			return err
		}
		if err := s.complete(ctx, d); err != nil {
			return err
		}
		s.making.Write(tx)
		return nil
	})
	if err != nil {
		return nil, s.explain(err, d)
	}
	return d.Entity, nil
}

// vacant refuses new entities whose key is taken.
func (s *session) vacant(ctx context.Context, d *draft) error {
	var wants []*keys.Want
	var drafts []*draft
	d.each(func(x *draft) {
		if !x.New || len(x.Type.Key) == 0 {
			return
		}
		values := make([]any, len(x.Type.Key))
		for i, f := range x.Type.Key {
			values[i] = f.Get(x.Entity)
		}
		wants, drafts = append(wants, keys.Exists(x.Type, x.Type.Key, values, x.Place)), append(drafts, x)
	})
	if err := keys.Resolve(ctx, s.reader(), wants...); err != nil {
		return err
	}
	for i, w := range wants {
		if w.Entity != nil {
			return drafts[i].taken()
		}
	}
	return nil
}

// taken is the fault for a new entity whose key another one has.
func (d *draft) taken() *fault.Error {
	key := d.Type.Key[0]
	return fault.New(fault.Exists, "%s %s already exists: %v", d.Type.Name, key.Name, key.Get(d.Entity)).
		WithCode(fault.CodeExists).At(d.Place + "." + d.inputName(key))
}

// named puts what another part of the platform says of a retailer's ref into the terms of the input.
func (d *draft) named(err error) error {
	var f *fault.Error
	switch {
	case !errors.As(err, &f):
		return err
	case f.Kind == fault.Exists:
		return d.taken().Wrap(err)
	case f.Kind == fault.Invalid:
		return f.WithCode(fault.CodeInvalid).At(d.Place + "." + d.inputName(d.Type.Key[0]))
	}
	return err
}

// inputName is what the draft's input calls a field.
func (d *draft) inputName(f *catalogue.Field) string {
	if in := inputFor(d.input, f); in != nil {
		return in.Name
	}
	return f.Name
}
