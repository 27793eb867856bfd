package engine

import "github.com/fluent-oms/fluent/dataplane/engine/turn"

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
