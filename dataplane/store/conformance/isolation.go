package conformance

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/tenancy"
)

// accounts writes the same entities, same ids and keys, in two accounts, and tries each method across.
func accounts(b *bench) {
	mine, theirs := b.scope, scopeOf(b.t, "OTHER")
	for _, typ := range domain.Catalogue().Types() {
		e, only := b.Entity(mine, typ), b.Entity(mine, typ)
		b.write(mine, func(tx *store.Tx) error { tx.Insert(e, only); return nil })
		b.write(theirs, func(tx *store.Tx) error { tx.Insert(e); return nil })
		r := b.db.Reader(theirs)

		found, err := r.ByID(b.ctx, typ, idOf(typ, e), idOf(typ, only))
		require.NoError(b.t, err)
		require.Equal(b.t, []any{e, nil}, found, typ.Name)
		if len(typ.Key) > 0 {
			found, err = r.ByKey(b.ctx, typ, key(typ, only))
			require.NoError(b.t, err)
			require.Nil(b.t, found[0], typ.Name)
		}
		res, err := r.Select(b.ctx, store.Query{Type: typ})
		require.NoError(b.t, err)
		require.Len(b.t, res.Groups[0].Rows, 1, typ.Name)
		b.edgesAcross(typ, e, theirs)

		err = b.db.Write(b.ctx, theirs, func(tx *store.Tx) error { tx.Update(copyOf(only)); return nil })
		require.True(b.t, fault.Is(err, fault.NotFound), typ.Name)
		b.write(theirs, func(tx *store.Tx) error { tx.Delete(typ, idOf(typ, only), idOf(typ, e)); return nil })
		left, err := b.db.Reader(mine).ByID(b.ctx, typ, idOf(typ, e), idOf(typ, only))
		require.NoError(b.t, err)
		require.Equal(b.t, []any{e, only}, left, typ.Name)
	}
	_, err := b.db.Reader(tenancy.Scope{}).ByID(b.ctx, store.TypeOf[order.Order](b.db), "1")
	require.Error(b.t, err)
	require.Error(b.t, b.db.Write(b.ctx, tenancy.Scope{}, func(*store.Tx) error { return nil }))
	_, err = b.db.NewID(b.ctx, tenancy.Scope{}, store.TypeOf[order.Order](b.db))
	require.Error(b.t, err)
}

// edgesAcross links an entity in its own account and follows each of its edges from the other.
func (b *bench) edgesAcross(typ *catalogue.Type, e any, theirs tenancy.Scope) {
	for _, edge := range typ.Connections() {
		if edge.Link != nil {
			b.write(b.scope, func(tx *store.Tx) error { tx.Link(edge, idOf(typ, e), "1"); return nil })
			b.write(theirs, func(tx *store.Tx) error { tx.Unlink(edge, idOf(typ, e), "1"); return nil })
		}
		for _, ids := range [][]catalogue.ID{{idOf(typ, e)}, {idOf(typ, e), unknownID(typ)}} {
			res, err := b.db.Reader(theirs).Select(b.ctx, store.Query{Type: edge.Target, Parents: &store.Parents{Edge: edge, IDs: ids}, Page: store.Page{First: 3}})
			require.NoError(b.t, err, "%s.%s", typ.Name, edge.Name)
			require.Empty(b.t, res.Groups[0].Rows, "%s.%s", typ.Name, edge.Name)
		}
	}
}

