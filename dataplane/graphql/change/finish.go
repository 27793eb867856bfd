package change

import (
	"context"
	"maps"
	"time"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
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

// beforeAll has guards look at all that is to change, a draft and its parts, as it is stored.
func (s *session) beforeAll(ctx context.Context, d *draft) (err error) {
	d.each(func(x *draft) {
		if err != nil || x.New {
			return
		}
		x.Entity = x.self.Entity
		if err = x.belongs(); err == nil {
			err = s.before(ctx, x, nil)
		}
	})
	return err
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

// milliseconds is how the API prints moments.
const milliseconds = "2006-01-02T15:04:05.000Z"

// existing has the fault for a natural key that is taken tell what has it, where the caller may see that.
func (s *session) existing(ctx context.Context, err error, d *draft) error {
	f := fault.Of(err)
	if f.Kind != fault.Exists || len(d.Type.Key) == 0 || f.Field != d.Place+"."+d.inputName(d.Type.Key[0]) {
		return err
	}
	permission := d.Type.Permission + "_VIEW"
	if s.who.CanSomewhere(permission) != nil {
		return err
	}
	key := make(store.Key, len(d.Type.Key))
	for i, k := range d.Type.Key {
		key[i] = k.Get(d.Entity)
	}
	found, readErr := s.DB.Reader(s.who.ScopeFor(permission)).ByKey(ctx, d.Type, key)
	if readErr != nil || len(found) == 0 || found[0] == nil {
		return err // the refusal stands, whether or not more can be said
	}
	has, t := &fault.Existing{}, d.Type
	has.ID, has.Ref, has.Status = t.Text(found[0], "id"), t.Text(found[0], "ref"), t.Text(found[0], "status")
	if at, ok := t.Get(found[0], "createdOn").(time.Time); ok {
		has.CreatedOn = at.UTC().Format(milliseconds)
	}
	return f.WithExisting(has)
}
