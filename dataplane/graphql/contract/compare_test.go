package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lack is what a row promises that is not served: all of it, or some of its arguments or interfaces.
type lack struct {
	fact  fact
	parts []string // arguments or interfaces; none: all of the row
}

// newer reports whether what is lacking came later than the base of the contract.
func (l lack) newer() bool {
	later := l.fact.laterArgs()
	return l.fact.newer || len(l.parts) > 0 && !slices.ContainsFunc(l.parts, func(p string) bool { return !slices.Contains(later, p) })
}

// line is the row of not-yet.tsv.
func (l lack) line() string {
	since, parts := "base", "-"
	if l.newer() {
		since = "newer"
	}
	if len(l.parts) > 0 {
		parts = strings.Join(l.parts, " ")
	}
	return strings.Join([]string{since, l.fact.kind, l.fact.id(), parts}, "\t")
}

// compare returns what is not served, by id, and what is served otherwise than the contract says.
func compare(facts []fact, have map[string]served, ours []string) (lacking map[string]lack, wrong []string) {
	lacking, known := map[string]lack{}, map[string]bool{}
	for _, f := range facts {
		known[f.id()] = true
		h, ok := have[f.id()]
		if !ok {
			lacking[f.id()] = lack{fact: f}
			continue
		}
		h.args = f.published(h.args, ours)
		parts, why := f.compare(h)
		if len(parts) > 0 {
			lacking[f.id()] = lack{fact: f, parts: parts}
		}
		for _, w := range why {
			wrong = append(wrong, f.at+": "+f.id()+": "+w)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(have)) {
		owner, _, _ := strings.Cut(id, ".")
		if !known[id] && !slices.Contains(ours, id) && !slices.Contains(ours, owner+".*") {
			wrong = append(wrong, id+": served, but not in the contract")
		}
	}
	return lacking, wrong
}

// published leaves out arguments that are ours, as in Owner.field(argument).
func (f fact) published(served map[string]string, ours []string) map[string]string {
	out := map[string]string{}
	for name, typ := range served {
		if _, known := f.args[name]; known || !slices.Contains(ours, f.id()+"("+name+")") {
			out[name] = typ
		}
	}
	return out
}

// compare returns which arguments and interfaces of the row are not served, and what is served in another way.
func (f fact) compare(h served) (parts, wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if f.kind != h.kind {
		say("the contract says %s, served is %s", f.kind, h.kind)
	}
	if f.typ != h.typ && f.typ != "?" { // which nobody knows
		say("the contract says %s, served is %s", f.typ, h.typ)
	}
	if _, deprecated := f.note["deprecated"]; deprecated != h.deprecated {
		say("deprecated in the contract: %t, served: %t", deprecated, h.deprecated)
	}
	for _, name := range slices.Sorted(maps.Keys(f.args)) {
		switch typ, ok := h.args[name]; {
		case !ok:
			parts = append(parts, name)
		case typ != f.args[name]:
			say("argument %s: the contract says %s, served is %s", name, f.args[name], typ)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.args)) {
		if _, ok := f.args[name]; !ok {
			say("argument %s is served, but not in the contract", name)
		}
	}
	if f.name != "" {
		return parts, wrong
	}
	for _, name := range f.interfaces() {
		if !slices.Contains(h.interfaces, name) {
			parts = append(parts, name)
		}
	}
	for _, name := range h.interfaces {
		if !slices.Contains(f.interfaces(), name) {
			say("implements %s, but not in the contract", name)
		}
	}
	for _, name := range h.possible {
		if !slices.Contains(split(f.note["implemented-by"]), name) {
			say("%s implements it, but not in the contract", name)
		}
	}
	return parts, wrong
}

// settle compares what is lacking with the list: each line of either that is not in the other is a fault.
func settle(lacking map[string]lack, list []string) (faults []string) {
	for _, id := range slices.Sorted(maps.Keys(lacking)) {
		if l := lacking[id]; !slices.Contains(list, l.line()) {
			faults = append(faults, fmt.Sprintf("%s: %s is not served, and not listed: %q", l.fact.at, id, l.line()))
		}
	}
	seen := map[string]bool{}
	for _, line := range list {
		id := strings.Split(line, "\t")[2]
		switch l, ok := lacking[id]; {
		case seen[line]:
			faults = append(faults, fmt.Sprintf("%s is listed twice", id))
		case !ok:
			faults = append(faults, fmt.Sprintf("%s is served, or not in the contract: remove its line", id))
		case l.line() != line:
			faults = append(faults, fmt.Sprintf("%s lacks less or more than is listed: %q", id, line))
		}
		seen[line] = true
	}
	return faults
}
