package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
)

// orders writes n orders whose creation times collide often, and returns their ids in the order of searches.
func (b *bench) orders(n int, change func(i int, o *order.Order)) []catalogue.ID {
	b.t.Helper()
	typ := store.TypeOf[order.Order](b.db)
	all := make([]*order.Order, n)
	for i := range all {
		all[i] = b.Entity(b.scope, typ).(*order.Order)
		all[i].CreatedOn = epoch.Add(time.Duration(i/3%5) * time.Microsecond)
		if change != nil {
			change(i, all[i])
		}
	}
	b.write(b.scope, func(tx *store.Tx) error {
		for _, o := range all {
			tx.Insert(o)
		}
		return nil
	})
	slices.SortFunc(all, func(x, y *order.Order) int {
		if c := x.CreatedOn.Compare(y.CreatedOn); c != 0 {
			return c
		}
		return len(x.ID)*1000 - len(y.ID)*1000 + compareIDs(x.ID, y.ID)
	})
	ids := make([]catalogue.ID, n)
	for i, o := range all {
		ids[i] = o.ID
	}
	return ids
}

func compareIDs(x, y catalogue.ID) int {
	if x < y {
		return -1
	}
	return 1
}

// walk reads page after page and returns the ids as they lie in the order of searches; it checks what the pages say of their neighbours.
func (b *bench) walk(t require.TestingT, q store.Query, size int, forward bool) []catalogue.ID {
	r := b.db.Reader(b.scope)
	id := q.Type.Field("id")
	q.Fields = []*catalogue.Field{id}
	var out []catalogue.ID
	for n := 0; ; n++ {
		if forward {
			q.Page.First = size
		} else {
			q.Page.Last = size
		}
		res, err := r.Select(b.ctx, q)
		require.NoError(t, err)
		g := res.Groups[0]
		require.Len(t, g.Cursors, len(g.Rows))
		var page []catalogue.ID
		for _, row := range g.Rows {
			page = append(page, row[0].(catalogue.ID))
		}
		more, behind := g.HasNext, g.HasPrevious
		if !forward {
			more, behind = behind, more
		}
		require.Equal(t, n > 0, behind, "page %d", n)
		if forward {
			out = append(out, page...)
		} else {
			out = append(page, out...)
		}
		if !more {
			return out
		}
		require.Len(t, page, size)
		if forward {
			q.Page.After = g.Cursors[size-1]
		} else {
			q.Page.Before = g.Cursors[0]
		}
	}
}

func pages(b *bench) {
	all := b.orders(23, func(i int, o *order.Order) { o.Status = []string{"A", "B"}[i%2] })
	typ := store.TypeOf[order.Order](b.db)
	rapid.Check(b.t, func(t *rapid.T) {
		size := rapid.IntRange(1, 25).Draw(t, "size")
		q := store.Query{Type: typ}
		require.Equal(t, all, b.walk(t, q, size, true))
		require.Equal(t, all, b.walk(t, q, size, false))
		q.Where = []store.Condition{store.Match(typ.Field("status"), rapid.SampledFrom([]string{"A", "B", "%", "C"}).Draw(t, "status"))}
		require.Equal(t, b.walk(t, q, size, true), b.walk(t, q, size, false))
	})
	b.emptyPage(typ, all)
}

// emptyPage asks beyond the last row: nothing comes, and what lies behind is still told.
func (b *bench) emptyPage(typ *catalogue.Type, all []catalogue.ID) {
	r := b.db.Reader(b.scope)
	q := store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("id")}, Page: store.Page{First: len(all)}}
	res, err := r.Select(b.ctx, q)
	require.NoError(b.t, err)
	last := res.Groups[0].Cursors[len(all)-1]
	q.Page.After = last
	res, err = r.Select(b.ctx, q)
	require.NoError(b.t, err)
	require.Empty(b.t, res.Groups[0].Rows)
	require.True(b.t, res.Groups[0].HasPrevious)
	require.False(b.t, res.Groups[0].HasNext)
	q.Page = store.Page{First: len(all), Before: last}
	res, err = r.Select(b.ctx, q)
	require.NoError(b.t, err)
	require.Len(b.t, res.Groups[0].Rows, len(all)-1)
	require.True(b.t, res.Groups[0].HasNext)
}

