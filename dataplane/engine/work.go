package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	"github.com/fluent-oms/fluent/dataplane/engine/turn"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	leasestore "github.com/fluent-oms/fluent/dataplane/store/leases"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// The bounds of repetition.
const (
	maxTries    = 5  // runs of a turn that meets shortfalls; the last takes what it gets
	maxStale    = 20 // runs of a turn whose entities others change meanwhile
	maxClashes  = 3  // runs of a turn that makes what others make meanwhile: what is there already at each look fails
	firstRest   = 50 * time.Millisecond
	longestRest = 30 * time.Second
)

// job is a piece of work on its way through a worker.
type job struct {
	work  *queue.Work
	scope tenancy.Scope
	began time.Time
	fates map[string]queue.Fate // of events that are settled, or not ours to settle
	marks map[string]eventstore.Mark
	taken bool            // an event of the turn was found to have run before
	rest  time.Duration   // how long the root is left alone afterwards
	sync  *workflow.Event // the event of a synchronous request or of a creation, which has no row yet
	// request is that of sync; repeated says that it was carried out before.
	request  repeats.Request
	repeated bool
	fresh    bool // the commit creates the root: nobody else can know of it, so no fence is needed
	out      *turn.Outcome
	sent     []*workflow.Event // of the first job of a commit: all that the commit appended for other turns
	epoch    leasestore.Epoch
	try      int
	stale    int
	clash    int
}

// work takes pieces of work until accepting ends; each is done under working.
func (e *Engine) work(accepting, working context.Context) {
	for {
		w := e.queue.Next(accepting)
		if w == nil {
			return
		}
		jobs := []*job{e.newJob(w)}
		for _, more := range e.queue.TryNext(w.Root.Account, e.spare()) {
			jobs = append(jobs, e.newJob(more))
		}
		e.do(working, jobs)
	}
}

// spare is how many further turns may share a commit: none while this node keeps up.
func (e *Engine) spare() int {
	backlog := e.queue.Len()
	if backlog <= e.cfg.Workers {
		return 0
	}
	return min(e.cfg.Share-1, backlog/e.cfg.Workers)
}

func (e *Engine) newJob(w *queue.Work) *job {
	scope, err := tenancy.NewScope(w.Root.Account)
	if err != nil {
		e.d.Logger.Error("an event row names no account", "error", err)
	}
	return &job{work: w, scope: scope, began: e.cfg.Now(), fates: map[string]queue.Fate{}, marks: map[string]eventstore.Mark{}}
}

// do runs the jobs' turns one after another and commits them together; the roots are free again when it returns.
func (e *Engine) do(ctx context.Context, jobs []*job) {
	defer func() {
		now := e.cfg.Now()
		for _, j := range jobs {
			e.queue.Done(j.work, now.Sub(j.began)/time.Duration(len(jobs)), j.rest, j.fates)
		}
		e.refill()
	}()
	ready := make([]*job, 0, len(jobs))
	for _, j := range jobs {
		if e.prepare(ctx, j) {
			ready = append(ready, j)
		}
	}
	e.commit(ctx, ready)
}

// prepare runs a job's turn in memory. It reports whether there is an outcome to commit.
func (e *Engine) prepare(ctx context.Context, j *job) bool {
	epoch, _, ok := e.leases.Held(eventstore.RangeOf(j.work.Root.Slot()))
	if !ok {
		j.drop()
		return false
	}
	j.epoch = epoch
	j.try++
	out, err := e.runner.Run(ctx, turn.Input{Scope: j.scope, Events: j.events(), Try: j.try, Last: j.try >= maxTries})
	if err != nil {
		e.transient(j, fmt.Errorf("run the turn: %w", err))
		return false
	}
	j.out = out
	return true
}

// events are what the turn runs: the waiting ones, then that of a synchronous request.
func (j *job) events() []*workflow.Event {
	out := make([]*workflow.Event, 0, len(j.work.Rows)+1)
	for i := range j.work.Rows {
		if j.fates[j.work.Rows[i].Event.ID] == queue.Waits {
			out = append(out, &j.work.Rows[i].Event)
		}
	}
	if j.sync != nil && j.fates[j.sync.ID] == queue.Waits {
		out = append(out, j.sync)
	}
	return out
}

