package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// shop is a stand with orders of all shapes, the same ids in two accounts.
type shop struct {
	*storetest.Stand
	rand                                 *rand.Rand
	order, item, fulfilment, fulfilItem  *catalogue.Type
	orders, items, fulfilments, fulfills []catalogue.ID
	refs                                 []string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	s := &shop{Stand: storetest.NewStand(t, dbtest.Template), rand: rand.New(rand.NewPCG(uint64(seed), 1))}
	s.order, s.item = store.TypeOf[order.Order](s.DB), store.TypeOf[order.OrderItem](s.DB)
	s.fulfilment, s.fulfilItem = store.TypeOf[order.Fulfilment](s.DB), store.TypeOf[order.FulfilmentItem](s.DB)
	return s
}

// random fills an entity: each field that may be empty is so now and then.
func (s *shop) random(typ *catalogue.Type, id catalogue.ID) any {
	e := typ.New()
	for _, f := range typ.Fields {
		if !f.Null || s.rand.IntN(4) > 0 {
			s.fill(f, reflect.ValueOf(f.Pointer(e)).Elem())
		}
	}
	*typ.Field("id").Pointer(e).(*catalogue.ID) = id
	at := time.Now().Add(-24 * time.Hour).Truncate(time.Hour).Add(time.Duration(s.rand.IntN(5)) * time.Microsecond)
	if s.rand.IntN(200) == 0 {
		at = time.Now()
	}
	*typ.Field("createdOn").Pointer(e).(*time.Time) = at
	return e
}

func (s *shop) fill(f *catalogue.Field, v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *catalogue.ID:
		*p = catalogue.ID(fmt.Sprint(1 + s.rand.IntN(1<<30)))
	case *time.Time:
		*p = time.UnixMicro(s.rand.Int64N(1 << 51)).UTC()
	case *catalogue.Attributes:
		*p = catalogue.Attributes{{Name: "colour", Type: "STRING", Value: "grün"}, {Name: "n", Type: "JSON", Value: map[string]any{"a": []any{1.5, nil}}}}
	default:
		switch v.Kind() {
		case reflect.String:
			v.SetString(strings.Repeat("é", s.rand.IntN(100)) + fmt.Sprint(s.rand.Int()))
		case reflect.Int:
			v.SetInt(s.rand.Int64N(1<<32) - 1<<31)
		case reflect.Float64:
			v.SetFloat(s.rand.NormFloat64())
		case reflect.Bool:
			v.SetBool(s.rand.IntN(2) == 0)
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			if f.Kind != catalogue.JSON {
				s.fill(f, v.Elem())
			}
		}
	}
}

// open writes orders: some with nothing, some with more than pages hold.
func (s *shop) open(orders int) {
	s.T.Helper()
	next := 0
	id := func(list *[]catalogue.ID) catalogue.ID {
		next++
		*list = append(*list, catalogue.ID(fmt.Sprint(next)))
		return (*list)[len(*list)-1]
	}
	var all []any
	for n := range orders {
		o := s.random(s.order, id(&s.orders)).(*order.Order)
		o.Ref, o.Ref2, o.RetailerID = fmt.Sprintf("HD_%d", n), "", catalogue.ID(fmt.Sprint(1+n%2))
		s.refs = append(s.refs, o.Ref)
		all = append(all, o)
		for range s.rand.IntN(13) {
			i := s.random(s.item, id(&s.items)).(*order.OrderItem)
			i.OrderID = o.ID
			all = append(all, i)
		}
		for range s.rand.IntN(5) {
			f := s.random(s.fulfilment, id(&s.fulfilments)).(*order.Fulfilment)
			f.OrderID, f.Ref = o.ID, fmt.Sprint("F", next)
			all = append(all, f)
			for range s.rand.IntN(8) {
				i := s.random(s.fulfilItem, id(&s.fulfills)).(*order.FulfilmentItem)
				i.FulfilmentID = f.ID
				all = append(all, i)
			}
		}
	}
	s.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.EachAccount(func(tx *store.Tx) { tx.Insert(all...) })
}

// some picks distinct ids, in any order, now and then one that is nobody's.
func (s *shop) some(ids []catalogue.ID, most int) (out []catalogue.ID) {
	for _, i := range s.rand.Perm(len(ids))[:min(len(ids), 1+s.rand.IntN(most))] {
		out = append(out, ids[i])
	}
	if s.rand.IntN(8) == 0 {
		out = append(out, "999999")
	}
	return out
}

