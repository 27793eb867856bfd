// Package history is the memory of the engine: what every turn did, one compressed row for each, and the event API's view of
// it. It neither runs turns nor decides anything.
package history

import (
	_ "embed" // the dictionary
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Trail is the audit of one turn. Times within it are microseconds since the turn began.
type Trail struct {
	TurnID     string             `json:"-"`
	RetailerID tenancy.RetailerID `json:"retailer"`
	At         time.Time          `json:"at"` // the turn's clock, when it began
	RootType   string             `json:"rootType"`
	RootID     string             `json:"rootId"`
	RootRef    string             `json:"rootRef,omitempty"`
	Workflow   string             `json:"workflow,omitempty"` // ORDER::HD
	Version    string             `json:"version,omitempty"`
	// Configuration is the id of the configuration version that the root worked by, where a candidate was tried beside the stable one.
	Configuration string   `json:"configuration,omitempty"`
	Node          string   `json:"node,omitempty"`
	Tries         int      `json:"tries"` // how often the turn ran before it committed
	Took          int64    `json:"took"`  // of the last try, without the commit
	Events        []*Event `json:"events"`

	length int       // as JSON, in bytes; of those that were read
	there  time.Time // since when it is there for others to see, or shortly before; of those that were read
}

// Event is an event that ran in the turn: one that waited or was received, or one that a rule sent inline.
type Event struct {
	ID          string           `json:"id"`
	Inline      bool             `json:"inline,omitempty"`
	Parents     []string         `json:"parents,omitempty"`
	Name        string           `json:"name"`
	Type        string           `json:"type"`
	EntityType  string           `json:"entityType"`
	EntityID    string           `json:"entityId,omitempty"`
	EntityRef   string           `json:"entityRef,omitempty"`
	Attributes  catalogue.Values `json:"attributes,omitempty"`
	Source      string           `json:"source,omitempty"`
	GeneratedBy string           `json:"by,omitempty"`
	GeneratedOn time.Time        `json:"on"`
	New         bool             `json:"new,omitempty"`      // nobody saw it wait: it is there since the turn's commit, whatever GeneratedOn says
	State       string           `json:"state"`              // SUCCESS, NO_MATCH, FAILED; of records, whatever they say
	Category    string           `json:"category,omitempty"` // of a record that no ruleset answers, such as BATCH; empty for events
	Reason      string           `json:"reason,omitempty"`
	Snapshot    json.RawMessage  `json:"snapshot,omitempty"` // the entity before the event, of events that are not inline
	Start       int64            `json:"start"`
	Stop        int64            `json:"stop"`
	Rulesets    []*Ruleset       `json:"rulesets,omitempty"`
}

// Ruleset is one run of a ruleset.
type Ruleset struct {
	Name  string  `json:"name"`
	Start int64   `json:"start"`
	Stop  int64   `json:"stop"`
	Rules []*Rule `json:"rules,omitempty"`
	// Discarded says that a business failure threw the ruleset's actions away.
	Discarded bool `json:"discarded,omitempty"`
}

// Rule is one run of a rule.
type Rule struct {
	Name    string                     `json:"name"`
	Props   map[string]json.RawMessage `json:"props,omitempty"`
	Start   int64                      `json:"start"`
	Stop    int64                      `json:"stop"`
	Actions []Action                   `json:"actions,omitempty"`
	Failure *Failure                   `json:"failure,omitempty"`
}

// The kinds of action.
const (
	Mutation = "mutation"
	Creation = "create"
	Linking  = "link"
	Sending  = "event"
	Webhook  = "webhook"
	Logging  = "log"
	Effects  = "effect"
)

// Action is what a rule asked for.
type Action struct {
	Kind   string         `json:"kind"`
	Target string         `json:"target"` // ORDER/13, an event's name, an endpoint, a message
	Detail map[string]any `json:"detail,omitempty"`
}

// Failure is how a rule failed. Business failures have no stack.
type Failure struct {
	Message  string `json:"message"`
	Business bool   `json:"business,omitempty"`
	Stack    string `json:"stack,omitempty"`
}

// dictionary1 is what trails of the default workflows look like. Bodies refer to it by its number and cannot be read without it, so it never
// changes; better ones get numbers of their own.
//
//go:embed dictionary_1.txt
var dictionary1 []byte

// codec holds an encoder and a decoder, which many goroutines may use, and room for texts.
type codec struct {
	enc   *zstd.Encoder
	dec   *zstd.Decoder
	texts *sync.Pool
}

var zstandard = sync.OnceValues(func() (codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(128<<10),
		zstd.WithEncoderDictRaw(1, dictionary1))
	if err != nil {
		return codec{}, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderDictRaw(1, dictionary1))
	return codec{enc: enc, dec: dec, texts: &sync.Pool{New: func() any { return new([]byte) }}}, err
})

