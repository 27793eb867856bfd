// Package schema prints the GraphQL schema of a catalogue as text. It reads no request and knows no data: what the printed fields
// answer is up to the executor.
package schema

import (
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Text prints the whole schema: scalars, interfaces, types, connections, inputs, Query and Mutation, in an order that does not
// change from run to run.
func Text(c *catalogue.Catalogue) string {
	p := &printer{cat: c, connections: map[string]bool{}}
	p.scalars()
	p.enums()
	p.interfaces()
	for _, t := range c.Types() {
		p.entity(t)
	}
	p.values()
	p.objects()
	p.query()
	p.mutation()
	p.connectionTypes()
	p.inputs()
	return p.b.String()
}

// pageInfo is what every connection says of its page. The cursors are those of the first and last edge.
var pageInfo = [...]catalogue.Arg{
	{Name: "hasPreviousPage", Type: "Boolean"}, {Name: "hasNextPage", Type: "Boolean"},
	{Name: "startCursor", Type: "String"}, {Name: "endCursor", Type: "String"},
}

// paging are the arguments that every connection takes after its filters.
var paging = [...]catalogue.Arg{
	{Name: "first", Type: "Int"}, {Name: "last", Type: "Int"}, {Name: "before", Type: "String"}, {Name: "after", Type: "String"},
}

type printer struct {
	b           strings.Builder
	cat         *catalogue.Catalogue
	connections map[string]bool // names of node types
}

func (p *printer) scalars() {
	p.block("scalar DateTime", "A point in time, ISO 8601: 2026-02-03T04:05:06.789Z. Without a zone it is taken as UTC.", nil)
	p.block("scalar Json", "Any JSON value.", nil)
	p.block("scalar BigDecimal", "A decimal number of any length, exactly as it is written: 110.10.", nil)
}

func (p *printer) enums() {
	for _, e := range p.cat.Enums() {
		var lines []string
		for _, v := range e.Values {
			lines = append(lines, "  "+v+"\n")
		}
		p.block("enum "+e.Name, e.Doc, lines)
	}
}

// block prints a definition; no lines: without braces.
func (p *printer) block(head, doc string, lines []string) {
	if p.b.Len() > 0 {
		p.b.WriteString("\n")
	}
	p.b.WriteString(description("", doc))
	p.b.WriteString(head)
	if lines != nil {
		p.b.WriteString(" {\n")
		for _, l := range lines {
			p.b.WriteString(l)
		}
		p.b.WriteString("}")
	}
	p.b.WriteString("\n")
}

func description(indent, doc string) string {
	if doc == "" {
		return ""
	}
	return indent + `"""` + strings.ReplaceAll(doc, `"""`, `\"""`) + `"""` + "\n"
}

// deprecation is the directive of a field that callers should no longer read; why says what they read instead.
func deprecation(why string) string {
	if why == "" {
		return ""
	}
	return " @deprecated(reason: " + strconv.Quote(why) + ")"
}

// line prints one field of a definition.
func line(name string, args []catalogue.Arg, typ, doc string) string {
	var b strings.Builder
	b.WriteString(description("  ", doc) + "  " + name)
	if len(args) > 0 {
		b.WriteString("(")
		for i, a := range args {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(a.Name + ": " + a.Type)
		}
		b.WriteString(")")
	}
	b.WriteString(": " + typ + "\n")
	return b.String()
}

func (p *printer) interfaces() {
	for _, in := range p.cat.Interfaces() {
		var lines []string
		for _, f := range in.Fields {
			lines = append(lines, line(f.Name, nil, f.GraphQL, "")) // descriptions are the types' own
		}
		p.block("interface "+in.Name, in.Doc, lines)
	}
}

func (p *printer) entity(t *catalogue.Type) {
	var lines []string
	for _, f := range t.Fields {
		if !f.Hidden {
			lines = append(lines, line(f.Name, nil, f.GraphQL+deprecation(f.Deprecated), f.Doc))
		}
	}
	for _, c := range t.Composites {
		lines = append(lines, line(c.Name, nil, c.GraphQL+deprecation(c.Deprecated), c.Doc))
	}
	for _, x := range t.Precises {
		if !x.Hidden {
			lines = append(lines, line(x.Name, nil, x.GraphQL, x.Doc))
		}
	}
	for _, k := range t.KeyRefs {
		lines = append(lines, line(k.Name, nil, k.GraphQL, k.Doc))
	}
	for _, e := range t.Edges {
		switch {
		case e.Hidden:
		case e.Plain:
			lines = append(lines, line(e.Name, nil, "["+e.Target.Name+"]", e.Doc))
		case e.Pages:
			lines = append(lines, line(e.Name, paging[:], p.connection(e.Target.Name), e.Doc))
		default:
			lines = append(lines, line(e.Name, SearchArguments(e.Target), p.connection(e.Target.Name), e.Doc))
		}
	}
	for _, x := range t.Totals {
		lines = append(lines, line(x.Name, nil, "["+x.Object.Name+"]", x.Doc))
	}
	head := "type " + t.Name
	if len(t.Interfaces) > 0 {
		head += " implements " + strings.Join(t.Interfaces, " & ")
	}
	p.block(head, t.Doc, lines)
}

// connection notes that a connection of a type is needed and returns its name.
func (p *printer) connection(node string) string {
	p.connections[node] = true
	return node + "Connection"
}

// SearchArguments are the arguments of a type's search and of the connections that list it: filters, then paging.
func SearchArguments(t *catalogue.Type) []catalogue.Arg {
	var out []catalogue.Arg
	for _, f := range t.Fields {
		if f.Argument != "" {
			out = append(out, catalogue.Arg{Name: f.Name, Type: f.Argument})
		}
	}
	for _, c := range t.Composites {
		if c.Argument != "" {
			out = append(out, catalogue.Arg{Name: c.Name, Type: c.Argument})
		}
	}
	return append(out, paging[:]...)
}

func (p *printer) values() {
	for _, v := range p.cat.Values() {
		var lines []string
		for _, f := range v.Fields {
			lines = append(lines, line(f.Name, nil, f.GraphQL, f.Doc))
		}
		p.block("type "+v.Name, v.Doc, lines)
	}
}

func (p *printer) objects() {
	for _, o := range p.cat.Objects() {
		p.block("type "+o.Name, o.Doc, argLines(o.Fields))
	}
	p.block("type PageInfo", "Where a page of a connection stands.", argLines(pageInfo[:]))
}

func argLines(args []catalogue.Arg) []string {
	var lines []string
	for _, a := range args {
		lines = append(lines, line(a.Name, nil, a.Type, a.Doc))
	}
	return lines
}

func (p *printer) connectionTypes() {
	for _, node := range sortedKeys(p.connections) {
		p.block("type "+node+"Connection", "", []string{line("edges", nil, "["+node+"Edge]", ""), line("pageInfo", nil, "PageInfo", "")})
		p.block("type "+node+"Edge", "", []string{line("node", nil, node, ""), line("cursor", nil, "String", "")})
	}
}

func (p *printer) inputs() {
	for _, in := range p.cat.Inputs() {
		var lines []string
		for _, f := range in.Fields {
			lines = append(lines, line(f.Name, nil, f.Type, f.Doc))
		}
		p.block("input "+in.Name, in.Doc, lines)
	}
}
