package change

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// apply brings the input's values into the entity, its references and its children.
func (d *draft) apply() error {
	if !d.New {
		d.Entity = d.self.Entity
		if err := d.belongs(); err != nil {
			return err
		}
	}
	for _, in := range d.input.Fields {
		v, ok := d.value[in.Name]
		if ok && in.Composite != nil {
			if err := d.setComposite(in, v); err != nil {
				return err
			}
			continue
		}
		if ok && in.Precise != nil {
			if err := d.setPrecise(in, v); err != nil {
				return err
			}
			continue
		}
		if !ok || in.Field == nil || in.Field.Numbered || in.Key != nil || in.Children != nil || (in.Identify && !d.New) {
			continue
		}
		if err := d.set(in, v); err != nil {
			return err
		}
	}
	for _, r := range d.refs {
		id := catalogue.ID("")
		if r.want != nil {
			if !r.fits() {
				return fault.NotFoundf("%s not found: %s", r.input.Field.Ref.Name, r.want.Text()).At(r.want.Place)
			}
			id = r.want.ID()
		}
		d.name(r.input.Field, r.input.Name)
		d.assignID(r.input.Field, id)
	}
	for _, k := range d.kids {
		if err := k.apply(); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether what a key found is of the type that the reference is to: a variant's product is a standard product,
// though the key is that of any product.
func (r *refer) fits() bool {
	to := r.input.Field.Ref
	return to.Abstract() || to.Go == nil || reflect.TypeOf(r.want.Entity) == reflect.PointerTo(to.Go)
}

// belongs checks that a child that is changed through its parent is the parent's.
func (d *draft) belongs() error {
	if d.parent == nil {
		return nil
	}
	id := d.self.ID()
	for _, k := range d.parent.kids {
		if k.draft != d {
			continue
		}
		switch {
		case k.input.Edge != nil && k.input.Edge.By != nil:
			if k.input.Edge.By.Get(d.Entity) == idOf(d.parent) {
				return nil
			}
		case k.input.Field != nil:
			if k.input.Field.Get(d.parent.Entity) == id {
				return nil
			}
		default:
			return nil
		}
	}
	return fault.NotFoundf("%s not found: id %s is not a part of this %s", d.Type.Name, id, d.parent.Type.Name).At(d.Place)
}

func idOf(d *draft) catalogue.ID {
	id, _ := d.Type.Field("id").Get(d.Entity).(catalogue.ID)
	return id
}

func (d *draft) assignID(f *catalogue.Field, id catalogue.ID) {
	if p, ok := f.Pointer(d.Entity).(*catalogue.ID); ok {
		*p = id
		d.Touch(f)
	}
}

// set puts one value into the entity. Whether the field can hold it, the door of entities says.
func (d *draft) set(in *catalogue.InputField, v any) error {
	f, name := in.Field, in.Name
	if object, ok := v.(map[string]any); ok && in.Member != "" {
		v, name = object[in.Member], name+"."+in.Member
	}
	place := d.Place + "." + name
	if v == nil {
		return d.clear(f, place)
	}
	d.Touch(f)
	d.name(f, name)
	if len(in.MergeBy) > 0 || in.Append && !d.New {
		return d.merge(f, in.MergeBy, v, place)
	}
	return assign(f.Pointer(d.Entity), v, place)
}

// name notes what the input calls a field, for messages.
func (d *draft) name(f *catalogue.Field, name string) {
	if name == f.Name {
		return
	}
	if d.Names == nil {
		d.Names = map[*catalogue.Field]string{}
	}
	d.Names[f] = name
}

// clear takes a value away; lists of values are left as they are, for nothing is ever deleted from them, and so is the status.
func (d *draft) clear(f *catalogue.Field, place string) error {
	pointer := reflect.ValueOf(f.Pointer(d.Entity)).Elem()
	switch {
	case f.Value != nil && pointer.Kind() == reflect.Slice:
		return nil
	case f.Value != nil && f.Null:
		d.Touch(f)
		pointer.SetZero()
		return nil
	case f.Name == "status":
		return nil // nothing would answer an entity without one
	}
	if !f.Null {
		return fault.Invalidf(place, "%s cannot be null", f.Name).WithCode(fault.CodeMissing)
	}
	d.Touch(f)
	switch p := f.Pointer(d.Entity).(type) {
	case *string:
		*p = ""
	case *catalogue.ID:
		*p = ""
	case **float64:
		*p = nil
	case **int:
		*p = nil
	case **bool:
		*p = nil
	case **time.Time:
		*p = nil
	case *[]string:
		*p = nil
	case *json.RawMessage:
		*p = nil
	}
	return nil
}

// assign stores a coerced value through a pointer to a struct field.
func assign(p, v any, place string) error {
	switch p := p.(type) {
	case *string:
		*p, _ = v.(string)
	case *catalogue.ID:
		s, _ := v.(string)
		*p = catalogue.ID(s)
	case *int:
		*p, _ = v.(int)
	case *float64:
		*p, _ = v.(float64)
	case *bool:
		*p, _ = v.(bool)
	case *time.Time:
		*p, _ = v.(time.Time)
	case **int:
		n, _ := v.(int)
		*p = &n
	case **float64:
		n, _ := v.(float64)
		*p = &n
	case **bool:
		b, _ := v.(bool)
		*p = &b
	case **time.Time:
		t, _ := v.(time.Time)
		*p = &t
	case *json.RawMessage:
		return transcode(p, v, place)
	default:
		return transcode(p, resolved(v), place)
	}
	return nil
}

// transcode stores a JSON-like value in whatever p points at, in place of what is there: members that it does not have are empty then.
func transcode(p, v any, place string) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fault.Invalidf(place, "the value cannot be stored").WithCode(fault.CodeInvalid).Wrap(err)
	}
	reflect.ValueOf(p).Elem().SetZero()
	if err := json.Unmarshal(raw, p); err != nil {
		return fault.Invalidf(place, "the value cannot be stored").WithCode(fault.CodeInvalid).Wrap(err)
	}
	return nil
}

