package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// maxErrors bounds the errors that one request reports.
const maxErrors = 100

func (p *printer) fail(df *document.Field, err error) {
	if len(p.errors) >= maxErrors {
		return
	}
	p.errors = append(p.errors, answer.FromFault(err, p.where(), Locations(df)...))
}

// Locations are the places in the document where a field is selected.
func Locations(df *document.Field) []answer.Location {
	out := make([]answer.Location, 0, len(df.Nodes))
	for _, n := range df.Nodes {
		if n.Position != nil {
			out = append(out, answer.Location{Line: n.Position.Line, Column: n.Position.Column})
		}
	}
	return out
}

// orNull ends a value: if it could not be written, null stands for it where that is allowed.
func (p *printer) orNull(m answer.Mark, t *ast.Type, ok bool) bool {
	if ok {
		return true
	}
	p.w.Rewind(m)
	if t.NonNull {
		return false
	}
	p.w.Null()
	return true
}

// null writes null for a field, with an error if the schema doesn't allow it.
func (p *printer) null(f *document.Field, owner string) bool {
	if f.Def.Type.NonNull {
		p.fail(f, fault.New(fault.Internal, "%s.%s has no value, but is never null", owner, f.Name).WithCode(fault.CodeInternal))
		return false
	}
	p.w.Null()
	return true
}

// object writes the fields of one row.
func (p *printer) object(r *rowset, sel selection, row []any) bool {
	m := p.w.Mark()
	p.w.OpenObject()
	for _, f := range sel[r.typeOf(row)] {
		p.w.Name(f.Key)
		p.path = append(p.path, step{key: f.Key})
		ok := p.field(f, row)
		p.path = p.path[:len(p.path)-1]
		if !ok {
			p.w.Rewind(m)
			return false
		}
	}
	p.w.CloseObject()
	return true
}

func (p *printer) field(f *field, row []any) bool {
	if p.at(f).denied != nil {
		return p.refuse(f)
	}
	m := p.w.Mark()
	return p.orNull(m, f.fieldType(), p.valueOf(f, row))
}

func (f *field) fieldType() *ast.Type { return f.Def.Type }

// refuse writes null for a field that the caller may not see; the error is reported once.
func (p *printer) refuse(f *field) bool {
	if st := p.at(f); !st.told {
		st.told = true
		p.fail(f.Field, st.denied)
	}
	if f.Def.Type.NonNull {
		return false
	}
	p.w.Null()
	return true
}

func (p *printer) valueOf(f *field, row []any) bool {
	switch f.kind {
	case typename:
		p.w.String(f.owner)
		return true
	case column:
		return p.scalar(f, row[f.col])
	case wrapped:
		return p.wrapped(f, row[f.col])
	case composite:
		return p.composite(f.object, f, row)
	case precise:
		return p.precise(f, row[f.col])
	case value:
		return p.json(f, row)
	case reference:
		id, ok := row[f.col].(catalogue.ID)
		if !ok || id == "" {
			return p.null(f.Field, f.owner)
		}
		return p.referred(f, id)
	case lookup:
		if key, ok := f.localKey(row); ok {
			if found := p.at(f).byKey[key]; found != nil {
				return p.object(f.rows, f.sel, found)
			}
		}
		return p.null(f.Field, f.owner)
	case summed:
		id, _ := row[0].(catalogue.ID)
		return p.sums(f, p.at(f).pages[id])
	case listed:
		id, _ := row[0].(catalogue.ID)
		return p.list(f, p.at(f).pages[id])
	default:
		id, _ := row[0].(catalogue.ID)
		return p.connection(f, p.at(f).pages[id])
	}
}

func (p *printer) referred(f *field, id catalogue.ID) bool {
	if found := p.at(f).byID[id]; found != nil {
		return p.object(f.rows, f.sel, found)
	}
	if f.rows.onlyID() && !f.rows.typ.Abstract() {
		return p.object(f.rows, f.sel, []any{id})
	}
	return p.null(f.Field, f.owner)
}

