package queue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// ended is a context that is over: Next takes what is ready with it, and waits for nothing.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// ready takes what a worker would be given now, and gives it back as settled; "" when that is nothing.
func ready(t *testing.T, q *queue.Queue) string {
	t.Helper()
	w := q.Next(ended(t))
	if w == nil {
		return ""
	}
	q.Done(w, time.Millisecond, 0, all(w))
	return w.Root.Key
}

func TestARootThatRestsLetsOthersPass(t *testing.T) {
	t.Parallel()
	c := enginetest.NewClock()
	q := queue.New(queue.Config{Now: c.Now})
	q.Add(row("A", 1, 1, 0))
	const rest = 2 * time.Second
	for failures := range 3 {
		w := q.Next(ended(t))
		require.Equal(t, failures, w.Failures)
		q.Done(w, time.Millisecond, rest, nil)
		require.Equal(t, []string{"A/ORDER/1"}, q.Crowded())
		c.Step(rest - time.Nanosecond)
		require.Nil(t, q.Next(ended(t)), "it rests to the end")
		require.Equal(t, []string{"A/ORDER/1"}, q.Crowded())
		q.Add(row("A", 2, 10+failures, 0))
		require.Equal(t, "2", ready(t, q))
		c.Step(time.Nanosecond)
		require.Empty(t, q.Crowded())
	}
	w := q.Next(ended(t))
	require.Equal(t, 3, w.Failures)
	q.Done(w, time.Millisecond, 0, nil) // work was done, if not on this event
	w = q.Next(ended(t))
	require.Zero(t, w.Failures, "failures in a row count")
}

// TestAWorkerWaitsForTheEndOfARest goes by the real clock.
func TestAWorkerWaitsForTheEndOfARest(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	q.Add(row("A", 1, 1, 0))
	w := q.Next(t.Context())
	const rest = 30 * time.Millisecond
	began := time.Now()
	q.Done(w, time.Millisecond, rest, nil)
	require.NotNil(t, q.Next(t.Context()))
	require.GreaterOrEqual(t, time.Since(began), rest)
}

// TestAForgottenEventComesBackWithTheNextRead, and a settled one does not as long as a read may be under way that began before its commit.
func TestAForgottenEventComesBackWithTheNextRead(t *testing.T) {
	t.Parallel()
	c := enginetest.NewClock()
	q := queue.New(queue.Config{Now: c.Now})
	rows := []string{"A-1-1", "A-1-2", "A-1-3"}
	q.Add(row("A", 1, 1, 0), row("A", 1, 2, 0), row("A", 1, 3, 0))
	w := q.Next(ended(t))
	q.Done(w, time.Millisecond, 0, map[string]queue.Fate{rows[0]: queue.Settled, rows[1]: queue.Forgotten}) // the third waits
	require.Equal(t, 1, q.Len())
	require.Zero(t, q.Add(row("A", 1, 3, 0)), "it is here")
	require.Zero(t, q.Add(row("A", 1, 1, 0)), "it is done")
	require.Equal(t, 1, q.Add(row("A", 1, 2, 0)), "it is known to nobody")
	require.Equal(t, 2, q.Len())

	c.Step(30 * time.Second)
	require.Zero(t, q.Add(row("A", 1, 1, 0)))
	c.Step(30*time.Second + time.Nanosecond)
	q.Add() // any call sweeps
	require.Equal(t, 1, q.Add(row("A", 1, 1, 0)), "what was done is not remembered for ever")
}

// giveUp is the context of a caller that gives up at the moment when its wait begins, while done happens.
type giveUp struct {
	context.Context
	once sync.Once
	done func()
}

func (g *giveUp) Done() <-chan struct{} {
	g.once.Do(g.done)
	return g.Context.Done()
}

