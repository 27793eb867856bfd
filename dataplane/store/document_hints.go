package store

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/fluent-oms/fluent/tenancy"
)

// documentHints remember which roots were read at this node, in a table of fixed size: so a root that is read once costs nothing more than that, one
// whose document is being written, or would be too long, is not looked for in vain, and the table never grows. What falls out is a root that was not
// read. What it says can only be slow, not wrong.
type documentHints struct {
	seed maphash.Seed
	at   []atomic.Uint64
}

// hintKeyed is in front of natural keys, to tell them from ids.
const hintKeyed = "="

// What is known of a root.
const (
	hintNone   uint64 = iota
	hintRead          // it was read: ask for its document, and have it written if there is none
	hintFilled        // it is being written
	hintLong          // it would be too long
	hintMask   uint64 = 3
)

// newDocumentHints remembers so many roots, of 8 bytes each.
func newDocumentHints(roots int) *documentHints {
	return &documentHints{seed: maphash.MakeSeed(), at: make([]atomic.Uint64, max(roots, 0))}
}

func (h *documentHints) slot(account tenancy.AccountID, key string) (*atomic.Uint64, uint64) {
	var m maphash.Hash
	m.SetSeed(h.seed)
	_, _ = m.WriteString(string(account))
	_ = m.WriteByte(0)
	_, _ = m.WriteString(key)
	sum := m.Sum64()
	return &h.at[sum%uint64(len(h.at))], sum &^ hintMask
}

// due reports whether a root's document shall be asked for, and remembers that the root is read.
func (h *documentHints) due(account tenancy.AccountID, key string) bool {
	if len(h.at) == 0 {
		return false
	}
	slot, sum := h.slot(account, key)
	is := slot.Load()
	if is&^hintMask == sum && is&hintMask != hintNone {
		return is&hintMask == hintRead
	}
	slot.Store(sum | hintRead)
	return false
}

func (h *documentHints) set(account tenancy.AccountID, key string, to uint64) {
	if len(h.at) == 0 {
		return
	}
	slot, sum := h.slot(account, key)
	slot.Store(sum | to)
}
