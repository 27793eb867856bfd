package query

import (
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Object writes the selection below a field from a plain map of texts.
func (c *Call) Object(object string, f *document.Field, values map[string]any) {
	c.W.OpenObject()
	for _, sub := range c.Op.Sub(c.Op.Schema.Types[object], f) {
		c.W.Name(sub.Key)
		switch s, ok := values[sub.Name].(string); {
		case sub.Name == "__typename":
			c.W.String(object)
		case ok:
			c.W.String(s)
		default:
			c.W.Null()
		}
	}
	c.W.CloseObject()
}

// Names writes a page of a connection whose nodes have a name and nothing else. The name is the cursor.
func (c *Call) Names(names []string) error {
	page, err := pageOf(c.Args)
	if err != nil {
		return err
	}
	start, end := 0, len(names)
	for i, n := range names {
		if n == page.After {
			start = i + 1
		}
		if n == page.Before {
			end = i
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
	c.namesPage(names, first, last)
	return nil
}

func (c *Call) namesPage(names []string, first, last int) {
	connection := c.Op.Schema.Types[c.Field.Def.Type.Name()]
	c.W.OpenObject()
	for _, cf := range c.Op.Sub(connection, c.Field) {
		c.W.Name(cf.Key)
		switch cf.Name {
		case "edges":
			c.W.OpenList()
			for _, n := range names[first:last] {
				c.nameEdge(cf, n)
			}
			c.W.CloseList()
		case "pageInfo":
			c.W.OpenObject()
			for _, pf := range c.Op.Sub(c.Op.Schema.Types["PageInfo"], cf) {
				c.W.Name(pf.Key)
				c.pageFlag(pf.Name, names, first, last)
			}
			c.W.CloseObject()
		default:
			c.W.String(connection.Name)
		}
	}
	c.W.CloseObject()
}

func (c *Call) pageFlag(name string, names []string, first, last int) {
	switch {
	case name == "hasNextPage":
		c.W.Bool(last < len(names))
	case name == "hasPreviousPage":
		c.W.Bool(first > 0)
	case name == "__typename":
		c.W.String("PageInfo")
	case first == last:
		c.W.Null()
	case name == "startCursor":
		c.W.String(names[first])
	default:
		c.W.String(names[last-1])
	}
}

func (c *Call) nameEdge(cf *document.Field, name string) {
	edge := c.Op.Schema.Types[cf.Def.Type.Name()]
	c.W.OpenObject()
	for _, ef := range c.Op.Sub(edge, cf) {
		c.W.Name(ef.Key)
		switch ef.Name {
		case "node":
			node := ef.Def.Type.Name()
			c.Object(node, ef, map[string]any{"name": name})
		case "cursor":
			c.W.String(name)
		default:
			c.W.String(edge.Name)
		}
	}
	c.W.CloseObject()
}
