package conformance

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// arranged are parts of one type together, in order of creation.
func arranged(list []any) []any {
	if len(list) == 0 {
		return list
	}
	var out []any
	for _, e := range list {
		if slices.ContainsFunc(out, func(x any) bool { return x == e }) {
			continue
		}
		var alike []any
		for _, x := range list {
			if reflect.TypeOf(x) == reflect.TypeOf(e) {
				alike = append(alike, x)
			}
		}
		slices.SortFunc(alike, func(x, y any) int {
			t := domain.Catalogue().TypeOf(x)
			i, j := idOf(t, x), idOf(t, y)
			return cmp.Or(t.Get(x, "createdOn").(time.Time).Compare(t.Get(y, "createdOn").(time.Time)), cmp.Compare(len(i), len(j)), cmp.Compare(i, j))
		})
		out = append(out, alike...)
	}
	return out
}

// later is the same tree with the same ids, created later by so much.
func later(g *storetest.Tree, by time.Duration) *storetest.Tree {
	move := func(e any) any {
		c := copyOf(e)
		at := domain.Catalogue().TypeOf(c).Field("createdOn")
		at.Set(c, at.Get(c).(time.Time).Add(by))
		return c
	}
	out := &storetest.Tree{Root: move(g.Root), Links: g.Links}
	for _, e := range g.Parts {
		out.Parts = append(out.Parts, move(e))
	}
	return out
}

func (b *bench) grow(typ *catalogue.Type) *storetest.Tree {
	return storetest.Grow(typ, storetest.Growing{Catalogue: domain.Catalogue(), Retailer: "1", Entity: func(t *catalogue.Type) any { return b.Entity(b.scope, t) }})
}

func (b *bench) plant(scope tenancy.Scope, links []storetest.Link, entities ...any) {
	b.t.Helper()
	b.write(scope, func(tx *store.Tx) error { storetest.Plant(tx, links, entities...); return nil })
}

// parts loads each root that has parts: from its own account alone, where others have the same ids, and from what a retailer may see alone.
func parts(b *bench) {
	mine, theirs, hollow, orphaned := b.scope, scopeOf(b.t, "OTHER"), scopeOf(b.t, "HOLLOW"), scopeOf(b.t, "ORPHANED")
	checked := 0
	for _, typ := range domain.Catalogue().Types() {
		if typ.Parts == nil {
			continue
		}
		checked++
		g := b.grow(typ)
		other := later(g, time.Hour)
		b.plant(mine, g.Links, slices.Concat(g.Parts, g.Beside, []any{g.Root})...)
		b.plant(theirs, g.Links, slices.Concat(other.Parts, g.Beside, []any{other.Root})...)
		b.plant(hollow, nil, g.Root)
		b.plant(orphaned, g.Links, g.Parts...)
		id := idOf(typ, g.Root)
		for _, c := range []struct {
			scope tenancy.Scope
			root  any
			parts []any
		}{
			{mine, g.Root, g.Parts}, {theirs, other.Root, other.Parts}, {hollow, g.Root, []any{}}, {orphaned, nil, nil}, {scopeOf(b.t, "EMPTY"), nil, nil},
			{scopeOf(b.t, "ACME", 1), g.Root, g.Parts}, {scopeOf(b.t, "ACME", 2), nil, nil}, {scopeOf(b.t, "OTHER", 2, 1), other.Root, other.Parts},
		} {
			if !typ.Limited() && c.scope.Retailers() != nil {
				continue
			}
			root, parts, err := b.db.Reader(c.scope).Aggregate(b.ctx, typ, id)
			require.NoError(b.t, err)
			require.Equal(b.t, c.root, root, "%s of %s", typ.Name, c.scope.Account())
			require.Equal(b.t, arranged(c.parts), parts, "%s of %s", typ.Name, c.scope.Account())
		}
		root, _, err := b.db.Reader(mine).Aggregate(b.ctx, typ, "no id")
		require.NoError(b.t, err)
		require.Nil(b.t, root)
		b.partsOfOthers(typ, g)
		b.partsInOrder(typ, g)
	}
	require.NotZero(b.t, checked)
}

// partsOfOthers gives parts that name a retailer to another one, each by itself: whoever is limited to the root's retailer sees all but that part.
func (b *bench) partsOfOthers(typ *catalogue.Type, g *storetest.Tree) {
	limited := b.db.Reader(scopeOf(b.t, "ACME", 1))
	for i, e := range g.Parts {
		t := domain.Catalogue().TypeOf(e)
		if t.Retailer == nil || t.Retailer.Kind != catalogue.IDValue {
			continue
		}
		for _, retailer := range []catalogue.ID{"2", "1"} {
			moved := copyOf(e)
			t.Retailer.Set(moved, retailer)
			b.write(b.scope, func(tx *store.Tx) error { tx.Update(moved, t.Retailer); return nil })
			want := slices.Clone(g.Parts)
			if retailer == "2" {
				want = slices.Delete(want, i, i+1)
			}
			_, found, err := limited.Aggregate(b.ctx, typ, idOf(typ, g.Root))
			require.NoError(b.t, err)
			require.Equal(b.t, b.ids(arranged(want)), b.ids(found), "%s of retailer %s", t.Name, retailer)
		}
	}
}

func (b *bench) ids(list []any) (out []catalogue.ID) {
	for _, e := range list {
		out = append(out, idOf(domain.Catalogue().TypeOf(e), e))
	}
	return out
}

// partsInOrder adds to each branch of many an entity that was created earlier: it comes before the other one.
func (b *bench) partsInOrder(typ *catalogue.Type, g *storetest.Tree) {
	i, at := -1, map[*catalogue.Part]any{nil: g.Root}
	var all []any
	typ.Parts.Each(func(above, p *catalogue.Part) {
		i++
		e := g.Parts[i]
		at[p] = e
		if p.Edge != nil && p.Edge.By != nil {
			t := domain.Catalogue().TypeOf(e)
			first := b.Entity(b.scope, t)
			t.Field("createdOn").Set(first, epoch.Add(-time.Hour))
			t.Field(p.Edge.By.Name).Set(first, t.Field(p.Edge.By.Name).Get(e))
			g.Reach(first)
			b.plant(b.scope, nil, first)
			all = append(all, first)
		}
		all = append(all, e)
	})
	trace := &store.Trace{}
	_, found, err := b.db.Reader(b.scope).Aggregate(store.WithTrace(b.ctx, trace), typ, idOf(typ, g.Root))
	require.NoError(b.t, err)
	require.Equal(b.t, b.ids(arranged(all)), b.ids(found))
	require.Equal(b.t, 1, trace.RoundTrips())
	require.Len(b.t, trace.Statements(), 1+len(g.Parts))
}
