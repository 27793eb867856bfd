// Command rules prints the rule library as a page of the documentation, from what the rules declare of themselves.
//
// Usage: go generate ./ops/docs/rules, or go run ./ops/docs/rules > docs/rules.md.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/ops/docs/markdown"
)

//go:generate sh -c "go run . > ../../../docs/rules.md"

func main() {
	if _, err := os.Stdout.Write(page(modules.Rules())); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
}

const head = `# The rule library

A workflow names a rule as ` + "`FLUENTRETAIL.<plugin>.<Rule>`" + `. The part before the first dot may be anything: every account finds these
rules. "Works on" limits the entity types; where it is empty, any will do.

| a property | is |
|---|---|
| with * | required |
| of a type with [] | a list, or one value |
| event | the name of an event that the rule sends |
| setting | the name of a [setting](settings.md) that the rule reads |
| without effect | taken, with a warning at upload |

This page is generated from the rules by ` + "`go generate ./ops/docs/rules`" + `; a test fails when it is old.
`

// page prints all rules, plugin by plugin in their order, rules by name.
func page(all []rule.Rule) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	var plugins []string
	by := map[string][]rule.Rule{}
	for _, r := range all {
		if by[r.Plugin] == nil {
			plugins = append(plugins, r.Plugin)
		}
		by[r.Plugin] = append(by[r.Plugin], r)
	}
	for _, plugin := range plugins {
		list := by[plugin]
		slices.SortFunc(list, func(a, b rule.Rule) int { return strings.Compare(a.Name, b.Name) })
		fmt.Fprintf(&b, "\n## %s (%d)\n\n| rule | what it does | properties | works on |\n|---|---|---|---|\n", plugin, len(list))
		for _, r := range list {
			row(&b, r)
		}
	}
	return b.Bytes()
}

func row(w io.Writer, r rule.Rule) {
	name := "**" + r.Name + "**"
	if len(r.Aliases) > 0 {
		name += "<br>also " + strings.Join(r.Aliases, ", ")
	}
	var props []string
	for _, p := range r.Props {
		props = append(props, prop(p))
	}
	fmt.Fprintf(w, "| %s | %s | %s | %s |\n", name, markdown.Cell(r.Doc), strings.Join(props, "<br>"), strings.Join(r.Accepts, ", "))
}

func prop(p rule.Prop) string {
	kind := strings.ToLower(p.Type)
	switch {
	case p.Unused:
		kind = "without effect"
	case p.Event && p.Type == "JSON":
		kind = "json of events"
	case p.Event:
		kind = "event"
	case p.Setting:
		kind = "setting"
	}
	if p.Multiple {
		kind += "[]"
	}
	mark := ""
	if p.Required {
		mark = "*"
	}
	text := fmt.Sprintf("`%s`%s %s: %s", p.Name, mark, kind, markdown.Cell(p.Doc))
	if p.Default != "" {
		text += " Default: " + markdown.Cell(strings.ReplaceAll(p.Default, ",", ", ")) + "."
	}
	return text
}
