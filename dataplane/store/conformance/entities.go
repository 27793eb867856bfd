package conformance

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/order"
)

// unknownID is an id of either kind that nobody has.
func unknownID(typ *catalogue.Type) catalogue.ID {
	if typ.IDKind == catalogue.UUID {
		return "00000000-0000-8000-8000-000000000000"
	}
	return "2147483000"
}

func entities(b *bench) {
	for _, typ := range domain.Catalogue().Types() {
		b.t.Run(typ.Name, func(t *testing.T) {
			b := &bench{t: t, ctx: b.ctx, dsn: b.dsn, db: b.db, scope: b.scope}
			one, other := b.Entity(b.scope, typ), b.Entity(b.scope, typ)
			b.write(b.scope, func(tx *store.Tx) error { tx.Insert(one, other); return nil })
			b.readsBack(typ, one, other)

			changed := b.Entity(b.scope, typ)
			keep := *typ.Field("id").Pointer(one).(*catalogue.ID)
			*typ.Field("id").Pointer(changed).(*catalogue.ID) = keep
			*typ.Field("createdOn").Pointer(changed).(*time.Time) = *typ.Field("createdOn").Pointer(one).(*time.Time)
			b.write(b.scope, func(tx *store.Tx) error { tx.Update(changed); return nil })
			b.readsBack(typ, changed, other)

			b.write(b.scope, func(tx *store.Tx) error { tx.Delete(typ, keep); return nil })
			found, err := b.db.Reader(b.scope).ByID(b.ctx, typ, keep, idOf(typ, other), unknownID(typ), "no id at all")
			require.NoError(t, err)
			require.Equal(t, []any{nil, other, nil, nil}, found)
		})
	}
}

// readsBack finds entities by id, by key and by search, and compares them whole.
func (b *bench) readsBack(typ *catalogue.Type, want ...any) {
	b.t.Helper()
	r := b.db.Reader(b.scope)
	ids := make([]catalogue.ID, len(want))
	for i, e := range want {
		ids[i] = idOf(typ, e)
	}
	found, err := r.ByID(b.ctx, typ, ids...)
	require.NoError(b.t, err)
	require.Equal(b.t, want, found)
	if len(typ.Key) > 0 {
		keys := make([]store.Key, len(want))
		for i, e := range want {
			keys[i] = key(typ, e)
		}
		found, err = r.ByKey(b.ctx, typ, keys...)
		require.NoError(b.t, err)
		require.Equal(b.t, want, found)
	}
	res, err := r.Select(b.ctx, store.Query{Type: typ, Where: []store.Condition{{Field: typ.Field("id"), Op: store.In, Values: []any{ids[0]}}}})
	require.NoError(b.t, err)
	require.Len(b.t, res.Groups[0].Rows, 1)
	for i, f := range typ.Fields {
		b.sameValue(f, f.Get(want[0]), res.Groups[0].Rows[0][i])
	}
}

// sameValue compares a struct's value with what Select gives for it.
func (b *bench) sameValue(f *catalogue.Field, want, got any) {
	b.t.Helper()
	if v := reflect.ValueOf(want); v.Kind() == reflect.Pointer && !v.IsNil() && f.Kind != catalogue.JSON {
		want = v.Elem().Interface()
	}
	switch n := want.(type) {
	case int:
		want = int64(n)
	}
	if f.Kind == catalogue.JSON {
		return // compared by the whole struct
	}
	require.EqualValues(b.t, want, got, f.Name)
}

func missing(b *bench) {
	for _, typ := range domain.Catalogue().Types() {
		there, gone := b.Entity(b.scope, typ), b.Entity(b.scope, typ)
		b.write(b.scope, func(tx *store.Tx) error { tx.Insert(there); return nil })
		err := b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Update(copyOf(there)); tx.Update(gone); return nil })
		require.True(b.t, fault.Is(err, fault.NotFound), "%s: %v", typ.Name, err)
		b.readsBack(typ, there) // nothing of the failed write was kept
	}
	err := b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Insert(&order.Order{}); return nil })
	require.ErrorContains(b.t, err, "without an id")
}

func copyOf(e any) any {
	c := reflect.New(reflect.TypeOf(e).Elem())
	c.Elem().Set(reflect.ValueOf(e).Elem())
	return c.Interface()
}

func taken(b *bench) {
	for _, typ := range domain.Catalogue().Types() {
		for _, unique := range typ.Uniques {
			one, other := b.Entity(b.scope, typ), b.Entity(b.scope, typ)
			for _, f := range unique.Fields {
				reflect.ValueOf(f.Pointer(other)).Elem().Set(reflect.ValueOf(f.Pointer(one)).Elem())
			}
			b.write(b.scope, func(tx *store.Tx) error { tx.Insert(one); return nil })
			err := b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { tx.Insert(other); return nil })
			require.True(b.t, fault.Is(err, fault.Exists), "%s: %v", unique.Name, err)
			require.Contains(b.t, append(typ.Interfaces, typ.Name), fault.Of(err).Meta["type"])
			require.Contains(b.t, fault.Of(err).Meta["key"], unique.Fields[0].Name)
			code := fault.CodeExists
			if unique.Name == "orders_ref_key" {
				code = fault.CodeOrderExists
			}
			require.Equal(b.t, code, fault.Of(err).Code)
		}
	}
}

func merged(b *bench) {
	typ := store.TypeOf[order.Order](b.db)
	o := b.Entity(b.scope, typ).(*order.Order)
	b.write(b.scope, func(tx *store.Tx) error { tx.Insert(o); return nil })
	twin := *o
	o.Status, twin.Type = "BOOKED", "CC"
	twin.Status = "never written"
	tr := &store.Trace{}
	require.NoError(b.t, b.db.Write(store.WithTrace(b.ctx, tr), b.scope, func(tx *store.Tx) error {
		tx.Update(o, typ.Field("status"))
		tx.Update(&twin, typ.Field("type"))
		tx.Update(o, typ.Field("status"))
		return nil
	}))
	require.Equal(b.t, []string{"orders.update", "order_documents.stale"}, tr.Statements())
	got, err := store.Get[order.Order](b.ctx, b.db.Reader(b.scope), o.ID)
	require.NoError(b.t, err)
	require.Equal(b.t, "BOOKED", got[0].Status)
	require.Equal(b.t, "CC", got[0].Type)
	require.Equal(b.t, o.UpdatedOn, got[0].UpdatedOn)
}
