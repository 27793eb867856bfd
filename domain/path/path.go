// Package path reads values out of JSON-like trees by the dotted paths that workflows and sourcing conditions use, such as
// attributes.byName.tier, items.0.currency or items.product.ref. It is pure and knows nothing of entities: callers give it
// maps, slices, or a Node that resolves its own members.
package path

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Node is a value that resolves a member by name itself; entities are adapted to it so that only what is asked for is built.
type Node interface {
	// Member returns the value of a member, and false when there is none of that name.
	Member(name string) (any, bool)
}

// Scalar is a Node that stands for a value where a path ends at it: an entity for its id.
type Scalar interface {
	Node
	// Scalar is that value; nil where there is none.
	Scalar() any
}

// All returns every value at the path, in order, and whether the path went through a list. Lists are flattened, the
// connection words edges and node are skipped, a number picks one element of a list, length counts a list. A path that leads
// nowhere gives no values.
func All(root any, path string) (values []any, list bool) {
	w := walker{}
	w.walk(root, split(path))
	return w.values, w.list
}

// First returns the first value at the path and whether there is one; null counts as none.
func First(root any, path string) (any, bool) {
	values, _ := All(root, path)
	for _, v := range values {
		if v != nil {
			return v, true
		}
	}
	return nil, false
}

func split(path string) []string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	out := make([]string, 0, 4)
	for _, p := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if p != "edges" && p != "node" {
			out = append(out, p)
		}
	}
	return out
}

type walker struct {
	values []any
	list   bool
}

func (w *walker) walk(v any, rest []string) {
	switch t := v.(type) {
	case nil:
		return
	case []any:
		w.walkList(t, rest)
		return
	case json.RawMessage:
		var decoded any
		if json.Unmarshal(t, &decoded) == nil {
			w.walk(decoded, rest)
		}
		return
	}
	if len(rest) == 0 {
		if s, ok := v.(Scalar); ok {
			if v = s.Scalar(); v == nil {
				return
			}
		}
		w.values = append(w.values, v)
		return
	}
	var next any
	var ok bool
	switch t := v.(type) {
	case map[string]any:
		next, ok = t[rest[0]]
	case Node:
		next, ok = t.Member(rest[0])
	}
	if ok {
		w.walk(next, rest[1:])
	}
}

func (w *walker) walkList(items []any, rest []string) {
	if len(rest) > 0 {
		if rest[0] == "length" {
			w.values = append(w.values, float64(len(items)))
			return
		}
		if i, err := strconv.Atoi(rest[0]); err == nil {
			if i >= 0 && i < len(items) {
				w.walk(items[i], rest[1:])
			}
			return
		}
	}
	w.list = true
	for _, x := range items {
		w.walk(x, rest)
	}
}
