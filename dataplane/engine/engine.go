// Package engine orchestrates: it finds the events that wait for root entities, runs each root's events in turns, and commits each turn as one
// transaction. What a turn does is in engine/turn, who does what next in engine/queue, who may do it in engine/lease, and what was done in
// engine/history. The engine never speaks to the outside; webhooks leave through their outbox.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/engine/lease"
	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Names of the turn package that callers of the engine need.
type (
	// Workflows gives active workflows.
	Workflows = turn.Workflows
	// Callers knows what users may do at the moment.
	Callers = turn.Callers
	// Library is the rules that workflows can name.
	Library = rule.Library
	// Under tells configurations apart.
	Under = turn.Under
	// Limits bound a turn.
	Limits = turn.Limits
)

// Deps are the engine's collaborators. DB, Library and Workflows are required.
type Deps struct {
	DB        *store.DB
	Library   *Library
	Workflows Workflows
	Starts    []string // entity types of roots whose first turn may be one commit with their creation
	Callers   Callers  // needed for events that bring their own workflow
	Modules   rule.Modules
	Checks    entity.Checks // of what turns make and change
	Under     Under         // may be nil; see mend
	Logger    *slog.Logger
	// Nudge hands committed events to the node whose roots they wait for. It must not block for long; a lost nudge costs a poll's delay.
	Nudge func(ctx context.Context, node string, rows ...eventstore.Row)
}

// Config is how an engine works. Zero values are replaced by the defaults in brackets.
type Config struct {
	Node       string           // this node's id; required
	Workers    int              // turns at a time [4 for each core, at least 8]
	Poll       time.Duration    // how often the queues are read when nothing wakes the engine [200ms]
	Sweep      time.Duration    // how often the whole queue is searched for overlooked events [1m]
	Schedule   time.Duration    // how often due events are released [250ms]
	Mend       time.Duration    // how often blocked roots are looked for whose cause was mended [2s]
	LeaseTTL   time.Duration    // [6s]
	SyncWait   time.Duration    // how long a synchronous event waits for the node that runs it [30s]
	Share      int              // most turns of one account that share a commit [16]
	PerAccount int              // most turns of one account at a time [three quarters of Workers]
	Creations  int              // most creations that run their first turn at a time; three quarters of them of one account [4 × Workers]
	Window     int              // events that one poll reads of an account [512]
	Now        func() time.Time // the clock of leases and rests; what is due when is the database's to say [time.Now]
	Limits     Limits
}