// drop forgets the job's events: another node runs them, or a read of the queue brings those back that still wait.
func (j *job) drop() {
	for i := range j.work.Rows {
		j.fates[j.work.Rows[i].Event.ID] = queue.Forgotten
	}
}

// commit commits outcomes in one transaction. When that fails it is halved, until the culprit stands alone.
func (e *Engine) commit(ctx context.Context, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	err := errOverlap
	if !overlap(jobs) {
		err = e.write(ctx, jobs)
	}
	if err == nil {
		e.committed(ctx, jobs)
		return
	}
	if len(jobs) > 1 && !store.TakesNoWrites(err) {
		half := len(jobs) / 2
		e.commit(ctx, jobs[:half])
		e.commit(ctx, jobs[half:])
		return
	}
	for _, j := range jobs {
		e.refused(ctx, j, err)
	}
}

var errOverlap = errors.New("engine: turns that would share a commit change the same entity")

// overlap reports whether two turns change the same entity: the later one decided on what the earlier one changes.
func overlap(jobs []*job) bool {
	if len(jobs) < 2 {
		return false
	}
	type row struct {
		typ *catalogue.Type
		id  catalogue.ID
	}
	seen := map[row]bool{}
	for _, j := range jobs {
		for _, c := range j.out.Changed {
			at := row{c.Type, c.Was.ID}
			if seen[at] {
				return true
			}
			seen[at] = true
		}
	}
	return false
}

// write is the one transaction: fence, entities, events, trail, webhooks, done marks, and effects last. Its statements go to the
// database in one round trip unless an effect looks at answers.
func (e *Engine) write(ctx context.Context, jobs []*job) error {
	return e.settleAmbiguous(ctx, jobs, e.writeOnce(ctx, jobs))
}

func (e *Engine) writeOnce(ctx context.Context, jobs []*job) error {
	for _, j := range jobs {
		if hook := e.hooks.beforeCommit; hook != nil {
			if err := hook(j.out); err != nil {
				return err
			}
		}
	}
	write := e.d.DB.WriteLocked
	if rowsOf(jobs) >= store.ManyRows {
		write = e.d.DB.WriteManyLocked
	}
	err := write(ctx, jobs[0].scope, func(tx *store.Tx) error {
		fenced := map[int]bool{}
		for _, j := range jobs {
			id := eventstore.RangeOf(j.work.Root.Slot())
			if !fenced[id] && !j.fresh && !e.hooks.unfenced {
				leasestore.Fence(tx, id, j.epoch)
			}
			fenced[id] = fenced[id] || !j.fresh
			if err := apply(tx, j); err != nil {
				return err
			}
		}
		for _, j := range jobs {
			for _, effect := range j.out.Effects {
				if err := effect.Apply(ctx, tx); err != nil {
					return err
				}
			}
		}
		jobs[0].sent = eventstore.Appended(tx)
		return nil
	})
	if err == nil && e.hooks.afterCommit != nil {
		err = e.hooks.afterCommit(jobs[0].out)
	}
	return err
}

// rowsOf counts what turns are going to write, as far as that is known.
func rowsOf(jobs []*job) (n int) {
	for _, j := range jobs {
		n += len(j.out.Created) + len(j.out.Changed)
		for _, effect := range j.out.Effects {
			if s, ok := effect.(rule.Sized); ok {
				n += s.Rows()
			}
		}
	}
	return n
}

