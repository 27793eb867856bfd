package query

import (
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

// plan is the plan of an operation: what is the same for all requests that send its text and want the same of what @include and @skip may
// leave out, whatever their arguments and whoever they are of. It is kept with the document.
type plan struct {
	roots  []*rootPlan
	states int // that a request needs besides the empty one
	// length is that of the last answer, in bytes: the next one is likely to be as long.
	length atomic.Int64
}

// rootPlan is the plan of a root field.
type rootPlan struct {
	*document.Field
	root  rootField
	field *field // nil: no rows are needed
	depth int    // the deepest that its selection goes
	err   error  // there is no plan
}

// fieldBytes is what a planned field takes in memory, about, with its part of what it stands in.
const fieldBytes = 800

// plan finds an operation's plan, or makes it.
func (r *Runner) plan(op *document.Operation, object *ast.Definition, compile func(*planner, *document.Field) *rootPlan) *plan {
	made := op.Compiled(func() (any, int) {
		pl := &planner{cat: r.Catalogue, op: op}
		p := &plan{}
		for _, df := range op.Collect(object, op.Def.SelectionSet) {
			pl.depth = 0
			root := compile(pl, df)
			root.depth = pl.depth
			p.roots = append(p.roots, root)
		}
		p.states = pl.states
		return p, fieldBytes * (pl.fields + pl.states + len(p.roots))
	})
	return made.(*plan) // nothing else is kept with an operation
}

// compileRoot plans a root field of a query.
func (r *Runner) compileRoot(pl *planner, df *document.Field) *rootPlan {
	x := &rootPlan{Field: df}
	if s := r.searches[df.Name]; s != nil {
		x.field, x.err = pl.search(df, s)
		return x
	}
	root, ok := r.roots[df.Name]
	if !ok || df.Name == "__typename" {
		return x
	}
	x.root = root
	x.field = &field{Field: df, owner: "Query"}
	pl.state(x.field)
	if root.get == nil {
		x.err = pl.connection(x.field, root.typ, 1)
		return x
	}
	x.field.kind, x.field.conn, x.field.rows = single, &connection{}, newRowset(root.typ)
	x.field.sel, x.err = pl.selection(x.field.rows, df, 2)
	return x
}
