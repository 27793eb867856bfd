package query

import (
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

// state is what one request knows of a field of its plan: the arguments, then what was fetched.
type state struct {
	page    store.Page
	where   []store.Condition
	keyed   []keyFilter // filters whose key has yet to be resolved
	found   []findFilter
	asked   string // what cursors belong to
	search  *searchState
	denied  error // the field is null, with this error where it is written first
	told    bool
	query   store.Query // the field's statement, once its parents are known
	fetched bool
	rows    [][]any

	byID  map[catalogue.ID][]any
	byKey map[string][]any
	pages map[catalogue.ID]*store.Group // by parent; root fields use the empty id
}

type keyFilter struct {
	field *catalogue.Field
	want  *keys.Want
}

// findFilter is a filter by fields of what a reference leads to.
type findFilter struct {
	field *catalogue.Field
	where []store.Condition
}

// states are a request's own for all fields of its plan. That of number 0 is for the fields that need none: it stays empty.
type states []state

func (s states) at(f *field) *state { return &s[f.n] }

// binder gives the fields of a plan the arguments of one request, and finds out what it costs.
type binder struct {
	cat    *catalogue.Catalogue
	op     *document.Operation
	viewer Viewer
	limits limit.Figures
	states states
	cost   int
	worst  bool // the cost is over the limit
}

// charge adds the cost of a connection under so many objects. Values that come with their object's row, and links to one, are free.
func (b *binder) charge(times int) error {
	b.cost += times
	if b.cost > b.limits.Complexity {
		b.worst = true
		return limit.Complexity.Reached(fault.Invalid, int64(b.limits.Complexity),
			"The query is too complex: its connections, each times the page sizes above it, come to more than %d", b.limits.Complexity).WithCode(fault.CodeTooMuch)
	}
	return nil
}

// deeper refuses a root field that goes too deep.
func (b *binder) deeper(depth int) error {
	if depth > b.limits.Depth {
		return limit.Depth.Reached(fault.Invalid, int64(b.limits.Depth), "The query is nested more than %d fields deep", b.limits.Depth).WithCode(fault.CodeTooMuch)
	}
	return nil
}

func (b *binder) view(t *catalogue.Type) error {
	err := b.viewer.CanSomewhere(t.Permission + "_VIEW")
	if err == nil || !t.Abstract() {
		return err
	}
	for _, kind := range t.Members {
		if err := b.viewer.CanSomewhere(kind.Permission + "_VIEW"); err != nil {
			return err
		}
	}
	return nil
}

// scopeOf is the data of a type that a viewer sees: of an abstract one by the permission for that, or else where it sees all its kinds.
func scopeOf(viewer Viewer, t *catalogue.Type) tenancy.Scope {
	if !t.Abstract() || viewer.CanSomewhere(t.Permission+"_VIEW") == nil {
		return viewer.ScopeFor(t.Permission + "_VIEW")
	}
	scope := viewer.ScopeFor(t.Members[0].Permission + "_VIEW")
	for _, kind := range t.Members[1:] {
		scope = scope.Common(viewer.ScopeFor(kind.Permission + "_VIEW"))
	}
	return scope
}

// field binds a field that rows are fetched for, and what is below it. times is the product of the page sizes around it.
func (b *binder) field(f *field, times int) error {
	st := b.states.at(f)
	t := f.rows.typ
	switch f.kind {
	case connected:
		args, err := b.op.Args(f.Field)
		if err != nil {
			return inputFault(err)
		}
		if st.denied = b.view(t); st.denied != nil {
			return nil
		}
		if st.page, err = b.page(args); err != nil {
			return err
		}
		if err := b.filters(st, t, args); err != nil {
			return err
		}
		if f.conn.cursors || st.page.After != "" || st.page.Before != "" {
			st.asked = asked(args)
		}
		if err := b.charge(times); err != nil {
			return err
		}
		return b.below(f.rows, product(times, max(st.page.First, st.page.Last)))
	case listed:
		if st.denied = b.view(t); st.denied != nil {
			return nil
		}
		if err := b.charge(times); err != nil {
			return err
		}
		return b.below(f.rows, product(times, defaultPage))
	case summed:
		if st.denied = b.view(t); st.denied != nil {
			return nil
		}
		return b.charge(product(times, f.total.Weight))
	default:
		if st.denied = b.view(t); st.denied != nil {
			return nil
		}
		return b.below(f.rows, times)
	}
}

// below binds the fields below rows. A row is of one type: the one whose fields cost most counts.
func (b *binder) below(rows *rowset, times int) error {
	before, most := b.cost, b.cost
	for _, t := range rows.concrete() {
		b.cost = before
		for _, child := range rows.children {
			if child.owner != t.Name {
				continue
			}
			if err := b.field(child, times); err != nil {
				return err
			}
		}
		most = max(most, b.cost)
	}
	b.cost = most
	return nil
}

// product multiplies page sizes; what is beyond all limits stays there.
func product(times, page int) int { return min(times*page, 1<<30) }
