package catalogue

import (
	"strconv"
	"strings"
)

// The words of KeyInputs.
const (
	keyID       = "Id"       // XId { id: ID! }
	keyNatural  = "Key"      // XKey: all of the natural key; references by their own key inputs
	keyEither   = "IdOrKey"  // XKey: the id and the natural key, each optional; all that are given must match
	keyOptional = "LooseKey" // XKey: the natural key, of which only references are required
)

// deriveKeys declares the inputs that point at each type.
func (b *builder) deriveKeys() {
	for _, t := range b.cat.types {
		b.addKeys(t, b.specs[t].KeyInputs)
	}
	for _, s := range b.spec.Interfaces {
		switch t := b.cat.byName[s.Name]; {
		case s.KeyInputs == "":
		case t == nil:
			b.fail(s.Name, "key inputs of an interface whose implementers share no table")
		default:
			b.addKeys(t, s.KeyInputs)
		}
	}
}

func (b *builder) addKeys(t *Type, words string) {
	if words != "" && len(t.Key) == 0 && words != keyID {
		b.fail(t.Name, "it has no natural key to point at it by")
	}
	for _, word := range strings.Fields(words) {
		s := InputSpec{Name: t.Name + "Key", Of: t.Name}
		switch word {
		case keyID:
			s.Name, s.Fields = t.Name+"Id", []string{"id: ID!"}
		case keyEither:
			s.Fields = append([]string{"id: ID"}, b.keyFields(t, t.Key, "", "")...)
		case keyNatural:
			s.Fields = b.keyFields(t, t.Key, "!", "!")
		case keyOptional:
			s.Fields = b.keyFields(t, t.Key, "", "!")
		default:
			b.fail(t.Name, "key inputs: %s is none of %s, %s, %s, %s", word, keyID, keyNatural, keyEither, keyOptional)
			continue
		}
		b.spec.Inputs = append(b.spec.Inputs, s)
	}
}

// deriveFilters declares the inputs of the filters of bulk mutations.
func (b *builder) deriveFilters() {
	for _, t := range b.cat.types {
		for _, s := range b.specs[t].Bulk {
			var by []*Field
			for _, name := range strings.Fields(s.By) {
				f := t.fields[name]
				if f == nil {
					b.fail(s.Name, "%s has no field %s", t.Name, name)
					continue
				}
				by = append(by, f)
			}
			if len(by) == 0 {
				b.fail(s.Name, "it does not say by which fields it finds rows")
			}
			b.spec.Inputs = append(b.spec.Inputs, InputSpec{Name: s.Filter, Fields: b.keyFields(t, by, "!", "!")})
		}
	}
}

// keyFields lists fields that say which rows are meant as those of an input; plain and references end the type texts of values and of references.
func (b *builder) keyFields(t *Type, by []*Field, plain, references string) []string {
	var out []string
	for _, f := range by {
		text := f.Name + ": " + nullable(f.GraphQL) + plain
		if f.Ref != nil {
			d := t.declarationOf(f)
			if d == nil || d.tag.By == "" {
				b.fail(t.Name+"."+f.Name, "part of a key, but by= does not say which input points at it")
				continue
			}
			text = f.Name + ": " + d.tag.By + references
		}
		if f.MaxLen > 0 {
			text += " max=" + strconv.Itoa(f.MaxLen)
		}
		out = append(out, text)
	}
	return out
}