// query is a random one of those that clients' selections become.
func (s *shop) query() store.Query {
	q := store.Query{NoCursors: s.rand.IntN(3) > 0, Page: store.Page{First: 1 + s.rand.IntN(10)}, Follow: s.rand.IntN(2) == 0}
	in := func(typ *catalogue.Type, field string, values ...catalogue.ID) {
		c := store.Condition{Field: typ.Field(field), Op: store.In}
		for _, v := range values {
			c.Values = append(c.Values, v)
		}
		q.Type, q.Where = typ, []store.Condition{c}
	}
	switch s.rand.IntN(8) {
	case 0:
		in(s.order, "id", s.some(s.orders, 1)...)
	case 1:
		q.Type, q.Where = s.order, []store.Condition{store.Match(s.order.Field("ref"), s.refs[s.rand.IntN(len(s.refs))])}
	case 2:
		in(s.item, "id", s.some(s.items, 4)...)
		q.Page = store.Page{}
	case 3:
		q.Type, q.Parents = s.item, &store.Parents{Edge: s.order.Edge("items"), IDs: s.some(s.orders, 6)}
	case 4:
		q.Type, q.Parents = s.fulfilment, &store.Parents{Edge: s.order.Edge("fulfilments"), IDs: s.some(s.orders, 6)}
	case 5:
		q.Type, q.Parents = s.fulfilItem, &store.Parents{Edge: s.fulfilment.Edge("items"), IDs: s.some(s.fulfilments, 6)}
	case 6:
		q.Type, q.NoCursors = s.fulfilItem, true
		q.Parents = &store.Parents{Edge: s.fulfilment.Edge("items"), Of: &store.Owners{Edge: s.order.Edge("fulfilments"), ID: s.some(s.orders, 1)[0], First: 1 + s.rand.IntN(4)}}
	default: // what only tables answer
		q.Type, q.Parents = s.item, &store.Parents{Edge: s.order.Edge("items"), IDs: s.some(s.orders, 6)}
		if s.rand.IntN(2) == 0 {
			q.Page = store.Page{Last: 3}
		} else {
			q.Where = []store.Condition{{Field: s.item.Field("quantity"), Op: store.Range, Values: []any{0, nil}}}
		}
	}
	if s.rand.IntN(5) > 0 {
		q.Fields = []*catalogue.Field{q.Type.Field("id")}
		for _, f := range q.Type.Fields {
			if f.Name != "id" && s.rand.IntN(3) == 0 {
				q.Fields = append(q.Fields, f)
			}
		}
	}
	return q
}

// TestDocumentsAnswerAsTablesDo asks random queries of random orders, once of the tables and once of readers of documents, of which some are there, some
// are not and some are stale: the answers are the same to the last cursor, for all scopes.
func TestDocumentsAnswerAsTablesDo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(24)
	scopes := []tenancy.Scope{s.Scope, s.Scope, storetest.ScopeOf(t, "OTHER")}
	for _, retailer := range []tenancy.RetailerID{1, 2} {
		scope, err := tenancy.NewScope("ACME", retailer)
		require.NoError(t, err)
		scopes = append(scopes, scope)
	}
	for _, scope := range []string{"ACME", "OTHER"} {
		require.NoError(t, s.DB.Fill(t.Context(), storetest.ScopeOf(t, scope), s.order, s.orders[:20]...))
	}
	whole := 0 // rounds that documents answered without the tables
	for range 400 {
		scope := scopes[s.rand.IntN(len(scopes))]
		docs := s.DB.Documents()
		for range 1 + s.rand.IntN(3) { // the levels of a request
			queries := make([]store.Query, 1+s.rand.IntN(4))
			for i := range queries {
				queries[i] = s.query()
			}
			trace := &store.Trace{}
			got, err := docs.Reader(scope).SelectAll(store.WithTrace(t.Context(), trace), queries...)
			require.NoError(t, err)
			want, err := s.DB.Reader(scope).SelectAll(t.Context(), queries...)
			require.NoError(t, err)
			for range 5 { // the horizon may have passed a row in between, which has another cursor from then on
				if reflect.DeepEqual(want, got) {
					break
				}
				got, err = docs.Reader(scope).SelectAll(t.Context(), queries...)
				require.NoError(t, err)
				want, err = s.DB.Reader(scope).SelectAll(t.Context(), queries...)
				require.NoError(t, err)
			}
			for i := range want {
				require.Equal(t, want[i].Groups, got[i].Groups, "query %d of %+v", i, queries[i])
			}
			require.LessOrEqual(t, trace.RoundTrips(), 2)
			if tables := tablesRead(trace); tables == 0 {
				whole++
			}
		}
	}
	require.Greater(t, whole, 50, "documents were used")
}

// tablesRead counts the statements that did not read documents.
func tablesRead(trace *store.Trace) (n int) {
	for _, name := range trace.Statements() {
		if !strings.HasPrefix(name, "order_documents.") {
			n++
		}
	}
	return n
}

