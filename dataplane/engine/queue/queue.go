// Package queue holds the work that a node knows of in memory and deals it out fairly. Accounts take turns by deficit round robin, so
// that a flood of one never starves another; inside an account checkout goes before store work, that before integrations and those before
// batches, and whoever waits behind others gets a small share of the time; one root is worked on by one worker at a time. The queue is a
// cache of the event rows that wait in the database: losing it loses nothing.
package queue

import (
	"context"
	"slices"
	"sync"
	"time"

	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Config sizes a queue. Zero values are replaced by the defaults in brackets.
type Config struct {
	Quantum    time.Duration // work that an account may do before the next has its turn [5ms]
	PerAccount int           // most roots of one account that are worked on at once [no limit]
	Batch      int           // most events that one piece of work takes [64]
	// Now is the clock by which roots rest and finished events are forgotten; tests step it [time.Now].
	Now func() time.Time
}

// Root names a root entity across accounts.
type Root struct {
	Account tenancy.AccountID
	Type    string
	Key     string // eventstore.RootKey
}

// RootOf is the root that an event row queues for.
func RootOf(r *eventstore.Row) Root {
	return Root{Account: r.Account, Type: r.Event.RootType, Key: eventstore.RootKey(&r.Event)}
}

// String is the root as eventstore.Query.SkipRoots wants it.
func (r Root) String() string { return eventstore.RootName(r.Account, r.Type, r.Key) }

// Slot is the root's slot.
func (r Root) Slot() int { return eventstore.Slot(r.Account, r.Type, r.Key) }

// Work is what one worker does next: the oldest waiting events of one root, which nobody else works on until Done.
type Work struct {
	Root     Root
	Rows     []eventstore.Row
	Failures int // how often in a row work on the root ended with a rest

	charged time.Duration
	class   int  // by priority
	behind  bool // others of a higher class were ready: it ran on its class's share
	extra   bool // shares the worker of another piece of work
}

const (
	priorities = int(workflow.Batch) // classes: one for each
	remember   = 30 * time.Second    // how long a finished event is known, so that a read which began before its commit adds nothing
	estimate   = time.Millisecond
	share      = 16 // a class that waits behind higher ones gets one part in share of the time that they take
)

// Queue is the work at hand. It is safe for use by many goroutines.
type Queue struct {
	cfg Config

	mu       sync.Mutex
	roots    map[Root]*root
	accounts map[tenancy.AccountID]*account
	ring     []*account // those with ready roots, in the order of their turns
	at       int        // whose turn it is
	known    map[string]bool
	finished map[string]time.Time
	waiting  int
	changed  chan struct{} // closed and replaced when work may have become ready
	swept    time.Time
}

type root struct {
	name      Root
	rows      []eventstore.Row
	busy      bool
	queued    bool // in its account's ready list
	listed    int  // which of the lists, by priority
	notBefore time.Time
	failures  int
	callers   []chan struct{} // synchronous requests that wait for the root, in order
}

type account struct {
	ready    [priorities][]*root
	saved    [priorities]time.Duration // what each class may spend although higher ones are ready
	count    int                       // of ready roots
	deficit  time.Duration
	inflight int
	usual    time.Duration // what a piece of work of the account usually costs
	inRing   bool
}

// New makes an empty queue.
func New(cfg Config) *Queue {
	if cfg.Quantum <= 0 {
		cfg.Quantum = 5 * time.Millisecond
	}
	if cfg.Batch <= 0 {
		cfg.Batch = 64
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Queue{cfg: cfg, roots: map[Root]*root{}, accounts: map[tenancy.AccountID]*account{}, known: map[string]bool{},
		finished: map[string]time.Time{}, changed: make(chan struct{}), swept: cfg.Now()}
}

// Add queues event rows that are not known yet and tells how many those were.
func (q *Queue) Add(rows ...eventstore.Row) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for i := range rows {
		id := string(rows[i].Account) + "/" + rows[i].Event.ID
		if _, done := q.finished[id]; done || q.known[id] {
			continue
		}
		q.known[id] = true
		r := q.root(RootOf(&rows[i]))
		r.insert(rows[i])
		q.waiting++
		n++
		if r.queued && class(&rows[i]) < r.listed {
			q.unqueue(q.account(r.name.Account), r) // it moves up
		}
		q.offer(r)
	}
	if n > 0 {
		q.wake()
	}
	q.sweep()
	return n
}

// insert keeps the rows of a root in the order of their arrival.
func (r *root) insert(row eventstore.Row) {
	at, _ := slices.BinarySearchFunc(r.rows, row, func(a, b eventstore.Row) int {
		if c := a.ReceivedOn.Compare(b.ReceivedOn); c != 0 {
			return c
		}
		return -1 // among equals, the earlier known first
	})
	r.rows = slices.Insert(r.rows, at, row)
}

func (q *Queue) root(name Root) *root {
	r := q.roots[name]
	if r == nil {
		r = &root{name: name}
		q.roots[name] = r
	}
	return r
}

func (q *Queue) account(id tenancy.AccountID) *account {
	a := q.accounts[id]
	if a == nil {
		a = &account{usual: estimate}
		q.accounts[id] = a
	}
	return a
}

// offer puts a root that can be worked on into its account's list.
func (q *Queue) offer(r *root) {
	if r.busy || r.queued || len(r.rows) == 0 {
		return
	}
	a := q.account(r.name.Account)
	p := r.class()
	a.ready[p] = append(a.ready[p], r)
	a.count++
	r.queued, r.listed = true, p
	if !a.inRing {
		a.inRing = true
		q.ring = append(q.ring, a)
	}
}

// class is the class of a row, the most urgent first. A row without a priority goes last.
func class(row *eventstore.Row) int { return int(row.Event.Priority.OrLast() - workflow.Checkout) }

// class is the most urgent one of the root's rows.
func (r *root) class() int {
	best := priorities - 1
	for i := range r.rows {
		best = min(best, class(&r.rows[i]))
	}
	return best
}

func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Next waits for work and takes it. It returns nil when ctx ends.
func (q *Queue) Next(ctx context.Context) *Work {
	for {
		q.mu.Lock()
		w, later := q.pick(q.cfg.Now())
		changed := q.changed
		q.mu.Unlock()
		if w != nil {
			return w
		}
		if !waitFor(ctx, changed, later) {
			return nil
		}
	}
}

func waitFor(ctx context.Context, changed <-chan struct{}, later time.Duration) bool {
	var due <-chan time.Time
	if later > 0 {
		t := time.NewTimer(later)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-due:
	}
	return true
}

// TryNext takes work of one account if any is ready, and at most limit pieces of it: what may share a commit with the piece that
// the caller holds.
func (q *Queue) TryNext(id tenancy.AccountID, limit int) []*Work {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []*Work
	a := q.accounts[id]
	for a != nil && len(out) < limit {
		w, _ := q.take(a, q.cfg.Now())
		if w == nil {
			break
		}
		w.extra = true
		a.inflight--
		out = append(out, w)
	}
	return out
}

func (q *Queue) start(r *root, a *account) *Work {
	n := min(len(r.rows), q.cfg.Batch)
	w := &Work{Root: r.name, Rows: slices.Clone(r.rows[:n]), Failures: r.failures, charged: a.usual}
	r.rows = slices.Clone(r.rows[n:])
	r.busy = true
	q.waiting -= n
	a.inflight++
	a.deficit -= a.usual
	return w
}

// Fate is what becomes of an event row that work was done on.
type Fate int

// The fates. A settled event is known to be so for a while; a forgotten one comes back when a read of the database brings it.
const (
	Waits Fate = iota
	Settled
	Forgotten
)

// Done gives work back with the fates of its rows, by event id; those that wait do so until rest is over. cost is the time that the work took.
func (q *Queue) Done(w *Work, cost time.Duration, rest time.Duration, fates map[string]Fate) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r, a := q.root(w.Root), q.account(w.Root.Account)
	now := q.cfg.Now()
	for i := range w.Rows {
		id := string(w.Root.Account) + "/" + w.Rows[i].Event.ID
		switch {
		case fates[w.Rows[i].Event.ID] == Settled:
			delete(q.known, id)
			q.finished[id] = now
		case fates[w.Rows[i].Event.ID] == Forgotten:
			delete(q.known, id)
		case q.known[id]:
			r.insert(w.Rows[i])
			q.waiting++
		}
	}
	if !w.extra {
		a.inflight--
	}
	a.deficit += w.charged - cost
	if w.behind {
		a.saved[w.class] += w.charged - cost
	}
	a.usual = (a.usual*7 + cost) / 8
	r.busy, r.notBefore = false, time.Time{}
	if rest > 0 {
		r.notBefore = now.Add(rest)
		r.failures++
	} else {
		r.failures = 0
	}
	q.settle(r, a)
	q.wake()
}

// settle hands a root that became free to the first caller that waits for it, else to the workers, else forgets it.
func (q *Queue) settle(r *root, a *account) {
	if len(r.callers) > 0 {
		close(r.callers[0])
		r.callers = r.callers[1:]
		r.busy = true
		return
	}
	q.offer(r)
	if len(r.rows) == 0 {
		delete(q.roots, r.name)
	}
	if a.inflight == 0 && a.count == 0 && !a.inRing && a.deficit >= 0 {
		delete(q.accounts, r.name.Account)
	}
}