// resolved replaces the references inside a value by the ids that were found.
func resolved(v any) any {
	switch v := v.(type) {
	case *keys.Want:
		return v.ID()
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			if x != nil {
				out = append(out, resolved(x))
			}
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = resolved(x)
		}
		return out
	default:
		return v
	}
}

// merge puts the elements of a list into a stored list: those that agree in some members with a stored one replace it. By no members, all come
// after those that are stored.
func (d *draft) merge(f *catalogue.Field, by []string, v any, place string) error {
	list, _ := v.([]any)
	p := f.Pointer(d.Entity)
	if attributes, ok := p.(*catalogue.Attributes); ok {
		given := attributesOf(list)
		d.give(f, given)
		*attributes = attributes.Merge(catalogue.Attributes(nil).Merge(given))
		return nil
	}
	fresh, _ := resolved(list).([]any)
	given := reflect.New(reflect.TypeOf(p).Elem())
	if err := transcode(given.Interface(), fresh, place); err != nil {
		return err
	}
	d.give(f, given.Elem().Interface())
	stored, err := elements(p)
	if err != nil {
		return err
	}
	for _, x := range fresh {
		id := identity(x, by)
		at := slices.IndexFunc(stored, func(old any) bool { return len(by) > 0 && identity(old, by) == id })
		if at < 0 {
			stored = append(stored, x)
			continue
		}
		stored[at] = x
	}
	return transcode(p, stored, place)
}

// give notes what was given of a list that is merged.
func (d *draft) give(f *catalogue.Field, list any) {
	if d.Given == nil {
		d.Given = map[*catalogue.Field]any{}
	}
	d.Given[f] = list
}

// elements reads the list that p points at as JSON values.
func elements(p any) ([]any, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("read the stored list: %w", err)
	}
	var out []any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("read the stored list: %w", err)
	}
	return out, nil
}

// identity is the text of the members by which elements of a list are told apart.
func identity(x any, by []string) string {
	object, _ := x.(map[string]any)
	values := make([]any, len(by))
	for i, name := range by {
		values[i] = object[name]
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return string(raw)
}

func attributesOf(list []any) catalogue.Attributes {
	out := make(catalogue.Attributes, 0, len(list))
	for _, x := range list {
		object, ok := x.(map[string]any)
		if !ok {
			continue
		}
		a := catalogue.Attribute{Value: object["value"]}
		a.Name, _ = object["name"].(string)
		a.Type, _ = object["type"].(string)
		out = append(out, a)
	}
	return out
}
