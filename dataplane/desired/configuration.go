package desired

import (
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"unique"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Configuration is what a retailer works by: which artefacts are active. It is kept in a tenth of what the message takes, since a node
// knows every retailer's: names are shared by all that have them, and hashes are bytes. A nil Configuration has no artefact.
type Configuration struct {
	Account  string
	Retailer int32
	Version  string // id of the version
	Index    uint64 // of the raft entry that activated it

	artefacts []artefact        // by name
	odd       map[string]string // artefacts whose hash is no SHA-256 in lower-case hexadecimal, as they came
	unknown   []byte            // fields of a later release
}

type artefact struct {
	name unique.Handle[string]
	hash [32]byte
}

func compact(m *nodev1.Configuration) *Configuration {
	c := &Configuration{Account: m.GetAccount(), Retailer: m.GetRetailer(), Version: m.GetVersion(), Index: m.GetIndex(),
		artefacts: make([]artefact, 0, len(m.GetArtefacts())), unknown: m.ProtoReflect().GetUnknown()}
	for name, hash := range m.GetArtefacts() {
		a := artefact{name: unique.Make(name)}
		if n, err := hex.Decode(a.hash[:], []byte(hash[:min(len(hash), 2*len(a.hash))])); err != nil || n != len(a.hash) || hex.EncodeToString(a.hash[:]) != hash {
			if c.odd == nil {
				c.odd = map[string]string{}
			}
			c.odd[name] = hash
			continue
		}
		c.artefacts = append(c.artefacts, a)
	}
	slices.SortFunc(c.artefacts, func(x, y artefact) int { return strings.Compare(x.name.Value(), y.name.Value()) })
	return c
}

// message is what compact was given.
func (c *Configuration) message() *nodev1.Configuration {
	m := &nodev1.Configuration{Account: c.Account, Retailer: c.Retailer, Version: c.Version, Index: c.Index, Artefacts: map[string]string{}}
	for name, hash := range c.Artefacts() {
		m.Artefacts[name] = hash
	}
	m.ProtoReflect().SetUnknown(c.unknown)
	return m
}

// Artefact is the hash of the active artefact of a name: SHA-256 in hexadecimal.
func (c *Configuration) Artefact(name string) (hash string, ok bool) {
	if c == nil {
		return "", false
	}
	i, ok := slices.BinarySearchFunc(c.artefacts, name, func(a artefact, name string) int { return strings.Compare(a.name.Value(), name) })
	if ok {
		return hex.EncodeToString(c.artefacts[i].hash[:]), true
	}
	hash, ok = c.odd[name]
	return hash, ok
}

// Names gives the names of all active artefacts, in no order.
func (c *Configuration) Names() iter.Seq[string] {
	return func(yield func(name string) bool) {
		if c == nil {
			return
		}
		for _, a := range c.artefacts {
			if !yield(a.name.Value()) {
				return
			}
		}
		for name := range c.odd {
			if !yield(name) {
				return
			}
		}
	}
}

// Artefacts gives names and hashes of all active artefacts, in no order.
func (c *Configuration) Artefacts() iter.Seq2[string, string] {
	return func(yield func(name, hash string) bool) {
		if c == nil {
			return
		}
		for _, a := range c.artefacts {
			if !yield(a.name.Value(), hex.EncodeToString(a.hash[:])) {
				return
			}
		}
		for name, hash := range c.odd {
			if !yield(name, hash) {
				return
			}
		}
	}
}
