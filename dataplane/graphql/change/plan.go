package change

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// draft is one entity that a mutation makes or changes.
type draft struct {
	*entity.Draft // its Entity is nil for changes until it is loaded
	input         *catalogue.Input
	value         map[string]any
	self          *keys.Want // which row to change
	refs          []refer
	links         []linked
	kids          []*kid
	parent        *draft
}

// refer is a reference that is to be set once it is found.
type refer struct {
	input *catalogue.InputField
	want  *keys.Want // nil: the reference is taken away
}

// linked is an entity that is to be joined by an edge.
type linked struct {
	edge *catalogue.Edge
	want *keys.Want
}

// kid is an inline child.
type kid struct {
	*draft
	input *catalogue.InputField // in the parent's input
}

// plan reads an input and lists what has to be found.
func (s *session) plan(in *catalogue.Input, value map[string]any, place string, isNew bool) (*draft, error) {
	d := &draft{Draft: &entity.Draft{Type: in.Of, New: isNew, Place: place}, input: in, value: value}
	if isNew {
		d.Entity = in.Of.New()
	} else if err := s.identify(d); err != nil {
		return nil, err
	}
	for _, f := range in.Fields {
		v, given := value[f.Name]
		if !given || f.Identify {
			continue
		}
		if err := s.gapless(f, v, place+"."+f.Name); err != nil {
			return nil, err
		}
		if err := s.planField(d, f, v); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// gapless refuses null among the elements of a list: the schema lets it pass, and whoever sent it meant a line, or a parcel, that would not be there. JSON
// values of the caller's own are no lists of ours.
func (s *session) gapless(f *catalogue.InputField, v any, place string) error {
	switch v := v.(type) {
	case []any:
		for i := 0; i < len(v) && strings.HasPrefix(f.Type, "["); i++ {
			at := fmt.Sprintf("%s[%d]", place, i)
			if v[i] == nil {
				return fault.Invalidf(at, "null is no element of %s: leave it out", f.Name).WithCode(fault.CodeMissing)
			}
			if err := s.gapless(f, v[i], at); err != nil {
				return err
			}
		}
	case map[string]any:
		inner := s.Catalogue.Input(catalogue.BaseType(f.Type))
		if inner == nil || f.Children != nil { // what comes with the entity is an entity, whose fields are looked at like this one
			return nil
		}
		for _, m := range inner.Fields {
			if err := s.gapless(m, v[m.Name], place+"."+m.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// identify wants the row that changes.
func (s *session) identify(d *draft) (err error) {
	if d.self, err = s.want(d.input.Identifying(), d.value, d.Place); err == nil {
		d.self.Alone()
	}
	return err
}

func (s *session) planField(d *draft, f *catalogue.InputField, v any) error {
	place := d.Place + "." + f.Name
	switch {
	case v == nil && f.Required:
		return fault.Invalidf(place, "%s is required", f.Name).WithCode(fault.CodeMissing)
	case f.Key != nil && f.Edge != nil:
		return s.planLinks(d, f, v, place)
	case f.Key != nil:
		return s.planReference(d, f, v, place)
	case f.Field != nil && f.Field.Numbered:
		return s.planNumber(d, f, v, place)
	case f.Finds != nil:
		if object, ok := v.(map[string]any); ok {
			_, err := s.want(f.Finds, object, place)
			return err
		}
	case f.Children != nil && f.Edge != nil:
		list, _ := v.([]any)
		for i, x := range list {
			if err := s.planKid(d, f, x, fmt.Sprintf("%s[%d]", place, i)); err != nil {
				return err
			}
		}
	case f.Children != nil:
		return s.planKid(d, f, v, place)
	case f.Field != nil && f.Field.Value != nil && f.Field.Value.Input != nil:
		return s.planValue(f.Field.Value.Input, v, place)
	}
	return nil
}

func (s *session) planReference(d *draft, f *catalogue.InputField, v any, place string) error {
	object, ok := v.(map[string]any)
	if !ok && f.Field != nil && !f.Field.Null {
		return fault.Invalidf(place, "%s cannot be null", f.Name).WithCode(fault.CodeMissing)
	}
	if !ok {
		d.refs = append(d.refs, refer{input: f})
		return nil
	}
	want, err := s.want(f.Key, object, place)
	if err != nil {
		return err
	}
	d.refs = append(d.refs, refer{input: f, want: want})
	return nil
}

// planNumber wants what a number alone points at.
func (s *session) planNumber(d *draft, f *catalogue.InputField, v any, place string) error {
	n, given := v.(int)
	if !given && !f.Field.Null {
		return fault.Invalidf(place, "%s cannot be null", f.Name).WithCode(fault.CodeMissing)
	}
	r := refer{input: f}
	if given {
		r.want = keys.ByID(f.Field.Ref, catalogue.ID(strconv.Itoa(n)), place)
		s.wants = append(s.wants, r.want)
	}
	d.refs = append(d.refs, r)
	return nil
}

func (s *session) want(key *catalogue.Input, object map[string]any, place string) (*keys.Want, error) {
	want, err := keys.New(key, object, place)
	if err != nil {
		return nil, err
	}
	s.wants = append(s.wants, want)
	return want, nil
}

func (s *session) planLinks(d *draft, f *catalogue.InputField, v any, place string) error {
	list, _ := v.([]any)
	for i, x := range list {
		object, ok := x.(map[string]any)
		if !ok {
			continue
		}
		want, err := s.want(f.Key, object, fmt.Sprintf("%s[%d]", place, i))
		if err != nil {
			return err
		}
		d.links = append(d.links, linked{edge: f.Edge, want: want})
	}
	return nil
}

func (s *session) planKid(d *draft, f *catalogue.InputField, v any, place string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	object = withDefaults(d, f, object)
	isNew := !slices.ContainsFunc(f.Children.Fields, func(x *catalogue.InputField) bool { return x.Identify })
	k, err := s.plan(f.Children, object, place, isNew)
	if err != nil {
		return err
	}
	k.parent, k.Parent, k.By = d, d.Draft, entity.Hold{Edge: f.Edge, Field: f.Field, Back: f.Back}
	if k.self != nil && d.self != nil && f.Edge != nil && slices.Contains(k.Type.Key, f.Edge.By) {
		k.self.Within(f.Edge.By, d.self)
	}
	d.kids = append(d.kids, &kid{draft: k, input: f})
	return nil
}

// planValue finds the references inside value objects (a user's role); their place in the value is taken by the want.
func (s *session) planValue(in *catalogue.Input, v any, place string) error {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if err := s.planValue(in, x, fmt.Sprintf("%s[%d]", place, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, f := range in.Fields {
			object, ok := v[f.Name].(map[string]any)
			if !ok || f.Key == nil {
				continue
			}
			want, err := s.want(f.Key, object, place+"."+f.Name)
			if err != nil {
				return err
			}
			v[f.Name] = want
		}
	}
	return nil
}

// ready finds what is wanted and brings the values into the entities.
func (s *session) ready(ctx context.Context, from keys.Reader, d *draft) error {
	if err := s.find(ctx, from, d); err != nil {
		return err
	}
	return d.apply()
}

// find finds what is wanted. Of a change, the draft's entity is then as it is stored.
func (s *session) find(ctx context.Context, from keys.Reader, d *draft) error {
	s.from = from
	s.wants = append(s.wants, d.lookups()...)
	sought := s.recall(ctx, d)
	if err := keys.Resolve(ctx, from, s.wants...); err != nil {
		return err
	}
	for _, w := range s.wants {
		if err := w.Missing(); err != nil {
			return err
		}
	}
	s.know(ctx)
	for _, w := range sought {
		s.known.Add(s.reach+w.Text(), known{entity: w.Entity, until: s.now(ctx).Add(knownAge)})
	}
	if !d.New {
		d.Entity = d.self.Entity
	}
	return nil
}

// cacheable reports whether a reference, once found, may be taken as found for a while: nothing is ever deleted, and only the
// existence of retailers and products matters to what refers to them.
func cacheable(w *keys.Want) bool { return w.Loose() || w.Type.Provided }

// recall fills in the references that were found a moment ago by a caller with the same reach, and returns those worth remembering
// once they are found.
func (s *session) recall(ctx context.Context, d *draft) (sought []*keys.Want) {
	now := s.now(ctx)
	for _, w := range s.wants {
		if w == d.self || w.Entity != nil || !cacheable(w) {
			continue
		}
		if e, ok := s.known.Get(s.reach + w.Text()); ok && now.Before(e.until) {
			w.Entity = e.entity
			continue
		}
		sought = append(sought, w)
	}
	return sought
}

// lookups are the entities that the draft and its children point at by values of their own, such as an item's product, where the
// schema promises that there is one.
func (d *draft) lookups() []*keys.Want {
	var out []*keys.Want
	for _, k := range d.Type.KeyRefs {
		if !k.Required() {
			continue
		}
		values := make([]any, len(k.Local))
		complete := true
		for i, local := range k.Local {
			values[i] = d.given(local)
			complete = complete && values[i] != nil
		}
		if complete {
			out = append(out, keys.Exists(k.Target, k.Remote, values, d.Place+"."+k.Local[0].Name))
		}
	}
	for _, k := range d.kids {
		out = append(out, k.lookups()...)
	}
	return out
}

// given is the value that the input has for a field; nil if it has none.
func (d *draft) given(f *catalogue.Field) any {
	if in := inputFor(d.input, f); in != nil {
		return d.value[in.Name]
	}
	return nil
}
