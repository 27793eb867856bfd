package entity

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Decide fills in what new entities lack and refuses what is wrong, as far as it knows. What it wants to know besides is not read yet: with an
// answer to that it is to decide again. Drafts have their ids, and references between them are written: see Join.
func (m *Making) Decide() (Wants, error) {
	d := &decision{Making: m}
	for _, x := range m.Drafts[m.learned:] {
		m.learn(handle{x.Type.Table, x.Type.ID(x.Entity)}, x.Entity)
	}
	m.learned = len(m.Drafts)
	for i := len(m.Drafts) - 1; i >= 0; i-- { // parts first: an order copies the ref of the customer who comes to be with it, which is itself a copy
		if x := m.Drafts[i]; x.New {
			if err := d.fill(x); err != nil {
				return Wants{}, err
			}
		}
	}
	for _, x := range m.Drafts {
		if len(x.Type.Settled) > 0 {
			if err := x.settle(); err != nil {
				return Wants{}, err
			}
		}
		if x.New && x.Type.Workflow {
			if err := d.stamp(x); err != nil {
				return Wants{}, err
			}
		}
		if err := d.check(x); err != nil {
			return Wants{}, err
		}
	}
	if d.err == nil && d.wants.none() {
		d.err = m.Values(m.Drafts...) // once, with what was filled in
	}
	return d.wants, d.err
}

// fill gives a new entity what is not given.
func (d *decision) fill(x *Draft) error {
	if x.Type.Provided && !d.By.Provides {
		return fault.New(fault.Unprocessable, "a %s comes from the control plane: it cannot be made here", x.Type.Name)
	}
	for i := range x.Type.Defaults {
		d.assume(x, &x.Type.Defaults[i])
	}
	for _, f := range x.Type.Copies {
		d.copy(x, f)
	}
	d.belong(x)
	d.date(x)
	return nil
}

// assume gives a field its default.
func (d *decision) assume(x *Draft, def *catalogue.Default) {
	if !def.Field.Empty(x.Entity) {
		return
	}
	text := def.Before
	if len(def.Path) > 0 {
		v, ok := d.along(x.Entity, def.Path)
		s := fmt.Sprint(v)
		if !ok || s == "" {
			return
		}
		text += s + def.After
	}
	def.Field.Set(x.Entity, text)
}

// copy fills a field that is a copy. A copy that the maker has is not fetched: rules know a fulfilment's location before its address is read.
func (d *decision) copy(x *Draft, f *catalogue.Field) {
	if !f.Empty(x.Entity) {
		return
	}
	if f.CopyOver == nil {
		if v, ok := d.along(x.Entity, f.Copy); ok {
			f.Set(x.Entity, v)
		}
		return
	}
	for _, other := range d.joined(x, f.CopyOver) {
		if v, ok := d.along(other, f.Copy); ok {
			f.Set(x.Entity, v)
			return
		}
	}
}

// joined lists what an entity is tied to along a connection, or what comes to be with it as its parts.
func (d *decision) joined(x *Draft, e *catalogue.Edge) (out []any) {
	if e.Link == nil {
		for _, part := range d.Drafts {
			if part.Parent == x && part.By.Edge == e {
				out = append(out, part.Entity)
			}
		}
		return out
	}
	for _, j := range x.Joins {
		if j.Edge == e {
			out = append(out, j.Entity)
		}
	}
	return out
}

// belong gives an entity that names no retailer that of what it comes to be with, or the only one that its maker acts for.
func (d *decision) belong(x *Draft) {
	f := x.Type.Retailer
	if f == nil || f.Ref == nil || !f.Empty(x.Entity) {
		return
	}
	for at := x.Parent; at != nil; at = at.Parent {
		if r := at.Type.Retailer; r != nil && r.Ref != nil && !r.Empty(at.Entity) {
			f.Set(x.Entity, r.Get(at.Entity))
			return
		}
	}
	if only := d.By.For; len(only) == 1 {
		f.Set(x.Entity, catalogue.ID(strconv.Itoa(int(only[0]))))
	}
}

// date says when a new entity was made.
func (d *decision) date(x *Draft) {
	if d.By.Now.IsZero() {
		return
	}
	for _, name := range []string{"createdOn", "updatedOn"} {
		if at, ok := x.Type.Field(name).Pointer(x.Entity).(*time.Time); ok && at.IsZero() {
			*at = d.By.Now
		}
	}
}

// article is a type's name in a sentence: an order, a fulfilment.
func article(t *catalogue.Type) string {
	name := strings.ToLower(t.Name[:1]) + t.Name[1:]
	if strings.ContainsRune("aeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
