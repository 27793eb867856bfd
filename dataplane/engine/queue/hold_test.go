package queue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestWhatACallerHoldsNoWorkerGets: a root that waited for a worker is taken by a caller, with what waits for it. No worker gets it until the caller is done, be it alone or to share a
// commit, and the account has no other work.
func TestWhatACallerHoldsNoWorkerGets(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{PerAccount: 2})
	q.Add(row("A", 1, 1, workflow.StoreWork))
	root := queue.Root{Account: "A", Type: "ORDER", Key: "1"}
	mine, err := q.Acquire(ended(t), root)
	require.NoError(t, err)
	require.Len(t, mine.Rows, 1)
	require.Zero(t, q.Len())
	require.Nil(t, q.Next(ended(t)))
	require.Empty(t, q.TryNext("A", 5))
	q.Add(row("A", 1, 2, workflow.Checkout)) // what comes meanwhile waits
	require.Nil(t, q.Next(ended(t)))
	require.Empty(t, q.TryNext("A", 5))
	q.Done(mine, time.Millisecond, 0, all(mine))
	w := q.Next(ended(t))
	require.Len(t, w.Rows, 1)
	require.Equal(t, "A-1-2", w.Rows[0].Event.ID)
	require.Nil(t, q.Next(ended(t)))
}

// TestARootThatMovesAwayAndBackIsWorkedOnByOne: while it is worked on its slot goes to another node and comes back. What then arrives waits for the work that is under way.
func TestARootThatMovesAwayAndBackIsWorkedOnByOne(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	q.Add(row("A", 1, 1, 0))
	w := q.Next(ended(t))
	q.Keep(func(int) bool { return false })
	require.Equal(t, 1, q.Add(row("A", 1, 2, 0)))
	require.Nil(t, q.Next(ended(t)), "the root is busy")
	q.Done(w, time.Millisecond, 0, map[string]queue.Fate{"A-1-1": queue.Forgotten})
	w = q.Next(ended(t))
	require.Len(t, w.Rows, 1)
	require.Equal(t, "A-1-2", w.Rows[0].Event.ID)
	q.Done(w, time.Millisecond, 0, all(w))
	require.Equal(t, 1, q.Add(row("A", 1, 1, 0)), "what was forgotten may come again")
}

// TestAnAccountPaysWhatItsWorkCost, no less and no more: after a piece of ten milliseconds others have ten of one each.
func TestAnAccountPaysWhatItsWorkCost(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{Quantum: time.Millisecond})
	for n := range 40 {
		q.Add(row("HEAVY", n, n, 0), row("LIGHT", n, n, 0))
	}
	for next := (tenancy.AccountID)(""); next != "HEAVY"; {
		w := q.Next(ended(t))
		next = w.Root.Account
		cost := time.Millisecond
		if next == "HEAVY" {
			cost = 10 * time.Millisecond
		}
		q.Done(w, cost, 0, all(w))
	}
	light := 0
	for {
		w := q.Next(ended(t))
		if w.Root.Account == "HEAVY" {
			break
		}
		light++
		q.Done(w, time.Millisecond, 0, all(w))
	}
	require.InDelta(t, 10, light, 1)
}

// TestNobodySavesUpWhileHeMayStartNothing: an account has as much under way as it may, and credit left, while another has a hundred turns. Afterwards they share as ever.
func TestNobodySavesUpWhileHeMayStartNothing(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{PerAccount: 1})
	for n := range 300 {
		q.Add(row("A", n, n, 0), row("B", n, n, 0))
	}
	slow := q.Next(ended(t))
	other := map[tenancy.AccountID]tenancy.AccountID{"A": "B", "B": "A"}[slow.Root.Account]
	for range 100 {
		w := q.Next(ended(t))
		require.Equal(t, other, w.Root.Account)
		q.Done(w, time.Millisecond, 0, all(w))
	}
	q.Done(slow, time.Millisecond, 0, all(slow))
	turns := map[tenancy.AccountID]int{}
	for range 40 {
		w := q.Next(ended(t))
		turns[w.Root.Account]++
		q.Done(w, time.Millisecond, 0, all(w))
	}
	require.InDelta(t, 20, turns[other], 6, "%v", turns)
}

// TestAClassThatHasNothingForAMomentKeepsItsDebts: batches come one at a time, behind a flood, and each costs a hundred times what it was thought to. They have their share of the time,
// and do not begin anew with each.
func TestAClassThatHasNothingForAMomentKeepsItsDebts(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	for n := range 4000 {
		q.Add(row("A", n, n, workflow.Checkout))
	}
	spent := map[workflow.Priority]time.Duration{}
	for n := 0; spent[workflow.Checkout] < 3*time.Second; n++ {
		w := q.Next(ended(t))
		p, cost := w.Rows[0].Event.Priority, time.Millisecond
		if p == workflow.Batch {
			cost = 50 * time.Millisecond
		}
		spent[p] += cost
		q.Done(w, cost, 0, all(w))
		if n%20 == 0 {
			q.Add(row("A", 10_000, 10_000+n, workflow.Batch))
		}
	}
	require.InDelta(t, 3000/16, spent[workflow.Batch].Milliseconds(), 100)
}

// TestACallersSuccessEndsARest: a root rests after a failure, and a caller, who does not wait for its end, has success. What waits goes on at once.
func TestACallersSuccessEndsARest(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{Batch: 1})
	q.Add(row("A", 1, 1, 0), row("A", 1, 2, 0))
	w := q.Next(ended(t))
	q.Done(w, time.Millisecond, time.Hour, nil)
	require.Nil(t, q.Next(ended(t)), "it rests")
	w, err := q.Acquire(ended(t), w.Root)
	require.NoError(t, err)
	q.Done(w, time.Millisecond, 0, all(w))
	w = q.Next(ended(t))
	require.Equal(t, "A-1-2", w.Rows[0].Event.ID)
}

// TestWhatIsDoneIsForgotten: roots, accounts and events leave nothing in memory when all of their work is done, had workers it, callers, or another node.
func TestWhatIsDoneIsForgotten(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	q := queue.New(queue.Config{Now: func() time.Time { return at }})
	for n := range 30 {
		q.Add(row("A", n, n, 0), row("B", n, n, 0))
	}
	for range 40 {
		w := q.Next(ended(t))
		q.Done(w, time.Millisecond, 0, all(w))
	}
	q.Keep(func(int) bool { return false })
	w, err := q.Acquire(ended(t), queue.Root{Account: "C", Type: "ORDER", Key: "1"})
	require.NoError(t, err)
	q.Done(w, 0, 0, nil)
	require.Nil(t, q.Next(ended(t)))
	at = at.Add(time.Minute + time.Second)
	q.Add()
	roots, events := q.Remembered()
	require.Zero(t, roots)
	require.Zero(t, events)
}
