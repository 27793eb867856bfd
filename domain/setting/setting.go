// Package setting is what settings are: values that tenants keep by name, each for a location, a retailer, the account or the whole platform.
// Code declares each setting that it reads once, with its type, its default, the contexts that may hold it and a sentence; it reads by the
// declaration and gets a value of the type. What does not parse is an error that says where it is held and what is wrong with it.
package setting

import (
	"fmt"

	"github.com/fluent-oms/fluent/domain/foundation"
)

// Context is a kind of place that settings are kept for, as Setting.context names it.
type Context string

// The contexts that settings are read in. Settings of a CUSTOMER can be kept, too; nothing here reads them.
const (
	Location Context = "AGENT"
	Retailer Context = "RETAILER"
	Account  Context = "ACCOUNT"
	Global   Context = "GLOBAL"
)

// contexts is the precedence of settings: nearest first, and the first that has one wins.
var contexts = [...]Context{Location, Retailer, Account, Global}

// Contexts lists the contexts, nearest first.
func Contexts() []Context { return contexts[:] }

// Numbered reports whether settings of the context belong to one of several, by the number in contextId.
func (c Context) Numbered() bool { return c == Location || c == Retailer }

// Place is where a setting is asked for: numbers of a location and of a retailer, 0 for none.
type Place struct {
	Location int
	Retailer int
}

// Number is the contextId of a context at the place. False: the place has no such context.
func (p Place) Number(c Context) (int, bool) {
	switch c {
	case Location:
		return p.Location, p.Location != 0
	case Retailer:
		return p.Retailer, p.Retailer != 0
	}
	return 0, true
}

// Value is a setting's value as it is kept.
type Value struct {
	Text     string // value, or lobValue
	Document bool   // it is a lobValue: JSON
}

// ValueOf is the value that a setting has.
func ValueOf(s *foundation.Setting) Value {
	if len(s.LobValue) > 0 {
		return Value{Text: string(s.LobValue), Document: true}
	}
	return Value{Text: s.Value}
}

// holder is whose setting it is.
type holder struct {
	name   string
	in     Context
	number int
}

func (h holder) String() string {
	if h.in.Numbered() {
		return fmt.Sprintf("%s of %s %d", h.name, h.in, h.number)
	}
	return fmt.Sprintf("%s of %s", h.name, h.in)
}

// Held are settings as they are kept, from which declarations read.
type Held map[holder]Value

// Hold makes settings readable, of an account or of a part of it. Of the account and of the platform there is one of each name: that of
// contextId 0, or else the first.
func Hold(rows []*foundation.Setting) Held {
	h := make(Held, len(rows))
	for _, s := range rows {
		k := holder{s.Name, Context(s.Context), s.ContextID}
		if !k.in.Numbered() {
			k.number = 0
			if _, twice := h[k]; twice && s.ContextID != 0 {
				continue
			}
		}
		h[k] = ValueOf(s)
	}
	return h
}

// nearest finds the setting of a name that holds at a place: that of the first of contexts, from one on, that has it. Nothing else knows precedence.
func (h Held) nearest(name string, from int, at Place) (Value, holder, bool) {
	for _, c := range contexts[from:] {
		number, ok := at.Number(c)
		if !ok {
			continue
		}
		k := holder{name, c, number}
		if v, ok := h[k]; ok {
			return v, k, true
		}
	}
	return Value{}, holder{}, false
}
