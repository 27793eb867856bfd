package query

import (
	"slices"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// compositePlan is a selection on an object that stands over columns of its entity.
type compositePlan struct {
	object string
	cols   []int // of all values inside, selected or not: the object is null where all of them are
	fields []compositeField
}

// compositeField is a value, or an object inside.
type compositeField struct {
	*field
	nested *compositePlan
}

// composite plans the part of a composite that stands at a path inside it.
func (p *planner) composite(rows *rowset, f *field, c *catalogue.Composite, path []string) *compositePlan {
	object := p.op.Schema.Types[f.Def.Type.Name()]
	plan := &compositePlan{object: object.Name}
	for _, m := range c.Members {
		if len(m.Path) > len(path) && slices.Equal(m.Path[:len(path)], path) {
			plan.cols = append(plan.cols, rows.want(m.Field))
		}
	}
	for _, df := range p.op.Sub(object, f.Field) {
		inner := &field{Field: df, owner: object.Name}
		cf := compositeField{field: inner}
		at := append(slices.Clone(path), df.Name)
		i := slices.IndexFunc(c.Members, func(m catalogue.CompositeMember) bool { return slices.Equal(m.Path, at) })
		switch {
		case df.Name == "__typename":
		case i < 0:
			cf.nested = p.composite(rows, inner, c, at)
		default:
			inner.kind, inner.meta = column, c.Members[i].Field
			inner.col = rows.want(inner.meta)
		}
		plan.fields = append(plan.fields, cf)
	}
	return plan
}

// empty reports whether a row has none of the values.
func (c *compositePlan) empty(row []any) bool {
	for _, col := range c.cols {
		switch row[col] {
		case nil, "", catalogue.ID(""):
		default:
			return false
		}
	}
	return true
}

// composite writes an object over columns; null where it has none of its values.
func (p *printer) composite(plan *compositePlan, f *field, row []any) bool {
	if plan.empty(row) {
		return p.null(f.Field, f.owner)
	}
	p.w.OpenObject()
	for _, cf := range plan.fields {
		p.w.Name(cf.Key)
		p.path = append(p.path, step{key: cf.Key})
		m := p.w.Mark()
		var ok bool
		if cf.nested != nil {
			ok = p.composite(cf.nested, cf.field, row)
		} else {
			ok = p.valueOf(cf.field, row)
		}
		ok = p.orNull(m, cf.fieldType(), ok)
		p.path = p.path[:len(p.path)-1]
		if !ok {
			return false
		}
	}
	p.w.CloseObject()
	return true
}

// compositeFilters are the conditions of a composite's argument: the value of each member that is given.
func compositeFilters(c *catalogue.Composite, v any) ([]store.Condition, error) {
	object, _ := v.(map[string]any)
	var out []store.Condition
	for _, m := range c.Members {
		if given := m.In(object); given != nil {
			out = append(out, store.Condition{Field: m.Field, Op: store.In, Values: []any{asValue(m.Field, given)}})
		}
	}
	if len(out) == 0 {
		return nil, fault.Invalidf(c.Name, "%s names nothing", c.Argument).WithCode(fault.CodeMissing)
	}
	return out, nil
}
