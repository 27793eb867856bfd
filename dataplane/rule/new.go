package rule

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/fluent-oms/fluent/domain/setting"
)

// Rule is one step that a ruleset can name. New declares it.
type Rule struct {
	Plugin  string   // core, order, fulfilment, globalinventory, …
	Name    string   // SetState
	Aliases []string // other names of the same rule: ChangeStateGQL
	Doc     string   // one sentence, shown by the plugin API and the workflow builder
	Props   []Prop   // from the fields of its property struct
	Accepts []string // entity types; empty: all

	Settings []*setting.Declaration // that it reads
	Takes    Taking                 // of an event that stands for many records

	bind func(given map[string]json.RawMessage) (Step, error)
}

// Step is a rule with the properties of one call. Rules of many turns may run it at once.
type Step func(ctx context.Context, c *Context) error

// None is the property struct of rules that have no properties.
type None struct{}

// New declares a rule. The fields of P, a struct, are the rule's properties: what workflows are checked for at upload, what docs and the
// plugin API say, and what the function gets.
//
//	type sendEvent struct {
//		EventName rule.EventName `prop:"eventName,required" doc:"Name of the event to send."`
//		Statuses  []string       `prop:"statuses" default:"ACTIVE,AT_RISK" doc:"Statuses that count."`
//		_         string         `prop:"reason" doc:"The event says why."`
//	}
//
// A field's type is the property's: string, EventName, int, float64, bool, []string; any other is JSON of that shape. A default, which
// JSON has none of, stands for what is left out, null, empty or zero. A field called _ is a property that workflows may give and that has no
// effect; they are warned at upload. Fields of embedded structs count as the struct's own.
//
// Properties are read once per call in a workflow, not per event, and all runs share them: a rule never changes what p refers to, and hands on
// JSON by Copy. New panics on a struct that declares no properties, which is a programmer's error.
func New[P any](plugin, name, doc string, run func(ctx context.Context, c *Context, p P) error) Rule {
	fields, err := fieldsOf(reflect.TypeFor[P](), nil)
	if err != nil {
		panic(fmt.Sprintf("rule %s: %v", name, err))
	}
	r := Rule{Plugin: plugin, Name: name, Doc: doc}
	for i := range fields {
		r.Props = append(r.Props, fields[i].Prop)
	}
	r.bind = func(given map[string]json.RawMessage) (Step, error) {
		var p P
		if err := read(name, fields, given, reflect.ValueOf(&p).Elem()); err != nil {
			return nil, err
		}
		return func(ctx context.Context, c *Context) error { return run(ctx, c, p) }, nil
	}
	return r
}

// On says which entity types the rule is made for.
func (r Rule) On(entityTypes ...string) Rule { r.Accepts = entityTypes; return r }

// Also gives the rule other names, bare or as plugin.Name.
func (r Rule) Also(names ...string) Rule { r.Aliases = names; return r }

// Reads says which settings the rule reads. It gets no others: see Context.MayRead.
func (r Rule) Reads(settings ...setting.Declared) Rule {
	r.Settings = setting.Declarations(settings...)
	return r
}

// Taking is what a rule takes of an event that stands for many records.
type Taking int

// The ways.
const (
	EachRecord Taking = iota // it runs for each, with the record as the event's attributes
	AllRecords               // it runs once, and reads them by itself
	AnyEvent                 // it passes the event on: it runs once, unless a rule beside it takes each
)

// Taking says what the rule takes of an event that stands for many records.
func (r Rule) Taking(what Taking) Rule { r.Takes = what; return r }

// Bind reads the properties of a call. The error names the property that is missing, or that is none of its type.
func (r *Rule) Bind(given map[string]json.RawMessage) (Step, error) {
	step, err := r.bind(given)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, c *Context) error {
		c.running = r
		return step(ctx, c)
	}, nil
}
