package setting

import (
	"fmt"
	"slices"
	"strings"
)

// About is what a declaration says of a setting besides its type and its default.
type About struct {
	Name    string
	From    Context // the nearest context that may hold it; all wider ones may, too
	Without string  // what holds where it is not set, for people, where the default does not say it
	Doc     string  // one sentence
}

// Declaration is a setting, or a family of settings, without its Go type: what docs and checks need.
type Declaration struct {
	Name     string // of a family: what all its names begin with
	Rest     string // of a family: what follows, for people
	Type     string // for people: true or false; whole number of days, 1 to 3650
	Default  string // for people; empty: nothing
	Contexts []Context
	Doc      string

	check func(Value) error
}

// Declared is a setting or a family of any type.
type Declared interface{ Declaration() *Declaration }

// Reading is a setting of any type that can be read: of a family, one of its settings.
type Reading interface {
	Declared
	Name() string
}

// Declarations lists what is declared by several.
func Declarations(list ...Declared) []*Declaration {
	out := make([]*Declaration, len(list))
	for i, d := range list {
		out[i] = d.Declaration()
	}
	return out
}

// Title is the name as docs print it: of a family PICK_N_PACK_TIME_LIMIT_<deliveryType>.
func (d *Declaration) Title() string {
	if d.Rest == "" {
		return d.Name
	}
	return d.Name + "<" + d.Rest + ">"
}

// Where lists the contexts for people, nearest first: AGENT, RETAILER, ACCOUNT, GLOBAL.
func (d *Declaration) Where() string {
	out := make([]string, len(d.Contexts))
	for i, c := range d.Contexts {
		out[i] = string(c)
	}
	return strings.Join(out, ", ")
}

// Free reports whether the names are for those to choose who write workflows: nothing is known of them beforehand.
func (d *Declaration) Free() bool { return d.Name == "" }

// Covers reports whether a name is the setting's, or one of the family's. A family of free names covers none.
func (d *Declaration) Covers(name string) bool {
	if d.Rest == "" {
		return name == d.Name
	}
	return !d.Free() && len(name) > len(d.Name) && strings.HasPrefix(name, d.Name)
}

// Check says what is wrong with a value. An empty one is as good as none.
func (d *Declaration) Check(v Value) error {
	if v.Text == "" {
		return nil
	}
	return d.check(v)
}

// Setting is a declared setting whose values are T.
type Setting[T any] struct {
	of        *Declaration
	name      string
	from      int // index of the nearest context
	otherwise T
	parse     func(Value) (T, error)
}

// Declaration is the setting without its type.
func (s Setting[T]) Declaration() *Declaration { return s.of }

// Name is the setting's name.
func (s Setting[T]) Name() string { return s.name }

// Default is what holds where the setting is not set.
func (s Setting[T]) Default() T { return s.otherwise }

// Get is the value at a place, or the default where there is none. The error names the setting, where it is kept and what is wrong with its value.
func (s Setting[T]) Get(h Held, at Place) (T, error) {
	v, given, err := s.Lookup(h, at)
	if err == nil && !given {
		return s.otherwise, nil
	}
	return v, err
}

// Lookup is Get for those who must know whether the setting is given. The nearest one counts even if it is empty, which is as good as none.
func (s Setting[T]) Lookup(h Held, at Place) (v T, given bool, err error) {
	kept, by, ok := h.nearest(s.name, s.from, at)
	if !ok || kept.Text == "" {
		return v, false, nil
	}
	if v, err = s.parse(kept); err != nil {
		var none T
		return none, false, fmt.Errorf("setting %s: %w", by, err)
	}
	return v, true, nil
}

// Family is the settings whose names begin alike, such as webhook.<name>.
type Family[T any] struct{ each Setting[T] }

// Families makes a family of a setting, whose name becomes what all begin with; rest says to people what follows. A setting without a name makes
// a family of free names: any that a workflow gives.
func Families[T any](each Setting[T], rest string) Family[T] {
	if rest == "" {
		panic(fmt.Sprintf("settings %s: say what follows", each.name))
	}
	each.of.Rest = rest
	return Family[T]{each}
}

// Declaration is the family without its type.
func (f Family[T]) Declaration() *Declaration { return f.each.of }

// Named is the family's setting whose name ends so.
func (f Family[T]) Named(rest string) Setting[T] {
	s := f.each
	s.name += rest
	return s
}

// declare makes a setting. It panics on a declaration that says too little, which is a programmer's error.
func declare[T any](a About, kind string, otherwise T, shown string, parse func(Value) (T, error)) Setting[T] {
	at := slices.Index(contexts[:], a.From)
	if at < 0 || a.Doc == "" {
		panic(fmt.Sprintf("setting %s: say from which context on it may be held, and what it is for", a.Name))
	}
	if a.Without != "" {
		shown = a.Without
	}
	d := &Declaration{Name: a.Name, Type: kind, Default: shown, Contexts: contexts[at:], Doc: a.Doc}
	d.check = func(v Value) error { _, err := parse(v); return err }
	return Setting[T]{of: d, name: a.Name, from: at, otherwise: otherwise, parse: parse}
}