// Encode makes the row of a trail, as of the turn's clock.
func Encode(t *Trail) (trailstore.Trail, error) {
	z, err := zstandard()
	if err != nil {
		return trailstore.Trail{}, fmt.Errorf("make a compressor: %w", err)
	}
	room := z.texts.Get().(*[]byte)
	defer z.texts.Put(room)
	p := printer{b: (*room)[:0]}
	p.trail(t)
	*room = p.b
	if p.err != nil {
		return trailstore.Trail{}, fmt.Errorf("write the trail of turn %s: %w", t.TurnID, p.err)
	}
	return trailstore.Trail{TurnID: t.TurnID, RetailerID: t.RetailerID, RootType: t.RootType, RootID: t.RootID, GeneratedOn: t.At,
		Keys: t.keys(), Body: z.enc.EncodeAll(p.b, make([]byte, 0, len(p.b)/8+64))}, nil
}

// Decode reads a row.
func Decode(row *trailstore.Trail) (*Trail, error) {
	z, err := zstandard()
	if err != nil {
		return nil, fmt.Errorf("make a decompressor: %w", err)
	}
	text, err := z.dec.DecodeAll(row.Body, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack the trail of turn %s: %w", row.TurnID, err)
	}
	t := &Trail{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("read the trail of turn %s: %w", row.TurnID, err)
	}
	t.TurnID, t.length, t.there = row.TurnID, len(text), row.GeneratedOn
	return t, nil
}

// keys are what a search can find the turn by, besides its root and its time.
func (t *Trail) keys() []string {
	var keys []string
	add := func(k string) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, e := range t.Events {
		add(nameKey(e.Name))
		if e.EntityID != "" {
			add(entityKey(e.EntityType, e.EntityID))
		}
		if e.EntityRef != "" {
			add(refKey(e.EntityType, e.EntityRef))
		}
		if e.State != string(eventstore.Success) {
			add(stateKey(e.State))
		}
		if !e.Inline {
			for _, p := range e.Parents {
				add(parentKey(p))
			}
		}
	}
	return keys
}

func nameKey(name string) string             { return "n:" + name }
func entityKey(entityType, id string) string { return "e:" + entityType + "/" + id }
func refKey(entityType, ref string) string   { return "f:" + entityType + "/" + ref }
func stateKey(state string) string           { return "s:" + state }
func parentKey(id string) string             { return "p:" + id }

// maxOrdinal is the highest number of an item within its turn.
const maxOrdinal = 0xffff

// ItemID is the id of the item with an ordinal within a turn: the turn's id with the ordinal in its low 16 bits.
func ItemID(turnID string, ordinal int) string {
	if len(turnID) < 4 || ordinal > maxOrdinal {
		return turnID
	}
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], uint16(ordinal))
	return turnID[:len(turnID)-4] + hex.EncodeToString(b[:])
}

// TurnOf is the turn that an item's id belongs to, if it belongs to one.
func TurnOf(itemID string) string { return ItemID(itemID, 0) }