func parentPages(b *bench) {
	items := store.TypeOf[order.OrderItem](b.db)
	edge := store.TypeOf[order.Order](b.db).Edge("items")
	owners := b.orders(4, nil)
	want := map[catalogue.ID][]catalogue.ID{}
	b.write(b.scope, func(tx *store.Tx) error {
		clear(want)
		for n, owner := range owners {
			for i := range n * 3 {
				item := b.Entity(b.scope, items).(*order.OrderItem)
				item.OrderID, item.CreatedOn = owner, epoch.Add(time.Duration(i)*time.Second)
				want[owner] = append(want[owner], item.ID)
				tx.Insert(item)
			}
		}
		return nil
	})
	asked := []catalogue.ID{owners[3], "77", owners[0], owners[2], owners[1], "none"}
	for _, page := range []store.Page{{}, {First: 4}, {Last: 4}, {First: 1}, {First: 100}} {
		res, err := b.db.Reader(b.scope).Select(b.ctx, store.Query{Type: items, Fields: []*catalogue.Field{items.Field("ref"), items.Field("id")},
			Parents: &store.Parents{Edge: edge, IDs: asked}, Page: page})
		require.NoError(b.t, err)
		require.Len(b.t, res.Groups, len(asked))
		for i, g := range res.Groups {
			require.Equal(b.t, asked[i], g.Parent)
			b.samePage(want[asked[i]], page, g)
		}
	}
	b.parentCursors(items, edge, owners, want)
	loaded, err := store.Load[order.OrderItem](b.ctx, b.db.Reader(b.scope), store.Query{Parents: &store.Parents{Edge: edge, IDs: []catalogue.ID{owners[2], owners[1]}}})
	require.NoError(b.t, err)
	var ids []catalogue.ID
	for _, e := range loaded {
		ids = append(ids, e.ID)
	}
	require.Equal(b.t, append(slices.Clone(want[owners[2]]), want[owners[1]]...), ids)
}

// samePage compares a group with the page of all ids that it should be.
func (b *bench) samePage(all []catalogue.ID, page store.Page, g store.Group) {
	b.t.Helper()
	from, to := 0, len(all)
	if page.First > 0 {
		to = min(to, page.First)
	}
	if page.Last > 0 {
		from = max(0, to-page.Last)
	}
	var got []catalogue.ID
	for _, row := range g.Rows {
		got = append(got, row[1].(catalogue.ID))
	}
	require.Equal(b.t, len(all[from:to]), len(got))
	for i, id := range all[from:to] {
		require.Equal(b.t, id, got[i])
	}
	require.Equal(b.t, from > 0, g.HasPrevious, fmt.Sprint(page))
	require.Equal(b.t, to < len(all), g.HasNext, fmt.Sprint(page))
}

// parentCursors goes on from a cursor for two parents at once: each has its own rows beyond it.
func (b *bench) parentCursors(items *catalogue.Type, edge *catalogue.Edge, owners []catalogue.ID, want map[catalogue.ID][]catalogue.ID) {
	r := b.db.Reader(b.scope)
	q := store.Query{Type: items, Fields: []*catalogue.Field{items.Field("ref"), items.Field("id")}, Parents: &store.Parents{Edge: edge, IDs: owners[3:4]}, Page: store.Page{First: 2}}
	res, err := r.Select(b.ctx, q)
	require.NoError(b.t, err)
	q.Page = store.Page{First: 100, After: res.Groups[0].Cursors[1]}
	q.Parents = &store.Parents{Edge: edge, IDs: []catalogue.ID{owners[3], owners[0]}}
	res, err = r.Select(b.ctx, q)
	require.NoError(b.t, err)
	require.Len(b.t, res.Groups[0].Rows, len(want[owners[3]])-2)
	require.True(b.t, res.Groups[0].HasPrevious)
	require.Empty(b.t, res.Groups[1].Rows)
	require.False(b.t, res.Groups[1].HasPrevious)
}

func badCursors(b *bench) {
	typ := store.TypeOf[order.Order](b.db)
	uuids := b.db.Catalogue().Type("InventoryPosition")
	b.orders(1, nil)
	res, err := b.db.Reader(b.scope).Select(b.ctx, store.Query{Type: typ, Page: store.Page{First: 1}})
	require.NoError(b.t, err)
	ofOrder := res.Groups[0].Cursors[0]
	for _, c := range []struct {
		typ  *catalogue.Type
		page store.Page
		at   string
	}{
		{typ, store.Page{First: 1, After: "nonsense"}, "after"},
		{typ, store.Page{Last: 1, Before: "????"}, "before"},
		{typ, store.Page{First: 1, After: ofOrder[:5]}, "after"},
		{uuids, store.Page{First: 1, After: ofOrder}, "after"},
		{typ, store.Page{First: -1}, "first"},
		{typ, store.Page{First: 1, Last: 1}, "last"},
	} {
		_, err := b.db.Reader(b.scope).Select(b.ctx, store.Query{Type: c.typ, Page: c.page})
		require.True(b.t, fault.Is(err, fault.Invalid), "%v", err)
		require.Equal(b.t, c.at, fault.Of(err).Field)
	}
}

