package entity

import (
	"fmt"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Need is an entity that a decision rests on: by id, or, where ID is empty, by the values of other fields.
type Need struct {
	Type   *catalogue.Type // may be abstract
	ID     catalogue.ID
	By     []*catalogue.Field
	Values []any
	Place  string // see Draft
}

// Flow names a retailer's workflow, such as ORDER::HD, and the root that is to follow it: while a candidate of the retailer's configuration is tried,
// not all roots follow the same.
type Flow struct {
	Retailer tenancy.RetailerID
	Name     string
	Root     workflow.Root
}

// Wants is what a decision must know before it stands.
type Wants struct {
	Needs []Need
	Flows []Flow
}

func (w Wants) none() bool { return len(w.Needs)+len(w.Flows) == 0 }

func (n Need) text() string { return n.Type.Name + " " + n.describe() }

func (n Need) describe() string {
	if n.ID != "" {
		return "id " + string(n.ID)
	}
	out := make([]string, len(n.By))
	for i, f := range n.By {
		out[i] = fmt.Sprintf("%s %v", f.Name, n.Values[i])
	}
	return strings.Join(out, ", ")
}

// Missing is the fault for what is not there.
func (n Need) Missing() error {
	return fault.NotFoundf("%s not found: %s", n.Type.Name, n.describe()).At(n.Place)
}

// decision is one attempt to decide, and what it found out that it must know.
type decision struct {
	*Making
	wants Wants
	asked map[string]bool
	flows map[Flow]bool // that are wanted
	err   error         // the first that no answer can mend

	driven any // the root that driver is of
	driver driver
}

func (d *decision) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// want notes what must be known, once.
func (d *decision) want(n Need) {
	if text := n.text(); !d.asked[text] {
		if d.asked == nil {
			d.asked = map[string]bool{}
		}
		d.asked[text] = true
		d.wants.Needs = append(d.wants.Needs, n)
	}
}

// entity is what a reference leads to; nil for nothing. known is false where that must be read first.
func (d *decision) entity(t *catalogue.Type, id catalogue.ID) (entity any, known bool) {
	if id == "" {
		return nil, true
	}
	if entity = d.known[handle{t.Table, id}]; entity != nil {
		if !t.Holds(d.Catalogue.TypeOf(entity)) {
			return nil, true
		}
		return entity, true
	}
	if d.absent[absence{t, id}] {
		return nil, true
	}
	d.want(Need{Type: t, ID: id})
	return nil, false
}

// exists is the id of what has some values; empty for nothing. known is false where that must be read first.
func (d *decision) exists(n Need) (id catalogue.ID, known bool) {
	if id, known = d.found[n.text()]; !known {
		d.want(n)
	}
	return id, known
}

// version is the newest of a workflow; known is false where that must be asked first.
func (d *decision) version(f Flow) (version int, known bool) {
	if version, known = d.versions[f]; !known && !d.flows[f] {
		if d.flows == nil {
			d.flows = map[Flow]bool{}
		}
		d.flows[f] = true
		d.wants.Flows = append(d.wants.Flows, f)
	}
	return version, known
}

// along follows a path of references from an entity to a value. ok is false where it leads nowhere, or nowhere yet.
func (d *decision) along(entity any, path []*catalogue.Field) (value any, ok bool) {
	for i, step := range path {
		f := d.Catalogue.TypeOf(entity).Field(step.Name)
		if f == nil {
			return nil, false
		}
		value = f.Get(entity)
		if i == len(path)-1 {
			return value, true
		}
		id, _ := value.(catalogue.ID)
		if entity, _ = d.entity(f.Ref, id); entity == nil {
			return nil, false
		}
	}
	return nil, false
}
