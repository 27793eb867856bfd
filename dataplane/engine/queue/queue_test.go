package queue_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/queue"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

func row(account tenancy.AccountID, root, id int, p workflow.Priority) eventstore.Row {
	return eventstore.Row{Account: account, ReceivedOn: time.UnixMilli(int64(id)),
		Event: workflow.Event{ID: fmt.Sprintf("%s-%d-%d", account, root, id), RootType: "ORDER", RootID: fmt.Sprint(root), Priority: p}}
}

func all(w *queue.Work) map[string]queue.Fate {
	done := map[string]queue.Fate{}
	for _, r := range w.Rows {
		done[r.Event.ID] = queue.Settled
	}
	return done
}

func TestAccountsTakeTurnsByWhatTheirWorkCosts(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	for n := range 1000 {
		q.Add(row("FLOOD", n, n, workflow.Checkout))
	}
	for n := range 100 {
		q.Add(row("SMALL", n, n, workflow.Checkout))
	}
	spent := map[tenancy.AccountID]time.Duration{}
	for range 150 {
		w := q.Next(t.Context())
		cost := time.Millisecond
		if w.Root.Account == "FLOOD" {
			cost = 10 * time.Millisecond // its work is heavier, too
		}
		spent[w.Root.Account] += cost
		q.Done(w, cost, 0, all(w))
		if spent["SMALL"] == 100*time.Millisecond {
			break
		}
	}
	require.Equal(t, 100*time.Millisecond, spent["SMALL"])
	require.InDelta(t, 100, spent["FLOOD"].Milliseconds(), 40, "each account gets the same time")
}

// TestCheckoutGoesBeforeStoreWorkBeforeIntegrationsBeforeBatches: what has no priority, or one that this release does not know, goes with batches.
func TestCheckoutGoesBeforeStoreWorkBeforeIntegrationsBeforeBatches(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	q.Add(row("A", 6, 1, 0), row("A", 7, 2, workflow.Batch+7), row("A", 1, 3, workflow.Batch), row("A", 5, 4, workflow.Integration),
		row("A", 2, 5, workflow.StoreWork), row("A", 3, 6, workflow.Checkout), row("A", 4, 7, workflow.Batch))
	q.Add(row("A", 4, 8, workflow.Checkout)) // moves its root up
	var order []string
	for range 7 {
		w := q.Next(t.Context())
		order = append(order, w.Root.Key)
		q.Done(w, time.Millisecond, 0, all(w))
	}
	require.Equal(t, []string{"3", "4", "2", "5", "6", "7", "1"}, order)
}

func TestARootIsWorkedOnByOneAtATimeInOrderOfArrival(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{Batch: 2})
	q.Add(row("A", 1, 3, 0), row("A", 1, 1, 0))
	w := q.Next(t.Context())
	require.Equal(t, []string{"A-1-1", "A-1-3"}, []string{w.Rows[0].Event.ID, w.Rows[1].Event.ID})
	require.Zero(t, q.Add(row("A", 1, 3, 0)), "it is known")
	require.Equal(t, 1, q.Add(row("A", 1, 2, 0)))
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.Nil(t, q.Next(soon), "the root is busy")

	got := make(chan *queue.Work)
	go func() {
		mine, err := q.Acquire(t.Context(), w.Root)
		if err != nil {
			mine = nil
		}
		got <- mine
	}()
	q.Done(w, time.Millisecond, 0, map[string]queue.Fate{"A-1-1": queue.Settled}) // 3 was not settled
	var mine *queue.Work
	select {
	case mine = <-got:
		require.Equal(t, []string{"A-1-2", "A-1-3"}, []string{mine.Rows[0].Event.ID, mine.Rows[1].Event.ID})
	case <-time.After(time.Minute):
		t.Fatal("the caller never got the root")
	}
	q.Done(mine, time.Millisecond, 0, all(mine))
	require.Zero(t, q.Len())
	require.Zero(t, q.Add(row("A", 1, 3, 0)), "a read that began before the commit brings nothing back")
}

func TestWorkOfSlotsThatMovedAwayIsForgotten(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	q.Add(row("A", 1, 1, 0), row("A", 2, 2, 0))
	stays := queue.Root{Account: "A", Type: "ORDER", Key: "2"}
	q.Keep(func(slot int) bool { return slot == stays.Slot() })
	require.Equal(t, 1, q.Len())
	require.Equal(t, "2", q.Next(t.Context()).Root.Key)
	require.Equal(t, 1, q.Add(row("A", 1, 1, 0)), "should the slot come back, its events do too")
}

func TestOneAccountNeverHoldsAllWorkers(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{PerAccount: 2})
	for n := range 5 {
		q.Add(row("A", n, n, 0))
	}
	q.Add(row("B", 1, 1, 0))
	held := map[tenancy.AccountID]int{}
	for range 3 {
		held[q.Next(t.Context()).Root.Account]++
	}
	require.Equal(t, map[tenancy.AccountID]int{"A": 2, "B": 1}, held)
}

func TestClassesBehindAFloodGetAShare(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	for n := range 2000 {
		q.Add(row("A", n, n, workflow.Checkout))
	}
	for n := range 200 {
		q.Add(row("A", 10_000+n, n, workflow.StoreWork), row("A", 20_000+n, n, workflow.Batch))
	}
	cost := map[workflow.Priority]time.Duration{workflow.Checkout: time.Millisecond, workflow.StoreWork: time.Millisecond, workflow.Batch: 10 * time.Millisecond}
	spent := map[workflow.Priority]time.Duration{}
	for spent[workflow.Checkout] < time.Second {
		w := q.Next(t.Context())
		p := w.Rows[0].Event.Priority
		spent[p] += cost[p]
		q.Done(w, cost[p], 0, all(w))
	}
	require.InDelta(t, 1000/16, spent[workflow.StoreWork].Milliseconds(), 20, "by time, not by pieces")
	require.InDelta(t, 1000/16, spent[workflow.Batch].Milliseconds(), 30)
}

func TestAClassSavesNothingWhileItHasNothingToDo(t *testing.T) {
	t.Parallel()
	q := queue.New(queue.Config{})
	for n := range 1000 {
		q.Add(row("A", n, n, workflow.Checkout))
	}
	for range 500 {
		w := q.Next(t.Context())
		q.Done(w, time.Millisecond, 0, all(w))
	}
	for n := range 10 {
		q.Add(row("A", 10_000+n, n, workflow.Batch))
	}
	for range 10 {
		w := q.Next(t.Context())
		require.Equal(t, workflow.Checkout, w.Rows[0].Event.Priority)
		q.Done(w, time.Millisecond, 0, all(w))
	}
}
