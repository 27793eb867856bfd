// Package turn runs events of one root entity in memory: match rulesets, run their rules, apply what they ask for to a unit of work, follow
// inline events until none is left. It commits nothing; the engine does that with the Outcome.
package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Workflows gives active workflows.
type Workflows interface {
	// Get returns the newest minor version of the major that the asked version belongs to, or the newest version where that is 0 or
	// its major is not known; nil when there is no workflow of the name. Where a candidate of the retailer's configuration is tried beside
	// the stable one, under is the id of the one of the two by which the root works; else it is empty.
	Get(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, f workflow.Following) (flow *workflow.Workflow, under string, err error)
}

// Under gives the number that stands for a retailer's configuration at the moment: another one once it is another.
type Under func(account tenancy.AccountID, retailer tenancy.RetailerID) uint64

// Limits bound a turn.
type Limits struct {
	Rulesets int           // runs of rulesets in one turn
	Depth    int           // inline events that follow one from another
	Time     time.Duration // of one try
}

// Deps are a Runner's collaborators. DB, Library and Workflows are required.
type Deps struct {
	DB        *store.DB
	Library   *rule.Library
	Workflows Workflows
	Callers   Callers // needed for events that bring their own workflow
	Modules   rule.Modules
	Checks    entity.Checks // of what turns make and change
	Under     Under         // may be nil: then nothing stands for configurations
	Limits    Limits
	Node      string
}

// Runner runs turns. It is safe for use by many goroutines.
type Runner struct {
	d     Deps
	types *types
}

// New makes a runner.
func New(d Deps) (*Runner, error) {
	if d.DB == nil || d.Library == nil || d.Workflows == nil {
		return nil, errors.New("turn: database, rule library and workflows are required")
	}
	if d.Limits.Rulesets <= 0 {
		d.Limits.Rulesets = 5000
	}
	if d.Limits.Depth <= 0 {
		d.Limits.Depth = 200
	}
	if d.Limits.Time <= 0 {
		d.Limits.Time = 20 * time.Second
	}
	return &Runner{d: d, types: newTypes(d.DB.Catalogue())}, nil
}

// Input is what a turn is to run: events of one root, in order. They carry ids, and RootType with RootID.
type Input struct {
	Scope  tenancy.Scope
	Events []*workflow.Event
	Try    int    // counts from 1; tries are runs of the same turn on fresh figures
	Last   bool   // no try follows: effects take what they get
	Fresh  *Fresh // a root that the turn's commit is to create; nil: the root is loaded
}

// Fresh is a root that does not exist yet. The turn may change its structs: the Outcome creates them as they are at its end.
type Fresh struct {
	Root   any   // pointer to the root's struct
	Parts  []any // created with it
	Loaded []any // hangs on it and exists already
}

// Change is an entity that the turn changed.
type Change struct {
	Type   *catalogue.Type
	Entity any
	Fields []*catalogue.Field
	Was    store.Version
}

// Rest is a root of which a turn has decided how much is left, and that it leaves as it was.
type Rest struct {
	Type *catalogue.Type
	Was  store.Version
}

// LinkRow ties two entities along an edge.
type LinkRow struct {
	Edge   *catalogue.Edge
	Owner  catalogue.ID
	Target catalogue.ID
}

// Delivery is a webhook that a rule asked for.
type Delivery struct {
	ID, Name, Endpoint string
	Event              workflow.Event
}

// Outcome is what a turn wants committed.
type Outcome struct {
	TurnID   string
	Trail    *history.Trail
	Settled  int               // how many of Input.Events this outcome settles; the rest is for another turn
	Marks    []eventstore.Mark // one for each settled event
	Created  []any
	Changed  []Change
	Rests    *Rest // on which the decision about what is created rests, beside what is changed; nil: on nothing
	Linked   []LinkRow
	Events   []*workflow.Event // for other roots, or for later
	Blocked  int               // of Events, those that try a root's first turn again
	Webhooks []Delivery
	Effects  []rule.Effect // in the order of their keys
}

// Run runs the events. When one fails, what ran before it is left to be committed without it: Settled says how far the outcome goes. The
// failed event, when it is the first, is settled as FAILED and changes nothing else. The error is for what a repetition may mend: lost
// connections, an ended ctx.
func (r *Runner) Run(ctx context.Context, in Input) (*Outcome, error) {
	n := len(in.Events)
	for {
		u := r.newUnit(ctx, in)
		out, failedAt, err := u.run(ctx, in.Events[:n])
		if err != nil || failedAt < 0 {
			return out, err
		}
		if failedAt == 0 {
			return u.failure(in.Events[0]), nil
		}
		n = failedAt
	}
}

// run executes events from first to last. failedAt is the place of the first that failed; -1: none did.
func (u *unit) run(ctx context.Context, events []*workflow.Event) (out *Outcome, failedAt int, err error) {
	limited, cancel := context.WithTimeoutCause(ctx, u.r.d.Limits.Time, errTime)
	defer cancel()
	if err := u.load(limited, events[0]); err != nil {
		return nil, -1, err
	}
	for i, ev := range events {
		if err := u.topLevel(limited, ev); err != nil {
			if transient(ctx, err) {
				return nil, -1, err
			}
			u.cause = err
			return nil, i, nil
		}
	}
	out, err = u.outcome(limited, events)
	return out, -1, err
}