// retailers gives each of two retailers an order with a line and a fulfilment, and looks with a scope for one of them.
func retailers(b *bench) {
	orders, items := store.TypeOf[order.Order](b.db), store.TypeOf[order.OrderItem](b.db)
	fulfilments, lines := store.TypeOf[order.Fulfilment](b.db), store.TypeOf[order.FulfilmentItem](b.db)
	made := map[*catalogue.Type][]catalogue.ID{}
	keep := func(tx *store.Tx, e any, typ *catalogue.Type) {
		tx.Insert(e)
		made[typ] = append(made[typ], idOf(typ, e))
	}
	b.write(b.scope, func(tx *store.Tx) error {
		clear(made)
		for _, retailer := range []catalogue.ID{"1", "2"} {
			o := b.Entity(b.scope, orders).(*order.Order)
			o.RetailerID = retailer
			item := b.Entity(b.scope, items).(*order.OrderItem)
			item.OrderID = o.ID
			f := b.Entity(b.scope, fulfilments).(*order.Fulfilment)
			f.OrderID = o.ID
			line := b.Entity(b.scope, lines).(*order.FulfilmentItem)
			line.FulfilmentID = f.ID
			keep(tx, o, orders)
			keep(tx, item, items)
			keep(tx, f, fulfilments)
			keep(tx, line, lines)
		}
		return nil
	})
	limited := b.db.Reader(scopeOf(b.t, "ACME", 2))
	for typ, ids := range made {
		found, err := limited.ByID(b.ctx, typ, ids...)
		require.NoError(b.t, err)
		require.Nil(b.t, found[0], typ.Name)
		require.NotNil(b.t, found[1], typ.Name)
		res, err := limited.Select(b.ctx, store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("id")}})
		require.NoError(b.t, err)
		require.Equal(b.t, [][]any{{ids[1]}}, res.Groups[0].Rows, typ.Name)
		err = b.db.Write(b.ctx, scopeOf(b.t, "ACME", 2), func(tx *store.Tx) error { tx.Update(b.byID(typ, ids[0])); return nil })
		require.True(b.t, fault.Is(err, fault.NotFound), "%s: %v", typ.Name, err)
	}
	res, err := limited.Select(b.ctx, store.Query{Type: items, Parents: &store.Parents{Edge: orders.Edge("items"), IDs: made[orders]}})
	require.NoError(b.t, err)
	require.Empty(b.t, res.Groups[0].Rows)
	require.Len(b.t, res.Groups[1].Rows, 1)
	b.retailersOfNetworks()
	b.retailersOfEveryType()
}

// retailersOfNetworks checks a type that connects to retailers.
func (b *bench) retailersOfNetworks() {
	networks := store.TypeOf[foundation.Network](b.db)
	n := b.Entity(b.scope, networks).(*foundation.Network)
	b.write(b.scope, func(tx *store.Tx) error { tx.Insert(n); tx.Link(networks.Edge("retailers"), n.ID, "7"); return nil })
	for retailer, want := range map[tenancy.RetailerID]int{7: 1, 8: 0} {
		res, err := b.db.Reader(scopeOf(b.t, "ACME", retailer)).Select(b.ctx, store.Query{Type: networks})
		require.NoError(b.t, err)
		require.Len(b.t, res.Groups[0].Rows, want)
	}
}

// retailersOfEveryType makes sure that the limit's text is sound for each type, and that it hides what belongs to others.
func (b *bench) retailersOfEveryType() {
	for _, typ := range append(slices.Clone(domain.Catalogue().Types()), domain.Catalogue().Abstract()...) {
		limited := typ.Retailer != nil || typ.RetailerVia != nil || typ.RetailerEdge != nil
		if !typ.Abstract() {
			e := b.Entity(b.scope, typ)
			b.write(b.scope, func(tx *store.Tx) error { tx.Insert(e); return nil })
		}
		res, err := b.db.Reader(scopeOf(b.t, "ACME", 2147483)).Select(b.ctx, store.Query{Type: typ})
		require.NoError(b.t, err, typ.Name)
		if limited && (typ.Retailer == nil || typ.Retailer.Kind != catalogue.JSON) {
			require.Empty(b.t, res.Groups[0].Rows, typ.Name)
		}
	}
}

func (b *bench) byID(typ *catalogue.Type, id catalogue.ID) any {
	found, err := b.db.Reader(b.scope).ByID(b.ctx, typ, id)
	require.NoError(b.t, err)
	return found[0]
}
