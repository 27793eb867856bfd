package catalogue

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// fits refuses words on fields that they are not for.
func fits(f *Field, d *declaration, rt reflect.Type) error {
	list := f.Kind == JSON && rt.Kind() == reflect.Slice && rt != reflect.TypeFor[json.RawMessage]()
	switch {
	case d.tag.MaxItems > 0 && !list:
		return errors.New("items= is for lists")
	case d.tag.Append && (!list || f.Value == nil || d.tag.Merge != ""):
		return errors.New("append is for lists of value objects that do not merge")
	case d.tag.Distinct && (!list || f.Value == nil || len(f.Value.MergeBy) == 0):
		return errors.New("distinct is for lists of value objects that members identify")
	case d.tag.Words != "" && f.Kind != Text:
		return errors.New("words= is for texts")
	case d.tag.Exact && f.Kind != Text:
		return errors.New("exact is for texts")
	case d.tag.Rare && !f.Null:
		return errors.New("rare is for what may lack")
	}
	return nil
}

// noneOf marks an integer whose 0 stands for no value.
func noneOf(f *Field, d *declaration, rt reflect.Type) error {
	switch {
	case d.tag.None == "":
		return nil
	case d.tag.None != "0" || rt.Kind() != reflect.Int || d.tag.NonNull:
		return errors.New("none=0 is for integers that may be null")
	}
	f.NoZero, f.Null = true, true
	return nil
}

// deriveValue reads a value object's struct. Its input is made with the others.
func (b *builder) deriveValue(v *ValueType) {
	for i := range v.Go.NumField() {
		sf := v.Go.Field(i)
		tag, err := ParseTag(sf.Tag.Get("oms"))
		if err != nil {
			b.fail(v.Name+"."+sf.Name, "%w", err)
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		f := &ValueField{Name: name, Doc: sf.Tag.Get("doc"), MaxLen: tag.MaxLen, Bounds: tag.Bounds, Personal: tag.Personal, names: tag.Names}
		plain := sf.Type
		if plain.Kind() == reflect.Pointer {
			plain = plain.Elem()
		}
		nested, list := b.valueOf(sf.Type)
		f.Value = nested
		switch {
		case tag.Out != "":
			f.GraphQL = tag.Out
		case tag.Ref != "":
			f.GraphQL, f.Ref = tag.Ref, b.cat.byName[tag.Ref]
		case tag.Enum != "":
			if f.Enum = b.enumNamed(v.Name+"."+sf.Name, &tag); sf.Type.Kind() != reflect.String {
				b.fail(v.Name+"."+sf.Name, "enum= is for texts")
			}
			f.GraphQL = tag.Enum
		case nested != nil && list:
			f.GraphQL = "[" + nested.Name + "]"
		case sf.Type.Kind() == reflect.Interface:
			f.GraphQL = "Json"
		default:
			f.GraphQL = scalarName(plain.Kind())
		}
		if f.GraphQL == "" || name == "" {
			b.fail(v.Name+"."+sf.Name, "wants a json name and a type that values can hold")
		}
		if k := plain.Kind(); tag.Bounds != (Bounds{}) && k != reflect.Int && k != reflect.Float64 {
			b.fail(v.Name+"."+sf.Name, "least= and most= are for numbers")
		}
		f.Form = b.formOf(v.Name+"."+sf.Name, &tag, name, kindOf(plain))
		if tag.NonNull {
			f.GraphQL = nonNull(f.GraphQL)
		}
		v.Fields = append(v.Fields, f)
	}
}

func scalarName(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "String"
	case reflect.Int:
		return "Int"
	case reflect.Float64:
		return "Float"
	case reflect.Bool:
		return "Boolean"
	}
	return ""
}
