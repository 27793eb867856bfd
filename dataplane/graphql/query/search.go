package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// search is a root field whose objects a module's operation chooses. The members of an object are entities or lists of entities.
type search struct {
	operation.Operation
	op      *catalogue.Operation
	object  *catalogue.Object
	members []member
}

// member is a member of the object.
type member struct {
	name  string
	typ   *catalogue.Type
	list  bool
	needs []*catalogue.Field // that the operation reads, whatever the caller asks for
}

// newSearch puts an operation behind the field that the catalogue declares for it.
func newSearch(c *catalogue.Catalogue, o operation.Operation) (*search, error) {
	s := &search{Operation: o, op: c.Query(o.Field)}
	if s.op == nil {
		return nil, fmt.Errorf("operation %s: the catalogue declares no such query", o.Field)
	}
	node, isConnection := strings.CutSuffix(s.op.Type, "Connection")
	if s.object = c.Object(node); s.object == nil || !isConnection || s.op.Entity == nil {
		return nil, fmt.Errorf("operation %s: want a connection of objects, and the entity whose permission it needs", o.Field)
	}
	for _, f := range s.object.Fields {
		m := member{name: f.Name, typ: c.Type(catalogue.BaseType(f.Type)), list: strings.HasPrefix(f.Type, "[")}
		if m.typ == nil {
			return nil, fmt.Errorf("operation %s: %s.%s is neither an entity nor a list of entities", o.Field, node, f.Name)
		}
		for _, name := range strings.Fields(o.Needs[f.Name]) {
			need := m.typ.Field(name)
			if need == nil {
				return nil, fmt.Errorf("operation %s: %s has no field %s", o.Field, m.typ.Name, name)
			}
			m.needs = append(m.needs, need)
		}
		s.members = append(s.members, m)
	}
	for name := range o.Needs {
		if !slices.ContainsFunc(s.members, func(m member) bool { return m.name == name }) {
			return nil, fmt.Errorf("operation %s: %s has no member %s", o.Field, node, name)
		}
	}
	if err := o.Check(c, s.op); err != nil {
		return nil, fmt.Errorf("operation %w", err)
	}
	return s, nil
}

// searching is the plan of a search.
type searching struct {
	*search
	fields []*connField
	nodes  map[*edgeField][]*memberField
	parts  map[string]*field // what is read of each member
}

// searchState is one search on its way.
type searchState struct {
	bound *operation.Bound
	keys  []*keys.Want // of bound.Keys
	first int
	found operation.Page
}

// memberField is a selected field of the object.
type memberField struct {
	*document.Field
	list bool
	rows *rowset // nil: __typename
	sel  selection
}

// bindSearch gives a search its arguments.
func (q *run) bindSearch(f *field) error {
	x, st := f.search, q.at(f)
	args, err := q.op.Args(f.Field)
	if err != nil {
		return inputFault(err)
	}
	for _, t := range x.seen() {
		if st.denied = q.view(t); st.denied != nil {
			return nil
		}
	}
	run := &searchState{}
	st.search = run
	if run.bound, err = x.Bind(args); err != nil {
		return err
	}
	page, err := q.page(args)
	if err != nil {
		return err
	}
	run.first = page.First
	for _, k := range run.bound.Keys {
		want, err := keys.New(q.Catalogue.Input(x.keyType(k.Name)), k.Value, k.Name)
		if err != nil {
			return err
		}
		run.keys = append(run.keys, want)
	}
	return q.parts(f, run)
}

