package engine

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Outcome is a turn's outcome, for hooks.
type Outcome = turn.Outcome

// Creating has f called in each creation that was let in.
func (e *Engine) Creating(f func()) { e.hooks.creating = f }

// BeforeCommit has f stand in the way of every commit.
func (e *Engine) BeforeCommit(f func(*Outcome) error) { e.hooks.beforeCommit = f }

// AfterCommit has f called between a commit and what follows from it.
func (e *Engine) AfterCommit(f func(*Outcome) error) { e.hooks.afterCommit = f }

// Unfence takes the epoch check out of commits: tests show what it is good for.
func (e *Engine) Unfence() { e.hooks.unfenced = true }

// Submit commits events as mutations do those of what they make: as many as there are in one transaction, of which the engine hears then.
func (e *Engine) Submit(ctx context.Context, scope tenancy.Scope, events ...*workflow.Event) error {
	e.Prepare(events...)
	err := e.d.DB.Write(ctx, scope, func(tx *store.Tx) error { eventstore.Append(tx, events...); return nil })
	if err == nil {
		e.Nudge(ctx, scope, events...)
	}
	return err
}
