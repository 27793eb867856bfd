package rule

import (
	"fmt"
	"reflect"
)

// Modules are a node's business modules, each found by its type. They never change once made.
type Modules struct{ byType map[reflect.Type]any }

// NewModules makes the table of a node's modules, of which no two have one type.
func NewModules(list ...any) Modules {
	m := Modules{byType: make(map[reflect.Type]any, len(list))}
	for _, x := range list {
		m.byType[reflect.TypeOf(x)] = x
	}
	return m
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
