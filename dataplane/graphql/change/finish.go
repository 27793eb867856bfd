package change

import (
	"context"
	"maps"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// withDefaults fills in what a new inline child takes from its parent's input, before what it points at is looked for. The caller's map is left
// as it is.
func withDefaults(parent *draft, f *catalogue.InputField, value map[string]any) map[string]any {
	for _, def := range f.Children.Of.Defaults {
		in := inputFor(f.Children, def.Field)
		if in == nil || value[in.Name] != nil || !parent.New || len(def.Path) != 2 || f.Edge == nil || f.Edge.By != def.Path[0] {
			continue
		}
		from := inputFor(parent.input, def.Path[1])
		if from == nil {
			continue
		}
		key, _ := parent.value[from.Name].(map[string]any)
		if id, ok := key["id"].(string); ok {
			value = maps.Clone(value)
			value[in.Name] = def.Before + id + def.After
		}
	}
	return value
}

// inputFor is the field of an input that sets a field; nil if none does.
func inputFor(in *catalogue.Input, f *catalogue.Field) *catalogue.InputField {
	for _, x := range in.Fields {
		if x.Field == f {
			return x
		}
	}
	return nil
}

// before has the guard of a type look at what is to change, as it is stored. taken are elements that leave a list of it.
func (s *session) before(ctx context.Context, d *draft, taken []any) error {
	guard := s.Guards[d.Type]
	if guard.Before == nil {
		return nil
	}
	r := s.request(d)
	r.Taken = taken
	return guard.Before(ctx, r)
}

// after has the guard of a type look at what is new or changed, as it would be.
func (s *session) after(ctx context.Context, d *draft) error {
	guard := s.Guards[d.Type]
	if guard.After == nil {
		return nil
	}
	return guard.After(ctx, s.request(d))
}

func (s *session) request(d *draft) entity.Request {
	return entity.Request{Draft: d.Draft, Who: s.who, Input: d.input, Values: d.value, Reader: s}
}
