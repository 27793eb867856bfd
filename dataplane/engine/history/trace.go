package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/tenancy"
)

// maxTraced is how many turns of a root a trace shows, the newest.
const maxTraced = 500

// Trace prints what happened to a root, oldest first: events, their rulesets, rules and actions, with timings.
func (l *Log) Trace(ctx context.Context, scope tenancy.Scope, rootType, rootID string) (string, error) {
	rows, err := trailstore.List(ctx, l.db.Reader(scope), trailstore.Query{RootType: rootType, RootID: rootID, Limit: maxTraced,
		From: time.Unix(0, 0), To: l.db.Now(ctx).Add(maxAhead)})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := len(rows) - 1; i >= 0; i-- {
		if !allows(scope, fmt.Sprint(rows[i].RetailerID)) {
			continue
		}
		t, err := Decode(&rows[i])
		if err != nil {
			return "", err
		}
		t.print(&b)
	}
	return b.String(), nil
}

func (t *Trail) print(b *strings.Builder) {
	ref := t.RootRef
	if ref != "" {
		ref = " (" + ref + ")"
	}
	fmt.Fprintf(b, "%s  %s %s%s  %s %s  %d events in one commit, %s", t.At.Format("15:04:05.000"), t.RootType, t.RootID, ref, t.Workflow, t.Version,
		len(t.Events), micros(t.Took))
	if t.Tries > 1 {
		fmt.Fprintf(b, ", try %d", t.Tries)
	}
	if t.Configuration != "" {
		fmt.Fprintf(b, ", configuration %s", t.Configuration)
	}
	b.WriteByte('\n')
	for _, e := range t.Events {
		e.print(b)
	}
}

func (e *Event) print(b *strings.Builder) {
	mark := "●"
	if e.Inline {
		mark = "○"
	}
	fmt.Fprintf(b, "  %s %-32s %s %s  %s  %s", mark, e.Name, e.EntityType, e.EntityID, e.State, micros(e.Stop-e.Start))
	if e.Reason != "" {
		fmt.Fprintf(b, "  %s", e.Reason)
	}
	b.WriteByte('\n')
	for _, rs := range e.Rulesets {
		fmt.Fprintf(b, "      ruleset %s  %s\n", rs.Name, micros(rs.Stop-rs.Start))
		for _, r := range rs.Rules {
			fmt.Fprintf(b, "        %-56s %8s%s\n", r.Name, micros(r.Stop-r.Start), props(r))
			for _, a := range r.Actions {
				fmt.Fprintf(b, "          → %s %s%s\n", a.Kind, a.Target, detailText(a.Detail))
			}
			if r.Failure != nil {
				fmt.Fprintf(b, "          ✗ %s\n", r.Failure.Message)
			}
		}
	}
}

func micros(us int64) string { return (time.Duration(us) * time.Microsecond).String() }

func props(r *Rule) string {
	var parts []string
	for _, name := range sortedNames(r.Props) {
		parts = append(parts, name+"="+string(r.Props[name]))
	}
	if parts == nil {
		return ""
	}
	return "  " + strings.Join(parts, " ")
}

// maxDetail keeps a trace line readable.
const maxDetail = 120

func detailText(m map[string]any) string {
	var parts []string
	for _, name := range sortedNames(m) {
		parts = append(parts, fmt.Sprintf("%s=%v", name, m[name]))
	}
	s := strings.Join(parts, " ")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "…"
	}
	if s == "" {
		return ""
	}
	return "  " + s
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
