package rule

import "github.com/fluent-oms/fluent/domain/workflow"

// Library is the rules that workflows can name. It never changes once made.
type Library struct {
	rules []Rule
	names *workflow.Names
}

// NewLibrary makes a library of rules that New declared.
func NewLibrary(list []Rule) *Library {
	specs := make([]workflow.RuleSpec, len(list))
	for i, r := range list {
		specs[i] = workflow.RuleSpec{Plugin: r.Plugin, Name: r.Name, Aliases: r.Aliases, Accepts: r.Accepts}
		for _, p := range r.Props {
			specs[i].Props = append(specs[i].Props, p.PropSpec)
		}
	}
	return &Library{rules: list, names: workflow.NewNames(specs)}
}

// Names resolves rule names, as Workflow.Validate wants it.
func (l *Library) Names() *workflow.Names { return l.names }

// Rules lists all rules.
func (l *Library) Rules() []Rule { return l.rules }

// Find is the rule that a workflow names; nil if there is none.
func (l *Library) Find(name string) *Rule {
	i, ok := l.names.Resolve(name)
	if !ok {
		return nil
	}
	return &l.rules[i]
}

// bound is what became of a call.
type bound struct {
	step Step
	err  error
}

// Step is the rule of a call with its properties; nil where there is no such rule. Calls of workflows that are kept are bound once. The error
// is of Rule.Bind.
func (l *Library) Step(call *workflow.RuleCall) (Step, error) {
	b := call.Prepared(l, func() any {
		r := l.Find(call.Name)
		if r == nil {
			return &bound{}
		}
		step, err := r.Bind(call.Props)
		return &bound{step: step, err: err}
	}).(*bound)
	return b.step, b.err
}
