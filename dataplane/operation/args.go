package operation

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// kind is a kind of argument.
type kind int

const (
	plain kind = iota // a value that is taken as the API coerced it
	key
	list
	object
)

// shape is how a Go type takes an argument.
type shape struct {
	kind    kind
	typ     reflect.Type
	pointer bool
	elem    *shape // of a list
	fields  []argument
	bounds  catalogue.Bounds
	name    string // of the argument
}

// argument is a field of a struct of arguments, or of an input.
type argument struct {
	name  string
	index int
	shape *shape
}

var (
	keyType  = reflect.TypeFor[Key]()
	timeType = reflect.TypeFor[time.Time]()
)

// shapeOf reads the declaration of a Go type. Keys stand at the top only.
func shapeOf(t reflect.Type, top bool) (*shape, error) {
	s := &shape{typ: t}
	if t.Kind() == reflect.Pointer {
		s.pointer, t = true, t.Elem()
	}
	switch {
	case t == keyType:
		s.kind = key
		return s, nil
	case t.Kind() == reflect.Slice:
		s.kind = list
		var err error
		s.elem, err = shapeOf(t.Elem(), false)
		return s, err
	case t.Kind() == reflect.Struct && t != timeType:
		s.kind = object
		return s, s.read(t, top)
	}
	return s, nil
}

func (s *shape) read(t reflect.Type, top bool) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		a := argument{name: sf.Tag.Get("arg"), index: i}
		var err error
		if a.shape, err = shapeOf(sf.Type, false); err != nil {
			return err
		}
		if a.name == "" || !sf.IsExported() || a.shape.kind == key && (!top || a.shape.pointer) {
			return fmt.Errorf("field %s: want an exported field with a tag arg:\"name\"; keys stand at the top, and are no pointers", sf.Name)
		}
		for tag, into := range map[string]**float64{"least": &a.shape.bounds.Least, "most": &a.shape.bounds.Most} {
			text, given := sf.Tag.Lookup(tag)
			if !given {
				continue
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return fmt.Errorf("field %s: %s: want a number, not %q", sf.Name, tag, text)
			}
			*into = &v
		}
		a.shape.name = a.name
		s.fields = append(s.fields, a)
	}
	return nil
}

// set gives a Go value what the API coerced. Null leaves it as it is.
func (s *shape) set(to reflect.Value, v any, place string, b *Bound) error {
	if v == nil {
		return nil
	}
	if s.pointer {
		to.Set(reflect.New(s.typ.Elem()))
		to = to.Elem()
	}
	switch s.kind {
	case key:
		value, _ := v.(map[string]any)
		k, _ := to.Addr().Interface().(*Key)
		b.Keys = append(b.Keys, &KeyArg{Name: place, Value: value, key: k})
	case list:
		values, _ := v.([]any)
		to.Set(reflect.MakeSlice(to.Type(), len(values), len(values)))
		for i, x := range values {
			if err := s.elem.set(to.Index(i), x, place+"["+strconv.Itoa(i)+"]", b); err != nil {
				return err
			}
		}
	case object:
		values, _ := v.(map[string]any)
		for _, f := range s.fields {
			if err := f.shape.set(to.Field(f.index), values[f.name], within(place, f.name), b); err != nil {
				return err
			}
		}
	default:
		return s.plain(to, v, place)
	}
	return nil
}

func within(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

func (s *shape) plain(to reflect.Value, v any, place string) error {
	from := reflect.ValueOf(v)
	if !from.CanConvert(to.Type()) {
		return fmt.Errorf("operation: %s: a %T is no %s", place, v, to.Type())
	}
	to.Set(from.Convert(to.Type()))
	var err error
	switch {
	case to.CanInt():
		err = s.bounds.Check(s.name, float64(to.Int()))
	case to.CanFloat():
		err = s.bounds.Check(s.name, to.Float())
	}
	if err != nil {
		return fault.Of(err).At(place)
	}
	return nil
}

// Check finds differences between the arguments that the catalogue declares and those that the operation takes: each of one is one of the
// other, and fits.
func (o Operation) Check(c *catalogue.Catalogue, declared *catalogue.Operation) error {
	var args []catalogue.Arg
	for _, a := range declared.Args {
		if a.Name != First {
			args = append(args, a)
		}
	}
	if len(args) == len(declared.Args) || declared.Paged {
		return fmt.Errorf("%s: want an argument %s, and no other that pages", o.Field, First)
	}
	return o.args.fits(c, o.Field, args)
}

// First is the argument that says how many objects are wanted.
const First = "first"

// fits compares an object's members with what the catalogue declares.
func (s *shape) fits(c *catalogue.Catalogue, where string, declared []catalogue.Arg) error {
	for _, a := range declared {
		i := slices.IndexFunc(s.fields, func(f argument) bool { return f.name == a.Name })
		if i < 0 {
			return fmt.Errorf("%s: nothing takes the argument %s", where, a.Name)
		}
		if err := s.fields[i].shape.takes(c, where+"."+a.Name, a.Type); err != nil {
			return err
		}
	}
	for _, f := range s.fields {
		if !slices.ContainsFunc(declared, func(a catalogue.Arg) bool { return a.Name == f.name }) {
			return fmt.Errorf("%s: the catalogue declares no argument %s", where, f.name)
		}
	}
	return nil
}

// takes compares one argument with its type text.
func (s *shape) takes(c *catalogue.Catalogue, where, text string) error {
	inner, required := text, text[len(text)-1] == '!'
	if required {
		inner = text[:len(text)-1]
	}
	wrong := fmt.Errorf("%s: a %s does not take a %s", where, s.typ, text)
	if inner[0] == '[' {
		if s.kind != list {
			return wrong
		}
		return s.elem.takes(c, where, inner[1:len(inner)-1])
	}
	in := c.Input(inner)
	switch {
	case in == nil:
		if s.kind != plain || !fitting(s.typ, inner) {
			return wrong
		}
		return nil
	case in.Of != nil:
		if s.kind != key {
			return wrong
		}
		return nil
	case s.kind != object, !required && !s.pointer:
		return wrong
	}
	args := make([]catalogue.Arg, len(in.Fields))
	for i, f := range in.Fields {
		args[i] = catalogue.Arg{Name: f.Name, Type: f.Type}
	}
	return s.fits(c, where, args)
}

// fitting reports whether a Go type, or what it points at, takes values of a scalar or an enum.
func fitting(t reflect.Type, scalar string) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch scalar {
	case "Int":
		return t.Kind() == reflect.Int
	case "Float":
		return t.Kind() == reflect.Float64
	case "Boolean":
		return t.Kind() == reflect.Bool
	case "DateTime":
		return t == timeType
	case "Json":
		return t.Kind() == reflect.Interface
	}
	return t.Kind() == reflect.String
}