// topLevel runs one event and all inline events that follow from it.
func (u *unit) topLevel(ctx context.Context, ev *workflow.Event) error {
	rec := u.record(ev, false)
	u.top = ev
	u.queue = append(u.queue[:0], queued{ev: ev, rec: rec})
	first := true
	for len(u.queue) > 0 {
		q := u.queue[0]
		u.queue = u.queue[1:]
		if q.rec == nil {
			q.rec = u.record(q.ev, true)
		}
		if q.depth > u.r.d.Limits.Depth {
			return errDepth
		}
		if err := u.event(ctx, q, first); err != nil {
			return err
		}
		first = false
	}
	return nil
}

var (
	errTime     = errors.New("the turn took longer than it may")
	errRulesets = errors.New("the turn ran more rulesets than it may: its events probably send each other in a circle")
	errDepth    = errors.New("inline events follow one from another deeper than they may: they probably send each other in a circle")
)

// event runs the rulesets that answer one event.
func (u *unit) event(ctx context.Context, q queued, first bool) error {
	u.ev, u.rec, u.depth = q.ev, q.rec, q.depth
	q.rec.Start = u.elapsed()
	defer func() { q.rec.Stop = u.elapsed() }()
	if err := u.onBehalfOf(ctx, q.ev); err != nil {
		return err
	}
	if err := u.relate(); err != nil {
		return err
	}
	entity, typ, err := u.address(ctx, q.ev)
	if err != nil {
		return err
	}
	flow := u.flowOf(q.ev)
	if first {
		q.rec.Snapshot = u.snapshot(typ, entity)
	}
	subject := u.subject(q.ev, typ, entity)
	var found []*workflow.Ruleset
	if flow != nil {
		found = flow.Match(subject)
	}
	if len(found) == 0 {
		q.rec.State, q.rec.Reason = string(eventstore.NoMatch), u.reason(flow, subject)
		u.undriven(q.ev, q.rec.Reason)
		return nil
	}
	q.rec.State = string(eventstore.Success)
	c := &rule.Context{Scope: u.reach(), Now: u.now, Event: q.ev, Entity: entity, Type: typ, Root: u.rootView(), Read: u, Turn: u, Types: u.r.d.DB.Catalogue(), Flow: flow}
	return u.answer(ctx, c, found)
}

// reason says why nothing matched.
func (u *unit) reason(flow *workflow.Workflow, s workflow.Subject) string {
	switch {
	case u.root == nil:
		return fmt.Sprintf("%s %s does not exist", u.ref.typeName, u.ref.id)
	case flow == nil:
		return "no workflow " + u.workflowName()
	}
	return fmt.Sprintf("no ruleset %s for %s %q in status %q", s.EventName, s.EntityType, s.Subtype, s.Status)
}

// ruleset runs one ruleset. A business failure ends it and throws its actions away, but not the event.
func (u *unit) ruleset(ctx context.Context, c *rule.Context, rs *workflow.Ruleset) error {
	if u.ran++; u.ran > u.r.d.Limits.Rulesets {
		return errRulesets
	}
	rec := &history.Ruleset{Name: rs.Name, Start: u.elapsed()}
	u.rec.Rulesets = append(u.rec.Rulesets, rec)
	defer func() { rec.Stop = u.elapsed() }()
	mark, account := u.mark(), string(u.in.Scope.Account())
	for i := range rs.Rules {
		call := &rs.Rules[i]
		err := u.rule(ctx, c, rec, call)
		var business *rule.BusinessError
		if errors.As(err, &business) {
			u.rewind(mark)
			rec.Discarded = true
			u.refuse(rs.Name, business)
			u.exception(rs.Name, call.FullName(account), business)
			return nil
		}
		if err != nil {
			return fmt.Errorf("ruleset %s: rule %s: %w", rs.Name, call.FullName(account), err)
		}
	}
	return nil
}

// refuse notes that the event on whose behalf a ruleset ran did not get what that does.
func (u *unit) refuse(ruleset string, cause *rule.BusinessError) {
	why := "ruleset " + ruleset + ": " + cause.Message
	if u.apart != nil {
		u.apart(why)
		return
	}
	if u.refused == nil {
		u.refused = map[*workflow.Event]string{}
	}
	u.refused[u.top] = why
}

// exception sends the event that follows a business failure. One that such an event causes itself ends there.
func (u *unit) exception(ruleset, name string, cause *rule.BusinessError) {
	if u.ev.Type == workflow.Exception {
		return
	}
	attrs := map[string]any{}
	for k, v := range u.ev.Attributes {
		attrs[k] = v
	}
	attrs["message"], attrs["cause"], attrs["ruleSet"], attrs["rule"] = cause.Message, cause.Message, ruleset, name
	ev := *u.ev
	ev.ID, ev.Type, ev.Attributes, ev.Parents, ev.RunOnce = "", workflow.Exception, attrs, nil, nil
	u.Send(ev)
}
