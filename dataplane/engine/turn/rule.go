package turn

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// Library is the rules that workflows can name. It never changes once made.
type Library struct {
	rules []rule.Rule
	names *workflow.Names
}

// NewLibrary makes a library of rules.
func NewLibrary(list []rule.Rule) *Library {
	specs := make([]workflow.RuleSpec, len(list))
	for i, r := range list {
		specs[i] = workflow.RuleSpec{Plugin: r.Plugin, Name: r.Name, Aliases: r.Aliases, Accepts: r.Accepts}
		for _, p := range r.Props {
			specs[i].Props = append(specs[i].Props, workflow.PropSpec{Name: p.Name, Type: p.Type, Multiple: p.Multiple, Required: p.Required})
		}
	}
	return &Library{rules: list, names: workflow.NewNames(specs)}
}

// Names resolves rule names, as Workflow.Validate wants it.
func (l *Library) Names() *workflow.Names { return l.names }

// Rules lists all rules.
func (l *Library) Rules() []rule.Rule { return l.rules }

// Find is the rule that a workflow names; nil if there is none.
func (l *Library) Find(name string) *rule.Rule {
	i, ok := l.names.Resolve(name)
	if !ok {
		return nil
	}
	return &l.rules[i]
}

// rule runs one rule and records it.
func (u *unit) rule(ctx context.Context, c *rule.Context, rs *history.Ruleset, call *workflow.RuleCall) (err error) {
	name := call.FullName(string(u.in.Scope.Account()))
	rec := &history.Rule{Name: name, Props: call.Props, Start: u.elapsed()}
	rs.Rules = append(rs.Rules, rec)
	u.ruleRec = rec
	defer func() {
		rec.Stop = u.elapsed()
		if p := recover(); p != nil {
			err = fmt.Errorf("the rule panicked: %v", p)
			rec.Failure = &history.Failure{Message: err.Error(), Stack: string(debug.Stack())}
			return
		}
		rec.Failure = u.describe(rs.Name, name, err)
	}()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	found := u.r.d.Library.Find(call.Name)
	if found == nil {
		return fmt.Errorf("there is no rule %s", name)
	}
	own := *c
	own.Props = rule.Props(call.Props)
	if err := found.Check(own.Props); err != nil {
		return err
	}
	u.auth.asked = nil // what a rule of business failure asked for is undone
	err = found.Run(ctx, &own)
	if err != nil && ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	if err == nil {
		err = u.allowed(ctx)
	}
	return err
}

// describe records a failure; the stack of one that is not a panic is where it happened in the workflow.
func (u *unit) describe(ruleset, name string, err error) *history.Failure {
	if err == nil {
		return nil
	}
	var business *rule.BusinessError
	if errors.As(err, &business) {
		return &history.Failure{Message: business.Message, Business: true}
	}
	stack := fmt.Sprintf("ruleset %s\n  rule %s\n", ruleset, name)
	for i := len(u.trail.Events) - 1; i >= 0; i-- {
		e := u.trail.Events[i]
		if e == u.rec || e.ID == u.rec.ID {
			stack += fmt.Sprintf("  event %s on %s %s\n", e.Name, e.EntityType, e.EntityID)
		}
	}
	return &history.Failure{Message: err.Error(), Stack: stack}
}

// transient reports whether a repetition may mend an error: the caller's ctx ended, the database did not answer, data moved on.
func transient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return true
	}
	if errors.Is(err, errTime) {
		return false
	}
	return store.Classify(err) != store.Fatal || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Expired) || fault.Is(err, fault.Limited)
}