func (p *printer) scalar(f *field, v any) bool {
	switch v := v.(type) {
	case nil:
		return p.null(f.Field, f.owner)
	case string:
		if f.meta.Enum != nil && !f.meta.Enum.Has(v) {
			p.fail(f.Field, notOne(f.meta.Enum, v))
			return false
		}
		p.w.String(v)
	case catalogue.ID:
		return p.id(f, v)
	case int64:
		if f.meta.Digits && f.Def.Type.Name() == "String" { // a composite may show it as a number
			p.w.String(strconv.FormatInt(v, 10))
			return true
		}
		p.w.Int(v)
	case int:
		p.w.Int(int64(v))
	case float64:
		p.w.Float(v)
	case bool:
		p.w.Bool(v)
	case time.Time:
		p.w.Time(v)
	case json.RawMessage:
		if v == nil {
			return p.null(f.Field, f.owner)
		}
		p.w.Raw(v)
	default:
		p.fail(f.Field, fmt.Errorf("write %s.%s: a column held a %T", f.owner, f.Name, v))
		return false
	}
	return true
}

// id writes an id, or the number of what a reference points at.
func (p *printer) id(f *field, v catalogue.ID) bool {
	switch {
	case v == "":
		return p.null(f.Field, f.owner)
	case !f.meta.Numbered:
		p.w.String(string(v))
		return true
	}
	n, err := strconv.ParseInt(string(v), 10, 32)
	if err != nil {
		p.fail(f.Field, fmt.Errorf("write %s.%s: %w", f.owner, f.Name, err))
		return false
	}
	p.w.Int(n)
	return true
}

// notOne is the fault of a stored value that the schema does not promise: a rule or a batch wrote it.
func notOne(e *catalogue.Enum, v string) error {
	return fault.New(fault.Internal, "%q is not a value of %s", v, e.Name).WithCode(fault.CodeInternal)
}

func (p *printer) wrapped(f *field, v any) bool {
	text, _ := v.(string)
	if id, ok := v.(catalogue.ID); ok {
		text = string(id)
	}
	if text == "" {
		return p.null(f.Field, f.owner)
	}
	p.w.OpenObject()
	for _, sub := range f.wrap {
		p.w.Name(sub.Key)
		if sub.Name == "__typename" {
			p.w.String(f.Def.Type.Name())
			continue
		}
		p.w.String(text)
	}
	p.w.CloseObject()
	return true
}

func (p *printer) json(f *field, row []any) bool {
	raw, _ := row[f.col].(json.RawMessage)
	if raw == nil {
		return p.null(f.Field, f.owner)
	}
	return p.element(f.json, f.Field, f.Def.Type, raw)
}

// element writes a value object, or a list of them, out of its JSON.
func (p *printer) element(plan *valuePlan, df *document.Field, t *ast.Type, raw json.RawMessage) bool {
	if raw == nil || bytes.Equal(raw, []byte("null")) {
		if t.NonNull {
			p.fail(df, fault.New(fault.Internal, "%s has no value, but is never null", df.Name).WithCode(fault.CodeInternal))
			return false
		}
		p.w.Null()
		return true
	}
	if t.Elem == nil {
		return p.members(plan, df, raw)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		p.fail(df, fmt.Errorf("write %s: the column holds no list: %w", df.Name, err))
		return false
	}
	p.w.OpenList()
	for i, x := range list {
		p.path = append(p.path, step{index: i})
		m := p.w.Mark()
		ok := p.orNull(m, t.Elem, p.element(plan, df, t.Elem, x))
		p.path = p.path[:len(p.path)-1]
		if !ok {
			return false
		}
	}
	p.w.CloseList()
	return true
}

func (p *printer) members(plan *valuePlan, df *document.Field, raw json.RawMessage) bool {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		p.fail(df, fmt.Errorf("write %s: the column holds no object: %w", df.Name, err))
		return false
	}
	p.w.OpenObject()
	for _, vf := range plan.fields {
		p.w.Name(vf.Key)
		p.path = append(p.path, step{key: vf.Key})
		m := p.w.Mark()
		ok := p.orNull(m, vf.Def.Type, p.member(plan, vf, object[vf.Name]))
		p.path = p.path[:len(p.path)-1]
		if !ok {
			return false
		}
	}
	p.w.CloseObject()
	return true
}