// parts binds what is below the members of the objects: a search costs 1, and a list of each object as much as a connection under the page.
func (q *run) parts(f *field, run *searchState) error {
	if err := q.charge(1); err != nil {
		return err
	}
	bound := map[string]bool{}
	for _, cf := range f.search.fields {
		for _, ef := range cf.edges {
			for _, mf := range f.search.nodes[ef] {
				if mf.rows == nil || bound[mf.Name] {
					continue
				}
				bound[mf.Name] = true
				times := run.first
				if mf.list {
					if err := q.charge(times); err != nil {
						return err
					}
					times = product(times, most(run.bound, mf.Name))
				}
				if err := q.below(mf.rows, times); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// seen lists the types that a caller must be allowed to see.
func (s *search) seen() []*catalogue.Type {
	out := []*catalogue.Type{s.op.Entity}
	for _, m := range s.members {
		out = append(out, m.typ)
	}
	return out
}

// keyType is the input of an argument.
func (s *search) keyType(arg string) string {
	for _, a := range s.op.Args {
		if a.Name == arg {
			return catalogue.BaseType(a.Type)
		}
	}
	return ""
}

// search plans a search.
func (p *planner) search(df *document.Field, s *search) (*field, error) {
	x := &searching{search: s, nodes: map[*edgeField][]*memberField{}, parts: map[string]*field{}}
	f := &field{Field: df, owner: "Query", kind: chosen, search: x}
	p.state(f)
	for _, m := range s.members {
		part := &field{kind: single, rows: newRowset(m.typ)}
		p.state(part)
		for _, need := range m.needs {
			part.rows.want(need)
		}
		x.parts[m.name] = part
	}
	types := p.op.Schema.Types
	for _, sub := range p.op.Sub(types[df.Def.Type.Name()], df) {
		cf := &connField{Field: sub}
		x.fields = append(x.fields, cf)
		switch sub.Name {
		case "pageInfo":
			cf.pageInfo = p.op.Sub(types["PageInfo"], sub)
		case "edges":
			for _, inner := range p.op.Sub(types[sub.Def.Type.Name()], sub) {
				ef := &edgeField{Field: inner}
				cf.edges = append(cf.edges, ef)
				if inner.Name != "node" {
					continue
				}
				if err := p.object(x, ef); err != nil {
					return nil, err
				}
			}
		}
	}
	return f, nil
}

// object plans the members that are selected of the objects.
func (p *planner) object(x *searching, ef *edgeField) error {
	for _, df := range p.op.Sub(p.op.Schema.Types[x.object.Name], ef.Field) {
		mf := &memberField{Field: df}
		x.nodes[ef] = append(x.nodes[ef], mf)
		part := x.parts[df.Name]
		if part == nil {
			continue
		}
		mf.rows, mf.list = part.rows, df.Def.Type.Elem != nil
		var err error
		if mf.sel, err = p.selection(mf.rows, df, 3); err != nil {
			return err
		}
	}
	return nil
}

// most is how many rows a list is taken to have for each object.
func most(b *operation.Bound, member string) int {
	if n := b.Most(member); n > 0 {
		return n
	}
	return defaultPage
}

// answer has the operation choose, reads what hangs on the rows that it found, and writes the connection.
func (q *run) answer(ctx context.Context, f *field) bool {
	err := q.choose(ctx, f.search, q.at(f).search)
	if err != nil {
		q.report(ctx, err)
		q.print.fail(f.Field, err)
		return false
	}
	q.print.chosen(f)
	return true
}

func (q *run) choose(ctx context.Context, x *searching, run *searchState) error {
	scope := func(t *catalogue.Type) tenancy.Scope { return scopeOf(q.viewer, t) }
	if err := q.Known.Resolve(ctx, q.fetcher.reader(scope(x.op.Entity)), scope(x.op.Entity), run.keys...); err != nil {
		return err
	}
	for i, want := range run.keys {
		if err := want.Missing(); err != nil {
			return err
		}
		run.bound.Keys[i].Found(want.ID())
	}
	call := &operation.Call{
		Catalogue: q.Catalogue, First: run.first, Members: map[string]*operation.Rows{},
		Reader: func(as *catalogue.Type) operation.Reader { return q.fetcher.reader(scope(as)) },
	}
	for name, part := range x.parts {
		call.Members[name] = &operation.Rows{Type: part.rows.typ, Fields: part.rows.read}
	}
	var err error
	if run.found, err = run.bound.Answer(ctx, call); err != nil {
		return err
	}
	level := make([]*field, 0, len(x.members))
	for _, m := range x.members {
		part := x.parts[m.name]
		st := q.at(part)
		for _, o := range run.found.Objects {
			st.rows = append(st.rows, o[m.name]...)
		}
		level = append(level, part)
	}
	return q.fetch(ctx, level)
}

// chosen writes the connection.
func (p *printer) chosen(f *field) {
	x, found := f.search, &p.at(f).search.found
	p.w.OpenObject()
	for _, cf := range x.fields {
		p.w.Name(cf.Key)
		p.path = append(p.path, step{key: cf.Key})
		switch cf.Name {
		case "edges":
			p.w.OpenList()
			for i, o := range found.Objects {
				p.path = append(p.path, step{index: i})
				p.chosenEdge(x, cf, o)
				p.path = p.path[:len(p.path)-1]
			}
			p.w.CloseList()
		case "pageInfo":
			p.pageInfo(cf, &store.Group{HasNext: found.More})
		default:
			p.w.String(f.Def.Type.Name())
		}
		p.path = p.path[:len(p.path)-1]
	}
	p.w.CloseObject()
}

func (p *printer) chosenEdge(x *searching, cf *connField, o operation.Object) {
	p.w.OpenObject()
	for _, ef := range cf.edges {
		p.w.Name(ef.Key)
		switch ef.Name {
		case "node":
			p.path = append(p.path, step{key: ef.Key})
			m := p.w.Mark()
			p.orNull(m, ef.Def.Type, p.chosenObject(x, x.nodes[ef], o))
			p.path = p.path[:len(p.path)-1]
		case "cursor":
			p.w.Null()
		default:
			p.w.String(cf.Def.Type.Name())
		}
	}
	p.w.CloseObject()
}

func (p *printer) chosenObject(x *searching, fields []*memberField, o operation.Object) bool {
	p.w.OpenObject()
	for _, mf := range fields {
		p.w.Name(mf.Key)
		p.path = append(p.path, step{key: mf.Key})
		m := p.w.Mark()
		ok := p.orNull(m, mf.Def.Type, p.chosenMember(x, mf, o[mf.Name]))
		p.path = p.path[:len(p.path)-1]
		if !ok {
			return false
		}
	}
	p.w.CloseObject()
	return true
}

func (p *printer) chosenMember(x *searching, mf *memberField, rows [][]any) bool {
	switch {
	case mf.rows == nil:
		p.w.String(x.object.Name)
		return true
	case !mf.list && len(rows) == 0:
		return p.null(mf.Field, x.object.Name)
	case !mf.list:
		return p.object(mf.rows, mf.sel, rows[0])
	}
	p.w.OpenList()
	for i, row := range rows {
		p.path = append(p.path, step{index: i})
		m := p.w.Mark()
		ok := p.orNull(m, mf.Def.Type.Elem, p.object(mf.rows, mf.sel, row))
		p.path = p.path[:len(p.path)-1]
		if !ok {
			return false
		}
	}
	p.w.CloseList()
	return true
}
