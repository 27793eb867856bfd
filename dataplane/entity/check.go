package entity

import (
	"reflect"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// check refuses an entity that contradicts itself or points at nothing. Of one that changes, only what changes is looked at.
func (d *decision) check(x *Draft) error {
	if d.By.Limited {
		for _, f := range x.Type.Fields {
			if f.Names != nil && x.gives(f) {
				d.checkName(x, f)
			}
		}
	}
	if err := d.reach(x); err != nil {
		return err
	}
	for _, j := range x.Joins {
		if err := d.tie(x, j); err != nil {
			return err
		}
	}
	for _, k := range x.Type.KeyRefs {
		if err := d.checkKey(x, k); err != nil {
			return err
		}
	}
	if check := d.Checks[x.Type]; check != nil {
		if err := check(x.Entity); err != nil {
			f := fault.Of(err)
			return f.At(strings.TrimPrefix(x.Place+"."+f.Field, "."))
		}
	}
	if !x.New {
		return nil
	}
	for _, a := range x.Type.Agrees {
		if err := d.agree(x, a); err != nil {
			return err
		}
	}
	return nil
}

// reach refuses what would be the property of a retailer for whom the maker does not act: there is no such retailer for him.
func (d *decision) reach(x *Draft) error {
	f := x.Type.Retailer
	if d.By.For == nil || f == nil || f.Ref == nil || !x.gives(f) {
		return nil
	}
	id, _ := f.Get(x.Entity).(catalogue.ID)
	return d.actsFor(id, x.at(f))
}

func (d *decision) actsFor(id catalogue.ID, place string) error {
	for _, r := range numbered(id) {
		if slices.Contains(d.By.For, r) {
			return nil
		}
	}
	return Need{Type: d.Catalogue.RetailerType(), ID: id, Place: place}.missing()
}

// tie refuses a row along a connection which does not fit: a retailer for whom the maker does not act, or one that leads to another whole than the
// entity's own, such as a parcel's fulfilment of another order. The connection may be the other side's.
func (d *decision) tie(x *Draft, j Join) error {
	other := d.Catalogue.TypeOf(j.Entity)
	if d.By.For != nil && other == d.Catalogue.RetailerType() {
		return d.actsFor(other.ID(j.Entity), j.Place)
	}
	if err := d.whole(x.Type, x.Entity, j.Edge, j); err != nil || j.Edge.Link == nil {
		return err
	}
	back := Join{Entity: x.Entity, Place: j.Place}
	for _, e := range other.Edges {
		if e.Link != nil && e.Link.Table == j.Edge.Link.Table {
			return d.whole(other, j.Entity, e, back)
		}
	}
	return nil
}

// whole compares what copies over a connection say with what is at its other end.
func (d *decision) whole(t *catalogue.Type, entity any, over *catalogue.Edge, j Join) error {
	for _, f := range t.Copies {
		if f.CopyOver != over {
			continue
		}
		if v, ok := d.along(j.Entity, f.Copy); ok && !f.Empty(entity) && !reflect.DeepEqual(f.Get(entity), v) {
			return fault.Invalidf(j.Place, "the %s of %s must be of one %s", over.Name, article(t), f.Name).WithCode(fault.CodeInvalid)
		}
	}
	return nil
}

// gives reports whether a field has a value that comes with the draft.
func (x *Draft) gives(f *catalogue.Field) bool { return (x.New || x.touches(f)) && !f.Empty(x.Entity) }

// checkName looks for what an entity names by ref.
func (d *decision) checkName(x *Draft, f *catalogue.Field) {
	n := Need{Type: f.Names, By: f.Names.Key, Values: []any{f.Get(x.Entity)}, Place: x.at(f)}
	if id, known := d.exists(n); known && id == "" {
		d.fail(n.missing())
	}
}

// checkKey looks for what an entity points at by values of its own, such as an item's product, where the schema promises that there is one.
func (d *decision) checkKey(x *Draft, k *catalogue.KeyRef) error {
	if !k.Required() || !x.New && !slices.ContainsFunc(k.Local, x.touches) {
		return nil
	}
	n := Need{Type: k.Target, By: k.Remote, Values: make([]any, len(k.Local)), Place: x.at(k.Local[0])}
	for i, local := range k.Local {
		if local.Empty(x.Entity) {
			return nil
		}
		n.Values[i] = local.Get(x.Entity)
	}
	if id, known := d.exists(n); known && id == "" {
		return n.missing()
	}
	return nil
}

// agree refuses an entity two of whose references lead to different wholes: a line of one order in a fulfilment of another.
func (d *decision) agree(x *Draft, a catalogue.Agreement) error {
	one, ok := d.along(x.Entity, a.One)
	other, also := d.along(x.Entity, a.Other)
	if !ok || !also || one == other {
		return nil
	}
	whole := article(a.One[len(a.One)-1].Ref)
	_, whole, _ = strings.Cut(whole, " ")
	return fault.NotFoundf("%s not found in the %s: id %s", a.One[0].Ref.Name, whole, a.One[0].Get(x.Entity)).At(x.at(a.One[0]))
}