// TestACallerThatGivesUpAsItsTurnComesPassesItOn: the root is handed to a caller that stops waiting at the same moment. Which of the two the caller
// sees first is chance, so it is tried until it was the end of the wait; then another caller, and the workers, get the root.
func TestACallerThatGivesUpAsItsTurnComesPassesItOn(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{PerAccount: 1})
	root := queue.Root{Account: "A", Type: "ORDER", Key: "1"}
	gaveUp := 0
	for n := 0; gaveUp < 3; n++ {
		require.Less(t, n, 1000)
		w, err := q.Acquire(t.Context(), root)
		require.NoError(t, err)
		mine, err := q.Acquire(&giveUp{Context: ended(t), done: func() { q.Done(w, time.Millisecond, 0, nil) }}, root)
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			gaveUp++
			mine, err = q.Acquire(ended(t), root) // waits for nobody
			require.NoError(t, err, "the root is free again")
		}
		q.Done(mine, time.Millisecond, 0, nil)
	}
	q.Add(row("A", 1, 1, 0))
	require.Equal(t, "1", ready(t, q))
}

// TestATurnThatNobodyTookGoesToWhoWaits: as before, but somebody waits for the root at that moment: a caller that came later, and an event that a worker is to run. Neither comes again.
func TestATurnThatNobodyTookGoesToWhoWaits(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{PerAccount: 1})
	root := queue.Root{Account: "A", Type: "ORDER", Key: "1"}
	toCaller, toWorker := 0, 0
	for n := 0; toCaller < 3 || toWorker < 3; n++ {
		require.Less(t, n, 1000)
		held, err := q.Acquire(t.Context(), root)
		require.NoError(t, err)
		next := make(chan *queue.Work, 1)
		mine, err := q.Acquire(&giveUp{Context: ended(t), done: func() {
			behind := make(chan struct{})
			if n%2 == 0 {
				q.Add(row("A", 1, n, 0))
				next <- nil
			} else {
				go func() {
					w, _ := q.Acquire(&giveUp{Context: t.Context(), done: func() { close(behind) }}, root)
					next <- w
				}()
				<-behind // it stands in the row
			}
			q.Done(held, time.Millisecond, 0, nil)
		}}, root)
		if err == nil { // it saw its turn first
			q.Done(mine, time.Millisecond, 0, all(mine))
		}
		select {
		case w := <-next:
			if w != nil {
				q.Done(w, time.Millisecond, 0, nil)
			}
		case <-time.After(time.Minute):
			t.Fatal("the caller behind never got the root")
		}
		switch {
		case err != nil && n%2 == 0:
			require.Equal(t, "1", ready(t, q), "the event that waited")
			toWorker++
		case err != nil:
			toCaller++
		}
	}
}

// TestACallerThatGivesUpTakesNobodysTurn: of callers in a row one goes away; those behind it have their turns in the order in which they came, and
// the workers have theirs last.
func TestACallerThatGivesUpTakesNobodysTurn(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	root := queue.Root{Account: "A", Type: "ORDER", Key: "1"}
	w, err := q.Acquire(t.Context(), root)
	require.NoError(t, err)
	q.Add(row("A", 1, 1, 0))
	got := make(chan int, 4)
	stop, left := make([]context.CancelFunc, 4), make([]chan struct{}, 4)
	for n := range 4 {
		var ctx context.Context
		ctx, stop[n] = context.WithCancel(t.Context())
		defer stop[n]()
		waits := make(chan struct{})
		left[n] = make(chan struct{})
		go func() {
			defer close(left[n])
			if mine, err := q.Acquire(&giveUp{Context: ctx, done: func() { close(waits) }}, root); err == nil {
				got <- n
				q.Done(mine, time.Millisecond, 0, nil)
			}
		}()
		<-waits // it stands in the row
	}
	stop[1]()
	<-left[1]
	require.Nil(t, q.Next(ended(t)), "the root is busy")
	q.Done(w, time.Millisecond, 0, nil)
	for _, n := range []int{0, 2, 3} {
		select {
		case next := <-got:
			require.Equal(t, n, next)
		case <-time.After(time.Minute):
			t.Fatalf("caller %d never got the root", n)
		}
	}
	<-left[3]
	require.Equal(t, "1", ready(t, q))
}

