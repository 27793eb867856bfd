package provision

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
)

// pausingClock steps over pauses instead of waiting, and adds them up. One goroutine at a time may pause.
type pausingClock struct {
	*enginetest.Clock
	paused time.Duration
}

func newPausingClock() *pausingClock { return &pausingClock{Clock: enginetest.NewClock()} }

func (c *pausingClock) pause(_ context.Context, d time.Duration) error {
	c.Step(d)
	c.paused += d
	return nil
}

// steady is a budget that gives the same whoever else is served.
func steady(share float64, burst time.Duration) terms {
	return terms{idle: share, busy: share, burst: burst, look: time.Second}
}

func nobody() time.Duration { return 0 }

// TestTheShareFollowsWhatTenantsTake lets a node answer so many requests at any time, and measures what provisioning gets of each second.
func TestTheShareFollowsWhatTenantsTake(t *testing.T) {
	t.Parallel()
	for underWay, want := range map[float64]float64{0: 0.5, 0.25: 0.375, 0.5: 0.25, 0.92: 0.04, 1: 0.04, 30: 0.04} {
		clock := newPausingClock()
		start := clock.Now()
		tenants := func() time.Duration { return time.Duration(underWay * float64(clock.Now().Sub(start))) }
		b := newBudget(1, terms{idle: 0.5, busy: 0.04, burst: 50 * time.Millisecond, look: 250 * time.Millisecond}, tenants, clock.Now, clock.pause)
		const works, single = 400, 20 * time.Millisecond
		for range works {
			leave, err := b.enter(t.Context())
			require.NoError(t, err)
			clock.Step(single)
			leave()
		}
		assert.InEpsilon(t, want, float64(works*single)/float64(clock.Now().Sub(start)), 0.05, "%v requests under way", underWay)
	}
}

// TestWhatOneTakesTheOtherWaitsFor: two may be inside, and yet they don't begin together once there is nothing saved for both.
func TestWhatOneTakesTheOtherWaitsFor(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	b := newBudget(2, steady(0.1, 50*time.Millisecond), nobody, clock.Now, clock.pause)
	first, err := b.enter(t.Context())
	require.NoError(t, err)
	clock.Step(40 * time.Millisecond)
	first()
	require.Zero(t, clock.paused)
	_, err = b.enter(t.Context())
	require.NoError(t, err)
	require.Zero(t, clock.paused, "something was left")
	_, err = b.enter(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, clock.paused, 200*time.Millisecond, "the second one takes as long as the first did")
}

// TestHowBusyANodeIsNowIsNotReadFromLongAgo: after a quiet night it may be busy, and the average of the night says nothing of that.
func TestHowBusyANodeIsNowIsNotReadFromLongAgo(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	b := newBudget(1, terms{idle: 0.5, busy: 0.04, burst: 50 * time.Millisecond, look: 250 * time.Millisecond}, nobody, clock.Now, clock.pause)
	clock.Step(8 * time.Hour)
	b.settle(time.Second, 0)
	require.InDelta(t, 0.04, b.share, 1e-9)
	_, wait := b.begin()
	require.Equal(t, 250*time.Millisecond, wait, "then it is looked at again")
	clock.Step(250 * time.Millisecond)
	b.begin()
	require.InDelta(t, 0.5, b.share, 1e-9)
}

func TestABudgetTakesAShareOfEachSecondOnceItsSavingsAreSpent(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	b := newBudget(1, steady(0.25, 2*time.Second), nobody, clock.Now, clock.pause)
	began := clock.Now()
	single := 100 * time.Millisecond
	for range 20 { // two seconds of work: what was saved
		leave, err := b.enter(t.Context())
		require.NoError(t, err)
		clock.Step(single)
		leave()
	}
	require.Zero(t, clock.paused, "a few new accounts wait for nothing")
	for range 180 {
		leave, err := b.enter(t.Context())
		require.NoError(t, err)
		clock.Step(single)
		leave()
	}
	took := clock.Now().Sub(began)
	worked := 200 * single
	require.InDelta(t, 0.25, float64(worked-2*time.Second)/float64(took), 0.01, "%v of work in %v", worked, took)
}

