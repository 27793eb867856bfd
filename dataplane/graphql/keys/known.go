package keys

import (
	"context"
	"fmt"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// How many ids are remembered, and for how long.
const (
	knownEntries = 50_000
	knownAge     = 10 * time.Second
)

// lasting are the types whose natural keys, once given, lead to the same id: nothing changes a catalogue's ref.
var lasting = []string{"ProductCatalogue", "InventoryCatalogue", "VirtualCatalogue"}

// Known remembers for a moment which ids the keys of catalogues lead to. Nearly every search of stock names its catalogue by key, and a
// remembered id saves the round trip that finds it. It holds ids only: what is read with them is limited to the caller's reach by the
// statement that reads it. It is safe for concurrent use.
type Known struct {
	ids *lru.Cache[string, knownID]
}

type knownID struct {
	id    catalogue.ID
	until time.Time
}

// NewKnown makes an empty memory.
func NewKnown() (*Known, error) {
	ids, err := lru.New[string, knownID](knownEntries)
	if err != nil {
		return nil, fmt.Errorf("make the cache of keys: %w", err)
	}
	return &Known{ids: ids}, nil
}

// Resolve is like the function Resolve, for wants of which only the id is needed. The reader reads within the scope.
func (k *Known) Resolve(ctx context.Context, r Reader, scope tenancy.Scope, wants ...*Want) error {
	now := time.Now()
	var sought []*Want
	for _, w := range lastingOf(nil, wants) {
		if found, ok := k.ids.Get(knownKey(scope, w)); ok && now.Before(found.until) {
			w.Entity = found.id
			continue
		}
		sought = append(sought, w)
	}
	if err := Resolve(ctx, r, wants...); err != nil {
		return err
	}
	for _, w := range sought {
		if id := w.ID(); id != "" {
			k.ids.Add(knownKey(scope, w), knownID{id: id, until: now.Add(knownAge)})
		}
	}
	return nil
}

// lastingOf adds the wants of lasting types to out, those inside of keys too.
func lastingOf(out, wants []*Want) []*Want {
	for _, w := range wants {
		if w.Entity == nil && !w.loose && slices.Contains(lasting, w.Type.Name) {
			out = append(out, w)
		}
		for _, p := range w.parts {
			if p.outer != nil {
				out = lastingOf(out, []*Want{p.outer})
			}
		}
	}
	return out
}

// knownKey tells callers of different reach apart: one who may see no retailer from one who may see all.
func knownKey(scope tenancy.Scope, w *Want) string {
	return fmt.Sprintf("%s %t %v %s", scope.Account(), scope.Retailers() == nil, scope.Retailers(), w.Text())
}
