package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Pipeline collects reads that go to the database in one round trip, one statement each: what an aggregate needs when the ids of its parts
// are known. What its methods return is filled by Run.
type Pipeline struct {
	r     *Reader
	calls []call
	err   error // the first query that could not be built
}

// Pipeline starts an empty pipeline on the reader.
func (r *Reader) Pipeline() *Pipeline { return &Pipeline{r: r} }

// Run sends what was added. Afterwards the pipeline is empty and can be used again.
func (p *Pipeline) Run(ctx context.Context) error {
	calls, err := p.calls, p.err
	p.calls, p.err = nil, nil
	if err != nil || len(calls) == 0 {
		return err
	}
	return p.r.run(ctx, calls)
}

// Select adds a query.
func (p *Pipeline) Select(q Query) *Result {
	res := &Result{}
	if q.Totals != nil {
		c, err := p.r.db.totals(p.r.scope, &q, res)
		p.addOr(c, err)
		return res
	}
	s, err := p.r.db.prepare(p.r.scope, &q)
	if err != nil {
		p.fail(err)
		return res
	}
	p.add(call{name: s.shape.name, sql: s.shape.sql, args: s.args, steady: s.shape.steady, custom: s.shape.custom, fail: s.failed,
		rows: func(rows pgx.Rows) error { return s.collect(rows, res) }})
	return res
}

// ByID adds a load by id; see Reader.ByID.
func (p *Pipeline) ByID(typ *catalogue.Type, ids ...catalogue.ID) *[]any {
	out := make([]any, len(ids))
	c, err := p.r.db.loadByID(p.r.scope, typ, ids, out)
	p.addOr(c, err)
	return &out
}

// ByKey adds a load by natural key; see Reader.ByKey.
func (p *Pipeline) ByKey(typ *catalogue.Type, keys ...Key) *[]any {
	out := make([]any, len(keys))
	c, err := p.r.db.loadByKey(p.r.scope, typ, keys, out)
	p.addOr(c, err)
	return &out
}

// Entities adds a query whose rows become entities of its type; see Reader.Entities.
func (p *Pipeline) Entities(q Query) *[]any {
	out := new([]any)
	q.NoCursors, q.Fields = true, nil
	s, err := p.r.db.prepare(p.r.scope, &q)
	if err != nil {
		p.fail(err)
		return out
	}
	p.add(call{name: s.shape.name, sql: s.shape.sql, args: s.args, rows: func(rows pgx.Rows) error {
		*out = nil
		return s.collectEntities(rows, func(e any) { *out = append(*out, e) })
	}})
	return out
}

// Add adds a query whose rows become entities; see Load.
func Add[T any](p *Pipeline, q Query) *[]*T {
	out := new([]*T)
	q.NoCursors, q.Fields = true, nil
	if q.Type == nil {
		q.Type = TypeOf[T](p.r.db)
	}
	s, err := p.r.db.prepare(p.r.scope, &q)
	if err != nil {
		p.fail(err)
		return out
	}
	p.add(call{name: s.shape.name, sql: s.shape.sql, args: s.args, steady: s.shape.steady, rows: func(rows pgx.Rows) error {
		*out = nil
		return s.collectEntities(rows, func(e any) { *out = append(*out, e.(*T)) })
	}})
	return out
}

func (p *Pipeline) add(c call) { p.calls = append(p.calls, c) }

func (p *Pipeline) addOr(c call, err error) {
	if err != nil {
		p.fail(err)
		return
	}
	if c.sql != "" {
		p.add(c)
	}
}

func (p *Pipeline) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}