func (c Config) withDefaults() Config {
	orInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	orTime := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	orInt(&c.Workers, max(8, 4*runtime.GOMAXPROCS(0)))
	orInt(&c.PerAccount, max(1, c.Workers*3/4))
	orInt(&c.Creations, 4*c.Workers)
	orInt(&c.Share, 16)
	orInt(&c.Window, 512)
	orTime(&c.Poll, 200*time.Millisecond)
	orTime(&c.Sweep, time.Minute)
	orTime(&c.Schedule, 250*time.Millisecond)
	orTime(&c.Mend, 2*time.Second)
	orTime(&c.LeaseTTL, 6*time.Second)
	orTime(&c.SyncWait, 30*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Engine runs the events of the slots that its node leases.
type Engine struct {
	d       Deps
	cfg     Config
	runner  *turn.Runner
	leases  *lease.Manager
	queue   *queue.Queue
	log     *history.Log
	wake    chan struct{}
	more    atomic.Bool // the database had more than the last poll read
	stats   Stats
	starts  groupCommit
	running sync.WaitGroup
	hooks   hooks
}

// hooks let tests stand in the way of a creation and of a commit, and remove the fence.
type hooks struct {
	creating     func()
	beforeCommit func(*turn.Outcome) error
	afterCommit  func(*turn.Outcome) error
	unfenced     bool
}

// Stats counts what the engine has done since it was made. All members only grow.
type Stats struct {
	Turns      atomic.Int64 // committed
	Commits    atomic.Int64 // transactions that held them
	Events     atomic.Int64 // events that were settled, inline ones not counted
	Failed     atomic.Int64 // events that failed
	Blocked    atomic.Int64 // first turns that are to be tried again
	Reruns     atomic.Int64 // tries that met a shortfall or stale data
	Fenced     atomic.Int64 // commits that were refused because the range had another owner
	Settled    atomic.Int64 // commits whose answer was lost and that were found by their turn's id
	Overlooked atomic.Int64 // events that only the sweep found: the target is zero
	Released   atomic.Int64 // scheduled events that came due
	Mended     atomic.Int64 // first turns that did not wait for their time, for their cause may have been mended
	Created    atomic.Int64 // roots that were created with their first turn
}

// New makes an engine that does nothing until Run.
func New(d Deps, cfg Config) (*Engine, error) {
	if cfg.Node == "" {
		return nil, errors.New("engine: a node needs an id")
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Nudge == nil {
		d.Nudge = func(context.Context, string, ...eventstore.Row) {}
	}
	cfg = cfg.withDefaults()
	runner, err := turn.New(turn.Deps{DB: d.DB, Library: d.Library, Workflows: d.Workflows, Callers: d.Callers, Modules: d.Modules, Checks: d.Checks, Under: d.Under,
		Limits: cfg.Limits, Node: cfg.Node})
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{d: d, cfg: cfg, runner: runner, log: history.NewLog(d.DB), wake: make(chan struct{}, 1),
		queue: queue.New(queue.Config{PerAccount: cfg.PerAccount, Now: cfg.Now})}
	e.starts.init(cfg, e.commitFresh)
	e.leases, err = lease.New(leasestore.Of(d.DB), lease.Config{Node: cfg.Node, TTL: cfg.LeaseTTL, Logger: d.Logger, Now: cfg.Now, Changed: e.leasesChanged})
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	return e, nil
}

// Run works until ctx ends, then lets turns under way finish, and gives the leases back so that other nodes go on at once.
func (e *Engine) Run(ctx context.Context) error {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var loops sync.WaitGroup
	for _, loop := range []func(context.Context){e.leases.Run, e.pollLoop, e.sweepLoop, e.scheduleLoop, e.mendLoop} {
		loops.Go(func() { loop(ctx) })
	}
	var workers sync.WaitGroup
	for range e.cfg.Workers {
		workers.Go(func() { e.work(ctx, working) })
	}
	<-ctx.Done()
	loops.Wait()
	workers.Wait()
	e.running.Wait()
	leave, cancel := context.WithTimeout(working, e.cfg.LeaseTTL)
	defer cancel()
	if err := e.leases.Release(leave); err != nil {
		return fmt.Errorf("give the leases back: %w", err)
	}
	return nil
}

// Stats are the engine's counters.
func (e *Engine) Stats() *Stats { return &e.stats }

// History reads the event log.
func (e *Engine) History() *history.Log { return e.log }

// Ranges lists the ranges of slots that this node holds.
func (e *Engine) Ranges() []int { return e.leases.Ranges() }

// Backlog is how many events wait in this node's memory and how long the first of them has waited.
func (e *Engine) Backlog(ctx context.Context) (events int, oldest time.Duration) {
	at := e.queue.Oldest()
	if at.IsZero() {
		return 0, 0
	}
	return e.queue.Len(), e.d.DB.Now(ctx).Sub(at)
}

func (e *Engine) leasesChanged() {
	e.queue.Keep(func(slot int) bool {
		_, _, ok := e.leases.Held(eventstore.RangeOf(slot))
		return ok
	})
	e.Wake()
}

// Wake makes the engine read its queues now.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Resolve fills what an event's sender left out: the entity's id, ref, subtype and status, and its root. It fails with fault NotFound
// when neither the entity nor a root that the event names exists.
func (e *Engine) Resolve(ctx context.Context, scope tenancy.Scope, ev *workflow.Event) error {
	return e.runner.Resolve(ctx, scope, ev)
}

// accept prepares an event, and refuses an id that cannot be one and an event that nobody gave a priority.
func (e *Engine) accept(ctx context.Context, ev *workflow.Event) error {
	if ev.ID != "" && !store.IsUUID(ev.ID) {
		return fault.Invalidf("id", "an event's id is a UUID, not %q", ev.ID)
	}
	if !ev.Priority.Valid() {
		return fmt.Errorf("engine: event %s of %s %s has no priority: see workflow.PriorityOf", ev.Name, ev.EntityType, ev.EntityID)
	}
	e.Prepare(ev)
	return nil
}

// Prepare gives events what their rows need but a priority and when they were generated, which is when they are written: an id, a type, and by whom.
// Callers of eventstore.Append use it.
func (e *Engine) Prepare(events ...*workflow.Event) {
	for _, ev := range events {
		if ev.ID == "" {
			ev.ID = string(e.d.DB.NewUUID())
		}
		ev.ID = strings.ToLower(ev.ID) // as the database prints it
		if ev.Type == "" {
			ev.Type = workflow.Normal
		}
		if ev.GeneratedBy == "" {
			ev.GeneratedBy = history.EngineUser
		}
	}
}

// Nudge says that events were appended and committed: those of this node's slots go straight to its workers, others to their owners.
func (e *Engine) Nudge(ctx context.Context, scope tenancy.Scope, events ...*workflow.Event) {
	now := e.d.DB.Now(ctx)
	var others map[string][]eventstore.Row
	for _, ev := range events {
		if ev.ScheduledOn.After(now) {
			continue
		}
		row := eventstore.Row{Account: scope.Account(), Event: *ev, State: eventstore.Pending, ReceivedOn: now}
		id := eventstore.RangeOf(row.Slot())
		if _, _, ok := e.leases.Held(id); ok {
			e.queue.Add(row)
			continue
		}
		if owner := e.leases.Owner(id); owner != "" && owner != e.cfg.Node {
			if others == nil {
				others = map[string][]eventstore.Row{}
			}
			others[owner] = append(others[owner], row)
		}
	}
	for node, rows := range others {
		e.d.Nudge(ctx, node, rows...)
	}
}

// Nudged takes committed events that another node handed over. Those of slots that this node has lost meanwhile are left to polls.
func (e *Engine) Nudged(rows ...eventstore.Row) {
	for _, row := range rows {
		if _, _, ok := e.leases.Held(eventstore.RangeOf(row.Slot())); ok {
			e.queue.Add(row)
		}
	}
}