func (p *printer) member(plan *valuePlan, vf *valueField, raw json.RawMessage) bool {
	switch {
	case vf.Name == "__typename":
		p.w.String(plan.object)
		return true
	case vf.nested != nil:
		return p.element(vf.nested, vf.Field, vf.Def.Type, raw)
	case raw == nil || bytes.Equal(raw, []byte("null")):
		// A Json value may itself be null, even where the schema wants one: null is a JSON value.
		if vf.Def.Type.NonNull && vf.Def.Type.Name() == "Json" {
			p.w.Null()
			return true
		}
		return p.null(vf.Field, plan.object)
	case vf.enum != nil:
		return p.enumerated(plan, vf, raw)
	case vf.entity != nil:
		if p.at(vf.entity).denied != nil {
			return p.refuse(vf.entity)
		}
		return p.referred(vf.entity, idFrom(raw))
	default:
		p.w.Raw(raw)
		return true
	}
}

// enumerated writes a member that is one of an enumeration; the struct behind the JSON has "" for none.
func (p *printer) enumerated(plan *valuePlan, vf *valueField, raw json.RawMessage) bool {
	switch v, err := strconv.Unquote(string(raw)); {
	case err == nil && v == "":
		return p.null(vf.Field, plan.object)
	case err != nil || !vf.enum.Has(v):
		p.fail(vf.Field, notOne(vf.enum, v))
		return false
	default:
		p.w.String(v)
		return true
	}
}

func idFrom(raw json.RawMessage) catalogue.ID {
	if s, err := strconv.Unquote(string(raw)); err == nil {
		return catalogue.ID(s)
	}
	return catalogue.ID(raw)
}

// list writes all rows of a list.
func (p *printer) list(f *field, g *store.Group) bool {
	p.w.OpenList()
	if g != nil {
		for i, row := range g.Rows {
			p.path = append(p.path, step{index: i})
			m := p.w.Mark()
			p.orNull(m, f.Def.Type.Elem, p.object(f.rows, f.sel, row))
			p.path = p.path[:len(p.path)-1]
		}
	}
	p.w.CloseList()
	return true
}

// connection writes a page.
func (p *printer) connection(f *field, g *store.Group) bool {
	if g == nil {
		g = &store.Group{}
	}
	p.w.OpenObject()
	for _, cf := range f.conn.fields {
		p.w.Name(cf.Key)
		p.path = append(p.path, step{key: cf.Key})
		switch cf.Name {
		case "__typename":
			p.w.String(f.Def.Type.Name())
		case "pageInfo":
			p.pageInfo(cf, g)
		default:
			p.edges(f, cf, g)
		}
		p.path = p.path[:len(p.path)-1]
	}
	p.w.CloseObject()
	return true
}

func (p *printer) pageInfo(cf *connField, g *store.Group) {
	p.w.OpenObject()
	for _, sub := range cf.pageInfo {
		p.w.Name(sub.Key)
		switch sub.Name {
		case "__typename":
			p.w.String("PageInfo")
		case "hasNextPage":
			p.w.Bool(g.HasNext)
		case "hasPreviousPage":
			p.w.Bool(g.HasPrevious)
		case "startCursor":
			p.cursor(g.Cursors, 0)
		case "endCursor":
			p.cursor(g.Cursors, len(g.Cursors)-1)
		}
	}
	p.w.CloseObject()
}

func (p *printer) cursor(cursors []string, i int) {
	if i < 0 || i >= len(cursors) {
		p.w.Null()
		return
	}
	p.w.String(cursors[i])
}

func (p *printer) edges(f *field, cf *connField, g *store.Group) {
	p.w.OpenList()
	for i, row := range g.Rows {
		p.path = append(p.path, step{index: i})
		p.w.OpenObject()
		for _, ef := range cf.edges {
			p.w.Name(ef.Key)
			switch ef.Name {
			case "__typename":
				p.w.String(cf.Def.Type.Name())
			case "cursor":
				p.cursor(g.Cursors, i)
			default:
				p.path = append(p.path, step{key: ef.Key})
				m := p.w.Mark()
				p.orNull(m, ef.Def.Type, p.object(f.rows, ef.sel, row))
				p.path = p.path[:len(p.path)-1]
			}
		}
		p.w.CloseObject()
		p.path = p.path[:len(p.path)-1]
	}
	p.w.CloseList()
}
