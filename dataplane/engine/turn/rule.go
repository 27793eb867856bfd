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
	step, err := u.r.d.Library.Step(call)
	if err != nil {
		return err
	}
	if step == nil {
		return fmt.Errorf("there is no rule %s", name)
	}
	u.changes = nil
	u.auth.asked = nil // what a rule of business failure asked for is undone
	u.paths.ctx, u.paths.err, u.paths.visited = ctx, nil, 0
	err = step(ctx, c)
	if u.paths.err != nil {
		err = u.paths.err // the rule took for missing what could not be read
	}
	if err != nil && ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	if err == nil {
		err = u.checked(ctx)
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