// settleAmbiguous finds out what became of a commit whose answer was lost: its turns' ids are there, or nothing is.
func (e *Engine) settleAmbiguous(ctx context.Context, jobs []*job, err error) error {
	if !errors.Is(err, store.ErrAmbiguous) {
		return err
	}
	for n := 0; ctx.Err() == nil; n++ {
		found, readErr := trailstore.Exists(ctx, e.d.DB.Reader(jobs[0].scope), jobs[0].out.TurnID)
		if readErr == nil && found {
			e.stats.Settled.Add(1)
			return nil
		}
		if readErr == nil {
			return fault.New(fault.Unavailable, "the commit did not take place").Wrap(errors.New(err.Error())) // ErrAmbiguous no more
		}
		if !sleep(ctx, min(firstRest<<n, longestRest)) {
			break
		}
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// committed tells everybody concerned.
func (e *Engine) committed(ctx context.Context, jobs []*job) {
	e.stats.Commits.Add(1)
	for _, j := range jobs {
		e.stats.Turns.Add(1)
		e.stats.Events.Add(int64(len(j.out.Marks)))
		e.stats.Blocked.Add(int64(j.out.Blocked))
		for _, m := range j.out.Marks {
			j.fates[m.ID], j.marks[m.ID] = queue.Settled, m
			if m.State == eventstore.Failed {
				e.stats.Failed.Add(1)
				e.d.Logger.Warn("event failed", "account", string(j.scope.Account()), "event", m.ID, "error", m.Error)
			}
		}
	}
	e.Nudge(ctx, jobs[0].scope, jobs[0].sent...)
	for _, j := range jobs {
		e.follow(ctx, j)
	}
}

// follow lets effects do what comes after their commit.
func (e *Engine) follow(ctx context.Context, j *job) {
	for _, effect := range j.out.Effects {
		f, ok := effect.(rule.Follower)
		if !ok {
			continue
		}
		if err := f.Committed(ctx); err != nil {
			e.d.Logger.Warn("what follows a commit failed", "account", string(j.scope.Account()), "error", err)
		}
	}
}

// refused decides what follows from a commit that failed for one job alone.
func (e *Engine) refused(ctx context.Context, j *job, err error) {
	switch {
	case errors.Is(err, leasestore.ErrFenced):
		e.stats.Fenced.Add(1)
		e.leases.Lost(eventstore.RangeOf(j.work.Root.Slot()), j.epoch)
		j.drop()
	case errors.Is(err, eventstore.ErrTaken):
		j.taken = true
		j.drop()
		e.Wake()
	case errors.Is(err, repeats.ErrRepeated):
		j.repeated = true
		j.drop()
		e.Wake()
	case errors.Is(err, rule.ErrShortfall) && j.try < maxTries:
		e.again(ctx, j)
	case errors.Is(err, store.ErrStale) && j.stale < maxStale:
		j.stale++
		j.try-- // others' changes do not use up the tries that shortfalls have
		e.again(ctx, j)
	case fault.Is(err, fault.Exists) && j.clash < maxClashes-1 && len(j.out.Effects) > 0: // effects look before they write; the next look sees it
		j.clash++
		j.try--
		e.again(ctx, j)
	case ctx.Err() != nil, store.Classify(err) != store.Fatal, errors.Is(err, store.ErrStale), fault.Is(err, fault.Unavailable), fault.Is(err, fault.Limited):
		e.transient(j, fmt.Errorf("commit the turn: %w", err))
	default:
		e.giveUp(ctx, j, err)
	}
}

// again runs the turn once more on fresh figures.
func (e *Engine) again(ctx context.Context, j *job) {
	e.stats.Reruns.Add(1)
	if e.prepare(ctx, j) {
		e.commit(ctx, []*job{j})
	}
}

// transient leaves the events waiting and the root alone for a while, longer each time.
func (e *Engine) transient(j *job, err error) {
	j.rest = min(firstRest<<min(j.work.Failures, 10), longestRest)
	level := slog.LevelWarn
	if store.TakesNoWrites(err) {
		level = slog.LevelDebug // the node says it once, for all turns
	}
	e.d.Logger.Log(context.Background(), level, "turn will be repeated", "account", string(j.scope.Account()), "root", j.work.Root.Type+" "+j.work.Root.Key, "rest", j.rest, "error", err)
}

// giveUp records that the turn's first event cannot be committed: as it would fail each time, it must not hold up the root.
func (e *Engine) giveUp(ctx context.Context, j *job, cause error) {
	events := j.events()
	if len(events) > 1 && j.out.Settled > 1 {
		// Which of the events it is nobody knows: run the first alone.
		out, err := e.runner.Run(ctx, turn.Input{Scope: j.scope, Events: events[:1], Try: j.try, Last: true})
		if err != nil {
			e.transient(j, err)
			return
		}
		j.out = out
		if err := e.write(ctx, []*job{j}); err == nil {
			e.committed(ctx, []*job{j})
			return
		} else {
			cause = err
		}
	}
	j.out = e.runner.Fail(ctx, turn.Input{Scope: j.scope, Events: events[:1], Try: j.try}, cause)
	if err := e.write(ctx, []*job{j}); err != nil {
		e.transient(j, fmt.Errorf("record a failure: %w", errors.Join(err, cause)))
		return
	}
	e.committed(ctx, []*job{j})
}
