package desired

import (
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"unique"

	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Configuration is what a retailer works by: a stable version, and perhaps a candidate by which a share of the roots works. A nil Configuration has
// neither.
type Configuration struct {
	Account   string
	Retailer  int32
	Index     uint64 // of the raft entry that activated this
	Stable    Version
	Candidate *Candidate // nil: there is none

	unknown []byte // fields of a later release
}

// Candidate is a version that is tried.
type Candidate struct {
	Version
	Share workflow.Share // of the roots that work by it

	unknown []byte
}

// Version is a set of artefacts. It is kept in a tenth of what the message takes, since a node knows every retailer's: names are shared by all that
// have them, and hashes are bytes. A nil Version has no artefact.
type Version struct {
	ID string

	artefacts []artefact        // by name
	odd       map[string]string // artefacts whose hash is no SHA-256 in lower-case hexadecimal, as they came
}

type artefact struct {
	name unique.Handle[string]
	hash [32]byte
}

func compact(m *nodev1.Configuration) *Configuration {
	c := &Configuration{Account: m.GetAccount(), Retailer: m.GetRetailer(), Index: m.GetIndex(), Stable: version(m.GetVersion(), m.GetArtefacts()),
		unknown: m.ProtoReflect().GetUnknown()}
	if tried := m.GetCandidate(); tried != nil {
		c.Candidate = &Candidate{Version: version(tried.GetVersion(), tried.GetArtefacts()), Share: workflow.Share(tried.GetShare()),
			unknown: tried.ProtoReflect().GetUnknown()}
	}
	return c
}

func version(id string, artefacts map[string]string) Version {
	v := Version{ID: id, artefacts: make([]artefact, 0, len(artefacts))}
	for name, hash := range artefacts {
		a := artefact{name: unique.Make(name)}
		if n, err := hex.Decode(a.hash[:], []byte(hash[:min(len(hash), 2*len(a.hash))])); err != nil || n != len(a.hash) || hex.EncodeToString(a.hash[:]) != hash {
			if v.odd == nil {
				v.odd = map[string]string{}
			}
			v.odd[name] = hash
			continue
		}
		v.artefacts = append(v.artefacts, a)
	}
	slices.SortFunc(v.artefacts, func(x, y artefact) int { return strings.Compare(x.name.Value(), y.name.Value()) })
	return v
}

// message is what compact was given.
func (c *Configuration) message() *nodev1.Configuration {
	m := &nodev1.Configuration{Account: c.Account, Retailer: c.Retailer, Version: c.Stable.ID, Index: c.Index, Artefacts: c.Stable.texts()}
	m.ProtoReflect().SetUnknown(c.unknown)
	if tried := c.Candidate; tried != nil {
		m.Candidate = &nodev1.Candidate{Version: tried.ID, Artefacts: tried.texts(), Share: uint32(tried.Share)}
		m.Candidate.ProtoReflect().SetUnknown(tried.unknown)
	}
	return m
}

func (v *Version) texts() map[string]string {
	out := make(map[string]string, len(v.artefacts)+len(v.odd))
	for name, hash := range v.Artefacts() {
		out[name] = hash
	}
	return out
}

// For is the version by which a root works: the candidate if the root is in its share, else the stable one, which is also what there is for no root.
func (c *Configuration) For(r workflow.Root) *Version {
	switch {
	case c == nil:
		return nil
	case c.Candidate != nil && c.Candidate.Share.Takes(r):
		return &c.Candidate.Version
	}
	return &c.Stable
}

// Artefact is the hash of the artefact of a name: SHA-256 in hexadecimal.
func (v *Version) Artefact(name string) (hash string, ok bool) {
	if v == nil {
		return "", false
	}
	i, ok := slices.BinarySearchFunc(v.artefacts, name, func(a artefact, name string) int { return strings.Compare(a.name.Value(), name) })
	if ok {
		return hex.EncodeToString(v.artefacts[i].hash[:]), true
	}
	hash, ok = v.odd[name]
	return hash, ok
}

// Names gives the names of all artefacts, in no order.
func (v *Version) Names() iter.Seq[string] {
	return func(yield func(name string) bool) {
		if v == nil {
			return
		}
		for _, a := range v.artefacts {
			if !yield(a.name.Value()) {
				return
			}
		}
		for name := range v.odd {
			if !yield(name) {
				return
			}
		}
	}
}

// Artefacts gives names and hashes of all artefacts, in no order.
func (v *Version) Artefacts() iter.Seq2[string, string] {
	return func(yield func(name, hash string) bool) {
		if v == nil {
			return
		}
		for _, a := range v.artefacts {
			if !yield(a.name.Value(), hex.EncodeToString(a.hash[:])) {
				return
			}
		}
		for name, hash := range v.odd {
			if !yield(name, hash) {
				return
			}
		}
	}
}
