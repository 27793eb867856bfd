package change

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// CreateVersion makes the next version of what an input names. It reads those that there are and writes in one transaction: of two callers who make
// one at a time, the second repeats.
func (c *Changer) CreateVersion(ctx context.Context, p *tenant.Principal, m *catalogue.Mutation, value map[string]any) (any, error) {
	return c.changing(ctx, p, func(tx *store.Tx, s *session) (*draft, error) {
		d, err := s.plan(m.Input, value, "input", true)
		if err != nil {
			return nil, err
		}
		if err := s.ready(ctx, tx, d); err != nil {
			return d, err
		}
		if err := s.follow(ctx, tx, d); err != nil {
			return d, err
		}
		if err := s.allowCreate(ctx, d); err != nil {
			return d, err
		}
		return d, s.number(ctx, d)
	})
}

// Activate makes the version that an input names the active one, and that which was active inactive.
func (c *Changer) Activate(ctx context.Context, p *tenant.Principal, m *catalogue.Mutation, value map[string]any) (any, error) {
	return c.changing(ctx, p, func(tx *store.Tx, s *session) (*draft, error) {
		d, err := s.plan(m.Input, value, "input", false)
		if err != nil {
			return nil, err
		}
		if err := s.find(ctx, tx, d); err != nil {
			return d, err
		}
		if err := s.allowUpdate(ctx, d); err != nil {
			return d, err
		}
		v := d.Type.Versions
		all, err := s.versions(ctx, tx, d)
		if err != nil {
			return d, err
		}
		for _, other := range all {
			if d.Type.Text(other, v.Status.Name) == catalogue.VersionActive && d.Type.ID(other) != idOf(d) {
				v.Status.Set(other, catalogue.VersionInactive)
				s.making.Change(other, v.Status)
			}
		}
		v.Status.Set(d.Entity, catalogue.VersionActive)
		d.Touch(v.Status)
		return d, s.number(ctx, d)
	})
}

// changing plans what is made and changed, completes and writes it, all in one transaction.
func (c *Changer) changing(ctx context.Context, p *tenant.Principal, plan func(tx *store.Tx, s *session) (*draft, error)) (any, error) {
	var d *draft
	var s *session
	err := c.DB.Write(ctx, p.Scope(), func(tx *store.Tx) (err error) {
		s = c.begin(p)
		if d, err = plan(tx, s); err != nil {
			return err
		}
		if err := s.complete(ctx, d); err != nil {
			return err
		}
		s.making.Write(tx)
		return s.settleParts(ctx, tx)
	})
	switch {
	case err == nil:
		return d.Entity, nil
	case d == nil || d.Entity == nil:
		return nil, err
	}
	return nil, s.explain(err, d)
}

// follow numbers a new version after the others, whose owner has it too.
func (s *session) follow(ctx context.Context, tx *store.Tx, d *draft) error {
	all, err := s.versions(ctx, tx, d)
	if err != nil {
		return err
	}
	v := d.Type.Versions
	d.Type.Field("createdOn").Set(d.Entity, s.making.By.Now)
	status, last := catalogue.VersionActive, 0
	for _, other := range all {
		n, _ := v.Number.Get(other).(int)
		status, last = catalogue.VersionDraft, max(last, n)
		if err := d.stays(other); err != nil {
			return err
		}
		d.after(other)
	}
	v.Number.Set(d.Entity, last+1)
	v.Status.Set(d.Entity, status)
	return nil
}

// stays gives a version the retailer of those before it, and refuses another.
func (d *draft) stays(other any) error {
	f := d.Type.Retailer
	if f == nil || f.Ref == nil {
		return nil
	}
	if f.Empty(d.Entity) {
		f.Set(d.Entity, f.Get(other))
	}
	if f.Get(d.Entity) != f.Get(other) {
		return fault.Invalidf(d.Place+"."+d.inputName(f), "the versions before it have another retailer").WithCode(fault.CodeInvalid)
	}
	return nil
}

// after makes a version later than another: that is the order in which they are read.
func (d *draft) after(other any) {
	created := d.Type.Field("createdOn")
	before, _ := created.Get(other).(time.Time)
	at, _ := created.Get(d.Entity).(time.Time)
	if earliest := before.Add(time.Microsecond); at.Before(earliest) {
		created.Set(d.Entity, earliest)
	}
}

// versions reads all versions of what the draft is one of, or is to be.
func (s *session) versions(ctx context.Context, tx *store.Tx, d *draft) ([]any, error) {
	of := d.Type.Versions.Of
	return tx.Entities(ctx, store.Query{Type: d.Type, Where: []store.Condition{{Field: of, Op: store.In, Values: []any{of.Get(d.Entity)}}}})
}
