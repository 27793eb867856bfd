package workflow

import (
	"crypto/sha256"
	"encoding/binary"
)

// Root names a root entity; the zero Root names none.
type Root struct {
	Type string // ORDER
	ID   string
}

// Share is how much of the roots work by a candidate of their retailer's configuration, in hundredths of a percent.
type Share uint32

// WholeShare is that of all roots.
const WholeShare Share = 10_000

// Takes reports whether a root is in the share. Every node gives the same answer, in every release: each root has a place between 0 and WholeShare,
// and a share takes those below it. So a share that grows takes further roots, and gives none back. No root is in none.
func (s Share) Takes(r Root) bool {
	if r.ID == "" || s == 0 {
		return false
	}
	return s >= WholeShare || r.place() < s
}

// place is even among roots, and has nothing to do with the slot that a root falls in: a share takes roots of all nodes alike.
func (r Root) place() Share {
	sum := sha256.Sum256([]byte(r.Type + "\x00" + r.ID))
	return Share(binary.BigEndian.Uint64(sum[:8]) % uint64(WholeShare))
}

// Following says which workflow is asked for.
type Following struct {
	Name    string // ORDER::HD
	Version int    // of whose major the newest minor is wanted: what the root was made under; 0: the newest of all
	Root    Root   // that follows it; none: what is stable is wanted
}
