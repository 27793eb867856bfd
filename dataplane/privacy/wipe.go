package privacy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// keys are the names of members that hold a person's data wherever a row is his: those of the personal fields of all types, but for words that
// mean something else elsewhere.
func keys(c *catalogue.Catalogue) map[string]bool {
	out := map[string]bool{}
	common := []string{"ref", "name", "value", "text", "address", "title", "attributes", "lobValue"}
	add := func(name string, personal bool) {
		if personal && !slices.Contains(common, name) {
			out[name] = true
		}
	}
	for _, t := range c.Types() {
		for _, f := range t.Fields {
			add(f.Name, f.Personal && (f.Kind != catalogue.JSON || f.Value != nil && !hasParts(f.Value)))
		}
	}
	for _, v := range c.Values() {
		for _, f := range v.Fields {
			add(f.Name, f.Personal)
		}
	}
	return out
}

// hasParts reports whether only some members of a value are personal.
func hasParts(v *catalogue.ValueType) bool {
	return slices.ContainsFunc(v.Fields, func(f *catalogue.ValueField) bool { return f.Personal })
}

// about is the person whose rows are wiped.
type about struct {
	typ *catalogue.Type // of persons
	id  catalogue.ID
	*Scrubber
}

// pseudonym is what a row is called by that must be called something of its own.
func pseudonym(id catalogue.ID) string { return erased + "-" + string(id) }

// wipe takes the person out of a row, which is his, and lists what changed. Ids, amounts, quantities, times, states and keys of the books stay.
func (a *about) wipe(t *catalogue.Type, row any) (changed []*catalogue.Field, err error) {
	for _, f := range t.Fields {
		before := reflect.ValueOf(f.Get(row))
		after, err := a.field(t, f, row)
		if err != nil {
			return nil, fmt.Errorf("erase %s.%s: %w", t.Name, f.Name, err)
		}
		if after.IsValid() && !reflect.DeepEqual(before.Interface(), after.Interface()) {
			f.Set(row, after.Interface())
			changed = append(changed, f)
		}
	}
	return changed, nil
}

// field is what becomes of a field; not valid: it stays.
func (a *about) field(t *catalogue.Type, f *catalogue.Field, row any) (reflect.Value, error) {
	is := reflect.ValueOf(f.Get(row))
	switch {
	case a.names(f):
		if is.String() == "" {
			return is, nil
		}
		return reflect.ValueOf(pseudonym(a.id)), nil
	case t == a.typ && f.Name == "status":
		return reflect.ValueOf(StatusErased), nil
	case f.Kind == catalogue.JSON:
		return a.json(f, is)
	case f.Kind == catalogue.Text && is.Type() == reflect.TypeFor[string](): // not an id
		return reflect.ValueOf(a.text(t, f, is.String(), t.ID(row))), nil
	case f.Personal && is.Kind() == reflect.Pointer:
		return reflect.Zero(is.Type()), nil
	}
	return reflect.Value{}, nil
}

// StatusErased is the status of customers whose data are erased.
const StatusErased = "ERASED"

// names reports whether a field holds the name that the person is found by, or a copy of it.
func (a *about) names(f *catalogue.Field) bool {
	is := func(x *catalogue.Field) bool { return slices.Contains(a.typ.Key, x) }
	return is(f) || len(f.Copy) > 0 && is(f.Copy[len(f.Copy)-1])
}

// text is a text without the person. One that must be somebody's own stays so; keys of the books stay as they are.
func (a *about) text(t *catalogue.Type, f *catalogue.Field, text string, id catalogue.ID) string {
	unique := slices.Contains(t.Key, f) || slices.ContainsFunc(t.Uniques, func(u catalogue.Unique) bool { return slices.Contains(u.Fields, f) })
	switch {
	case text == "" || f.Enum != nil || f.Among != nil:
		return text
	case f.Personal && unique:
		return pseudonym(id)
	case f.Personal && f.Null:
		return ""
	case f.Personal:
		return erased
	case unique || f.Names != nil || f.Wrap != "" || f.Constants != nil:
		return text
	}
	return a.Text(text, false)
}

// json is a JSON field without the person: of a value object what is marked goes, where nothing in it is marked all of it.
func (a *about) json(f *catalogue.Field, is reflect.Value) (reflect.Value, error) {
	if is.IsZero() {
		return reflect.Value{}, nil
	}
	if f.Personal && (f.Value == nil || !hasParts(f.Value)) {
		return reflect.Zero(is.Type()), nil
	}
	raw, err := json.Marshal(is.Interface())
	if err != nil {
		return reflect.Value{}, err
	}
	v, err := catalogue.DecodeJSON(raw)
	if err != nil {
		return reflect.Value{}, err
	}
	changed := false
	if object, whole := v.(map[string]any); f.Personal && whole {
		for _, member := range f.Value.Fields {
			if _, there := object[member.Name]; there && member.Personal {
				delete(object, member.Name)
				changed = true
			}
		}
	}
	free := is.Type() == reflect.TypeFor[catalogue.Attributes]() || f.Value == nil // a value object's words mean something: only what is nobody else's goes
	v, other := a.JSON(v, free)
	if !changed && !other {
		return reflect.Value{}, nil
	}
	if raw, err = json.Marshal(v); err != nil {
		return reflect.Value{}, err
	}
	to := reflect.New(is.Type())
	return to.Elem(), json.Unmarshal(raw, to.Interface())
}

// collect takes in what a row says of its person.
func (v *Values) collect(t *catalogue.Type, row any) error {
	for _, f := range t.Fields {
		if !f.Personal {
			continue
		}
		switch x := f.Get(row).(type) {
		case string:
			v.add(x, slices.Contains(t.Key, f) || slices.ContainsFunc(t.Uniques, func(u catalogue.Unique) bool { return slices.Contains(u.Fields, f) }))
		default:
			if f.Kind != catalogue.JSON {
				continue
			}
			raw, err := json.Marshal(x)
			if err != nil {
				return fmt.Errorf("read %s.%s: %w", t.Name, f.Name, err)
			}
			decoded, err := catalogue.DecodeJSON(raw)
			if err != nil {
				return fmt.Errorf("read %s.%s: %w", t.Name, f.Name, err)
			}
			v.leaves(f.Value, decoded)
		}
	}
	return nil
}

// leaves takes in the texts of a value: of an object with marks those that are marked, of others the distinctive ones.
func (v *Values) leaves(of *catalogue.ValueType, x any) {
	switch x := x.(type) {
	case string:
		if distinctive(x) {
			v.add(x, false)
		}
	case []any:
		for _, y := range x {
			v.leaves(of, y)
		}
	case map[string]any:
		for name, y := range x {
			marked := of != nil && slices.ContainsFunc(of.Fields, func(f *catalogue.ValueField) bool { return f.Name == name && f.Personal })
			if text, is := y.(string); is && marked {
				v.add(text, false)
				continue
			}
			v.leaves(nil, y)
		}
	}
}
