// Package query reads entities for GraphQL selections. It turns a selection into a plan, which is kept with the document; for each request it
// gives the plan its arguments, fetches level by level (one statement for each connection or reference of a level, for all parents together; one
// round trip for each level) and writes the response straight from the rows. Only columns that were asked for are read.
package query

import (
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Viewer is who reads: it decides which types may be seen, and which retailers' rows of them.
type Viewer interface {
	// CanSomewhere is nil if the permission (ORDER_VIEW) is held in any context.
	CanSomewhere(permission string) error
	// ScopeFor is the data for which the permission is held.
	ScopeFor(permission string) tenancy.Scope
}

// kind says how a planned field gets its value.
type kind int

const (
	typename  kind = iota
	column         // a scalar, or JSON without a selection
	wrapped        // a text, or an id, shown as an object with one member
	composite      // an object over columns
	precise        // a number shown exactly
	value          // a value object, or a list of them, out of JSON
	reference      // an entity by the id in a column
	lookup         // an entity by natural key
	members        // entities by ids inside a JSON value
	connected      // a connection: rows at the far end of an edge, or a root search
	listed         // all rows at the far end of an edge
	single         // a root field for one entity
	summed         // sums of what is at the far end of an edge
	chosen         // objects that a module's operation chooses
)

// field is one response name of a planned selection. Requests share it and don't change it: what is one request's own is in a state.
type field struct {
	*document.Field
	kind   kind
	owner  string           // the object's type
	meta   *catalogue.Field // column, wrapped, value, reference
	col    int              // its position in the owner's rows
	cols   []int            // lookup: positions of the local values
	keyRef *catalogue.KeyRef
	edge   *catalogue.Edge
	total  *catalogue.Total
	conn   *connection
	wrap   []*document.Field
	json   *valuePlan
	object *compositePlan
	search *searching // chosen
	rows   *rowset    // what is fetched: reference, lookup, members, connected, listed, single
	sel    selection
	n      int // of its state; 0: it needs none
}

// selection holds the planned fields for each concrete type that a row can have.
type selection map[string][]*field

// rowset is one set of rows that is fetched with one statement, and the columns that the selections on it need.
type rowset struct {
	typ      *catalogue.Type
	read     []*catalogue.Field
	at       map[string]int // by column
	kindAt   int            // position of the discriminator; -1: one type
	children []*field       // fields below that need a statement of their own
}

func newRowset(t *catalogue.Type) *rowset {
	r := &rowset{typ: t, at: map[string]int{}, kindAt: -1}
	r.want(t.Field("id"))
	if t.Abstract() {
		r.kindAt = r.want(t.Discriminator)
	}
	return r
}

// want adds a column and returns its position.
func (r *rowset) want(f *catalogue.Field) int {
	if i, ok := r.at[f.Column]; ok {
		return i
	}
	i := len(r.read)
	r.read = append(r.read, f)
	r.at[f.Column] = i
	return i
}

// typeOf names the concrete type of a row.
func (r *rowset) typeOf(row []any) string {
	if r.kindAt < 0 {
		return r.typ.Name
	}
	name, _ := row[r.kindAt].(string)
	return name
}

// concrete lists the types that a row can have.
func (r *rowset) concrete() []*catalogue.Type {
	if r.typ.Abstract() {
		return r.typ.Members
	}
	return []*catalogue.Type{r.typ}
}

// onlyID reports whether the rows need nothing but what a reference to them holds already.
func (r *rowset) onlyID() bool { return len(r.read) == 1 && len(r.children) == 0 }

// planner makes the plan of an operation.
type planner struct {
	cat    *catalogue.Catalogue
	op     *document.Operation // of which only @include and @skip are looked at: no arguments
	states int                 // that requests need, besides the one of all fields that need none
	depth  int                 // the deepest that the present root field goes
	fields int                 // planned, for the size of the plan
}

// state gives a field a state in each request.
func (p *planner) state(f *field) {
	p.states++
	f.n = p.states
}

// selection plans the fields below f on the rows of a set, for each concrete type.
func (p *planner) selection(rows *rowset, f *document.Field, depth int) (selection, error) {
	concrete := rows.concrete()
	p.depth = max(p.depth, depth)
	sel := make(selection, len(concrete))
	for _, t := range concrete {
		object := p.op.Schema.Types[t.Name]
		for _, df := range p.op.Sub(object, f) {
			pf, err := p.field(rows, t, df, depth)
			if err != nil {
				return nil, err
			}
			sel[t.Name] = append(sel[t.Name], pf)
		}
		p.fields += len(sel[t.Name])
	}
	return sel, nil
}

// field plans one field of an entity.
func (p *planner) field(rows *rowset, t *catalogue.Type, df *document.Field, depth int) (*field, error) {
	f := &field{Field: df, owner: t.Name}
	if df.Name == "__typename" {
		return f, nil
	}
	if meta := t.Field(df.Name); meta != nil && !meta.Hidden {
		return f, p.stored(rows, f, meta, depth)
	}
	if c := t.Composite(df.Name); c != nil {
		f.kind = composite
		f.object = p.composite(rows, f, c, nil)
		return f, nil
	}
	if x := t.Precise(df.Name); x != nil {
		f.kind, f.meta, f.col = precise, x.Field, rows.want(x.Field)
		f.wrap = p.op.Sub(p.op.Schema.Types[f.Def.Type.Name()], f.Field)
		return f, nil
	}
	if k := t.KeyRef(df.Name); k != nil {
		return f, p.lookup(rows, f, k, depth)
	}
	if e := t.Edge(df.Name); e != nil {
		f.edge = e
		p.adopt(rows, f)
		if e.Plain {
			return f, p.list(f, e.Target, depth)
		}
		return f, p.connection(f, e.Target, depth)
	}
	if x := t.Total(df.Name); x != nil {
		f.kind, f.edge, f.total, f.rows = summed, x.Edge, x, newRowset(x.Edge.Target)
		f.wrap = p.op.Sub(p.op.Schema.Types[x.Object.Name], f.Field)
		p.adopt(rows, f)
		return f, nil
	}
	return nil, fault.New(fault.Internal, "nothing is behind %s.%s", t.Name, df.Name)
}

// adopt makes f, a field of one of a set's concrete types, a child of its rows.
func (p *planner) adopt(r *rowset, f *field) {
	p.state(f)
	r.children = append(r.children, f)
}

func (p *planner) stored(rows *rowset, f *field, meta *catalogue.Field, depth int) error {
	f.meta, f.col = meta, rows.want(meta)
	switch {
	case meta.Numbered:
		f.kind = column
		return nil
	case meta.Wrap != "":
		f.kind = wrapped
		f.wrap = p.op.Sub(p.op.Schema.Types[f.Def.Type.Name()], f.Field)
		return nil
	case meta.Ref != nil && meta.Kind == catalogue.IDValue && !meta.ShowsID:
		f.kind = reference
		return p.target(rows, f, meta.Ref, depth)
	case meta.Value != nil:
		f.kind = value
		var err error
		f.json, err = p.value(rows, f, meta.Value, depth)
		return err
	default:
		f.kind = column
		return nil
	}
}

// target plans the entity that a reference or a lookup leads to.
func (p *planner) target(rows *rowset, f *field, t *catalogue.Type, depth int) error {
	f.rows = newRowset(t)
	var err error
	if f.sel, err = p.selection(f.rows, f.Field, depth+1); err != nil {
		return err
	}
	if f.kind == reference && f.rows.onlyID() && !t.Abstract() {
		return nil
	}
	p.adopt(rows, f)
	return nil
}

func (p *planner) lookup(rows *rowset, f *field, k *catalogue.KeyRef, depth int) error {
	f.kind, f.keyRef = lookup, k
	for _, local := range k.Local {
		f.cols = append(f.cols, rows.want(local))
	}
	if err := p.target(rows, f, k.Target, depth); err != nil {
		return err
	}
	for _, remote := range k.Remote {
		f.rows.want(remote)
	}
	return nil
}
