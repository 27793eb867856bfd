package catalogue

import (
	"slices"
	"strings"
)

// identifiers are the fields that find the row of a type's update.
func (b *builder) identifiers(t *Type) string {
	if s := b.specs[t]; s != nil {
		return s.Update
	}
	for i := range b.spec.Interfaces {
		if s := &b.spec.Interfaces[i]; s.Name == t.Name {
			return s.Update
		}
	}
	return ""
}

// declareKinds declares the inputs of updates that are for rows of all kinds of an interface.
func (b *builder) declareKinds(declared map[string]bool) {
	for _, t := range b.cat.abstract {
		if name := operationInput(t, Update); b.identifiers(t) != "" && !declared[name] {
			b.spec.Inputs = append(b.spec.Inputs, InputSpec{Name: name, Of: t.Name, Base: Update})
		}
	}
}

// maxKind is the longest word for a kind.
const maxKind = 15

// deriveKinds makes the updates that are for rows of all kinds of an interface, and says how each kind takes their input.
func (b *builder) deriveKinds() {
	for i := range b.spec.Interfaces {
		s := &b.spec.Interfaces[i]
		t := b.cat.byName[s.Name]
		if t == nil || s.Update == "" {
			continue
		}
		in := b.cat.byInput[operationInput(t, Update)]
		k := &Kinds{Inputs: map[*Type]*Input{}, Words: map[string]*Type{}}
		t.Update = &Mutation{Name: "update" + t.Name, Input: in, Kinds: k}
		for _, m := range t.Members {
			own := &Input{Name: in.Name, Of: m}
			b.fillDerived(own, &InputSpec{Name: in.Name, Of: m.Name, Base: Update})
			own.Fields = slices.DeleteFunc(own.Fields, func(f *InputField) bool { return in.Field(f.Name) == nil })
			k.Inputs[m] = own
		}
		words := strings.Fields(s.Kinds)
		for n, word := range words {
			if n == 0 {
				k.Word = word
				in.Fields = append(in.Fields, &InputField{Name: word, Type: "String", WriteOnly: true, MaxLen: maxKind, Doc: "Which kind it is; another than the row's finds nothing."})
				continue
			}
			value, of, _ := strings.Cut(word, "=")
			k.Words[value] = b.typeNamed(s.Name, of)
		}
	}
}
