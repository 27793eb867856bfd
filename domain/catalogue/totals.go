package catalogue

import "strings"

// TotalSpec declares a list that the API shows of an entity: sums of a number of what a connection leads to, one for each combination of values
// that there is.
type TotalSpec struct {
	Name   string // quantitiesAggregate
	Of     string // the connection: quantities
	By     string // fields of its target: type status
	Sum    string // the whole number that is added up: quantity
	Object string // declared, with the fields of By and Sum
	Weight int    // what the list costs for each entity above it, of what one request may cost
	Doc    string
}

// Total is such a list.
type Total struct {
	Name   string
	Edge   *Edge
	By     []*Field
	Sum    *Field
	Object *Object
	Weight int
	Doc    string
}

// Total finds a list of sums by its GraphQL name; nil if there is none.
func (t *Type) Total(name string) *Total {
	for _, x := range t.Totals {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// connectTotals finds what the lists of sums of a type name.
func (b *builder) connectTotals(t *Type, s *TypeSpec) {
	for _, spec := range s.Totals {
		where := t.Name + "." + spec.Name
		x := &Total{Name: spec.Name, Edge: t.Edge(spec.Of), Object: b.cat.byObject[spec.Object], Weight: spec.Weight, Doc: spec.Doc}
		if x.Edge == nil || x.Edge.By == nil || x.Object == nil || x.Weight < 1 {
			b.fail(where, "want a connection without a link table, an object, and a weight")
			continue
		}
		for _, name := range append(strings.Fields(spec.By), spec.Sum) {
			f := x.Edge.Target.Field(name)
			i := len(x.By)
			if f == nil || i >= len(x.Object.Fields) || x.Object.Fields[i].Name != name {
				b.fail(where, "%s: want a field of %s, and the object's members in the order of the fields", name, x.Edge.Target.Name)
				return
			}
			x.By = append(x.By, f)
		}
		x.By, x.Sum = x.By[:len(x.By)-1], x.By[len(x.By)-1]
		if x.Sum.Kind != Int || len(x.Object.Fields) != len(x.By)+1 {
			b.fail(where, "want a whole number to add up, and no other members of %s", spec.Object)
		}
		t.Totals = append(t.Totals, x)
	}
}
