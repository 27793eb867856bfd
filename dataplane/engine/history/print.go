package history

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// printer writes a trail as the JSON that encoding/json reads into it. Every commit of a turn waits for this text, so it is written without
// reflection; what rules put into details, and texts that need escapes, are left to encoding/json.
type printer struct {
	b   []byte
	err error // the first value that cannot be written
}

func (p *printer) trail(t *Trail) {
	p.b = append(p.b, `{"retailer":`...)
	p.int(int64(t.RetailerID))
	p.name(`,"at":`).time(t.At)
	p.name(`,"rootType":`).text(t.RootType)
	p.name(`,"rootId":`).text(t.RootID)
	p.optional(`,"rootRef":`, t.RootRef)
	p.optional(`,"workflow":`, t.Workflow)
	p.optional(`,"version":`, t.Version)
	p.optional(`,"configuration":`, t.Configuration)
	p.optional(`,"node":`, t.Node)
	p.name(`,"tries":`).int(int64(t.Tries))
	p.name(`,"took":`).int(t.Took)
	p.name(`,"events":`)
	list(p, t.Events, p.event)
	p.b = append(p.b, '}')
}

func (p *printer) event(e *Event) {
	p.name(`{"id":`).text(e.ID)
	p.flag(`,"inline":true`, e.Inline)
	if len(e.Parents) > 0 {
		p.name(`,"parents":`)
		list(p, e.Parents, p.text)
	}
	p.name(`,"name":`).text(e.Name)
	p.name(`,"type":`).text(e.Type)
	p.name(`,"entityType":`).text(e.EntityType)
	p.optional(`,"entityId":`, e.EntityID)
	p.optional(`,"entityRef":`, e.EntityRef)
	p.details(`,"attributes":`, e.Attributes)
	p.optional(`,"source":`, e.Source)
	p.optional(`,"by":`, e.GeneratedBy)
	p.name(`,"on":`).time(e.GeneratedOn)
	p.flag(`,"new":true`, e.New)
	p.name(`,"state":`).text(e.State)
	p.optional(`,"category":`, e.Category)
	p.optional(`,"reason":`, e.Reason)
	if len(e.Snapshot) > 0 {
		p.name(`,"snapshot":`).raw(e.Snapshot)
	}
	p.span(e.Start, e.Stop)
	if len(e.Rulesets) > 0 {
		p.name(`,"rulesets":`)
		list(p, e.Rulesets, p.ruleset)
	}
	p.b = append(p.b, '}')
}

func (p *printer) ruleset(r *Ruleset) {
	p.name(`{"name":`).text(r.Name)
	p.span(r.Start, r.Stop)
	if len(r.Rules) > 0 {
		p.name(`,"rules":`)
		list(p, r.Rules, p.rule)
	}
	p.flag(`,"discarded":true`, r.Discarded)
	p.b = append(p.b, '}')
}

func (p *printer) rule(r *Rule) {
	p.name(`{"name":`).text(r.Name)
	if len(r.Props) > 0 {
		p.name(`,"props":`)
		object(p, r.Props, p.raw)
	}
	p.span(r.Start, r.Stop)
	if len(r.Actions) > 0 {
		p.name(`,"actions":`)
		list(p, r.Actions, p.action)
	}
	if f := r.Failure; f != nil {
		p.name(`,"failure":{"message":`).text(f.Message)
		p.flag(`,"business":true`, f.Business)
		p.optional(`,"stack":`, f.Stack)
		p.b = append(p.b, '}')
	}
	p.b = append(p.b, '}')
}

func (p *printer) action(a Action) {
	p.name(`{"kind":`).text(a.Kind)
	p.name(`,"target":`).text(a.Target)
	p.details(`,"detail":`, a.Detail)
	p.b = append(p.b, '}')
}

func (p *printer) name(quoted string) *printer {
	p.b = append(p.b, quoted...)
	return p
}

func (p *printer) int(n int64) { p.b = strconv.AppendInt(p.b, n, 10) }

func (p *printer) time(t time.Time) {
	p.b = append(p.b, '"')
	p.b = append(t.AppendFormat(p.b, time.RFC3339Nano), '"')
}

func (p *printer) span(start, stop int64) {
	p.name(`,"start":`).int(start)
	p.name(`,"stop":`).int(stop)
}

func (p *printer) flag(text string, set bool) {
	if set {
		p.b = append(p.b, text...)
	}
}

func (p *printer) optional(name, value string) {
	if value != "" {
		p.name(name).text(value)
	}
}

func (p *printer) details(name string, m map[string]any) {
	if len(m) > 0 {
		p.name(name)
		object(p, m, p.any)
	}
}

// text writes a string. Plain ASCII, which nearly all are, needs no escapes.
func (p *printer) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			p.other(s)
			return
		}
	}
	p.b = append(append(append(p.b, '"'), s...), '"')
}

// raw writes JSON that was parsed before.
func (p *printer) raw(m json.RawMessage) {
	switch {
	case len(m) == 0:
		p.b = append(p.b, "null"...)
	case bytes.ContainsAny(m, " \n\t\r"):
		p.other(m)
	default:
		p.b = append(p.b, m...)
	}
}

func (p *printer) any(v any) {
	switch v := v.(type) {
	case nil:
		p.b = append(p.b, "null"...)
	case string:
		p.text(v)
	case bool:
		p.b = strconv.AppendBool(p.b, v)
	case int:
		p.int(int64(v))
	case []any:
		list(p, v, p.any)
	case []string:
		list(p, v, p.text)
	case map[string]any:
		object(p, v, p.any)
	default:
		p.other(v)
	}
}

func (p *printer) other(v any) {
	text, err := json.Marshal(v)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.b = append(p.b, text...)
}

// list writes an array; null for none, as encoding/json does.
func list[T any](p *printer, values []T, write func(T)) {
	if values == nil {
		p.b = append(p.b, "null"...)
		return
	}
	p.b = append(p.b, '[')
	for i, v := range values {
		if i > 0 {
			p.b = append(p.b, ',')
		}
		write(v)
	}
	p.b = append(p.b, ']')
}

// object writes a map in the order of its names, which compresses best.
func object[T any](p *printer, m map[string]T, write func(T)) {
	if m == nil {
		p.b = append(p.b, "null"...)
		return
	}
	var few [8]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	p.b = append(p.b, '{')
	for i, name := range names {
		if i > 0 {
			p.b = append(p.b, ',')
		}
		p.text(name)
		p.b = append(p.b, ':')
		write(m[name])
	}
	p.b = append(p.b, '}')
}
