package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

func (p *printer) query() {
	var lines []string
	for _, t := range p.cat.Types() {
		for _, g := range t.Gets {
			var args []catalogue.Arg
			for _, a := range g.Args {
				args = append(args, catalogue.Arg{Name: a.Name, Type: a.Type})
			}
			lines = append(lines, line(g.Name, args, t.Name, ""))
		}
		if t.Plural != "" {
			lines = append(lines, line(t.Plural, SearchArguments(t), p.connection(t.Name), ""))
		}
	}
	for _, t := range p.cat.Abstract() {
		if t.Plural != "" {
			lines = append(lines, line(t.Plural, SearchArguments(t), p.connection(t.Name), ""))
		}
	}
	for _, op := range p.cat.Queries() {
		lines = append(lines, p.operation(op))
	}
	p.block("type Query", "", lines)
}

func (p *printer) mutation() {
	var lines []string
	input := func(name string, in *catalogue.Input, result, doc string) {
		lines = append(lines, line(name, []catalogue.Arg{{Name: "input", Type: in.Name}}, result, doc))
	}
	create := func(m *catalogue.Mutation, result string) {
		args := []catalogue.Arg{{Name: "input", Type: m.Input.Name}}
		if m.Await != nil {
			args = append(args, *m.Await)
		}
		lines = append(lines, line(m.Name, args, result, ""))
	}
	for _, t := range p.cat.Types() {
		if t.Create != nil {
			create(t.Create, t.Name)
		}
		if t.Update != nil {
			input(t.Update.Name, t.Update.Input, t.Name, "")
		}
		if v := t.Versions; v != nil {
			input(v.Activate.Name, v.Activate.Input, t.Name, "")
		}
		for _, r := range t.Removes {
			input(r.Name, r.Input, r.Output, r.Input.Doc)
		}
		for _, m := range t.Bulk {
			args := []catalogue.Arg{{Name: "filter", Type: m.Filter.Name + "!"}, {Name: "input", Type: m.Set.Name + "!"}}
			lines = append(lines, line(m.Name, args, m.Output, m.Doc))
		}
	}
	for _, t := range p.cat.Abstract() {
		if t.Update != nil {
			input(t.Update.Name, t.Update.Input, t.Name, "")
		}
	}
	for _, op := range p.cat.Mutations() {
		lines = append(lines, p.operation(op))
	}
	p.block("type Mutation", "", lines)
}

func (p *printer) operation(op *catalogue.Operation) string {
	args := slices.Clone(op.Args)
	if op.Paged {
		args = append(args, paging[:]...)
	}
	if node, ok := strings.CutSuffix(op.Type, "Connection"); ok {
		p.connection(node)
	}
	return line(op.Name, args, op.Type, op.Doc)
}
