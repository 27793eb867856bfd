package query

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Page sizes of connections.
const (
	defaultPage = 10
	maxPage     = 5000
)

// connection is the plan of a connection field: which page, under which filters, and what of it is shown.
type connection struct {
	page    store.Page
	where   []store.Condition
	keyed   []keyFilter // filters whose key has yet to be resolved
	found   []findFilter
	fields  []*connField
	cursors bool
	args    map[string]any
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

// connField is a field of the connection object.
type connField struct {
	*document.Field
	edges    []*edgeField      // edges
	pageInfo []*document.Field // pageInfo
}

// edgeField is a field of an edge: node (with its selection), cursor, __typename.
type edgeField struct {
	*document.Field
	sel selection
}

// connection plans a connection of a type: arguments, then the object's fields.
func (p *planner) connection(f *field, t *catalogue.Type, at place) error {
	f.kind = connected
	args, err := p.op.Args(f.Field)
	if err != nil {
		return inputFault(err)
	}
	if f.denied = p.view(t); f.denied != nil {
		return nil
	}
	c := &connection{args: args}
	f.conn, f.rows = c, newRowset(t)
	if c.page, err = pageOf(args); err != nil {
		return err
	}
	if err := p.filters(c, t, args); err != nil {
		return err
	}
	inside := at.down(max(c.page.First, c.page.Last))
	if err := p.charge(inside.times); err != nil {
		return err
	}
	for _, df := range p.op.Sub(p.op.Schema.Types[f.Def.Type.Name()], f.Field) {
		cf := &connField{Field: df}
		c.fields = append(c.fields, cf)
		switch df.Name {
		case "edges":
			if cf.edges, err = p.edges(f, df, inside); err != nil {
				return err
			}
		case "pageInfo":
			cf.pageInfo = p.op.Sub(p.op.Schema.Types["PageInfo"], df)
			c.cursors = c.cursors || hasCursor(cf.pageInfo)
		}
	}
	return nil
}

// asked is what cursors of the connection belong to: its arguments but for those that choose the page. Where no cursor is given nor asked for, nothing.
func (c *connection) asked() string {
	if !c.cursors && c.page.After == "" && c.page.Before == "" {
		return ""
	}
	filters := map[string]any{}
	for name, v := range c.args {
		if v != nil && name != "first" && name != "last" && name != "after" && name != "before" {
			filters[name] = v
		}
	}
	if len(filters) == 0 {
		return ""
	}
	text, err := json.Marshal(filters) // in the order of names
	if err != nil {
		return fmt.Sprint(filters)
	}
	return string(text)
}

// list plans a list of all that an edge leads to. It costs what a page of the default size does; how many rows come at most, the store says.
func (p *planner) list(f *field, t *catalogue.Type, at place) error {
	f.kind = listed
	if f.denied = p.view(t); f.denied != nil {
		return nil
	}
	f.conn, f.rows = &connection{}, newRowset(t)
	inside := at.down(defaultPage)
	if err := p.charge(inside.times); err != nil {
		return err
	}
	var err error
	f.sel, err = p.selection(f.rows, f.Field, inside)
	return err
}

func hasCursor(fields []*document.Field) bool {
	for _, f := range fields {
		if f.Name == "startCursor" || f.Name == "endCursor" {
			return true
		}
	}
	return false
}

func (p *planner) edges(f *field, df *document.Field, at place) ([]*edgeField, error) {
	var out []*edgeField
	for _, sub := range p.op.Sub(p.op.Schema.Types[df.Def.Type.Name()], df) {
		ef := &edgeField{Field: sub}
		out = append(out, ef)
		switch sub.Name {
		case "cursor":
			f.conn.cursors = true
		case "node":
			var err error
			if ef.sel, err = p.selection(f.rows, sub, at.down(1)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// pageOf reads the paging arguments. null means absent; sizes over the maximum are cut.
func pageOf(args map[string]any) (store.Page, error) {
	var page store.Page
	var err error
	if page.First, err = pageSize(args, "first"); err != nil {
		return page, err
	}
	if page.Last, err = pageSize(args, "last"); err != nil {
		return page, err
	}
	page.After, _ = args["after"].(string)
	page.Before, _ = args["before"].(string)
	switch {
	case page.First > 0 && page.Last > 0:
		return page, fault.Invalidf("last", "first and last exclude each other").WithCode(fault.CodeInvalid)
	case page.First == 0 && page.Last == 0 && page.Before != "" && page.After == "":
		page.Last = defaultPage
	case page.First == 0 && page.Last == 0:
		page.First = defaultPage
	}
	return page, nil
}

func pageSize(args map[string]any, name string) (int, error) {
	n, ok := args[name].(int)
	if !ok {
		return 0, nil
	}
	if n < 1 {
		return 0, fault.Invalidf(name, "%s must be 1 to %d, not %d", name, maxPage, n).WithCode(fault.CodeNumber)
	}
	return min(n, maxPage), nil
}

// filters turns the search arguments into conditions, in the order of the type's fields.
func (p *planner) filters(c *connection, t *catalogue.Type, args map[string]any) error {
	for _, f := range t.Fields {
		if f.Argument == "" {
			continue
		}
		v, ok := args[f.Name]
		if !ok || v == nil {
			continue
		}
		if err := p.filter(c, t, f, v); err != nil {
			return err
		}
	}
	for _, x := range t.Composites {
		if v := args[x.Name]; v != nil && x.Argument != "" {
			where, err := compositeFilters(x, v)
			if err != nil {
				return err
			}
			c.where = append(c.where, where...)
		}
	}
	return nil
}

func (p *planner) filter(c *connection, t *catalogue.Type, f *catalogue.Field, v any) error {
	object, isObject := v.(map[string]any)
	switch {
	case f.Kind == catalogue.Time:
		from, to := object["from"], object["to"]
		if from == nil && to == nil {
			return fault.Invalidf(f.Name, "a date filter needs from, to, or both").WithCode(fault.CodeDateRange)
		}
		c.where = append(c.where, store.Condition{Field: f, Op: store.Range, Values: []any{from, wholeMilli(to)}})
	case isObject && f.Finds:
		return p.find(c, f, object)
	case isObject && f.Wrap != "":
		c.where = append(c.where, store.Condition{Field: f, Op: store.In, Values: []any{asValue(f, object[f.Wrap])}})
	case isObject:
		key := p.cat.Input(baseType(f.Argument))
		if key == nil {
			return fault.New(fault.Internal, "no key input %s for the argument %s", f.Argument, f.Name)
		}
		want, err := keys.New(key, object, f.Name)
		if err != nil {
			return err
		}
		c.keyed = append(c.keyed, keyFilter{field: f, want: want})
	default:
		c.where = append(c.where, listCondition(t, f, v))
	}
	return nil
}

// wholeMilli moves the end of a range to the end of its millisecond: rows are stored more finely than they are shown, and a range
// that ends at a time that was shown includes its row.
func wholeMilli(v any) any {
	t, ok := v.(time.Time)
	if !ok || t.Nanosecond()%int(time.Millisecond) != 0 {
		return v
	}
	return t.Add(time.Millisecond - time.Microsecond)
}

// listCondition is the condition of a list argument: one of its values. A list of nulls alone asks for rows without a value.
func listCondition(t *catalogue.Type, f *catalogue.Field, v any) store.Condition {
	list, _ := v.([]any)
	if f.Digits {
		list = numbers(list)
	}
	if f.Numbered {
		list = numberIDs(list)
	}
	cond := store.Condition{Field: f, Op: store.In}
	var texts []string
	for _, x := range list {
		if x == nil {
			continue
		}
		cond.Values = append(cond.Values, x)
		if s, ok := x.(string); ok {
			texts = append(texts, s)
		}
	}
	switch {
	case len(cond.Values) == 0 && len(list) > 0:
		return store.Condition{Field: f, Op: store.IsNull}
	case f.Kind == catalogue.Text && len(texts) > 0 && !f.Exact:
		cond = store.Match(f, texts...)
		if cond.Op == store.Like && t.FoldsCase {
			cond.Op = store.LikeFold
		}
	}
	return cond
}

// numbers turns texts of digits into what a column of integers holds; texts of anything else match nothing.
func numbers(list []any) []any {
	out := make([]any, 0, len(list))
	for _, x := range list {
		text, isText := x.(string)
		if n, err := strconv.Atoi(text); err == nil {
			out = append(out, n)
		} else if !isText {
			out = append(out, x)
		}
	}
	return out
}

// numberIDs turns numbers into the ids that references hold.
func numberIDs(list []any) []any {
	out := make([]any, len(list))
	for i, x := range list {
		if n, isNumber := x.(int); isNumber {
			out[i] = catalogue.ID(strconv.Itoa(n))
		}
	}
	return out
}

// baseType is the name inside a type text: [ProductKey!] → ProductKey.
func baseType(text string) string {
	start, end := 0, len(text)
	for start < end && text[start] == '[' {
		start++
	}
	for end > start && (text[end-1] == ']' || text[end-1] == '!') {
		end--
	}
	return text[start:end]
}

// inputFault gives an error of coercion the form of a fault.
func inputFault(err error) error {
	input, ok := err.(*document.InputError)
	if !ok {
		return fmt.Errorf("read the arguments: %w", err)
	}
	return fault.Invalidf(input.Place, "%s", input.Detail).WithCode(input.Code)
}
