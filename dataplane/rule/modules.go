package rule

import (
	"context"
	"fmt"
	"reflect"

	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Modules are a node's business modules, each found by its type. They never change once made.
type Modules struct {
	byType   map[reflect.Type]any
	watchers []Watcher
	batcher  Batcher
}

// NewModules makes the table of a node's modules, of which no two have one type. Those that are a Watcher hear of how events end.
func NewModules(list ...any) Modules {
	m := Modules{byType: make(map[reflect.Type]any, len(list))}
	for _, x := range list {
		m.byType[reflect.TypeOf(x)] = x
		if w, ok := x.(Watcher); ok {
			m.watchers = append(m.watchers, w)
		}
		if b, ok := x.(Batcher); ok {
			m.batcher = b
		}
	}
	return m
}

// Watcher is a module that wants to know how the events end that turns settle, whether a ruleset answered them or not.
type Watcher interface {
	// Ended gives what the end of an event leads to, in the commit that settles it and after all other effects of its turn; nil: nothing.
	Ended(e End) Effect
}

// Batcher is the module that knows which events stand for many records.
type Batcher interface {
	// Stands reports whether an event says that it stands for records. It is asked about every event, so it must be quick.
	Stands(ev *workflow.Event) bool
	// RecordsOf gives the records that an event stands for, each as the attributes of an event.
	RecordsOf(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) ([]map[string]any, error)
	// Settled hears that rules ran for each of so many records of the context's event, and why some of them were refused, by their numbers.
	Settled(c *Context, records int, refused map[int]string)
}

// Batcher is the module of its kind; nil: the node has none.
func (m Modules) Batcher() Batcher { return m.batcher }

// End is how an event ended.
type End struct {
	Event *workflow.Event
	State string            // SUCCESS, NO_MATCH or FAILED
	Why   string            // it found no ruleset, failed, or lost a ruleset's actions; empty: it did not
	Sent  []*workflow.Event // what its turn sends to others, or for later
}

// Ended lists what the end of an event leads to.
func (m Modules) Ended(e End) (out []Effect) {
	for _, w := range m.watchers {
		if effect := w.Ended(e); effect != nil {
			out = append(out, effect)
		}
	}
	return out
}

// Module is the node's module of a type: rule.Module[*inventory.Module](c). The error says that the node has none.
func Module[T any](c *Context) (T, error) {
	m, ok := c.Read.Modules().byType[reflect.TypeFor[T]()].(T)
	if !ok {
		return m, fmt.Errorf("the node has no module %s", reflect.TypeFor[T]())
	}
	return m, nil
}

// EffectOf is Turn.Effect with the effect's own type. Effects of one key have one type.
func EffectOf[T Effect](c *Context, key string, make func() T) T {
	return c.Turn.Effect(key, func() Effect { return make() }).(T)
}