func TestNoMoreAreInsideThanTheBudgetAllows(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	b := newBudget(AtOnce, steady(0.25, time.Hour), nobody, clock.Now, clock.pause)
	var inside, most, done atomic.Int64
	full := make(chan struct{}) // closed when all places are taken, so that the limit is met and not only kept
	var everybody sync.WaitGroup
	for range 200 {
		everybody.Go(func() {
			leave, err := b.enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			n := inside.Add(1)
			for {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			if n == AtOnce && done.CompareAndSwap(0, 1) {
				close(full)
			}
			<-full
			inside.Add(-1)
			leave()
		})
	}
	everybody.Wait()
	require.EqualValues(t, AtOnce, most.Load())
}

func TestWhoGivesUpLeavesHisPlace(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	b := newBudget(1, steady(0.25, 0), nobody, clock.Now, sleep)
	b.saved = -time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // by chance he gives up before he has a place, or after
		_, err := b.enter(ctx)
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Empty(t, b.slots)
	b.saved, b.terms.burst = time.Hour, time.Hour
	leave, err := b.enter(t.Context())
	require.NoError(t, err)
	leave()
}

// TestNoMoreIsSavedThanABurst lets hours pass without work, and then works on for longer than a burst.
func TestNoMoreIsSavedThanABurst(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	b := newBudget(1, steady(0.25, 2*time.Second), nobody, clock.Now, clock.pause)
	clock.Step(5 * time.Hour)
	leave, err := b.enter(t.Context())
	require.NoError(t, err)
	clock.Step(4 * time.Second)
	leave()
	require.Zero(t, clock.paused)
	leave, err = b.enter(t.Context())
	require.NoError(t, err)
	leave()
	require.InDelta(t, 8*time.Second, clock.paused, float64(10*time.Millisecond), "two seconds were owed: what is earned while the burst is full is not saved")
}

// TestWhatANodeGives measures a budget as nodes make it: two at once, a tenth of a second saved, half of each second of one that answers nobody, and
// a hundredth of one that answers all the time, where that is one in two seconds at least.
func TestWhatANodeGives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		underWay float64
		single   time.Duration // how long a preparation takes
		want     float64       // of each second
	}{{0, 20 * time.Millisecond, 0.5}, {1, 5 * time.Millisecond, 0.01}, {1, 20 * time.Millisecond, 0.01}, {1, 60 * time.Millisecond, 0.03}} {
		clock := newPausingClock()
		start := clock.Now()
		b := NewBudget(func() time.Duration { return time.Duration(c.underWay * float64(clock.Now().Sub(start))) })
		b.now, b.pause, b.asOf, b.looked = clock.Now, clock.pause, start, start
		work := func(d time.Duration) {
			leave, err := b.enter(t.Context())
			require.NoError(t, err)
			clock.Step(d)
			leave()
		}
		for range 5 {
			work(20 * time.Millisecond)
		}
		require.Zero(t, clock.paused, "a few new accounts wait for nothing")
		work(20 * time.Millisecond)
		work(20 * time.Millisecond)
		require.Positive(t, clock.paused, "but no more than a few")
		began, works := clock.Now(), 400
		for range works {
			work(c.single)
		}
		assert.InEpsilon(t, c.want, float64(works)*c.single.Seconds()/clock.Now().Sub(began).Seconds(), 0.1, "%v requests under way, %v each", c.underWay, c.single)
	}
	b := NewBudget(nobody)
	for range 2 {
		_, err := b.enter(t.Context())
		require.NoError(t, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.enter(gone)
	require.ErrorIs(t, err, context.Canceled, "a third one waits for a place")
}

// TestABusyNodeIsSeenToBeBusyInTime has a node that answered nobody begin to answer all the time: within half a second its share is taken back.
func TestABusyNodeIsSeenToBeBusyInTime(t *testing.T) {
	t.Parallel()
	clock := newPausingClock()
	start := clock.Now()
	busy := start.Add(10 * time.Second)
	b := NewBudget(func() time.Duration { return max(0, clock.Now().Sub(busy)) })
	b.now, b.pause, b.asOf, b.looked = clock.Now, clock.pause, start, start
	for clock.Now().Before(busy.Add(500 * time.Millisecond)) {
		leave, err := b.enter(t.Context())
		require.NoError(t, err)
		clock.Step(10 * time.Millisecond)
		leave()
	}
	paused := clock.paused
	leave, err := b.enter(t.Context())
	require.NoError(t, err)
	leave()
	require.GreaterOrEqual(t, clock.paused-paused, 200*time.Millisecond)
}