// nested is what a client's selection of an order with its items, fulfilments and their items becomes.
func (s *shop) nested(id catalogue.ID) []store.Query {
	page := store.Page{First: 10}
	return []store.Query{
		{Type: s.order, Where: []store.Condition{{Field: s.order.Field("id"), Op: store.In, Values: []any{id}}}, Page: store.Page{First: 1}, NoCursors: true},
		{Type: s.item, Parents: &store.Parents{Edge: s.order.Edge("items"), IDs: []catalogue.ID{id}}, Page: page, NoCursors: true},
		{Type: s.fulfilment, Parents: &store.Parents{Edge: s.order.Edge("fulfilments"), IDs: []catalogue.ID{id}}, Page: page, NoCursors: true},
		{Type: s.fulfilItem, Parents: &store.Parents{Edge: s.fulfilment.Edge("items"), Of: &store.Owners{Edge: s.order.Edge("fulfilments"), ID: id, First: 10}}, Page: page, NoCursors: true},
	}
}

// read reads an order as a request does, demands what the tables say, and lists the statements.
func (s *shop) read(id catalogue.ID) []string {
	s.T.Helper()
	trace := &store.Trace{}
	got, err := s.DB.Documents().Reader(s.Scope).SelectAll(store.WithTrace(context.Background(), trace), s.nested(id)...)
	require.NoError(s.T, err)
	want, err := s.DB.Reader(s.Scope).SelectAll(context.Background(), s.nested(id)...)
	require.NoError(s.T, err)
	require.Equal(s.T, want, got)
	return trace.Statements()
}

var fromTables = []string{"orders.search", "order_items.edge.items", "fulfilments.edge.fulfilments", "fulfilment_items.edge.items"}

// TestWhatADocumentCosts: who reads an order once pays nothing; who reads it again has its document written; from then on it is one statement.
func TestWhatADocumentCosts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(2)
	id := s.orders[0]
	require.Equal(t, fromTables, s.read(id))
	require.Empty(t, s.Texts("SELECT order_id::text FROM order_documents"), "nobody has read it again")
	require.Equal(t, append([]string{"order_documents.read"}, fromTables...), s.read(id))
	s.filled(id)
	require.Equal(t, []string{"order_documents.read"}, s.read(id))
	require.Equal(t, []string{"order_documents.read"}, s.read(id))

	trace := &store.Trace{}
	require.NoError(t, s.DB.Write(store.WithTrace(t.Context(), trace), s.Scope, func(tx *store.Tx) error {
		o := &order.Order{Ref: "NEW", RetailerID: "1", CustomerID: "1"}
		o.ID = "777"
		i := &order.OrderItem{Ref: "1", OrderID: "777"}
		i.ID = "777"
		tx.Insert(o, i)
		return nil
	}))
	require.Equal(t, []string{"orders.insert", "order_items.insert"}, trace.Statements(), "a new order has no document that could be stale")
	require.Equal(t, 1, trace.RoundTrips())
	trace = &store.Trace{}
	require.NoError(t, s.DB.Write(store.WithTrace(t.Context(), trace), s.Scope, func(tx *store.Tx) error {
		o := &order.Order{Ref: "X"}
		o.ID, o.Status = id, "PICKED"
		tx.Update(o, s.order.Field("status"))
		return nil
	}))
	require.Equal(t, []string{"orders.update", "order_documents.stale"}, trace.Statements())
	require.Equal(t, 1, trace.RoundTrips())
	require.Equal(t, append([]string{"order_documents.read"}, fromTables...), s.read(id))
	s.filled(id)
	require.Equal(t, []string{"order_documents.read"}, s.read(id))
}

// filled waits until a document is there.
func (s *shop) filled(id catalogue.ID) {
	s.T.Helper()
	require.Eventually(s.T, func() bool {
		return len(s.Texts("SELECT order_id::text FROM order_documents WHERE account_id = 'ACME' AND order_id = $1::TEXT::INT8 AND body IS NOT NULL", string(id))) == 1
	}, time.Minute, time.Millisecond)
	require.Eventually(s.T, func() bool { return s.DB.FillerRests() }, time.Minute, time.Millisecond)
}

