package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/order"
)

// BenchmarkEdge reads the ten items of each of ten orders: through the store, and with the statement that one would write by hand.
func BenchmarkEdge(b *testing.B) {
	ctx := context.Background()
	dsn := migratedDSN(b)
	db := open(b, dsn, store.Options{})
	scope := scopeOf(b, "ACME")
	orders, items := store.TypeOf[order.Order](db), store.TypeOf[order.OrderItem](db)
	var ids []catalogue.ID
	require.NoError(b, db.Write(ctx, scope, func(tx *store.Tx) error {
		ids = nil
		for n := range 1000 {
			o := &order.Order{Ref: fmt.Sprintf("HD_%d", n), RetailerID: "1", CustomerID: "1"}
			o.ID = catalogue.ID(fmt.Sprint(n + 1))
			o.Type, o.Status = "HD", "BOOKED"
			ids = append(ids, o.ID)
			tx.Insert(o)
			for i := range 10 {
				item := &order.OrderItem{Ref: fmt.Sprint(i), Quantity: i, OrderID: o.ID, ProductRef: "P1", ProductCatalogueRef: "C", Status: "ACTIVE", Currency: "EUR"}
				item.ID = catalogue.ID(fmt.Sprint(n*10 + i + 1))
				item.CreatedOn = time.Unix(int64(i), 0)
				tx.Insert(item)
			}
		}
		return nil
	}))
	edge := &store.Parents{Edge: orders.Edge("items"), IDs: ids[:10]}
	fields := []*catalogue.Field{items.Field("id"), items.Field("ref"), items.Field("quantity"), items.Field("status"), items.Field("currency"), items.Field("createdOn")}
	b.Run("store", func(b *testing.B) {
		for b.Loop() {
			res, err := db.Reader(scope).Select(ctx, store.Query{Type: items, Fields: fields, Parents: edge, Page: store.Page{First: 100}})
			require.NoError(b, err)
			require.Len(b, res.Groups[9].Rows, 10)
		}
	})
	b.Run("entities", func(b *testing.B) {
		for b.Loop() {
			found, err := store.Load[order.OrderItem](ctx, db.Reader(scope), store.Query{Parents: edge})
			require.NoError(b, err)
			require.Len(b, found, 100)
		}
	})
	b.Run("byID", func(b *testing.B) {
		for b.Loop() {
			found, err := store.Get[order.Order](ctx, db.Reader(scope), ids[5])
			require.NoError(b, err)
			require.NotNil(b, found[0])
		}
	})
	b.Run("raw", func(b *testing.B) { rawEdge(b, dsn) })
	b.Run("write", func(b *testing.B) {
		n := 1_000_000
		for b.Loop() {
			n++
			require.NoError(b, db.Write(ctx, scope, func(tx *store.Tx) error {
				o := &order.Order{Ref: fmt.Sprintf("W_%d", n), RetailerID: "1", CustomerID: "1"}
				o.ID = catalogue.ID(fmt.Sprint(n))
				tx.Insert(o)
				return nil
			}))
		}
	})
}

func rawEdge(b *testing.B, dsn string) {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, dsn)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	numbers := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	const byHand = `SELECT order_id, id, ref, quantity, status, currency, created_on FROM order_items
WHERE account_id = $1 AND order_id = ANY ($2) ORDER BY order_id, created_on, id`
	for b.Loop() {
		rows, err := pool.Query(ctx, byHand, "ACME", numbers)
		require.NoError(b, err)
		n := 0
		for rows.Next() {
			var o, id, q int64
			var ref, status, currency string
			var created time.Time
			require.NoError(b, rows.Scan(&o, &id, &ref, &q, &status, &currency, &created))
			n++
		}
		require.Equal(b, 100, n)
	}
}

// BenchmarkNested reads an order with three items and a fulfilment of them, from the tables and from its document.
func BenchmarkNested(b *testing.B) {
	ctx := context.Background()
	db := open(b, migratedDSN(b), store.Options{})
	s := &shop{order: store.TypeOf[order.Order](db), item: store.TypeOf[order.OrderItem](db), fulfilment: store.TypeOf[order.Fulfilment](db), fulfilItem: store.TypeOf[order.FulfilmentItem](db)}
	scope := scopeOf(b, "ACME")
	require.NoError(b, db.Write(ctx, scope, func(tx *store.Tx) error {
		o := &order.Order{Ref: "HD_1", RetailerID: "1", CustomerID: "1"}
		o.ID = "1"
		f := &order.Fulfilment{Ref: "F", OrderID: "1"}
		f.ID = "1"
		tx.Insert(o, f)
		for n := range 3 {
			item := &order.OrderItem{Ref: fmt.Sprint(n), Quantity: n, OrderID: "1", ProductRef: "P1", ProductCatalogueRef: "C", Status: "ACTIVE", Currency: "EUR"}
			item.ID = catalogue.ID(fmt.Sprint(n + 1))
			part := &order.FulfilmentItem{Ref: fmt.Sprint(n), FulfilmentID: "1", OrderItemID: item.ID, Status: "CREATED"}
			part.ID = item.ID
			tx.Insert(item, part)
		}
		return nil
	}))
	queries := s.nested("1")
	for i, names := range [][]string{{"id", "ref", "type", "status", "totalPrice", "createdOn"}, {"id", "ref", "status", "quantity", "price", "paidPrice"},
		{"id", "ref", "type", "status", "eta"}, {"id", "ref", "status", "requestedQuantity", "filledQuantity"}} {
		for _, name := range names {
			queries[i].Fields = append(queries[i].Fields, queries[i].Type.Field(name))
		}
	}
	require.NoError(b, db.Fill(ctx, scope, s.order, "1"))
	b.Run("tables", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := db.Reader(scope).SelectAll(ctx, queries...)
			require.NoError(b, err)
		}
	})
	b.Run("document", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := db.Documents().Reader(scope).SelectAll(ctx, queries...)
			require.NoError(b, err)
		}
	})
}
