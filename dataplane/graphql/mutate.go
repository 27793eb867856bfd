package graphql

import (
	"context"
	"slices"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/query"
	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// mutation is what stands behind a root mutation field. Exactly one of its functions is set.
type mutation struct {
	name    string
	creates bool            // rows that are kept
	typ     *catalogue.Type // the entity that it returns; nil: an object that is written by itself
	entity  func(ctx context.Context, p *tenant.Principal, input map[string]any) (any, error)
	// await is the argument by which callers ask for awaited in place of entity; empty: there is none.
	await   string
	awaited func(ctx context.Context, p *tenant.Principal, input map[string]any) (any, error)
	object  func(ctx context.Context, p *tenant.Principal, args map[string]any) (map[string]any, error)
}

// mutationFields lists what stands behind the fields of Mutation: all follows from the catalogue.
func (e *Executor) mutationFields() []mutation {
	var out []mutation
	for _, t := range e.catalogue.Types() {
		if m := t.Create; m != nil {
			out = append(out, e.creation(t, m))
		}
		if t.Update != nil {
			out = append(out, e.update(t))
		}
		if v := t.Versions; v != nil {
			out = append(out, mutation{name: v.Activate.Name, typ: t, entity: func(ctx context.Context, p *tenant.Principal, input map[string]any) (any, error) {
				return e.changer.Activate(ctx, p, v.Activate, input)
			}})
		}
		for _, r := range t.Removes {
			out = append(out, e.removal(r))
		}
		for _, b := range t.Bulk {
			out = append(out, e.bulk(t, b))
		}
	}
	for _, t := range e.catalogue.Abstract() {
		if t.Update != nil {
			out = append(out, e.update(t))
		}
	}
	for _, op := range e.catalogue.Mutations() {
		if op.Makes != nil {
			out = append(out, e.creation(op.Makes.Of, &catalogue.Mutation{Name: op.Name, Input: op.Makes}))
		}
	}
	return out
}

// serveMutations files them by name. The error names fields of the schema with nothing behind them, or more than one thing.
func (e *Executor) serveMutations() error {
	e.mutations = map[string]mutation{}
	var names []string
	for _, m := range e.mutationFields() {
		e.mutations[m.name], names = m, append(names, m.name)
	}
	return schema.Behind(e.schema.Mutation, names)
}

func (e *Executor) creation(t *catalogue.Type, m *catalogue.Mutation) mutation {
	create := e.changer.Create
	switch {
	case t.Provided:
		create = e.changer.CreateRetailer
	case t.Versions != nil:
		create = e.changer.CreateVersion
	}
	made := mutation{name: m.Name, creates: true, typ: t, entity: func(ctx context.Context, p *tenant.Principal, input map[string]any) (any, error) {
		return create(ctx, p, m, input)
	}}
	if m.Await != nil {
		made.await = m.Await.Name
		made.awaited = func(ctx context.Context, p *tenant.Principal, input map[string]any) (any, error) {
			return e.changer.CreateAwaited(ctx, p, m, input)
		}
	}
	return made
}

func (e *Executor) update(t *catalogue.Type) mutation {
	return mutation{name: t.Update.Name, typ: t, entity: func(ctx context.Context, p *tenant.Principal, input map[string]any) (any, error) {
		return e.changer.Update(ctx, p, t.Update, input)
	}}
}

func (e *Executor) removal(r *catalogue.Removal) mutation {
	return mutation{name: r.Name, object: func(ctx context.Context, p *tenant.Principal, args map[string]any) (map[string]any, error) {
		input, err := inputOf(args)
		if err != nil {
			return nil, err
		}
		if err := e.changer.Remove(ctx, p, r, input); err != nil {
			return nil, err
		}
		return map[string]any{"status": "SUCCESS"}, nil
	}}
}

func (e *Executor) bulk(t *catalogue.Type, b *catalogue.Bulk) mutation {
	return mutation{name: b.Name, object: func(ctx context.Context, p *tenant.Principal, args map[string]any) (map[string]any, error) {
		filter, _ := args["filter"].(map[string]any)
		input, _ := args["input"].(map[string]any)
		n, err := e.changer.SetAll(ctx, p, t, b, change.Values{Filter: filter, Set: input})
		return map[string]any{"count": n}, err
	}}
}

func inputOf(args map[string]any) (map[string]any, error) {
	input, ok := args["input"].(map[string]any)
	if !ok {
		return nil, fault.Invalidf("input", "input is required").WithCode(fault.CodeMissing)
	}
	return input, nil
}

// mutate runs the root fields of a mutation in order, each in a transaction of its own: one that fails is null, with its
// error, and the others stand.
func (e *Executor) mutate(ctx context.Context, p *tenant.Principal, op *document.Operation) answer.Response {
	payloads, err := e.runner.Payloads(op, e.caller(p), func(field string) *catalogue.Type { return e.mutations[field].typ })
	if err != nil {
		return answer.Response{Errors: []*answer.Error{answer.FromFault(err, nil, query.Locations(payloads[len(payloads)-1].Field)...)}}
	}
	r := &mutating{Executor: e, op: op, who: p, w: &answer.Writer{}}
	var errs []*answer.Error
	r.w.OpenObject()
	for _, payload := range payloads {
		r.w.Name(payload.Key)
		m := r.w.Mark()
		failed := r.field(ctx, payload)
		if len(failed) > 0 && r.w.Mark() == m {
			r.w.Null()
		}
		errs = append(errs, failed...)
	}
	r.w.CloseObject()
	return answer.Response{Data: r.w.Bytes(), Errors: errs}
}

// mutating is one mutation operation on its way.
type mutating struct {
	*Executor
	op  *document.Operation
	who *tenant.Principal
	w   *answer.Writer
}

// field runs one root field and writes its result. If it fails before anything is written, the caller writes null.
func (r *mutating) field(ctx context.Context, payload *query.Payload) []*answer.Error {
	df := payload.Field
	if df.Name == "__typename" {
		r.w.String("Mutation")
		return nil
	}
	data, errs, err := r.run(ctx, payload)
	if err != nil {
		r.report(ctx, df.Name, err)
		return []*answer.Error{answer.FromFault(err, []any{df.Key}, query.Locations(df)...)}
	}
	if err := r.w.Fits(len(data)); err != nil {
		return append(errs, answer.FromFault(err, []any{df.Key}, query.Locations(df)...))
	}
	if data != nil {
		r.w.Raw(data)
	}
	return errs
}

// run returns the field's JSON, and errors of single values inside it.
func (r *mutating) run(ctx context.Context, payload *query.Payload) ([]byte, []*answer.Error, error) {
	df := payload.Field
	m := r.mutations[df.Name]
	args, err := r.op.Args(df)
	if err != nil {
		return nil, nil, inputFault(err)
	}
	if m.object != nil {
		object, err := m.object(ctx, r.who, args)
		if err != nil {
			return nil, nil, err
		}
		w := &answer.Writer{}
		writeObject(w, r.op, df, object)
		return w.Bytes(), nil, nil
	}
	input, err := inputOf(args)
	if err != nil {
		return nil, nil, err
	}
	if m.creates {
		if err := r.quotas.Room(r.who.Account); err != nil {
			return nil, nil, err
		}
	}
	act := m.entity
	if m.await != "" && args[m.await] != nil {
		act = m.awaited
	}
	entity, err := act(ctx, r.who, input)
	if err != nil {
		return nil, nil, err
	}
	data, errs := payload.Write(ctx, entity)
	return data, errs, nil
}

// writeObject writes the result of a mutation that returns no entity.
func writeObject(w *answer.Writer, op *document.Operation, df *document.Field, object map[string]any) {
	def := op.Schema.Types[df.Def.Type.Name()]
	w.OpenObject()
	for _, f := range op.Sub(def, df) {
		w.Name(f.Key)
		switch v := object[f.Name].(type) {
		case string:
			w.String(v)
		case int:
			w.Int(int64(v))
		default:
			if f.Name == "__typename" {
				w.String(def.Name)
			} else {
				w.Null()
			}
		}
	}
	w.CloseObject()
}

// report logs our own failures; callers read only that something went wrong.
func (e *Executor) report(ctx context.Context, field string, err error) {
	if answer.Internal(err) && !slices.Contains([]error{context.Canceled, context.DeadlineExceeded}, ctx.Err()) {
		e.log.ErrorContext(ctx, "mutation failed", "field", field, "error", err)
	}
}
