package conformance

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// epoch is a time that generated rows are near.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)

// Entity makes an entity of a type with all its fields set to generated values, and an id of its own.
func (b *bench) Entity(scope tenancy.Scope, typ *catalogue.Type) any {
	b.t.Helper()
	e := typ.New()
	for _, f := range typ.Fields {
		b.fill(f, reflect.ValueOf(f.Pointer(e)).Elem())
	}
	id, err := b.db.NewID(b.ctx, scope, typ)
	require.NoError(b.t, err)
	*typ.Field("id").Pointer(e).(*catalogue.ID) = id
	return e
}

func (b *bench) fill(f *catalogue.Field, v reflect.Value) {
	b.values++
	switch p := v.Addr().Interface().(type) {
	case *catalogue.ID:
		*p = b.reference(f)
	case *time.Time:
		*p = epoch.Add(time.Duration(rand.IntN(1000)) * time.Microsecond)
	case *catalogue.Attributes:
		*p = catalogue.Attributes{{Name: "colour", Type: "STRING", Value: "grün"}, {Name: "n", Type: "JSON", Value: map[string]any{"a": []any{1.5, nil}}}}
	default:
		b.fillKind(f, v)
	}
}

func (b *bench) fillKind(f *catalogue.Field, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d-%%_\\'é", f.Name, b.values))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(rand.Int64N(1 << 31))
	case reflect.Float64:
		v.SetFloat(rand.Float64() * 1000)
	case reflect.Bool:
		v.SetBool(rand.IntN(2) == 0)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if f.Kind != catalogue.JSON {
			b.fill(f, v.Elem())
		}
	}
}

func (b *bench) reference(f *catalogue.Field) catalogue.ID {
	if f.Ref != nil && f.Ref.IDKind == catalogue.UUID {
		return b.db.NewUUID()
	}
	return catalogue.ID(strconv.Itoa(1 + rand.IntN(1<<30)))
}

// key is the natural key of an entity.
func key(typ *catalogue.Type, e any) store.Key {
	k := make(store.Key, len(typ.Key))
	for i, f := range typ.Key {
		k[i] = f.Get(e)
	}
	return k
}

func idOf(typ *catalogue.Type, e any) catalogue.ID { return typ.Field("id").Get(e).(catalogue.ID) }
