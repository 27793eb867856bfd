package query

import (
	"context"
	"log/slog"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/introspect"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

// Special answers a root field of the API's own that stands for no entity. It writes the value, or returns the field's error.
type Special func(ctx context.Context, call *Call) error

// Call is one use of a special root field.
type Call struct {
	Op    *document.Operation
	Field *document.Field
	Args  map[string]any
	Most  int // rows of a page
	W     *answer.Writer

	Viewer Viewer
}

// Runner answers query operations.
type Runner struct {
	Catalogue *catalogue.Catalogue
	Reader    func(tenancy.Scope) Reader
	// Reading begins what one query reads, and answers with its readers: those of Reader, which may remember what they have read.
	Reading  func() func(tenancy.Scope) Reader
	Known    *keys.Known
	Specials map[string]Special // of the API itself, by name of the root field
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

// Caller is who asks, and how much he may ask for.
type Caller struct {
	Viewer
	Self   catalogue.ID // the user's
	Limits limit.Figures
}

// Run answers a query operation.
func (r *Runner) Run(ctx context.Context, op *document.Operation, caller Caller) answer.Response {
	p := r.plan(op, op.Schema.Query, r.compileRoot)
	q := r.start(op, p, caller, r.Reading())
	failed := make([]error, len(p.roots))
	var level []*field
	for i, root := range p.roots {
		failed[i] = q.root(root)
		if q.worst {
			return answer.Response{Errors: []*answer.Error{answer.FromFault(failed[i], nil, Locations(root.Field)...)}}
		}
		if f := root.field; failed[i] == nil && f != nil && f.rows != nil && q.at(f).denied == nil {
			level = append(level, f)
		}
	}
	if err := q.fetch(ctx, level); err != nil {
		q.report(ctx, err)
		return answer.Response{Data: []byte("null"), Errors: []*answer.Error{answer.FromFault(err, nil)}}
	}
	res, err := q.write(ctx, p.roots, failed)
	if err != nil {
		return answer.Response{Data: []byte("null"), Errors: []*answer.Error{answer.FromFault(err, nil)}}
	}
	p.length.Store(int64(len(res.Data)))
	return res
}

// run is one operation on its way.
type run struct {
	*Runner
	binder
	fetcher *fetcher
	print   *printer
	self    catalogue.ID
}

// begun is a run with all that it points at.
type begun struct {
	run
	fetcher fetcher
	printer printer
	writer  answer.Writer
}

// start begins to run a plan, with readers for scopes.
func (r *Runner) start(op *document.Operation, p *plan, caller Caller, reader func(tenancy.Scope) Reader) *run {
	own := make(states, p.states+1)
	left := store.NewRowBudget(caller.Limits.RowsRead)
	b := &begun{fetcher: fetcher{states: own, viewer: caller.Viewer, known: r.Known, reader: func(scope tenancy.Scope) Reader {
		return bounded{reader(scope), left}
	}}}
	b.writer.Expect(int(p.length.Load()))
	b.printer.states, b.printer.w = own, &b.writer
	b.run = run{
		Runner: r, self: caller.Self, fetcher: &b.fetcher, print: &b.printer,
		binder: binder{cat: r.Catalogue, op: op, viewer: caller.Viewer, limits: caller.Limits, states: own},
	}
	return &b.run
}

func (q *run) at(f *field) *state { return q.states.at(f) }

func (q *run) fetch(ctx context.Context, level []*field) error { return q.fetcher.run(ctx, level) }

// bounded is a reader that reads no more rows than a request may.
type bounded struct {
	Reader
	left *store.RowBudget
}

// SelectAll implements Reader.
func (b bounded) SelectAll(ctx context.Context, queries ...store.Query) ([]*store.Result, error) {
	for i := range queries {
		queries[i].Budget = b.left
	}
	return b.Reader.SelectAll(ctx, queries...)
}

// report logs our own failures; callers read only that something went wrong.
func (q *run) report(ctx context.Context, err error) {
	if answer.Internal(err) && ctx.Err() == nil {
		q.Logger.ErrorContext(ctx, "query failed", "operation", q.op.Def.Name, "error", err)
	}
}

// root gives a root field its arguments.
func (q *run) root(x *rootPlan) error {
	f := x.field
	switch {
	case x.err != nil:
		return x.err
	case f == nil:
		return nil
	case f.search != nil:
		if err := q.bindSearch(f); err != nil {
			return err
		}
		return q.deeper(x.depth)
	case x.root.get != nil:
		if err := q.single(x); err != nil || q.at(f).denied != nil {
			return err
		}
		return q.deeper(x.depth)
	}
	if err := q.field(f, 1); err != nil {
		return err
	}
	st := q.at(f)
	if st.denied != nil {
		return nil
	}
	st.query = store.Query{
		Type: f.rows.typ, Fields: f.rows.read, Where: st.where, Page: st.page, NoCursors: !f.conn.cursors, Follow: true, Asked: st.asked, Bounded: true,
	}
	return q.deeper(x.depth)
}

// single binds a read of one entity.
func (q *run) single(x *rootPlan) error {
	f, typ := x.field, x.root.typ
	st := q.at(f)
	args, err := q.op.Args(f.Field)
	if err != nil {
		return inputFault(err)
	}
	if !x.root.self {
		if st.denied = q.view(typ); st.denied != nil {
			return nil
		}
	}
	if err := q.charge(1); err != nil {
		return err
	}
	st.page = store.Page{First: 1}
	if typ.Versions != nil {
		st.page = store.Page{Last: 1} // the latest of those that match
	}
	if err := q.keyOf(st, x.root, args); err != nil {
		return err
	}
	if err := q.below(f.rows, 1); err != nil {
		return err
	}
	st.query = store.Query{Type: typ, Fields: f.rows.read, Where: st.where, Page: st.page, NoCursors: true}
	return nil
}

// keyOf turns the arguments of a single read into conditions; all that are given must match.
func (q *run) keyOf(st *state, root rootField, args map[string]any) error {
	if root.self {
		st.where = byIDs(root.typ, []catalogue.ID{q.self})
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
				st.where = append(st.where, store.Condition{Field: a.Field, Op: store.In, Values: []any{id}})
				continue
			}
			st.keyed = append(st.keyed, keyFilter{field: a.Field, want: want})
			continue
		}
		st.where = append(st.where, store.Condition{Field: a.Field, Op: store.In, Values: []any{asValue(a.Field, v)}})
	}
	if len(st.where)+len(st.keyed) == 0 {
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

func (q *run) write(ctx context.Context, roots []*rootPlan, failed []error) (res answer.Response, err error) {
	defer answer.TooLong(&err)
	p := q.print
	p.w.OpenObject()
	for i, root := range roots {
		p.w.Name(root.Key)
		p.below(root.Key)
		m := p.w.Mark()
		if !p.orNull(m, &ast.Type{NamedType: root.Def.Type.Name()}, q.writeRoot(ctx, root, failed[i])) {
			break
		}
	}
	p.w.CloseObject()
	return answer.Response{Data: p.w.Bytes(), Errors: p.errors}, nil
}

func (q *run) writeRoot(ctx context.Context, root *rootPlan, failed error) bool {
	f, p := root.field, q.print
	if failed != nil {
		q.report(ctx, failed)
		p.fail(root.Field, failed)
		return false
	}
	if f == nil {
		return q.other(ctx, root.Field)
	}
	switch st := q.at(f); {
	case st.denied != nil:
		return p.refuse(f)
	case f.search != nil:
		return q.answer(ctx, f)
	case f.kind == connected:
		return p.connection(f, st.pages[""])
	case len(st.rows) == 0:
		p.w.Null()
		return true
	default:
		return p.object(f.rows, f.sel, st.rows[0])
	}
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
	return q.Specials[df.Name](ctx, &Call{Op: q.op, Field: df, Args: args, Most: q.limits.Page, W: q.print.w, Viewer: q.viewer})
}
