package workflow

import (
	"encoding/json"
	"slices"
	"strings"
)

// RuleSpec is what a workflow's check must know of a rule of the library.
type RuleSpec struct {
	Plugin  string
	Name    string
	Aliases []string // other names, bare or as plugin.Name
	Props   []PropSpec
	Accepts []string // entity types; empty: all
}

// PropSpec declares a property of a rule: STRING, INTEGER, FLOAT, BOOLEAN or JSON, alone or as an array.
type PropSpec struct {
	Name     string
	Type     string
	Multiple bool
	Required bool
	Event    bool   // it names an event that the rule sends; JSON: an object of such names
	Unused   bool   // the rule makes nothing of it
	Default  string // what stands for an empty value; lists with commas
}

// Sent is an event that a rule may send, and the property that names it.
type Sent struct{ Prop, Event string }

// Sends lists the events that a call of the rule names, those of properties that are left out included.
func (s *RuleSpec) Sends(call *RuleCall) []Sent {
	var out []Sent
	for _, p := range s.Props {
		if !p.Event || p.Unused {
			continue
		}
		var one string
		var many map[string]string
		switch raw := call.Props[p.Name]; {
		case p.Type == "JSON" && json.Unmarshal(raw, &many) == nil:
			for _, key := range sortedKeys(many) {
				out = append(out, Sent{p.Name, many[key]})
			}
		case len(raw) == 0 || json.Unmarshal(raw, &one) == nil && one == "":
			out = append(out, Sent{p.Name, p.Default})
		default:
			out = append(out, Sent{p.Name, one})
		}
	}
	return slices.DeleteFunc(out, func(s Sent) bool { return s.Event == "" })
}

// Names resolves the rule names of workflows to rules. It never changes once made.
type Names struct {
	specs   []RuleSpec
	full    map[string]int   // plugin.Name
	byShort map[string][]int // Name
}

// NewNames makes the index over a library. The index of a spec in specs is what Resolve answers.
func NewNames(specs []RuleSpec) *Names {
	n := &Names{specs: specs, full: map[string]int{}, byShort: map[string][]int{}}
	for i, s := range specs {
		n.add(i, s.Plugin, s.Name)
		for _, a := range s.Aliases {
			plugin, name, ok := strings.Cut(a, ".")
			if !ok {
				plugin, name = s.Plugin, a
			}
			n.add(i, plugin, name)
		}
	}
	return n
}

func (n *Names) add(i int, plugin, name string) {
	n.full[plugin+"."+name] = i
	for _, have := range n.byShort[name] {
		if have == i {
			return
		}
	}
	n.byShort[name] = append(n.byShort[name], i)
}

// Resolve finds the rule that a workflow names, as its index in the library. A name is ACCOUNT.plugin.RuleName; the account
// part is set aside, so that every account finds the stock rules. A plugin that the library does not have stands for the
// implementer's own packaging of stock rules: there the rule's name decides, if only one rule bears it.
func (n *Names) Resolve(name string) (int, bool) {
	if i, ok := n.full[name]; ok {
		return i, true
	}
	rest := name
	if strings.Count(name, ".") >= 2 {
		_, rest, _ = strings.Cut(name, ".")
	}
	if i, ok := n.full[rest]; ok {
		return i, true
	}
	short := rest[strings.LastIndexByte(rest, '.')+1:]
	if found := n.byShort[short]; len(found) == 1 {
		return found[0], true
	}
	return 0, false
}

// Spec gives a rule by the index that Resolve answered.
func (n *Names) Spec(i int) RuleSpec { return n.specs[i] }
