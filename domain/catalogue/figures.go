package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Figure is something that is worked out of entities and kept: what can be sold, a total, what nodes hold in memory. Whatever changes what it rests
// on marks it, in the same commit.
type Figure struct {
	Name    string   // places
	RestsOn []string // fields and connections by type: Location.status, Network.locations. New and deleted rows count as changes of all their fields
	Means   string   // what who keeps the figure does about a mark, in one sentence
}

// Figures says which changes mark which figures. nil: none do.
type Figures struct {
	byType  map[*Type][]string
	byField map[*Field][]string
	byLink  map[string][]string // by link table, of which a connection is one side
}

// Figures resolves what figures rest on. The error names the figure and what is not there.
func (c *Catalogue) Figures(list []Figure) (*Figures, error) {
	out := &Figures{byType: map[*Type][]string{}, byField: map[*Field][]string{}, byLink: map[string][]string{}}
	seen := map[string]bool{}
	for _, f := range list {
		if f.Name == "" || f.Means == "" || seen[f.Name] {
			return nil, fmt.Errorf("derived figure %q: want a name of its own, and what a mark means", f.Name)
		}
		seen[f.Name] = true
		for _, path := range f.RestsOn {
			if !out.add(c, f.Name, path) {
				return nil, fmt.Errorf("derived figure %s rests on %s, which is neither a field nor a connection of a type", f.Name, path)
			}
		}
	}
	return out, nil
}

func (f *Figures) add(c *Catalogue, name, path string) bool {
	typeName, member, _ := strings.Cut(path, ".")
	t := c.Type(typeName)
	if t == nil {
		return false
	}
	field := t.Field(member)
	if e := t.Edge(member); e != nil && e.Link != nil {
		f.byLink[e.Link.Table] = with(f.byLink[e.Link.Table], name)
		return true
	} else if e != nil {
		t, field = e.Target, e.By
	}
	if field == nil {
		return false
	}
	for _, of := range t.Concrete() {
		own := of.Field(field.Name)
		f.byType[of], f.byField[own] = with(f.byType[of], name), with(f.byField[own], name)
	}
	return true
}

func with(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// OfRow lists the figures that a new or a deleted row of a type marks.
func (f *Figures) OfRow(t *Type) []string {
	if f == nil {
		return nil
	}
	return f.byType[t]
}

// OfField lists the figures that a new value of a field marks.
func (f *Figures) OfField(x *Field) []string {
	if f == nil {
		return nil
	}
	return f.byField[x]
}

// OfLink lists the figures that a row of a connection's link table marks.
func (f *Figures) OfLink(e *Edge) []string {
	if f == nil || e == nil || e.Link == nil {
		return nil
	}
	return f.byLink[e.Link.Table]
}
