package main

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// places says on which page a type or an operation stands.
type places struct {
	schema *ast.Schema
	page   map[string]string   // by type
	types  map[string][]string // by page, in the order in which they are met
	roots  map[string]string   // by root field
	cat    *catalogue.Catalogue
}

// entity reports whether a type is an entity, or an interface of several.
func (p *places) entity(name string) bool { return p.cat.Type(name) != nil }

// common is the page of what belongs to no package alone.
const common = "foundation"

// placed puts entities and their operations on the page of their package, and what these use on the page where it is used first.
func placed(c *catalogue.Catalogue, s *ast.Schema) *places {
	p := &places{schema: s, cat: c, page: map[string]string{}, types: map[string][]string{}, roots: map[string]string{}}
	for _, t := range c.Types() {
		p.put(t.Name, packageOf(t))
	}
	for _, t := range c.Abstract() {
		p.put(t.Name, packageOf(t.Members[0]))
	}
	for _, object := range []*ast.Definition{s.Query, s.Mutation} {
		for _, f := range object.Fields {
			p.roots[f.Name] = p.of(c, f)
		}
	}
	for _, t := range append(slices.Clone(c.Types()), c.Abstract()...) {
		p.reach(s.Types[t.Name], p.page[t.Name])
	}
	for _, object := range []*ast.Definition{s.Query, s.Mutation} {
		for _, f := range object.Fields {
			p.reachField(f, p.roots[f.Name])
		}
	}
	for _, in := range c.Inputs() { // that nothing uses yet
		if in.Of != nil {
			p.put(in.Name, p.page[in.Of.Name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		if !wrapping(s, name) && s.Types[name] != s.Query && s.Types[name] != s.Mutation {
			p.put(name, common)
		}
	}
	return p
}

func packageOf(t *catalogue.Type) string { return path.Base(t.Go.PkgPath()) }

func (p *places) put(name, page string) bool {
	if p.page[name] != "" {
		return false
	}
	p.page[name] = page
	p.types[page] = append(p.types[page], name)
	return true
}

// of is the page of a root field: that of the entity which it returns, else of the one that its arguments are about.
func (p *places) of(c *catalogue.Catalogue, f *ast.FieldDefinition) string {
	if page := p.page[node(f.Type.Name())]; page != "" {
		return page
	}
	if op := c.Query(f.Name); op != nil && op.Entity != nil {
		return p.page[op.Entity.Name]
	}
	for _, t := range c.Types() {
		for _, b := range t.Bulk {
			if b.Name == f.Name {
				return packageOf(t)
			}
		}
		for _, r := range t.Removes {
			if r.Name == f.Name {
				return packageOf(t)
			}
		}
	}
	return common
}

// node is the type that a connection is of.
func node(name string) string { return strings.TrimSuffix(name, "Connection") }

// wrapping reports whether a type only wraps another one, or is the language's own: it has no entry.
func wrapping(s *ast.Schema, name string) bool {
	d := s.Types[name]
	return d == nil || d.BuiltIn || d.Kind == ast.Scalar || name == "PageInfo" || strings.HasPrefix(name, "__") ||
		(strings.HasSuffix(name, "Edge") || strings.HasSuffix(name, "Connection")) && d.Kind == ast.Object
}

// reach puts what a type uses on a page, if it has none yet.
func (p *places) reach(d *ast.Definition, page string) {
	for _, f := range d.Fields {
		p.reachField(f, page)
	}
}

func (p *places) reachField(f *ast.FieldDefinition, page string) {
	for _, a := range f.Arguments {
		p.use(a.Type.Name(), page)
	}
	p.use(node(f.Type.Name()), page)
}

func (p *places) use(name, page string) {
	if !wrapping(p.schema, name) && p.put(name, page) {
		p.reach(p.schema.Types[name], page)
	}
}
