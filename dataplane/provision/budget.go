package provision

import (
	"context"
	"sync"
	"time"
)

// AtOnce is how many accounts or retailers a node prepares at the same time. The control plane sends no more (controlplane/reconcile),
// and the store sets as many connections aside.
const AtOnce = 2

// Budget is what provisioning may take from a node that serves tenants: so many at once, and of each second a share. A node that answers
// nobody gives half of each second to it, so that hundreds of accounts are made in half a minute; one that is busy gives a hundredth, so that
// orders go on as if nothing happened, and yet begins one preparation in two seconds, however long they take. What was not used is saved up to a
// burst: a few new accounts never wait.
//
// The time is the whole of a preparation, waits for the database among it, so the share bounds what provisioning asks of the node and of
// its database alike.
type Budget struct {
	slots   chan struct{}
	terms   terms
	tenants func() time.Duration // how long all answers to tenants have taken
	now     func() time.Time
	pause   func(ctx context.Context, d time.Duration) error

	mu      sync.Mutex
	saved   time.Duration // below zero: owed
	last    time.Duration // how long the last work took
	asOf    time.Time
	share   float64       // as of the last look
	looked  time.Time     // when the share was found last
	answers time.Duration // what tenants was then
}

// terms are the figures of a budget.
type terms struct {
	idle  float64       // share of each second while the node answers nobody
	busy  float64       // share while it answers one request and more at any time
	burst time.Duration // most that is saved
	debt  time.Duration // longest time that what is owed takes to be made up for; 0: any
	look  time.Duration // how long the node is watched for its share
}

// NewBudget makes a node's budget. tenants says how long all its answers to tenants have taken so far.
func NewBudget(tenants func() time.Duration) *Budget {
	return newBudget(AtOnce, terms{idle: 0.5, busy: 0.01, burst: 100 * time.Millisecond, debt: 2 * time.Second, look: 250 * time.Millisecond}, tenants, time.Now, sleep)
}

func newBudget(atOnce int, t terms, tenants func() time.Duration, now func() time.Time, pause func(context.Context, time.Duration) error) *Budget {
	at := now()
	return &Budget{
		slots: make(chan struct{}, atOnce), terms: t, tenants: tenants, now: now, pause: pause,
		saved: t.burst, asOf: at, share: t.busy, looked: at, answers: tenants(),
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// enter waits for a place and until nothing is owed. leave must be called when the work is done. The only error is ctx's.
func (b *Budget) enter(ctx context.Context) (leave func(), err error) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	foreseen, wait := b.begin()
	for ; wait > 0; foreseen, wait = b.begin() {
		if err := b.pause(ctx, wait); err != nil {
			<-b.slots
			return nil, err
		}
	}
	began := b.now()
	return func() {
		b.settle(b.now().Sub(began), foreseen)
		<-b.slots
	}, nil
}

// begin spends what the last work took, so that who waits beside does not begin at the same moment, and says how much that is. While more was
// spent than there is, it says instead how long it takes until that is made up for, or until the share should be looked at again.
func (b *Budget) begin() (foreseen, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earn()
	if b.saved <= 0 {
		return 0, min(b.terms.look, max(time.Millisecond, time.Duration(float64(-b.saved)/b.share)))
	}
	b.spend(b.last)
	return b.last, 0
}

// spend takes from what is saved, or owes it.
func (b *Budget) spend(d time.Duration) {
	b.saved -= d
	if owed := time.Duration(b.share * float64(b.terms.debt)); owed > 0 {
		b.saved = max(b.saved, -owed)
	}
}

// settle spends what a work took beyond what was foreseen.
func (b *Budget) settle(took, foreseen time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earn()
	b.spend(took - foreseen)
	b.last = took
}

// earn adds what the time since the last call has brought, by the share that was found last: a while over which the node was not watched tells
// nothing of how busy it is now.
func (b *Budget) earn() {
	now := b.now()
	b.saved = min(b.terms.burst, b.saved+time.Duration(float64(now.Sub(b.asOf))*b.share))
	b.asOf = now
	passed := now.Sub(b.looked)
	if passed < b.terms.look {
		return
	}
	answers := b.tenants()
	b.share = b.terms.busy
	if passed < 4*b.terms.look {
		underWay := float64(answers-b.answers) / float64(passed)
		b.share = max(b.terms.busy, b.terms.idle*(1-underWay))
	}
	b.looked, b.answers = now, answers
}
