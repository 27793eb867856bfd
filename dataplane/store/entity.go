package store

import (
	"context"
	"reflect"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// ByID loads entities by id in one statement. The result has one place for each id: a pointer to the type's struct, or nil where no such
// entity is (or is the scope's to see).
func (r *Reader) ByID(ctx context.Context, typ *catalogue.Type, ids ...catalogue.ID) ([]any, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	p := r.Pipeline()
	out := p.ByID(typ, ids...)
	err := p.Run(ctx)
	return *out, err
}

// ByKey loads entities by natural key in one statement. The result has one place for each key, nil where there is no such entity.
func (r *Reader) ByKey(ctx context.Context, typ *catalogue.Type, keys ...Key) ([]any, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	p := r.Pipeline()
	out := p.ByKey(typ, keys...)
	err := p.Run(ctx)
	return *out, err
}

// ByKey loads the entity of a natural key, given in the order of Type.Key; nil, nil when there is none.
func ByKey[T any](ctx context.Context, r *Reader, key Key) (*T, error) {
	found, err := r.ByKey(ctx, TypeOf[T](r.db), key)
	if err != nil || found[0] == nil {
		return nil, err
	}
	return found[0].(*T), nil
}

// Load runs a query and returns whole entities; q.Type may be left nil, since T says it, and q.Fields is ignored. With Parents the rows of
// all parents follow each other in the order of the parents.
func Load[T any](ctx context.Context, r *Reader, q Query) ([]*T, error) {
	p := r.Pipeline()
	out := Add[T](p, q)
	err := p.Run(ctx)
	return *out, err
}

// Entities runs a query and returns whole entities of its type as pointers to structs; q.Fields is ignored. With Page.First there are at
// most so many.
func (r *Reader) Entities(ctx context.Context, q Query) ([]any, error) {
	p := r.Pipeline()
	out := p.Entities(q)
	err := p.Run(ctx)
	return *out, err
}

// Get loads entities of type T by id, as Reader.ByID does.
func Get[T any](ctx context.Context, r *Reader, ids ...catalogue.ID) ([]*T, error) {
	found, err := r.ByID(ctx, TypeOf[T](r.db), ids...)
	if err != nil {
		return nil, err
	}
	out := make([]*T, len(found))
	for i, e := range found {
		if e != nil {
			out[i] = e.(*T)
		}
	}
	return out, nil
}

// TypeOf is the catalogue type whose struct is T; nil if there is none.
func TypeOf[T any](db *DB) *catalogue.Type { return db.byGo[reflect.TypeFor[T]()] }

func (db *DB) typeOf(entity any) *catalogue.Type {
	t := reflect.TypeOf(entity)
	if t == nil || t.Kind() != reflect.Pointer {
		return nil
	}
	return db.byGo[t.Elem()]
}
