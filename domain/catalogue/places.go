package catalogue

import (
	"slices"
	"strings"
)

// What TypeSpec.Location says of types of which no row leads to a location.
const (
	Everywhere = "*" // who has a role at a location sees the rows of its retailer, and changes none
	Nowhere    = "-" // who has roles at locations only does not see them
)

// Places says how roles that hold at locations only reach a type's rows: which locations a row is at, or of.
type Places struct {
	Ways []Way
	Open bool // those rows, too, may be seen that are of no such location; only what is at one may be changed
}

// Way leads from a row to the location that it is at. Without steps the row itself says.
type Way struct {
	Steps []Step
	At    *Field // of the last row: names a location by its ref, refers to it, or is its own id
}

// ByID reports whether the way ends at a location's id and not at its ref.
func (w Way) ByID() bool { return w.At.Kind == IDValue }

// Step goes from a row to others: by a reference that it has, along a connection, or back along a reference of theirs. One is set.
type Step struct {
	Ref    *Field
	Edge   *Edge
	Back   *Field
	Target *Type
}

// LocationType is the type of locations; nil in a catalogue without.
func (c *Catalogue) LocationType() *Type { return c.byName["Location"] }

// connectPlaces finds what the words of TypeSpec.Location lead to, of all types: a way may go on with those of the type that it reaches.
func (b *builder) connectPlaces() {
	p := &placer{builder: b, done: map[*Type]*Places{}}
	for _, t := range b.cat.types {
		t.Places = p.places(t, nil)
	}
}

type placer struct {
	*builder
	done map[*Type]*Places
}

// places is nil where nothing is said: nobody at a location reaches the rows, or, of rows that are about others, those that he reaches.
func (p *placer) places(t *Type, above []*Type) *Places {
	if found, ok := p.done[t]; ok {
		return found
	}
	s := p.specs[t]
	words := strings.Fields(s.Location)
	switch {
	case slices.Contains(above, t):
		p.fail(t.Name, "the way to its location goes round in circles")
		return nil
	case len(words) == 0 || s.Location == Nowhere:
		if s.Owner != "" && len(words) > 0 {
			p.fail(t.Name, "what it is about says where it is")
		}
		return nil
	}
	out := &Places{Open: s.Elsewhere}
	if s.Location == Everywhere {
		out.Open = true
		words = nil
	}
	for _, w := range words {
		out.Ways = append(out.Ways, p.ways(t, w, append(above, t))...)
	}
	p.done[t] = out
	return out
}

// ways reads one path, such as fromLocation, toAddress.location, fulfilments, or Order.customer, which goes back from the customer to orders.
func (p *placer) ways(t *Type, text string, above []*Type) []Way {
	var steps []Step
	at, names := t, strings.Split(text, ".")
	if from := p.cat.byName[names[0]]; from != nil && len(names) == 2 {
		back := from.fields[names[1]]
		if back == nil || back.Ref == nil || back.Ref != t && !slices.Contains(back.Ref.Members, t) {
			p.fail(t.Name, "location: %s does not refer to it", text)
			return nil
		}
		return p.onward([]Step{{Back: back, Target: from}}, above)
	}
	for i, name := range names {
		f, last := fieldIn(at, name), i == len(names)-1
		if e := at.Edge(name); e != nil {
			steps, at = append(steps, Step{Edge: e, Target: e.Target}), e.Target
			continue
		}
		switch {
		case f == nil || f.Ref == nil && !last:
			p.fail(t.Name, "location: %s leads nowhere at %s", text, name)
			return nil
		case last && (f.Kind == Text || f.Ref == p.cat.LocationType() && f.Ref != nil || f.Ref == nil && at == p.cat.LocationType()):
			return []Way{{Steps: steps, At: f}}
		case f.Ref == nil:
			p.fail(t.Name, "location: %s is neither a location nor its ref", text)
			return nil
		}
		steps, at = append(steps, Step{Ref: f, Target: f.Ref}), f.Ref
	}
	return p.onward(steps, above)
}

// onward goes on with the ways of the type that the steps lead to.
func (p *placer) onward(steps []Step, above []*Type) (out []Way) {
	target := steps[len(steps)-1].Target
	if target.Abstract() {
		p.fail(target.Name, "a way to a location has to name a field of its kinds")
		return nil
	}
	found := p.places(target, above)
	if found == nil || len(found.Ways) == 0 {
		p.fail(above[0].Name, "location: %s leads to no location", target.Name)
		return nil
	}
	back := steps[len(steps)-1].Back
	for _, w := range found.Ways {
		if back != nil && len(w.Steps) > 0 && w.Steps[0].Ref == back {
			continue // it would lead where it comes from
		}
		out = append(out, Way{Steps: slices.Concat(steps, w.Steps), At: w.At})
	}
	return out
}

// fieldIn finds a field by name; behind an abstract type, all members' fields are in reach.
func fieldIn(t *Type, name string) *Field {
	f := t.fields[name]
	for _, m := range t.Members {
		if f == nil {
			f = m.fields[name]
		}
	}
	return f
}
