package catalogue

import (
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// deriveInputs makes all input types: first their names, so that they can point at one another, then their fields.
func (b *builder) deriveInputs() {
	b.deriveKeys()
	b.declareActivations()
	b.deriveFilters()
	for _, s := range b.spec.Values {
		if s.Input != "" {
			v := b.values[reflect.TypeOf(s.Go)]
			v.Input = b.newInput(s.Input, nil, s.Doc)
		}
	}
	declared := map[string]bool{}
	for _, s := range b.spec.Inputs {
		declared[s.Name] = true
	}
	for _, t := range b.cat.types {
		for _, base := range []Base{Create, Update} {
			name := operationInput(t, base)
			wanted := base == Create && b.specs[t].Create || base == Update && b.specs[t].Update != ""
			if wanted && !declared[name] {
				b.spec.Inputs = append(b.spec.Inputs, InputSpec{Name: name, Of: t.Name, Base: base})
			}
		}
	}
	b.declareKinds(declared)
	for i := range b.spec.Inputs {
		s := &b.spec.Inputs[i]
		var of *Type
		if s.Of != "" {
			of = b.typeNamed(s.Name, s.Of)
		}
		b.newInput(s.Name, of, s.Doc)
	}
	for _, v := range b.cat.values {
		if v.Input != nil {
			b.fillValueInput(v)
		}
	}
	for i := range b.spec.Inputs {
		s := &b.spec.Inputs[i]
		switch in := b.cat.byInput[s.Name]; {
		case s.Base == Listed:
			b.fillListed(in, s)
		case in.Of == nil:
			b.fail(s.Name, "derived from no type")
		default:
			b.fillDerived(in, s)
		}
	}
	b.shareChildren()
}

// shareChildren lets an input of parts of one type make those of another: each use of it lands in the fields of the type that its connection lists.
func (b *builder) shareChildren() {
	for _, in := range b.cat.inputs {
		for _, f := range in.Fields {
			if f.Children == nil || f.Edge == nil || f.Children.Of == nil || f.Edge.Target == nil || f.Edge.Target.Holds(f.Children.Of) {
				continue
			}
			f.Children = b.inputOn(f.Edge.Target, f.Children)
			f.Children.Of = f.Edge.Target
		}
	}
}

func operationInput(t *Type, base Base) string {
	if base == Create {
		return "Create" + t.Name + "Input"
	}
	return "Update" + t.Name + "Input"
}

func (b *builder) newInput(name string, of *Type, doc string) *Input {
	in := &Input{Name: name, Of: of, Doc: doc}
	if b.cat.byInput[name] != nil {
		b.fail(name, "input declared twice")
	}
	b.cat.byInput[name] = in
	b.cat.inputs = append(b.cat.inputs, in)
	return in
}

// fillValueInput copies a value object's members to its input.
func (b *builder) fillValueInput(v *ValueType) {
	for i, f := range v.Fields {
		tag, _ := ParseTag(v.Go.Field(i).Tag.Get("oms"))
		text := nullable(f.GraphQL)
		if f.Ref != nil {
			text = tag.By
		} else if f.Value != nil && f.Value.Input != nil {
			text = strings.Replace(text, f.Value.Name, f.Value.Input.Name, 1)
		}
		text = inMode(text, tag.mode(Create))
		in := &InputField{Name: f.Name, Type: text, Required: strings.HasSuffix(text, "!"), MaxLen: f.MaxLen, Doc: f.Doc}
		if f.Ref != nil {
			in.Key = b.keyInput(v.Input.Name+"."+f.Name, text)
		}
		v.Input.Fields = append(v.Input.Fields, in)
	}
}

// inMode puts a nullable type text into an input: ! required, ? optional, else the mode is the type text itself.
func inMode(text, mode string) string {
	switch mode {
	case "!":
		return nonNull(text)
	case "?":
		return text
	}
	return mode
}

func (b *builder) keyInput(where, text string) *Input {
	in := b.cat.byInput[BaseType(text)]
	if in == nil {
		b.fail(where, "no input %s", BaseType(text))
	}
	return in
}

// isKey reports whether an input points at rows instead of making or changing them.
func isKey(name string) bool { return strings.HasSuffix(name, "Key") || strings.HasSuffix(name, "Id") }

// arg parses "name: Type! max=8".
func (b *builder) arg(where, text string) Arg {
	name, rest, ok := strings.Cut(text, ":")
	if !ok || strings.TrimSpace(rest) == "" {
		b.fail(where, "%q: want name: Type", text)
	}
	rest, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	return Arg{Name: strings.TrimSpace(name), Type: rest}
}

func (b *builder) fillListed(in *Input, s *InputSpec) {
	for _, text := range s.Fields {
		a := b.arg(s.Name, text)
		f := &InputField{Name: a.Name, Type: a.Type, Required: strings.HasSuffix(a.Type, "!")}
		if _, limit, ok := strings.Cut(text, " max="); ok {
			n, err := strconv.Atoi(limit)
			if err != nil {
				b.fail(s.Name+"."+a.Name, "max=%s: want a number", limit)
			}
			f.MaxLen = n
		}
		in.Fields = append(in.Fields, f)
		if in.Of == nil {
			if isKey(BaseType(a.Type)) {
				f.Key = b.keyInput(s.Name+"."+a.Name, a.Type)
			}
			continue
		}
		d := in.Of.declaredAs(a.Name)
		if d == nil {
			b.fail(s.Name, "%s has nothing that takes %s", in.Of.Name, a.Name)
			continue
		}
		f.Identify = isKey(in.Name) || d.field != nil && slices.Contains(strings.Fields(s.Finds), d.field.Name)
		b.land(in, f, d)
	}
}

// declaredAs finds what an input name sets: by input name, else by output name.
func (t *Type) declaredAs(name string) *declaration {
	for _, d := range t.declared {
		if d.inputName() == name {
			return d
		}
	}
	for _, d := range t.declared {
		if d.field != nil && d.field.Name == name {
			return d
		}
	}
	return nil
}

func (b *builder) fillDerived(in *Input, s *InputSpec) {
	without, require, relax := strings.Fields(s.Without), strings.Fields(s.Require), strings.Fields(s.Relax)
	var identify []string
	if s.Base == Update {
		identify = strings.Fields(or(s.Finds, or(b.identifiers(in.Of), "id")))
	}
	for _, d := range in.Of.declared {
		name := d.inputName()
		finds, called := identifier(identify, d, name)
		f := &InputField{Name: called, Doc: d.doc, Identify: finds != ""}
		mode := d.tag.mode(s.Base)
		switch {
		case called == "":
			continue
		case f.Identify:
			mode = finds
		case slices.Contains(require, name):
			mode = "!"
		case slices.Contains(without, name):
			mode = "-"
		case slices.Contains(relax, name):
			mode = "?"
		}
		if f.Type = b.inputText(d, mode); f.Type == "" {
			continue
		}
		f.Required = strings.HasSuffix(f.Type, "!")
		f.MaxLen = d.tag.MaxLen
		in.Fields = append(in.Fields, f)
		b.land(in, f, d)
	}
}

// identifier tells in which mode a declaration finds a row, if it is among the words that say what does, and what the input calls it: ref is username
// by the word username=ref, and username itself is then nothing. A word that ends in ? is for a field that may be left out.
func identifier(words []string, d *declaration, name string) (mode, called string) {
	for _, word := range words {
		word, may := strings.CutSuffix(word, "?")
		mode = map[bool]string{true: "?", false: "!"}[may]
		alias, field, other := strings.Cut(word, "=")
		switch {
		case d.field == nil:
		case other && d.field.Name == field:
			return mode, alias
		case other && name == alias:
			return "", ""
		case d.field.Name == word:
			return mode, name
		}
	}
	return "", name
}

// inputText is the type text of a declaration in an input; empty: it is absent.
func (b *builder) inputText(d *declaration, mode string) string {
	plain := mode == "!" || mode == "?"
	switch {
	case mode == "-":
		return ""
	case d.edge != nil || d.field != nil && d.field.Ref != nil && !d.field.Numbered:
		if !plain {
			return mode
		}
		if d.edge != nil || d.tag.By == "" {
			return ""
		}
		return inMode(d.tag.By, mode)
	case (d.composite != nil || d.precise != nil) && d.tag.By == "":
		return ""
	case d.composite != nil || d.precise != nil:
		return inMode(d.tag.By, mode)
	case d.field == nil && d.input == "":
		return ""
	case d.field == nil:
		return inMode(d.input, mode)
	case d.field.Value != nil:
		v := d.field.Value
		if v.Input == nil {
			return ""
		}
		return inMode(strings.Replace(nullable(d.field.GraphQL), v.Name, v.Input.Name, 1), mode)
	}
	return inMode(nullable(d.field.GraphQL), mode)
}

// land says what becomes of an input field's value.
func (b *builder) land(in *Input, f *InputField, d *declaration) {
	where := in.Name + "." + f.Name
	f.Field, f.Edge, f.Append = d.field, d.edge, d.tag.Append
	if f.MaxLen == 0 {
		f.MaxLen = d.tag.MaxLen
	}
	switch {
	case d.composite != nil:
		f.Composite, f.Finds = d.composite, b.finding(f.Type)
	case d.precise != nil:
		f.Precise = d.precise
	case d.field == nil && d.edge == nil:
		f.WriteOnly = true
	case d.field != nil && d.field.Value != nil:
		if d.tag.Merge != "" {
			f.MergeBy = strings.Split(d.tag.Merge, "+")
		}
	case d.edge != nil || d.field.Ref != nil && !d.field.Numbered:
		to := b.keyInput(where, f.Type)
		if to == nil {
			return
		}
		if isKey(to.Name) {
			f.Key = to
			return
		}
		f.Children = to
		if d.edge == nil && to.Of != nil {
			f.Back = referenceTo(to.Of, in.Of)
		}
	case d.field.Wrap != "":
		if to := b.keyInput(where, f.Type); to != nil && len(to.Fields) == 1 {
			f.Member, f.Finds = to.Fields[0].Name, b.finding(f.Type)
		}
	}
}

// finding is the key that a type text names; nil where it names none. A key finds something, a link need not.
func (b *builder) finding(text string) *Input {
	if in := b.cat.byInput[BaseType(text)]; in != nil && in.Of != nil && isKey(in.Name) {
		return in
	}
	return nil
}

// referenceTo is the first reference of a type to another; nil if it has none.
func referenceTo(from, to *Type) *Field {
	for _, f := range from.Fields {
		if f.Ref == to {
			return f
		}
	}
	return nil
}

// sortInputs puts the inputs in order of name, as readers of the schema look for them.
func (b *builder) sortInputs() {
	sort.Slice(b.cat.inputs, func(i, j int) bool { return b.cat.inputs[i].Name < b.cat.inputs[j].Name })
}
