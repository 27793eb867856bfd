// Package query reads entities for GraphQL selections. It turns a selection into a plan, fetches the plan level by level (one
// statement for each connection or reference of a level, for all parents together; one round trip for each level) and writes the
// response straight from the rows. Only columns that were asked for are read.
package query

import (
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/store"
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

// Limits bound what one request may ask for.
type Limits struct {
	Complexity int // entities that may be fetched: one for each object, a page for each connection, times the pages around it
	Depth      int // fields within fields
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
	chosen         // objects that a module's operation chooses
)

// field is one response name of a planned selection.
type field struct {
	*document.Field
	kind    kind
	owner   string           // the object's type
	meta    *catalogue.Field // column, wrapped, value, reference
	col     int              // its position in the owner's rows
	cols    []int            // lookup: positions of the local values
	keyRef  *catalogue.KeyRef
	edge    *catalogue.Edge
	conn    *connection
	wrap    []*document.Field
	json    *valuePlan
	object  *compositePlan
	search  *searching // chosen
	rows    *rowset    // what is fetched: reference, lookup, members, connected, listed, single
	sel     selection
	denied  error // the field is null, with this error where it is written first
	told    bool
	query   store.Query // the field's statement, once its parents are known
	fetched bool

	byID  map[catalogue.ID][]any
	byKey map[string][]any
	pages map[catalogue.ID]*store.Group // by parent; root fields use the empty id
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
	of       map[*field]string
	rows     [][]any
}

func newRowset(t *catalogue.Type) *rowset {
	r := &rowset{typ: t, at: map[string]int{}, kindAt: -1, of: map[*field]string{}}
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

// onlyID reports whether the rows need nothing but what a reference to them holds already.
func (r *rowset) onlyID() bool { return len(r.read) == 1 && len(r.children) == 0 }

// planner makes the plan of one request.
type planner struct {
	cat    *catalogue.Catalogue
	op     *document.Operation
	viewer Viewer
	limits Limits
	cost   int
	worst  bool // the cost is over the limit
}

// charge adds the cost of a field that may fetch so many objects. Values that come with their object's row are free.
func (p *planner) charge(times int) error {
	p.cost += times
	if p.cost > p.limits.Complexity {
		p.worst = true
		return fault.New(fault.Invalid, "The query is too complex: it may fetch more than %d objects, page sizes multiplied",
			p.limits.Complexity).WithCode(fault.CodeTooMuch)
	}
	return nil
}

func (p *planner) view(t *catalogue.Type) error {
	if !t.Abstract() {
		return p.viewer.CanSomewhere(t.Permission + "_VIEW")
	}
	for _, kind := range t.Members {
		if err := p.viewer.CanSomewhere(kind.Permission + "_VIEW"); err != nil {
			return err
		}
	}
	return nil
}

// scopeOf is the data of a type that a viewer sees: of an abstract one, where it sees all its kinds.
func scopeOf(viewer Viewer, t *catalogue.Type) tenancy.Scope {
	if !t.Abstract() {
		return viewer.ScopeFor(t.Permission + "_VIEW")
	}
	scope := viewer.ScopeFor(t.Members[0].Permission + "_VIEW")
	for _, kind := range t.Members[1:] {
		scope = scope.Common(viewer.ScopeFor(kind.Permission + "_VIEW"))
	}
	return scope
}

// place is where in the plan a selection stands.
type place struct {
	times int // product of the page sizes around it
	depth int
}

// down is one field deeper; page is the page size of a connection, else 1.
func (p place) down(page int) place {
	times := p.times * page
	if times > 1<<30 {
		times = 1 << 30
	}
	return place{times: times, depth: p.depth + 1}
}

func (p *planner) deeper(at place) error {
	if at.depth > p.limits.Depth {
		return fault.New(fault.Invalid, "The query is nested more than %d fields deep", p.limits.Depth).WithCode(fault.CodeTooMuch)
	}
	return nil
}

// selection plans the fields below f on the rows of a set, for each concrete type.
func (p *planner) selection(rows *rowset, f *document.Field, at place) (selection, error) {
	concrete := rows.typ.Members
	if !rows.typ.Abstract() {
		concrete = []*catalogue.Type{rows.typ}
	}
	if err := p.deeper(at); err != nil {
		return nil, err
	}
	sel := make(selection, len(concrete))
	before, most := p.cost, p.cost
	for _, t := range concrete {
		p.cost = before
		object := p.op.Schema.Types[t.Name]
		for _, df := range p.op.Sub(object, f) {
			pf, err := p.field(rows, t, df, at)
			if err != nil {
				return nil, err
			}
			sel[t.Name] = append(sel[t.Name], pf)
		}
		most = max(most, p.cost)
	}
	p.cost = most
	return sel, nil
}

// field plans one field of an entity.
func (p *planner) field(rows *rowset, t *catalogue.Type, df *document.Field, at place) (*field, error) {
	f := &field{Field: df, owner: t.Name}
	if df.Name == "__typename" {
		return f, nil
	}
	if meta := t.Field(df.Name); meta != nil && !meta.Hidden {
		return f, p.stored(rows, f, meta, at)
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
		return f, p.lookup(rows, f, k, at)
	}
	if e := t.Edge(df.Name); e != nil {
		f.edge = e
		rows.adopt(f, t)
		if e.Plain {
			return f, p.list(f, e.Target, at)
		}
		return f, p.connection(f, e.Target, at)
	}
	return nil, fault.New(fault.Internal, "nothing is behind %s.%s", t.Name, df.Name)
}

// adopt makes f a child of the rows of one concrete type.
func (r *rowset) adopt(f *field, t *catalogue.Type) {
	r.children = append(r.children, f)
	r.of[f] = t.Name
}

func (p *planner) stored(rows *rowset, f *field, meta *catalogue.Field, at place) error {
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
		return p.target(rows, f, meta.Ref, at)
	case meta.Value != nil:
		f.kind = value
		var err error
		f.json, err = p.value(rows, f, meta.Value, at)
		return err
	default:
		f.kind = column
		return nil
	}
}

// target plans the entity that a reference or a lookup leads to.
func (p *planner) target(rows *rowset, f *field, t *catalogue.Type, at place) error {
	if err := p.charge(at.times); err != nil {
		return err
	}
	f.rows = newRowset(t)
	var err error
	if f.sel, err = p.selection(f.rows, f.Field, at.down(1)); err != nil {
		return err
	}
	if f.kind == reference && f.rows.onlyID() && !t.Abstract() {
		return nil
	}
	f.denied = p.view(t)
	rows.adopt(f, p.cat.Type(f.owner))
	return nil
}

func (p *planner) lookup(rows *rowset, f *field, k *catalogue.KeyRef, at place) error {
	f.kind, f.keyRef = lookup, k
	for _, local := range k.Local {
		f.cols = append(f.cols, rows.want(local))
	}
	if err := p.target(rows, f, k.Target, at); err != nil {
		return err
	}
	for _, remote := range k.Remote {
		f.rows.want(remote)
	}
	return nil
}
