// Command settings prints the settings that the platform reads as a page of the documentation, from their declarations.
//
// Usage: go generate ./ops/docs/settings, or go run ./ops/docs/settings > docs/settings.md.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/docs/markdown"
)

//go:generate sh -c "go run . > ../../../docs/settings.md"

func main() {
	text, err := page()
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "settings:", err)
		os.Exit(1)
	}
}

const head = `# Settings that the platform reads

` + "`createSetting(input: {name, valueType, value, context, contextId})`" + ` sets one.

* **Contexts** are AGENT (a location), RETAILER, ACCOUNT and GLOBAL. ` + "`contextId`" + ` is the id of the location or of the retailer, and 0 for the
  last two.
* **The nearest context wins**: %s.
* A setting that is there and empty is as good as none, and hides those of wider contexts.
* Rules see a change within three seconds.

A setting below is checked when it is set or changed. What its reader could not take is refused, with its place:

| what is wrong | place | code |
|---|---|---|
| the value is not of the setting's type | ` + "`value`, `lobValue`" + ` | ` + "`C0160E`" + ` |
| the setting is not read in that context | ` + "`context`" + ` | ` + "`C0160E`" + ` |
| there is no such location or retailer | ` + "`contextId`" + ` | ` + "`C0120E`" + ` |

Settings with other names may be anything, in any context; the last row holds for them, too.

A value from before there was a check may still be wrong. Then:

* The event whose rule reads it fails, and says so.
* The janitor removes nothing of what the setting is about.
* Tokens are given as if it were not set, but no refresh tokens; the log says why.

This page is generated from the declarations by ` + "`go generate ./ops/docs/settings`" + `; a test fails when it is old.
`

// page prints all settings, part by part.
func page() ([]byte, error) {
	flows, err := workflows.Default(1)
	if err != nil {
		return nil, err
	}
	var nearest []string
	for _, c := range setting.Contexts() {
		nearest = append(nearest, string(c))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, head, strings.Join(nearest, ", then "))
	for _, g := range settings.Groups() {
		fmt.Fprintf(&b, "\n## %s (%d)\n\n| setting | what it says | value | without it | contexts | read by |\n|---|---|---|---|---|---|\n", g.Name, len(g.Settings))
		for _, d := range g.Settings {
			by := readers(d, flows)
			if len(by) == 0 {
				by = []string{g.Name}
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", d.Title(), markdown.Cell(d.Doc), d.Type, without(d), d.Where(), strings.Join(by, "<br>"))
		}
	}
	return b.Bytes(), nil
}

// readers are the rules that say they read a setting, and the default workflows that name it.
func readers(d *setting.Declaration, flows []workflows.Artefact) []string {
	var out []string
	for _, r := range modules.Rules() {
		if slices.Contains(r.Settings, d) {
			out = append(out, r.Name)
		}
	}
	for _, f := range flows {
		if names(f.Flow, d) {
			out = append(out, "the workflow "+f.Name)
		}
	}
	return out
}

func names(flow *workflow.Workflow, d *setting.Declaration) bool {
	return slices.ContainsFunc(named(flow), d.Covers)
}

// named lists the settings that a workflow gives to its rules by name.
func named(flow *workflow.Workflow) []string {
	library := rule.NewLibrary(modules.Rules())
	var out []string
	for _, set := range flow.Rulesets {
		for _, call := range set.Rules {
			for _, p := range library.Find(call.Name).Props {
				var name string
				if p.Setting && json.Unmarshal(call.Props[p.Name], &name) == nil {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func without(d *setting.Declaration) string {
	if d.Default == "" {
		return "nothing"
	}
	return markdown.Cell(d.Default)
}
