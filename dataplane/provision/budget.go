package provision

import (
	"context"
	"sync"
	"time"
)

// AtOnce is how many accounts or retailers a node prepares at the same time. The control plane sends no more (controlplane/reconcile),
// and the store sets as many connections aside.
const AtOnce = 2

// Budget is what provisioning may take from a node that serves tenants: so many at once, and of each second a share only. What was not used
// is saved up to a burst, so that a few new accounts never wait; two hundred of them are spread over a minute, and orders go on. What is saved is little: slow answers of
// a second are the slowest hundredth of a minute and a half.
//
// The time is the whole of a preparation, waits for the database among it, so the share bounds what provisioning asks of the node and of
// its database alike.
type Budget struct {
	slots chan struct{}
	share float64       // seconds of work in each second
	burst time.Duration // most that is saved
	now   func() time.Time
	pause func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	saved time.Duration // below zero: owed
	asOf  time.Time
}

// NewBudget makes a node's budget: AtOnce at once, 15 % of each second, and 300 ms saved at most, which is some five accounts.
func NewBudget() *Budget {
	const share, burst = 0.15, 300 * time.Millisecond
	return newBudget(AtOnce, share, burst, time.Now, sleep)
}

func newBudget(atOnce int, share float64, burst time.Duration, now func() time.Time, pause func(context.Context, time.Duration) error) *Budget {
	return &Budget{slots: make(chan struct{}, atOnce), share: share, burst: burst, now: now, pause: pause, saved: burst, asOf: now()}
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
	for wait := b.owed(); wait > 0; wait = b.owed() {
		if err := b.pause(ctx, wait); err != nil {
			<-b.slots
			return nil, err
		}
	}
	began := b.now()
	return func() {
		b.spend(b.now().Sub(began))
		<-b.slots
	}, nil
}

// owed is how long it takes until what was spent too much is made up for.
func (b *Budget) owed() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earn()
	if b.saved > 0 {
		return 0
	}
	return max(time.Millisecond, time.Duration(float64(-b.saved)/b.share))
}

func (b *Budget) spend(took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earn()
	b.saved -= took
}

func (b *Budget) earn() {
	now := b.now()
	b.saved = min(b.burst, b.saved+time.Duration(float64(now.Sub(b.asOf))*b.share))
	b.asOf = now
}
