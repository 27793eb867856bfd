package query

import (
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Object writes the selection below a field from plain values: texts, numbers, booleans; nil for none.
func (c *Call) Object(object string, f *document.Field, values map[string]any) {
	c.W.OpenObject()
	for _, sub := range c.Op.Sub(c.Op.Schema.Types[object], f) {
		c.W.Name(sub.Key)
		switch v := values[sub.Name].(type) {
		case string:
			c.W.String(v)
		case int:
			c.W.Int(int64(v))
		case bool:
			c.W.Bool(v)
		case float64:
			c.W.Float(v)
		default:
			if sub.Name == "__typename" {
				c.W.String(object)
			} else {
				c.W.Null()
			}
		}
	}
	c.W.CloseObject()
}

// Matching lists those rows that have, for each argument that is given and names one of their values, one of the values that it lists. Texts
// may have % for any characters; a list of nulls alone asks for rows without a value.
func (c *Call) Matching(rows []*catalogue.Constant) []*catalogue.Constant {
	var out []*catalogue.Constant
	for _, row := range rows {
		if c.matches(row) {
			out = append(out, row)
		}
	}
	return out
}

func (c *Call) matches(row *catalogue.Constant) bool {
	for name, arg := range c.Args {
		list, given := arg.([]any)
		if !given {
			continue
		}
		found, nulls := false, len(list) > 0
		for _, want := range list {
			nulls = nulls && want == nil
			found = found || want != nil && same(row.Values[name], want)
		}
		if !found && (!nulls || row.Values[name] != nil) {
			return false
		}
	}
	return true
}

func same(have, want any) bool {
	text, isText := have.(string)
	pattern, _ := want.(string)
	if isText && strings.Contains(pattern, "%") {
		return like(text, strings.Split(pattern, "%"))
	}
	return have == want
}

// like reports whether a text consists of pieces with anything between them.
func like(text string, pieces []string) bool {
	rest, ok := strings.CutPrefix(text, pieces[0])
	for i, piece := range pieces[1:] {
		if i == len(pieces)-2 {
			return ok && strings.HasSuffix(rest, piece)
		}
		at := strings.Index(rest, piece)
		if at < 0 {
			return false
		}
		rest = rest[at+len(piece):]
	}
	return ok
}

// Page writes a page of a connection over rows. A row's key is its cursor.
func (c *Call) Page(rows []*catalogue.Constant) error {
	page, err := pageOf(c.Args, c.Most)
	if err != nil {
		return err
	}
	start, end := 0, len(rows)
	for i, row := range rows {
		if row.Key <= page.After && page.After != "" {
			start = i + 1
		}
		if row.Key >= page.Before && page.Before != "" {
			end = min(end, i)
		}
	}
	if start > end {
		return fault.Invalidf("after", "the cursors exclude all rows").WithCode(fault.CodeInvalid)
	}
	first, last := start, end
	switch {
	case page.Last > 0:
		first = max(start, end-page.Last)
	default:
		last = min(end, start+page.First)
	}
	c.page(rows, first, last)
	return nil
}

func (c *Call) page(rows []*catalogue.Constant, first, last int) {
	connection := c.Op.Schema.Types[c.Field.Def.Type.Name()]
	c.W.OpenObject()
	for _, cf := range c.Op.Sub(connection, c.Field) {
		c.W.Name(cf.Key)
		switch cf.Name {
		case "edges":
			c.W.OpenList()
			for _, row := range rows[first:last] {
				c.edge(cf, row)
			}
			c.W.CloseList()
		case "pageInfo":
			c.W.OpenObject()
			for _, pf := range c.Op.Sub(c.Op.Schema.Types["PageInfo"], cf) {
				c.W.Name(pf.Key)
				c.pageFlag(pf.Name, rows, first, last)
			}
			c.W.CloseObject()
		default:
			c.W.String(connection.Name)
		}
	}
	c.W.CloseObject()
}

func (c *Call) pageFlag(name string, rows []*catalogue.Constant, first, last int) {
	switch {
	case name == "hasNextPage":
		c.W.Bool(last < len(rows))
	case name == "hasPreviousPage":
		c.W.Bool(first > 0)
	case name == "__typename":
		c.W.String("PageInfo")
	case first == last:
		c.W.Null()
	case name == "startCursor":
		c.W.String(rows[first].Key)
	default:
		c.W.String(rows[last-1].Key)
	}
}

func (c *Call) edge(cf *document.Field, row *catalogue.Constant) {
	edge := c.Op.Schema.Types[cf.Def.Type.Name()]
	c.W.OpenObject()
	for _, ef := range c.Op.Sub(edge, cf) {
		c.W.Name(ef.Key)
		switch ef.Name {
		case "node":
			c.Object(ef.Def.Type.Name(), ef, row.Values)
		case "cursor":
			c.W.String(row.Key)
		default:
			c.W.String(edge.Name)
		}
	}
	c.W.CloseObject()
}
