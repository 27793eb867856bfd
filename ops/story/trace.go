package story

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// lineWidth is what a line of the trace may be long, in characters, unless all details were asked for.
const lineWidth = 118

// trace prints the event log of the order: each event, and below it the rules that ran and what they did.
func (t *Teller) trace(ctx context.Context) error {
	all, err := t.client.Events(ctx, url.Values{"context.rootEntityType": {"ORDER"}, "context.rootEntityId": {t.Order.ID}, "count": {"1000"}}, 10_000)
	if err != nil {
		return err
	}
	PrintTrace(t.Out, all, t.Detail)
	return nil
}

// PrintTrace prints entries of an event log, which come newest first as the event API gives them, oldest first: a line for each event, then
// its rules with their properties as JSON, and indented below each rule what it did. Without detail, lines are cut at 118 characters and
// names at their last dot; with it, everything that the log knows is printed, times and rulesets too.
func PrintTrace(to io.Writer, log []apiclient.LoggedEvent, detail bool) {
	children := map[string][]apiclient.LoggedEvent{}
	for i := len(log) - 1; i >= 0; i-- {
		for _, parent := range log[i].Context.SourceEvents {
			if log[i].Type == "ORCHESTRATION_AUDIT" {
				children[parent] = append(children[parent], log[i])
			}
		}
	}
	p := tracePrinter{out: to, detail: detail}
	for i := len(log) - 1; i >= 0; i-- {
		e := log[i]
		if e.Type != "ORCHESTRATION" {
			continue
		}
		p.line("", fmt.Sprintf("%s %s · %s · %s", e.Context.EntityType, e.Context.EntityRef, e.Name, e.EventStatus))
		for _, c := range children[e.ID] {
			p.audit(c)
		}
	}
}

type tracePrinter struct {
	out    io.Writer
	detail bool
}

// line prints one line, cut where no details are wanted.
func (p tracePrinter) line(indent, text string) {
	line := indent + text
	if r := []rune(line); !p.detail && len(r) > lineWidth {
		line = string(r[:lineWidth-1]) + "…"
	}
	_, _ = fmt.Fprintln(p.out, line)
}

// audit prints what the log keeps below an event.
func (p tracePrinter) audit(e apiclient.LoggedEvent) {
	values := attributes(e)
	switch e.Category {
	case "ruleSet":
		if p.detail {
			p.line("  ", "ruleset "+values.text("ruleSet")+values.took())
		}
	case "rule":
		p.rule(values)
	case "ACTION":
		p.action(values)
	case "CUSTOM":
		p.line("      → ", values.text("message"))
		p.rest(values, "message")
	case "exception":
		p.line("    ✗ ", values.text("message"))
		p.rest(values, "message", "rule", "ruleSet")
	}
}

func (p tracePrinter) rule(values attributeValues) {
	name := values.text("rule")
	if !p.detail {
		name = name[strings.LastIndexByte(name, '.')+1:]
	}
	if props := values["props"]; props != nil {
		name += " " + compact(props)
	}
	if p.detail {
		name += values.took()
	}
	p.line("    ", name)
}

func (p tracePrinter) action(values attributeValues) {
	shown := values.text("kind")
	if target := values.text("target"); target != "" {
		shown += " " + target
	}
	for _, name := range actionFacts {
		if value := values.text(name); value != "" {
			shown += " " + value
		}
	}
	if outcome := values.text("outcome"); outcome != "SUCCESS" {
		shown += " (" + strings.ToLower(outcome) + ")"
	}
	p.line("      → ", shown)
	p.rest(values, append([]string{"kind", "target", "outcome", "rule", "ruleSet"}, actionFacts...)...)
}

// actionFacts are the attributes of an action that say most, in the order in which they are read.
var actionFacts = []string{"ref", "status", "entity"}

// rest prints, where details are wanted, all attributes but those that were printed already.
func (p tracePrinter) rest(values attributeValues, printed ...string) {
	if !p.detail {
		return
	}
	left := attributeValues{}
	for name, value := range values {
		left[name] = value
	}
	for _, name := range append(printed, "startTimer", "stopTimer") {
		delete(left, name)
	}
	if len(left) == 0 {
		return
	}
	raw, err := json.MarshalIndent(left, "          ", "  ")
	if err != nil { // the values came out of JSON
		raw = []byte(err.Error())
	}
	_, _ = fmt.Fprintln(p.out, "          "+string(raw))
}

// attributeValues are the attributes of a log entry by name.
type attributeValues map[string]any

func attributes(e apiclient.LoggedEvent) attributeValues {
	values := attributeValues{}
	for _, a := range e.Attributes {
		values[a.Name] = a.Value
	}
	return values
}

// text is an attribute as text; empty where there is none.
func (v attributeValues) text(name string) string {
	switch value := v[name].(type) {
	case nil:
		return ""
	case string:
		return value
	default:
		return compact(value)
	}
}

// took says how long it ran, with a blank before it; empty where that is not known.
func (v attributeValues) took() string {
	start, began := v["startTimer"].(float64)
	stop, ended := v["stopTimer"].(float64)
	if !began || !ended || stop < start {
		return ""
	}
	if stop == start {
		return "  (under 1 ms)"
	}
	return fmt.Sprintf("  (%.0f ms)", stop-start)
}

// compact is a value as JSON on one line.
func compact(value any) string {
	raw, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
