package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// secondsTo2000 is the wire's epoch, 2000-01-01, in Unix seconds.
const secondsTo2000 = 946684800

// checkFormats makes sure that columns, of which the first is the from-th of a row, come as decode expects: fixed-size values in binary. Text
// and JSON look alike in both forms, but for JSON's leading version byte, which decode handles. Rows of a statement that failed have no columns
// at all: the error is then the statement's.
func checkFormats(columns []column, rows pgx.Rows, from int) error {
	fields := rows.FieldDescriptions()
	if len(fields) < from+len(columns) {
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		return fmt.Errorf("store: %d columns came where %d were asked for", len(fields), from+len(columns))
	}
	for i, c := range columns {
		if c.kind != kindText && c.kind != kindJSON && fields[from+i].Format != pgtype.BinaryFormatCode {
			return fmt.Errorf("store: column %s came as text", c.name)
		}
	}
	return nil
}

// decode reads one value from the wire; raw is only good until the next row, so nothing of it is kept.
func decode(kind sqlKind, raw []byte) any {
	if raw == nil {
		return nil
	}
	switch kind {
	case kindInt:
		return wireInt(raw)
	case kindFloat:
		return math.Float64frombits(binary.BigEndian.Uint64(raw))
	case kindBool:
		return raw[0] != 0
	case kindTime:
		return wireTime(raw)
	case kindJSON:
		return json.RawMessage(bytes.Clone(wireJSON(raw)))
	case kindNumberID:
		return catalogue.ID(strconv.FormatInt(wireInt(raw), 10))
	case kindUUID:
		return formatUUID([16]byte(raw))
	default:
		return string(raw)
	}
}

func wireInt(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }

// wireMicros gives microseconds since 1970.
func wireMicros(raw []byte) int64 { return wireInt(raw) + secondsTo2000*1_000_000 }

func wireTime(raw []byte) time.Time { return time.UnixMicro(wireMicros(raw)).UTC() }

func wireJSON(raw []byte) []byte {
	if len(raw) > 0 && raw[0] == 1 {
		return raw[1:]
	}
	return raw
}

// assign puts one value from the wire into a struct's field. NULL becomes the zero value.
func assign(to any, kind sqlKind, raw []byte) error {
	if raw == nil {
		reflect.ValueOf(to).Elem().SetZero()
		return nil
	}
	switch p := to.(type) {
	case *string:
		*p = string(raw)
	case *catalogue.ID:
		if kind == kindText { // of an entity whose type is only known by another field
			*p = catalogue.ID(raw)
		} else {
			*p = decode(kind, raw).(catalogue.ID)
		}
	case *int:
		*p = int(wireInt(raw))
	case *float64:
		*p = math.Float64frombits(binary.BigEndian.Uint64(raw))
	case *bool:
		*p = raw[0] != 0
	case *time.Time:
		*p = wireTime(raw)
	default:
		return assignOther(reflect.ValueOf(to).Elem(), kind, raw)
	}
	return nil
}

// assignOther serves pointers, JSON and named types.
func assignOther(v reflect.Value, kind sqlKind, raw []byte) error {
	if kind == kindJSON {
		v.SetZero()
		return json.Unmarshal(wireJSON(raw), v.Addr().Interface())
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		return assign(v.Interface(), kind, raw)
	}
	d := reflect.ValueOf(decode(kind, raw))
	if !d.CanConvert(v.Type()) {
		return fmt.Errorf("store: %s does not fit %s", d.Type(), v.Type())
	}
	v.Set(d.Convert(v.Type()))
	return nil
}

// encode turns a Go value (of a struct's field, or a condition's) into what the driver sends for a column; nil is NULL. null says that ""
// and a plain 0 mean NULL.
func encode(kind sqlKind, value any, null bool) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return encodeText(kind, v, null)
	case catalogue.ID:
		return encodeText(kind, string(v), null || kind != kindText)
	case int:
		if v == 0 && null && kind == kindInt {
			return nil, nil
		}
		return encodeInt(kind, int64(v))
	case int64:
		return encodeInt(kind, v)
	case float64:
		if kind == kindFloat {
			return v, nil
		}
	case bool:
		if kind == kindBool {
			return v, nil
		}
	case time.Time:
		if kind == kindTime {
			return v, nil
		}
	case json.RawMessage:
		if kind == kindJSON {
			return nullable(v), nil
		}
	}
	return encodeOther(kind, reflect.ValueOf(value), null)
}

func nullable(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return string(raw)
}

func encodeText(kind sqlKind, s string, null bool) (any, error) {
	if s == "" && (null || kind == kindNumberID || kind == kindUUID) {
		return nil, nil
	}
	switch kind {
	case kindText:
		return s, nil
	case kindNumberID, kindUUID:
		if arg := idArg(kind, catalogue.ID(s)); arg != nil {
			return arg, nil
		}
		return nil, errNotAnID
	}
	return encodeOther(kind, reflect.ValueOf(s), null)
}

func encodeInt(kind sqlKind, n int64) (any, error) {
	switch kind {
	case kindInt, kindNumberID:
		return n, nil
	case kindFloat:
		return float64(n), nil
	}
	return encodeOther(kind, reflect.ValueOf(n), false)
}

// encodeOther serves pointers, JSON and named types.
func encodeOther(kind sqlKind, v reflect.Value, null bool) (any, error) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if v.IsNil() {
			if kind == kindJSON && !null {
				return "[]", nil
			}
			return nil, nil
		}
	}
	if kind == kindJSON {
		b, err := json.Marshal(v.Interface())
		return string(b), err
	}
	switch v.Kind() {
	case reflect.Pointer:
		return encode(kind, v.Elem().Interface(), false)
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() {
			return encode(kind, v.String(), null)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.Type() != reflect.TypeFor[int64]() {
			return encode(kind, v.Int(), null)
		}
	}
	return nil, fmt.Errorf("store: a %s does not fit a column of type %s", v.Type(), kind.castType())
}

// array is a column of many values as the driver sends it.
type array []any

// Dimensions is part of pgtype.ArrayGetter.
func (a array) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(a)), LowerBound: 1}}
}

// Index is part of pgtype.ArrayGetter.
func (a array) Index(i int) any { return a[i] }

// IndexType is part of pgtype.ArrayGetter: any value of the type of the elements; nil when all are NULL.
func (a array) IndexType() any {
	for _, v := range a {
		if v != nil {
			return v
		}
	}
	return nil
}
