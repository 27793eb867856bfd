package document

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// Document is a parsed and validated document. It is shared: it must not be changed.
type Document struct {
	*ast.QueryDocument
	flags []string // variables that @include and @skip look at, anywhere in the document
	text  string
	cache *Cache // that keeps it; nil: none does
	bytes int    // that it takes, with what was made of it; the cache's lock holds

	mu   sync.Mutex
	made map[string]made
}

// made is something that was made of an operation, and is kept with the document.
type made struct {
	value any
	bytes int
}

// maxMade is how many different things are kept with one document: of each operation, by what @include and @skip leave out.
const maxMade = 16

// Compiled returns what compile has made of the operation, or of another one of this text and name for which @include and @skip decide alike. It
// must not depend on anything else of the request, and is shared. compile also tells how many bytes it takes, about. What is kept goes with its
// document when the cache is full.
func (o *Operation) Compiled(compile func() (value any, bytes int)) any {
	d := o.doc
	if d == nil || d.cache == nil {
		value, _ := compile()
		return value
	}
	var buf [128]byte
	key := o.appendKey(buf[:0])
	d.mu.Lock()
	known, ok := d.made[string(key)]
	d.mu.Unlock()
	if ok {
		return known.value
	}
	value, bytes := compile()
	d.keep(string(key), made{value, bytes})
	return value
}

// appendKey writes what tells operations of one document apart: the name, and what the variables of @include and @skip say.
func (o *Operation) appendKey(key []byte) []byte {
	key = append(key, o.Def.Name...)
	for _, name := range o.doc.flags {
		on, _ := o.Vars[name].(bool)
		bit := byte('-')
		if on {
			bit = '+'
		}
		key = append(key, bit)
	}
	return key
}

func (d *Document) keep(key string, m made) {
	d.mu.Lock()
	if _, ok := d.made[key]; ok {
		d.mu.Unlock()
		return
	}
	grown := m.bytes
	if len(d.made) >= maxMade {
		for _, old := range d.made {
			grown -= old.bytes
		}
		clear(d.made)
	}
	if d.made == nil {
		d.made = map[string]made{}
	}
	d.made[key] = m
	d.mu.Unlock()
	c := d.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.known.Peek(d.text); ok && known == d { // else it has been forgotten meanwhile
		d.bytes += grown
		c.grow(grown)
	}
}
