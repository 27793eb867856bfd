package keys

import (
	"context"
	"fmt"
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

// Known remembers for a moment which ids the keys of some types lead to: those that are declared as remembered. Nearly every search of stock
// names its catalogue by key, and a remembered id saves the round trip that finds it. It holds ids only: what is read with them is limited to
// the caller's reach by the statement that reads it. It is safe for concurrent use.
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
	for _, w := range rememberedOf(nil, wants) {
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

// rememberedOf adds the wants of remembered types to out, those inside of keys too.
func rememberedOf(out, wants []*Want) []*Want {
	for _, w := range wants {
		if w.Entity == nil && !w.loose && w.Type.Remembered {
			out = append(out, w)
		}
		for _, p := range w.parts {
			if p.outer != nil {
				out = rememberedOf(out, []*Want{p.outer})
			}
		}
	}
	return out
}

// knownKey tells callers of different reach apart: one who may see no retailer from one who may see all.
func knownKey(scope tenancy.Scope, w *Want) string {
	return scope.String() + " " + w.Text()
}
