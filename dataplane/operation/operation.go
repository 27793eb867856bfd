// Package operation is the frame of what modules answer over the API by code: what an operation is given, and what it may answer with. It holds
// no operation. One reads and chooses; how its answer is planned, limited, completed and written is up to the API, which knows none by name.
package operation

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Operation is a root field of Query that code answers. Search declares one.
type Operation struct {
	Field string            // as the catalogue declares it
	Needs map[string]string // fields of the rows of each member, besides those that a caller asks for

	args *shape
	bind func(args map[string]any) (*Bound, error)
}

// Search declares an operation that finds objects: a connection that is read forward and has no cursors. The catalogue declares the field, with
// an argument first, and the object, whose members are entities or lists of entities. The fields of A, a struct, are the other arguments:
//
//	type nearby struct {
//		Catalogue operation.Key `arg:"virtualCatalogue"`
//		Refs      []string      `arg:"excludedLocationRefs"`
//		Wanted    []struct {
//			Quantity int `arg:"quantity" least:"0"`
//		} `arg:"productQuantities"`
//		Near *point `arg:"orderByProximity"`
//	}
//
// A field's type is that of the argument: string for String, ID and enums, int, float64, bool, time.Time, any for Json, Key for keys of
// entities, a slice for a list, a struct for an input. What need not be given is a zero value; an input that need not be is a pointer.
// Numbers have bounds: least, most.
//
// A list has as many rows for each object as a page of the default size, for the limit of what one request may ask for; an A that is Sized
// says better.
func Search[A any](field string, answer func(ctx context.Context, c *Call, args A) (Page, error)) Operation {
	args, err := shapeOf(reflect.TypeFor[A](), true)
	if err != nil {
		panic(fmt.Sprintf("operation %s: %v", field, err))
	}
	bind := func(given map[string]any) (*Bound, error) {
		a := new(A)
		b := &Bound{}
		if err := args.set(reflect.ValueOf(a).Elem(), given, "", b); err != nil {
			return nil, err
		}
		b.sized, _ = any(a).(Sized)
		b.Answer = func(ctx context.Context, c *Call) (Page, error) { return answer(ctx, c, *a) }
		return b, nil
	}
	return Operation{Field: field, args: args, bind: bind}
}

// With adds fields of a member's rows that the operation needs itself; words separated by spaces.
func (o Operation) With(member, fields string) Operation {
	o.Needs = maps.Clone(o.Needs)
	if o.Needs == nil {
		o.Needs = map[string]string{}
	}
	o.Needs[member] = fields
	return o
}

// Sized is what the arguments of a Search may be.
type Sized interface {
	// Most is how many rows a member that is a list has at most for each object; 0: it is not known.
	Most(member string) int
}

// Bound is an operation with the arguments of one call. What its Keys point at is to be found before Answer.
type Bound struct {
	Keys   []*KeyArg
	Answer func(ctx context.Context, c *Call) (Page, error)
	sized  Sized
}

// Most is how many rows a list has at most for each object; 0: it is not known.
func (b *Bound) Most(member string) int {
	if b.sized == nil {
		return 0
	}
	return b.sized.Most(member)
}

// Key is an argument that points at an entity. The API has found it before the operation runs: what is not there is the caller's error.
type Key struct {
	ID catalogue.ID // empty: the argument was not given
}

// KeyArg is a Key that a caller gave.
type KeyArg struct {
	Name  string
	Value map[string]any
	key   *Key
}

// Found says which entity it is.
func (k *KeyArg) Found(id catalogue.ID) { k.key.ID = id }

// Bind reads the arguments of a call, as the API coerced them. The error is Invalid at an argument.
func (o Operation) Bind(args map[string]any) (*Bound, error) { return o.bind(args) }

// Page is what a Search found.
type Page struct {
	Objects []Object // in order; not more than the caller wants
	More    bool     // there are more
}

// Object has rows by member: one, none for null, or those of a list. Rows are as Rows.Select returns them.
type Object map[string][][]any
