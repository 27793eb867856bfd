package query

import "github.com/fluent-oms/fluent/dataplane/graphql/answer"

// printer writes planned fields from their rows. Its methods return false when a null would stand where the schema has none: what was
// written for the field is then to be forgotten, and the null moves to the next value outwards that may be null.
type printer struct {
	states
	w      *answer.Writer
	path   []step
	errors []*answer.Error
	steps  [usualDepth]step // room for path
}

// usualDepth is how deep in an answer a path needs no memory of its own.
const usualDepth = 16

// step is a part of a path: a response name, or else an index in a list. In the form that answers have it, each would take memory, and there is one
// for every field that is written.
type step struct {
	key   string
	index int
}

// below has the printer write below a root field.
func (p *printer) below(root string) { p.path = append(p.steps[:0], step{key: root}) }

// where is the path as errors tell it.
func (p *printer) where() []any {
	out := make([]any, len(p.path))
	for i, s := range p.path {
		if out[i] = s.index; s.key != "" {
			out[i] = s.key
		}
	}
	return out
}
