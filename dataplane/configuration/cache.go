package configuration

import (
	"crypto/sha256"
	"math"
	"runtime/debug"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// UsualMemory is how many bytes parsed workflows may take where nothing else is said: a sixteenth of the process's memory limit, or
// 64 MiB where it has none.
func UsualMemory() int64 {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return limit / 16
	}
	return 64 << 20
}

// cache keeps parsed workflows, those that were used last, in a budget of memory. Workflows share the parts that are the same: ten thousand
// retailers with the default workflows have one copy of nearly all of them, and some words each. What the cache gives never changes, so
// that a turn may go on with what was dropped meanwhile.
type cache struct {
	mu        sync.Mutex // never held over I/O or parsing
	budget    int64
	bytes     int64
	artefacts *simplelru.LRU[artefactKey, *held]
	parts     map[[sha256.Size]byte]*shared
	reads     int64
}

// artefactKey names a text: artefacts never change.
type artefactKey struct {
	account tenancy.AccountID
	hash    string
}

// held is one artefact's workflow.
type held struct {
	flow  *workflow.Workflow
	parts []*shared
}

// bytes is what it takes beside its parts, roughly: names and comment, the lists of its parts, its places in the cache.
func (h *held) bytes() int64 { return 640 + int64(len(h.flow.VersionComment)) + 16*int64(len(h.parts)) }

// shared is a part and how many artefacts in the cache have it.
type shared struct {
	*workflow.Part
	users int
}

// Stats says what parsed workflows take.
type Stats struct {
	Bytes     int64 // of memory, roughly
	Workflows int64
	Parts     int64 // different ones, of which they are made
	Reads     int64 // of texts, since the start
}

// Stats is what parsed workflows take now.
func (c *Configurations) Stats() Stats {
	c.parsed.mu.Lock()
	defer c.parsed.mu.Unlock()
	return Stats{Bytes: c.parsed.bytes, Workflows: int64(c.parsed.artefacts.Len()), Parts: int64(len(c.parsed.parts)), Reads: c.parsed.reads}
}

func newCache(budget int64) *cache {
	c := &cache{budget: budget, parts: map[[sha256.Size]byte]*shared{}}
	c.artefacts, _ = simplelru.NewLRU(math.MaxInt, c.dropped) // fails for sizes below 1 only
	return c
}

func (c *cache) get(key artefactKey) *workflow.Workflow {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h, ok := c.artefacts.Get(key); ok {
		return h.flow
	}
	return nil
}

// put keeps a workflow in the parts that others have already, where they do, and returns it so. Where the budget is too small for it alone,
// it is not kept.
func (c *cache) put(key artefactKey, parts []*workflow.Part, w *workflow.Workflow) *workflow.Workflow {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads++
	if h, ok := c.artefacts.Get(key); ok {
		return h.flow
	}
	h := &held{parts: make([]*shared, len(parts))}
	for i, part := range parts {
		s := c.parts[part.Key]
		if s == nil {
			s = &shared{Part: part}
			c.parts[part.Key] = s
			c.bytes += part.Bytes
		}
		s.users++
		h.parts[i], parts[i] = s, s.Part
	}
	h.flow = workflow.Assemble(w, parts)
	c.artefacts.Add(key, h)
	c.bytes += h.bytes()
	for c.bytes > c.budget {
		c.artefacts.RemoveOldest()
	}
	return h.flow
}

// dropped takes off what a dropped artefact took, and the parts that no other has.
func (c *cache) dropped(_ artefactKey, h *held) {
	c.bytes -= h.bytes()
	for _, s := range h.parts {
		if s.users--; s.users == 0 {
			delete(c.parts, s.Key)
			c.bytes -= s.Bytes
		}
	}
}