// TestAnyWriteOfAPartMakesTheDocumentStale writes each kind of row of an order in each way there is.
func TestAnyWriteOfAPartMakesTheDocumentStale(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.open(8)
	item, f, fi := s.items[0], s.fulfilments[0], s.fulfills[0]
	load := func(typ *catalogue.Type, id catalogue.ID) any {
		found, err := s.DB.Reader(s.Scope).ByID(t.Context(), typ, id)
		require.NoError(t, err)
		return found[0]
	}
	bare := func(typ *catalogue.Type, id catalogue.ID) any { // a struct that says nothing but what it is
		e := typ.New()
		*typ.Field("id").Pointer(e).(*catalogue.ID) = id
		return e
	}
	made := func(typ *catalogue.Type, id catalogue.ID, by string, owner catalogue.ID) any {
		e := s.random(typ, id)
		*typ.Field(by).Pointer(e).(*catalogue.ID) = owner
		return e
	}
	for name, write := range map[string]func(tx *store.Tx){
		"order updated":           func(tx *store.Tx) { tx.Update(load(s.order, s.orders[0]), s.order.Field("status")) },
		"item updated":            func(tx *store.Tx) { tx.Update(load(s.item, item), s.item.Field("status")) },
		"item updated, bare":      func(tx *store.Tx) { tx.Update(bare(s.item, item), s.item.Field("status")) },
		"item inserted":           func(tx *store.Tx) { tx.Insert(made(s.item, "5001", "order", s.orders[0])) },
		"item moved":              func(tx *store.Tx) { tx.Update(made(s.item, item, "order", s.orders[5]), s.item.Field("order")) },
		"item deleted":            func(tx *store.Tx) { tx.Delete(s.item, s.items[1]) },
		"fulfilment updated":      func(tx *store.Tx) { tx.Update(load(s.fulfilment, f), s.fulfilment.Field("status")) },
		"fulfilment inserted":     func(tx *store.Tx) { tx.Insert(made(s.fulfilment, "5002", "order", s.orders[3])) },
		"fulfilment item changed": func(tx *store.Tx) { tx.Update(load(s.fulfilItem, fi), s.fulfilItem.Field("status")) },
		"fulfilment item, bare":   func(tx *store.Tx) { tx.Update(bare(s.fulfilItem, fi), s.fulfilItem.Field("status")) },
		"fulfilment item made":    func(tx *store.Tx) { tx.Insert(made(s.fulfilItem, "5003", "fulfilment", f)) },
		"both made": func(tx *store.Tx) {
			tx.Insert(made(s.fulfilItem, "5004", "fulfilment", "5005"), made(s.fulfilment, "5005", "order", s.orders[2]))
		},
		"fulfilment item deleted": func(tx *store.Tx) { tx.Delete(s.fulfilItem, s.fulfills[1]) },
		"fulfilment moved": func(tx *store.Tx) {
			tx.Update(made(s.fulfilment, f, "order", s.orders[4]), s.fulfilment.Field("order"))
		},
		"order held":      func(tx *store.Tx) { require.NoError(t, tx.Hold(t.Context(), s.order, s.orders[6])) },
		"fulfilment held": func(tx *store.Tx) { require.NoError(t, tx.Hold(t.Context(), s.fulfilment, f)) },
		"order deleted":   func(tx *store.Tx) { tx.Delete(s.order, s.orders[7]) },
		"flushed in between": func(tx *store.Tx) {
			tx.Update(load(s.item, s.items[2]), s.item.Field("status"))
			require.NoError(t, tx.Flush(t.Context()))
			tx.Update(load(s.order, s.orders[1]), s.order.Field("status"))
		},
	} {
		require.NoError(t, s.DB.Fill(t.Context(), s.Scope, s.order, s.orders...), name)
		for _, in := range []func(context.Context, tenancy.Scope, func(*store.Tx) error) error{s.DB.Write, s.DB.WriteLocked} {
			err := in(t.Context(), s.Scope, func(tx *store.Tx) error { write(tx); return nil })
			if !fault.Is(err, fault.Exists) && !fault.Is(err, fault.NotFound) { // the second time
				require.NoError(t, err, name)
			}
		}
		for _, id := range s.orders {
			s.read(id)
		}
	}
}

// TestDocumentsAreForWhoseTheyAre: what one account's reader of a request holds answers no other account, and where a scope asks for more than a retailer
// the tables decide.
func TestDocumentsAreForWhoseTheyAre(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, _ := s.one()
	require.NoError(t, s.fillNow(o)())
	docs := s.DB.Documents()
	same := func(scope tenancy.Scope) {
		t.Helper()
		got, err := docs.Reader(scope).SelectAll(t.Context(), s.nested(o)...)
		require.NoError(t, err)
		want, err := s.DB.Reader(scope).SelectAll(t.Context(), s.nested(o)...)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	same(s.Scope) // the document is held
	s.SQL("UPDATE orders SET status = 'THEIRS' WHERE account_id = 'OTHER'")
	same(storetest.ScopeOf(t, "OTHER"))
	same(s.Scope.Narrowed(&tenancy.Limits{Where: []tenancy.Case{{{Field: "status", Op: tenancy.Like, Value: "NONE"}}}, Rule: "none"}))
	same(s.Scope.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "77", Ref: "L", Retailer: 1}}}))
}
