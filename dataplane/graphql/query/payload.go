package query

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Payload is the planned selection below a mutation's root field, on the entity that the mutation returns.
type Payload struct {
	*document.Field
	run   *run
	print *printer
	field *field // nil: the mutation returns no entity
}

// Payloads plans the selections below a mutation's root fields before any of them runs, so that a selection that is too large changes nothing.
// returns tells what a root field returns; nil for no entity. With an error come the payloads before the one that it is about, and that one.
func (r *Runner) Payloads(op *document.Operation, caller Caller, returns func(field string) *catalogue.Type) ([]*Payload, error) {
	p := r.plan(op, op.Schema.Mutation, func(pl *planner, df *document.Field) *rootPlan {
		root := &rootPlan{Field: df}
		t := returns(df.Name)
		if t == nil {
			return root
		}
		root.field = &field{Field: df, owner: op.Schema.Mutation.Name, kind: single, rows: newRowset(t)}
		pl.state(root.field)
		root.field.sel, root.err = pl.selection(root.field.rows, df, 2)
		return root
	})
	q := r.start(op, p, caller, r.Reader) // each mutation's own: what comes after one has changed meanwhile
	out := make([]*Payload, 0, len(p.roots))
	for _, root := range p.roots {
		print := &printer{states: q.states, w: &answer.Writer{}}
		print.below(root.Key)
		out = append(out, &Payload{Field: root.Field, run: q, field: root.field, print: print})
		if err := q.payload(root); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (q *run) payload(x *rootPlan) error {
	if x.err != nil || x.field == nil {
		return x.err
	}
	if err := q.below(x.field.rows, 1); err != nil {
		return err
	}
	return q.deeper(x.depth)
}

// Write fetches what hangs on the entity and writes the selection. The entity's own fields come from the struct.
func (p *Payload) Write(ctx context.Context, entity any) ([]byte, []*answer.Error) {
	f, q := p.field, p.run
	row, err := rowOf(f.rows, entity)
	if err != nil {
		return nil, []*answer.Error{answer.FromFault(err, p.print.where(), Locations(f.Field)...)}
	}
	q.at(f).rows = [][]any{row}
	if err := q.fetch(ctx, []*field{f}); err != nil {
		q.report(ctx, err)
		return nil, []*answer.Error{answer.FromFault(err, p.print.where(), Locations(f.Field)...)}
	}
	if err := p.write(row); err != nil {
		return nil, []*answer.Error{answer.FromFault(err, []any{f.Key}, Locations(f.Field)...)}
	}
	return p.print.w.Bytes(), p.print.errors
}

func (p *Payload) write(row []any) (err error) {
	defer answer.TooLong(&err)
	f, out := p.field, p.print
	m := out.w.Mark()
	out.orNull(m, &ast.Type{NamedType: f.Def.Type.Name()}, out.object(f.rows, f.sel, row))
	return nil
}
