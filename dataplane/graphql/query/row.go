package query

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// rowOf makes the row that the store would return for an entity: values in the order of the set's columns, nil for no value.
func rowOf(r *rowset, entity any) ([]any, error) {
	row := make([]any, len(r.read))
	typ := concrete(r.typ, entity)
	for i, f := range r.read {
		own := typ.Field(f.Name)
		if own == nil && r.typ.Abstract() {
			continue // a field of another kind
		}
		if own == nil {
			return nil, fmt.Errorf("read %s of a %s: no such field", f.Name, r.typ.Name)
		}
		v, err := columnValue(own, own.Get(entity))
		if err != nil {
			return nil, fmt.Errorf("read %s.%s: %w", r.typ.Name, f.Name, err)
		}
		row[i] = v
	}
	return row, nil
}

// concrete is the type of an entity of a type, which may be abstract.
func concrete(t *catalogue.Type, entity any) *catalogue.Type {
	for _, m := range t.Members {
		if reflect.TypeOf(entity) == reflect.PointerTo(m.Go) {
			return m
		}
	}
	return t
}

func columnValue(f *catalogue.Field, v any) (any, error) {
	rv := reflect.ValueOf(v)
	if !rv.IsValid() || ((rv.Kind() == reflect.Pointer || rv.Kind() == reflect.Slice) && rv.IsNil()) {
		return nil, nil
	}
	if f.Kind == catalogue.JSON {
		if raw, ok := v.(json.RawMessage); ok {
			return raw, nil
		}
		raw, err := json.Marshal(v)
		return json.RawMessage(raw), err
	}
	if rv.Kind() == reflect.Pointer {
		rv = rv.Elem()
		v = rv.Interface()
	}
	switch v := v.(type) {
	case catalogue.ID:
		if v == "" {
			return nil, nil
		}
		return v, nil
	case time.Time:
		return v.UTC(), nil
	case string:
		if v == "" && f.Null {
			return nil, nil
		}
		return v, nil
	case int:
		if v == 0 && f.NoZero {
			return nil, nil
		}
		return int64(v), nil
	default:
		return v, nil
	}
}