// TestWorkThatSharesACommitTakesNoFurtherWorker: neither while it lasts nor afterwards.
func TestWorkThatSharesACommitTakesNoFurtherWorker(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{PerAccount: 1})
	for n := range 6 {
		q.Add(row("A", n, n, 0))
	}
	first := q.Next(ended(t))
	require.Nil(t, q.Next(ended(t)), "one at a time")
	more := q.TryNext("A", 3)
	require.Len(t, more, 3)
	require.Empty(t, q.TryNext("B", 3))
	for _, w := range append(more, first) {
		q.Done(w, time.Millisecond, 0, all(w))
	}
	require.NotNil(t, q.Next(ended(t)))
	require.Nil(t, q.Next(ended(t)), "still one at a time")
}

// TestDebtsStayWhenAnAccountHasNothingToDo: whoever has just cost much goes behind, though it was away for a moment.
func TestDebtsStayWhenAnAccountHasNothingToDo(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	q.Add(row("A", 1, 1, 0))
	w := q.Next(ended(t))
	q.Done(w, time.Second, 0, all(w))
	require.Nil(t, q.Next(ended(t)), "nothing waits")
	w, err := q.Acquire(t.Context(), queue.Root{Account: "A", Type: "ORDER", Key: "2"})
	require.NoError(t, err)
	q.Done(w, time.Millisecond, 0, nil)
	for n := range 20 {
		q.Add(row("A", 100+n, 100+n, 0), row("B", 200+n, 200+n, 0))
	}
	for range 20 {
		w := q.Next(ended(t))
		require.EqualValues(t, "B", w.Root.Account)
		q.Done(w, time.Millisecond, 0, all(w))
	}
	require.EqualValues(t, "A", q.Next(ended(t)).Root.Account)
}

// TestEventsThatCameTogetherKeepTheirOrder: what one nudge brings has one time.
func TestEventsThatCameTogetherKeepTheirOrder(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	list := []eventstore.Row{row("A", 1, 4, 0), row("A", 1, 3, 0), row("A", 1, 2, 0)}
	for i := range list {
		list[i].ReceivedOn = time.UnixMilli(7)
	}
	q.Add(list...)
	q.Add(row("A", 1, 1, 0))
	w := q.Next(ended(t))
	ids := make([]string, len(w.Rows))
	for i := range w.Rows {
		ids[i] = w.Rows[i].Event.ID
	}
	require.Equal(t, []string{"A-1-1", "A-1-4", "A-1-3", "A-1-2"}, ids)
}

// TestARootIsAsUrgentAsItsMostUrgentEvent, whichever came first, and no longer once that is done.
func TestARootIsAsUrgentAsItsMostUrgentEvent(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{Batch: 2})
	q.Add(row("A", 1, 1, workflow.Batch), row("A", 1, 2, workflow.Checkout), row("A", 1, 3, workflow.Batch), row("A", 2, 4, workflow.StoreWork))
	w := q.Next(ended(t))
	require.Equal(t, "1", w.Root.Key)
	require.Len(t, w.Rows, 2)
	q.Done(w, time.Millisecond, 0, all(w))
	require.Equal(t, "2", ready(t, q))
	require.Equal(t, "1", ready(t, q))
}

// TestRootsWithEnoughInMemoryAreNotReadAgain, and what waits is counted.
func TestRootsWithEnoughInMemoryAreNotReadAgain(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{Batch: 2})
	require.Zero(t, q.Oldest())
	q.Add(row("A", 1, 7, 0))
	require.Empty(t, q.Crowded())
	q.Add(row("A", 1, 3, 0), row("A", 2, 5, 0))
	require.Equal(t, []string{"A/ORDER/1"}, q.Crowded())
	require.Equal(t, 3, q.Len())
	require.Equal(t, time.UnixMilli(3), q.Oldest())
	q.Keep(func(slot int) bool { return slot != (queue.Root{Account: "A", Type: "ORDER", Key: "1"}).Slot() })
	require.Equal(t, 1, q.Len())
	require.Equal(t, time.UnixMilli(5), q.Oldest())
}