func conditions(b *bench) {
	b.orders(6, func(i int, o *order.Order) {
		o.Ref = []string{"HD_1", "HD_2", "HDx1", "CC_1", `a\b`, "hd_1"}[i]
		o.Status = []string{"A", "B", "A", "B", "C", ""}[i]
		price := float64(i)
		o.TotalPrice = &price
		o.CreatedOn = epoch.Add(time.Duration(i) * time.Second)
	})
	typ := store.TypeOf[order.Order](b.db)
	f := typ.Field
	for _, c := range []struct {
		where []store.Condition
		want  []string
	}{
		{[]store.Condition{store.Match(f("ref"), "HD_%")}, []string{"HD_1", "HD_2"}},
		{[]store.Condition{store.Match(f("ref"), "HD_1")}, []string{"HD_1"}},
		{[]store.Condition{store.Match(f("ref"), "HD_1", "CC_1", "none")}, []string{"HD_1", "CC_1"}},
		{[]store.Condition{store.Match(f("ref"), "HD_%", "%b")}, []string{"HD_1", "HD_2", `a\b`}},
		{[]store.Condition{{Field: f("ref"), Op: store.LikeFold, Values: []any{"hd_1"}}}, []string{"HD_1", "hd_1"}},
		{[]store.Condition{{Field: f("ref"), Op: store.In}}, nil},
		{[]store.Condition{{Field: f("id"), Op: store.In, Values: []any{"no number"}}}, nil},
		{[]store.Condition{{Field: f("totalPrice"), Op: store.Range, Values: []any{1, 3.0}}}, []string{"HD_2", "HDx1", "CC_1"}},
		{[]store.Condition{{Field: f("createdOn"), Op: store.Range, Values: []any{epoch.Add(4 * time.Second), nil}}}, []string{`a\b`, "hd_1"}},
		{[]store.Condition{{Field: f("createdOn"), Op: store.Range, Values: []any{nil, epoch}}}, []string{"HD_1"}},
		{[]store.Condition{{Field: f("status"), Op: store.IsNull}}, []string{"hd_1"}},
		{[]store.Condition{store.Match(f("status"), "A"), {Field: f("ref"), Op: store.NotNull}}, []string{"HD_1", "HDx1"}},
	} {
		found, err := store.Load[order.Order](b.ctx, b.db.Reader(b.scope), store.Query{Where: c.where})
		require.NoError(b.t, err)
		var got []string
		for _, o := range found {
			got = append(got, o.Ref)
		}
		require.Equal(b.t, c.want, got, "%v", c.where)
	}
}

func links(b *bench) {
	networks, locations := store.TypeOf[foundation.Network](b.db), store.TypeOf[foundation.Location](b.db)
	edge, back := networks.Edge("locations"), locations.Edge("networks")
	var ids []catalogue.ID
	b.write(b.scope, func(tx *store.Tx) error {
		ids = nil
		for range 3 {
			l := b.Entity(b.scope, locations).(*foundation.Location)
			l.Ref, l.CreatedOn = string(l.ID), epoch
			ids = append(ids, l.ID)
			tx.Insert(l)
		}
		n := b.Entity(b.scope, networks).(*foundation.Network)
		tx.Insert(n)
		ids = append(ids, n.ID)
		tx.Link(edge, n.ID, ids[0], ids[1], ids[2])
		tx.Link(edge, n.ID, ids[1])
		return nil
	})
	network := ids[3]
	of := func(e *catalogue.Edge, owners ...catalogue.ID) (n []int) {
		res, err := b.db.Reader(b.scope).Select(b.ctx, store.Query{Type: e.Target, Parents: &store.Parents{Edge: e, IDs: owners}, Page: store.Page{First: 10}})
		require.NoError(b.t, err)
		for _, g := range res.Groups {
			n = append(n, len(g.Rows))
		}
		return n
	}
	require.Equal(b.t, []int{3}, of(edge, network))
	require.Equal(b.t, []int{1, 1, 1, 0}, of(back, ids[0], ids[1], ids[2], "12345"))
	b.write(b.scope, func(tx *store.Tx) error { tx.Unlink(edge, network, ids[1], "999"); return nil })
	require.Equal(b.t, []int{1, 0, 1}, of(back, ids[0], ids[1], ids[2]))
	b.write(b.scope, func(tx *store.Tx) error { tx.Link(back, ids[1], network); return nil })
	require.Equal(b.t, []int{3}, of(edge, network))
}
