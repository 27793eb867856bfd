package query

import (
	"context"
	"log/slog"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/introspect"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Special answers a root field of the API's own that stands for no entity. It writes the value, or returns the field's error.
type Special func(ctx context.Context, call *Call) error

// Call is one use of a special root field.
type Call struct {
	Op    *document.Operation
	Field *document.Field
	Args  map[string]any
	W     *answer.Writer

	Viewer Viewer
}

// Runner answers query operations.
type Runner struct {
	Catalogue *catalogue.Catalogue
	Reader    func(tenancy.Scope) Reader
	Known     *keys.Known
	Limits    Limits
	Specials  map[string]Special // of the API itself, by name of the root field
	// Operations are what modules answer.
	Operations []operation.Operation
	Logger     *slog.Logger
	roots      map[string]rootField
	searches   map[string]*search
	serves     []string
}

// self is the root field that shows who asks.
const self = "me"

// rootField is what stands behind a root field that follows a pattern.
type rootField struct {
	typ  *catalogue.Type
	get  *catalogue.Get // nil: a search
	self bool           // the caller
}

// New makes a runner. The error is about an operation: it does not fit what the catalogue declares.
func New(r Runner) (*Runner, error) {
	r.roots, r.searches = map[string]rootField{}, map[string]*search{}
	add := func(name string, root rootField) {
		r.roots[name], r.serves = root, append(r.serves, name)
	}
	for _, t := range r.Catalogue.Types() {
		if t.Plural != "" {
			add(t.Plural, rootField{typ: t})
		}
		for i := range t.Gets {
			add(t.Gets[i].Name, rootField{typ: t, get: &t.Gets[i]})
		}
	}
	for _, t := range r.Catalogue.Abstract() {
		if t.Plural != "" {
			add(t.Plural, rootField{typ: t})
		}
	}
	if op := r.Catalogue.Query(self); op != nil {
		add(self, rootField{typ: r.Catalogue.Type(op.Type), get: &catalogue.Get{Name: self}, self: true})
	}
	for name := range r.Specials {
		r.serves = append(r.serves, name)
	}
	for _, o := range r.Operations {
		s, err := newSearch(r.Catalogue, o)
		if err != nil {
			return nil, err
		}
		r.searches[o.Field], r.serves = s, append(r.serves, o.Field)
	}
	return &r, nil
}

// Serves lists the root fields behind which something stands, once for each thing.
func (r *Runner) Serves() []string { return r.serves }

// Run answers a query operation.
func (r *Runner) Run(ctx context.Context, op *document.Operation, viewer Viewer, self catalogue.ID) answer.Response {
	q := &run{
		Runner: r, op: op, viewer: viewer, self: self, print: &printer{w: &answer.Writer{}},
		plan: &planner{cat: r.Catalogue, op: op, viewer: viewer, limits: r.Limits},
	}
	fields := op.Collect(op.Schema.Query, op.Def.SelectionSet)
	planned := make([]*field, len(fields))
	failed := make([]error, len(fields))
	var level []*field
	for i, df := range fields {
		planned[i], failed[i] = q.planRoot(df)
		if q.plan.worst {
			return answer.Response{Errors: []*answer.Error{answer.FromFault(failed[i], nil, Locations(df)...)}}
		}
		if planned[i] != nil && planned[i].rows != nil && planned[i].denied == nil {
			level = append(level, planned[i])
		}
	}
	if err := q.fetch(ctx, level); err != nil {
		q.report(ctx, err)
		return answer.Response{Data: []byte("null"), Errors: []*answer.Error{answer.FromFault(err, nil)}}
	}
	res, err := q.write(ctx, fields, planned, failed)
	if err != nil {
		return answer.Response{Data: []byte("null"), Errors: []*answer.Error{answer.FromFault(err, nil)}}
	}
	return res
}

// run is one query operation on its way.
type run struct {
	*Runner
	op     *document.Operation
	plan   *planner
	print  *printer
	viewer Viewer
	self   catalogue.ID
}

// report logs our own failures; callers read only that something went wrong.
func (q *run) report(ctx context.Context, err error) {
	if answer.Internal(err) && ctx.Err() == nil {
		q.Logger.ErrorContext(ctx, "query failed", "operation", q.op.Def.Name, "error", err)
	}
}

func (q *run) fetch(ctx context.Context, level []*field) error {
	x := &fetcher{viewer: q.viewer, reader: q.Reader, known: q.Known}
	return x.run(ctx, level)
}

// planRoot plans a root field; nil for those that need no rows.
func (q *run) planRoot(df *document.Field) (*field, error) {
	if s := q.searches[df.Name]; s != nil {
		return q.planSearch(df, s)
	}
	root, ok := q.roots[df.Name]
	if !ok || df.Name == "__typename" {
		return nil, nil
	}
	f := &field{Field: df, owner: "Query"}
	at := place{times: 1, depth: 1}
	if root.get != nil {
		return f, q.planGet(f, root, at)
	}
	if err := q.plan.connection(f, root.typ, at); err != nil || f.denied != nil {
		return f, err
	}
	f.query = store.Query{Type: root.typ, Fields: f.rows.read, Where: f.conn.where, Page: f.conn.page, NoCursors: !f.conn.cursors,
		Follow: true, Asked: f.conn.asked()}
	return f, nil
}

func (q *run) planGet(f *field, root rootField, at place) error {
	f.kind = single
	args, err := q.op.Args(f.Field)
	if err != nil {
		return inputFault(err)
	}
	if !root.self {
		if f.denied = q.plan.view(root.typ); f.denied != nil {
			return nil
		}
	}
	if err := q.plan.charge(at.times); err != nil {
		return err
	}
	f.rows, f.conn = newRowset(root.typ), &connection{page: store.Page{First: 1}}
	if root.typ.Versions != nil {
		f.conn.page = store.Page{Last: 1} // the latest of those that match
	}
	if err := q.keyOf(f, root, args); err != nil {
		return err
	}
	if f.sel, err = q.plan.selection(f.rows, f.Field, at.down(1)); err != nil {
		return err
	}
	f.query = store.Query{Type: root.typ, Fields: f.rows.read, Where: f.conn.where, Page: f.conn.page, NoCursors: true}
	return nil
}

// keyOf turns the arguments of a single read into conditions; all that are given must match.
func (q *run) keyOf(f *field, root rootField, args map[string]any) error {
	if root.self {
		f.conn.where = byIDs(root.typ, []catalogue.ID{q.self})
		return nil
	}
	for _, a := range root.get.Args {
		v, ok := args[a.Name]
		if !ok || v == nil {
			continue
		}
		if object, isKey := v.(map[string]any); isKey && a.Key != nil {
			want, err := keys.New(a.Key, object, a.Name)
			if err != nil {
				return err
			}
			if id := want.Given(); id != "" {
				f.conn.where = append(f.conn.where, store.Condition{Field: a.Field, Op: store.In, Values: []any{id}})
				continue
			}
			f.conn.keyed = append(f.conn.keyed, keyFilter{field: a.Field, want: want})
			continue
		}
		f.conn.where = append(f.conn.where, store.Condition{Field: a.Field, Op: store.In, Values: []any{asValue(a.Field, v)}})
	}
	if len(f.conn.where)+len(f.conn.keyed) == 0 {
		return fault.Invalidf(root.get.Args[0].Name, "%s needs an argument that says which", root.get.Name).WithCode(fault.CodeMissing)
	}
	return nil
}

// asValue is an argument as a column holds it.
func asValue(f *catalogue.Field, v any) any {
	if s, isText := v.(string); isText && f.Kind == catalogue.IDValue {
		return catalogue.ID(s)
	}
	return v
}

func (q *run) write(ctx context.Context, fields []*document.Field, planned []*field, failed []error) (res answer.Response, err error) {
	defer answer.TooLong(&err)
	p := q.print
	p.w.OpenObject()
	for i, df := range fields {
		p.w.Name(df.Key)
		p.path = []any{df.Key}
		m := p.w.Mark()
		ok := true
		switch f := planned[i]; {
		case failed[i] != nil:
			q.report(ctx, failed[i])
			p.fail(df, failed[i])
			ok = false
		case f == nil:
			ok = q.other(ctx, df)
		case f.denied != nil:
			ok = p.refuse(f)
		case f.search != nil:
			ok = q.answer(ctx, f)
		case f.kind == connected:
			ok = p.connection(f, f.pages[""])
		case len(f.rows.rows) == 0:
			p.w.Null()
		default:
			ok = p.object(f.rows, f.sel, f.rows.rows[0])
		}
		if !p.orNull(m, &ast.Type{NamedType: df.Def.Type.Name()}, ok) {
			break
		}
	}
	p.w.CloseObject()
	return answer.Response{Data: p.w.Bytes(), Errors: p.errors}, nil
}

// other writes the root fields that need no plan.
func (q *run) other(ctx context.Context, df *document.Field) bool {
	var err error
	switch df.Name {
	case "__typename":
		q.print.w.String("Query")
		return true
	case "__schema", "__type":
		if err = introspect.Write(q.print.w, q.op, df); err != nil {
			err = inputFault(err)
		}
	default:
		err = q.special(ctx, df)
	}
	if err != nil {
		q.print.fail(df, err)
	}
	return err == nil
}

func (q *run) special(ctx context.Context, df *document.Field) error {
	args, err := q.op.Args(df)
	if err != nil {
		return inputFault(err)
	}
	return q.Specials[df.Name](ctx, &Call{Op: q.op, Field: df, Args: args, W: q.print.w, Viewer: q.viewer})
}

// Payload is the planned selection on the entity that a mutation returns.
type Payload struct {
	run   *run
	field *field
}

// Payload plans the selection below a mutation's root field before the mutation runs, so that a selection that is too large
// changes nothing.
func (r *Runner) Payload(op *document.Operation, viewer Viewer, df *document.Field, t *catalogue.Type) (*Payload, error) {
	q := &run{
		Runner: r, op: op, viewer: viewer, print: &printer{w: &answer.Writer{}, path: []any{df.Key}},
		plan: &planner{cat: r.Catalogue, op: op, viewer: viewer, limits: r.Limits},
	}
	f := &field{Field: df, owner: "Mutation", kind: single, rows: newRowset(t)}
	var err error
	f.sel, err = q.plan.selection(f.rows, df, place{times: 1, depth: 2})
	return &Payload{run: q, field: f}, err
}

// Write fetches what hangs on the entity and writes the selection. The entity's own fields come from the struct.
func (p *Payload) Write(ctx context.Context, entity any) ([]byte, []*answer.Error) {
	f, q := p.field, p.run
	row, err := rowOf(f.rows, entity)
	if err != nil {
		return nil, []*answer.Error{answer.FromFault(err, slices.Clone(q.print.path), Locations(f.Field)...)}
	}
	f.rows.rows = [][]any{row}
	if err := q.fetch(ctx, []*field{f}); err != nil {
		q.report(ctx, err)
		return nil, []*answer.Error{answer.FromFault(err, slices.Clone(q.print.path), Locations(f.Field)...)}
	}
	if err := p.print(row); err != nil {
		return nil, []*answer.Error{answer.FromFault(err, []any{f.Key}, Locations(f.Field)...)}
	}
	return q.print.w.Bytes(), q.print.errors
}

func (p *Payload) print(row []any) (err error) {
	defer answer.TooLong(&err)
	f, out := p.field, p.run.print
	m := out.w.Mark()
	out.orNull(m, &ast.Type{NamedType: f.Def.Type.Name()}, out.object(f.rows, f.sel, row))
	return nil
}
