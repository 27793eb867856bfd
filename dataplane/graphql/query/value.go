package query

import (
	"encoding/json"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// valuePlan is a selection on a value object out of a JSON column.
type valuePlan struct {
	object string
	fields []*valueField
}

type valueField struct {
	*document.Field
	nested *valuePlan // a value object inside
	entity *field     // the member holds an entity's id
	enum   *catalogue.Enum
}

func (p *planner) value(rows *rowset, f *field, v *catalogue.ValueType, depth int) (*valuePlan, error) {
	p.depth = max(p.depth, depth)
	plan := &valuePlan{object: v.Name}
	for _, df := range p.op.Sub(p.op.Schema.Types[v.Name], f.Field) {
		vf := &valueField{Field: df}
		plan.fields = append(plan.fields, vf)
		if df.Name == "__typename" {
			continue
		}
		member := memberOf(v, df.Name)
		if member == nil {
			return nil, fault.New(fault.Internal, "nothing is behind %s.%s", v.Name, df.Name)
		}
		vf.enum = member.Enum
		inner := &field{Field: df, owner: f.owner, meta: f.meta, col: f.col}
		var err error
		switch {
		case member.Ref != nil:
			inner.kind = members
			vf.entity = inner
			err = p.target(rows, inner, member.Ref, depth+1)
		case member.Value != nil:
			vf.nested, err = p.value(rows, inner, member.Value, depth+1)
		}
		if err != nil {
			return nil, err
		}
	}
	return plan, nil
}

func memberOf(v *catalogue.ValueType, name string) *catalogue.ValueField {
	for _, f := range v.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// idsIn collects the ids that a field of kind members finds in a JSON value: all strings and numbers under the member's name, at
// any depth.
func idsIn(raw json.RawMessage, name string) []catalogue.ID {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil
	}
	var ids []catalogue.ID
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for k, x := range v {
				if s, ok := x.(string); ok && k == name {
					ids = append(ids, catalogue.ID(s))
					continue
				}
				walk(x)
			}
		}
	}
	walk(v)
	return ids
}
