package operation

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Reader reads in a scope.
type Reader interface {
	// SelectAll runs queries, one statement each, in one round trip together.
	SelectAll(ctx context.Context, queries ...store.Query) ([]*store.Result, error)
}

// Call is what one call of an operation sees.
type Call struct {
	Catalogue *catalogue.Catalogue
	First     int // how many objects the caller wants at most
	// Members are what the object's members are read with.
	Members map[string]*Rows
	// Reader reads what the caller may see who may see a type.
	Reader func(as *catalogue.Type) Reader
}

// Rows says what is read of the rows of one member.
type Rows struct {
	Type   *catalogue.Type
	Fields []*catalogue.Field // that the caller asks for, and those that the operation needs
}

// Rows is how a member is read. It panics where the object has no such member: a programmer's error.
func (c *Call) Rows(member string) *Rows {
	r := c.Members[member]
	if r == nil {
		panic("operation: no member " + member)
	}
	return r
}

// Select reads all rows of a member that meet the conditions and that the caller may see, by one statement, with what the answer needs of them.
func (c *Call) Select(ctx context.Context, member string, where ...store.Condition) ([][]any, error) {
	r := c.Rows(member)
	return c.SelectAs(ctx, r.Type, store.Query{Type: r.Type, Fields: r.Fields, Where: where})
}

// SelectAs reads all rows of a query, by one statement, with the reach that the caller has over a type.
func (c *Call) SelectAs(ctx context.Context, as *catalogue.Type, q store.Query) ([][]any, error) {
	q.NoCursors = true
	res, err := c.Reader(as).SelectAll(ctx, q)
	if err != nil {
		return nil, err
	}
	return res[0].Groups[0].Rows, nil
}

// Column reads a field of rows: a string of texts, an int64 of whole numbers, a catalogue.ID of ids and references. The zero value stands for null.
// It panics where the field is not read, or holds another type, which would else be read as null: programmer's errors.
func Column[T any](r *Rows, field string) func(row []any) T {
	for i, f := range r.Fields {
		if f.Name == field {
			return func(row []any) T {
				v, ok := row[i].(T)
				if !ok && row[i] != nil {
					panic(fmt.Sprintf("operation: %s.%s is a %T, and is read as %T", r.Type.Name, field, row[i], v))
				}
				return v
			}
		}
	}
	panic(fmt.Sprintf("operation: %s.%s is not read: name it in With", r.Type.Name, field))
}
