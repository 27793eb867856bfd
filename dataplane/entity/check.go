package entity

import (
	"fmt"
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
	d.about(x)
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
	for _, f := range x.Type.Key {
		if x.New && f.Ref != nil && f.Empty(x.Entity) {
			return fault.Invalidf(x.at(f), "%s must not be empty", x.name(f)).WithCode(fault.CodeMissing)
		}
	}
	return d.belongTogether(x)
}

// belongTogether refuses an entity that leads to other wholes than what it hangs on, or points at.
func (d *decision) belongTogether(x *Draft) error {
	if p := x.Parent; x.New && p != nil && x.By.Edge != nil {
		if err := d.fits(p.Type, p.Entity, x.By.Edge, Join{Entity: x.Entity, Place: x.Place}); err != nil {
			return err
		}
	}
	for _, a := range x.Type.Agrees {
		if err := d.agree(x, a); err != nil {
			return err
		}
	}
	return nil
}

// reach refuses what names a retailer for whom the maker does not act, as its own or in a link: there is no such retailer for him.
func (d *decision) reach(x *Draft) error {
	if d.By.For == nil {
		return nil
	}
	retailers := d.Catalogue.RetailerType()
	for _, f := range x.Type.Fields {
		if f.Ref == nil || f.Ref != retailers || !x.gives(f) {
			continue
		}
		id, _ := f.Get(x.Entity).(catalogue.ID)
		if err := d.actsFor(id, x.at(f)); err != nil {
			return err
		}
	}
	return nil
}

// about refuses what says that it is about a retailer that is not there, for nothing would ever read a setting of it. What else an entity can be
// about is looked for where it is decided whose it is: see Concerned.
func (d *decision) about(x *Draft) {
	o := x.Type.Owner
	if o == nil || !x.New && !x.touches(o.Kind) && !x.touches(o.ID) {
		return
	}
	kind, id := fmt.Sprint(o.Kind.Get(x.Entity)), catalogue.ID(fmt.Sprint(o.ID.Get(x.Entity)))
	for _, k := range o.Kinds {
		if k.Name != kind || !k.Type.Provided {
			continue
		}
		if about, known := d.entity(k.Type, id); known && about == nil {
			d.fail(Need{Type: k.Type, ID: id, Place: x.at(o.ID)}.Missing())
		}
	}
}

func (d *decision) actsFor(id catalogue.ID, place string) error {
	for _, r := range Retailers(id) {
		if slices.Contains(d.By.For, r) {
			return nil
		}
	}
	return Need{Type: d.Catalogue.RetailerType(), ID: id, Place: place}.Missing()
}

// tie refuses a row along a connection which does not fit: a retailer for whom the maker does not act, or one that leads to another whole than the
// entity's own, such as a parcel's fulfilment of another order. The connection may be the other side's.
func (d *decision) tie(x *Draft, j Join) error {
	other := d.Catalogue.TypeOf(j.Entity)
	if d.By.For != nil && other == d.Catalogue.RetailerType() {
		return d.actsFor(other.ID(j.Entity), j.Place)
	}
	if err := d.fits(x.Type, x.Entity, j.Edge, j); err != nil || j.Edge.Link == nil {
		return err
	}
	back := Join{Entity: x.Entity, Place: j.Place}
	for _, e := range other.Edges {
		if e.Link != nil && e.Link.Table == j.Edge.Link.Table {
			return d.fits(other, j.Entity, e, back)
		}
	}
	return nil
}

// fits compares what agreements and copies over a connection say with what is at its other end.
func (d *decision) fits(t *catalogue.Type, entity any, over *catalogue.Edge, j Join) error {
	for _, a := range t.Agrees {
		if a.Over == over {
			other := d.Catalogue.TypeOf(j.Entity)
			if err := d.same(entity, a.One, j.Entity, a.Other, Need{Type: other, ID: other.ID(j.Entity), Place: j.Place}); err != nil {
				return err
			}
		}
	}
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
		d.fail(n.Missing())
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
		return n.Missing()
	}
	return nil
}

// agree refuses an entity two of whose references lead to different wholes: a line of one order in a fulfilment of another. Of one that changes,
// the reference that changes is the wrong one.
func (d *decision) agree(x *Draft, a catalogue.Agreement) error {
	blame := a.One[0]
	switch {
	case a.Over != nil || blame.Empty(x.Entity): // what is joined is looked at by itself
		return nil
	case x.New || x.touches(blame):
	case x.touches(a.Other[0]):
		blame = a.Other[0]
	default:
		return nil
	}
	id, _ := blame.Get(x.Entity).(catalogue.ID)
	return d.same(x.Entity, a.One, x.Entity, a.Other, Need{Type: blame.Ref, ID: id, Place: x.at(blame)})
}

// same refuses paths that lead to different entities; wrong is what is then said not to be there.
func (d *decision) same(from any, one []*catalogue.Field, at any, other []*catalogue.Field, wrong Need) error {
	v, ok := d.along(from, one)
	w, also := d.along(at, other)
	if !ok || !also || v == w {
		return nil
	}
	_, whole, _ := strings.Cut(article(one[len(one)-1].Ref), " ")
	return fault.NotFoundf("%s not found in the %s: id %s", wrong.Type.Name, whole, wrong.ID).At(wrong.Place)
}
