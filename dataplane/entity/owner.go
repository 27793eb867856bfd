package entity

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Account stands for the account itself among retailers: what it owns may be changed by those only who may do so in all of it.
const Account tenancy.RetailerID = 0

// Concerned lists the retailers that an entity belongs to, Account for the account itself; none for what no retailer owns. Those that it is
// joined with along a connection are not among them: see Type.RetailerEdge. place is where the entity's values stand in an input.
func (m *Making) Concerned(ctx context.Context, r Reader, entity any, place string) ([]tenancy.RetailerID, error) {
	var out []tenancy.RetailerID
	err := m.satisfy(ctx, r, func() (Wants, error) {
		d := &decision{Making: m}
		out = d.concerned(entity, place)
		return d.wants, d.err
	})
	return out, err
}

func (d *decision) concerned(entity any, place string) []tenancy.RetailerID {
	t := d.Catalogue.TypeOf(entity)
	if t.Owner != nil {
		return d.concernedBy(t.Owner, entity, place)
	}
	all, known := d.owners(entity)
	if known && len(all) == 0 && t.Retailer != nil && t.Retailer.Kind == catalogue.JSON {
		return []tenancy.RetailerID{Account} // a catalogue of no retailer is every retailer's
	}
	return all
}

// concernedBy goes by what a comment or a setting is about. That must be there: its id is one that the platform gave. What a maker who is limited
// to some retailers does not reach is not there.
func (d *decision) concernedBy(o *catalogue.Owner, entity any, place string) []tenancy.RetailerID {
	kind, id := fmt.Sprint(o.Kind.Get(entity)), catalogue.ID(fmt.Sprint(o.ID.Get(entity)))
	at := func(f *catalogue.Field) string { return strings.TrimPrefix(place+"."+f.Name, ".") }
	if err := among(o.Kind, kind); err != nil {
		d.fail(within(at(o.Kind), err))
		return nil
	}
	known := false
	for _, k := range o.Kinds {
		if k.Name != kind {
			continue
		}
		if k.Type.Provided && o.ID.Kind == catalogue.Int {
			return Retailers(id) // nothing is read for a setting of a retailer
		}
		known = true
		if about, _ := d.entity(k.Type, id); about != nil { // else another type of the same kind may have it
			all, _ := d.owners(about)
			if len(all) == 0 && k.Type.AccountWide {
				return []tenancy.RetailerID{Account}
			}
			return all
		}
	}
	switch {
	case !d.wants.none():
	case known:
		d.fail(fault.NotFoundf("%s not found: id %s", kind, id).At(at(o.ID)))
	default:
		return []tenancy.RetailerID{Account}
	}
	return nil
}

// owners lists the retailers that an entity belongs to; none for what the whole account shares.
func (d *decision) owners(entity any) (all []tenancy.RetailerID, known bool) {
	for {
		t := d.Catalogue.TypeOf(entity)
		switch {
		case t.Retailer != nil && t.Retailer.Kind == catalogue.JSON:
			refs, _ := t.Retailer.Get(entity).([]string)
			return d.byRef(t.Retailer, refs)
		case t.Retailer != nil:
			id, _ := t.Retailer.Get(entity).(catalogue.ID)
			return Retailers(id), true
		case t.RetailerVia == nil:
			return nil, true
		}
		id, _ := t.RetailerVia.Get(entity).(catalogue.ID)
		next, known := d.entity(t.RetailerVia.Ref, id)
		if next == nil {
			return nil, known
		}
		entity = next
	}
}

// Retailers is the retailer of a number; none where it is no number.
func Retailers(id catalogue.ID) []tenancy.RetailerID {
	if n, err := strconv.ParseInt(string(id), 10, 32); err == nil {
		return []tenancy.RetailerID{tenancy.RetailerID(n)}
	}
	return nil
}

// byRef finds retailers that a catalogue names, by number or by ref.
func (d *decision) byRef(f *catalogue.Field, refs []string) (all []tenancy.RetailerID, known bool) {
	known = true
	for _, ref := range refs {
		if n := Retailers(catalogue.ID(ref)); n != nil {
			all = append(all, n...)
			continue
		}
		n := Need{Type: d.Catalogue.RetailerType(), By: d.Catalogue.RetailerType().Key, Values: []any{ref}, Place: "input." + f.Name}
		id, here := d.exists(n)
		if here && id == "" && d.By.Limited {
			d.fail(n.Missing())
		}
		known = known && here
		all = append(all, Retailers(id)...)
	}
	return all, known
}
