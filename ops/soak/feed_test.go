//go:build soak

package soak_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// fedOrders is how many orders are placed, unless SOAK_FED_ORDERS says so.
const fedOrders = 5000

// fed follows the feed with a token that it takes from node to node.
type fed struct {
	name   string
	client *apiclient.Client
	stream bool // else it asks for pages
	limit  int
	rest   time.Duration // between two requests

	created  map[string]int       // orders, by ref
	latest   map[string]string    // updatedOn of orders as they were last seen, by ref
	times    map[string]time.Time // of the last change, by root
	disorder []string
	failures int
	changes  int
}

func (f *fed) hear(c apiclient.Change) error {
	f.changes++
	if c.Type == "Order" {
		if c.What == "created" || c.What == "exists" {
			f.created[c.Ref]++
		}
		f.latest[c.Ref] = string(c.Entity)
	}
	if c.At.Before(f.times[c.Root.ID]) && !c.At.IsZero() {
		f.disorder = append(f.disorder, fmt.Sprintf("%s %s of %s at %s, after %s", c.Type, c.ID, c.Root.ID, c.At, f.times[c.Root.ID]))
	}
	f.times[c.Root.ID] = c.At
	return nil
}

// run follows until all has been heard that was written.
func (f *fed) run(ctx context.Context, written *atomic.Int64) error {
	from := "start"
	for {
		began := time.Now()
		next, err := f.step(ctx, from)
		var reset *apiclient.ResetError
		switch {
		case err != nil && asReset(err, &reset):
			return err
		case err != nil:
			f.failures++                     // a node was killed; the token holds
			f.times = map[string]time.Time{} // what came in the page that broke off comes again
			time.Sleep(100 * time.Millisecond)
		}
		from = next
		if ended := written.Load(); ended != 0 && began.Sub(time.Unix(0, ended)) > settled {
			return nil
		}
		time.Sleep(f.rest)
	}
}

func asReset(err error, to **apiclient.ResetError) (is bool) {
	*to, is = err.(*apiclient.ResetError)
	return is
}

func (f *fed) step(ctx context.Context, from string) (string, error) {
	if f.stream {
		short, cancel := context.WithTimeout(ctx, 10*time.Second) // goes away in the middle, too
		defer cancel()
		next, err := f.client.Follow(short, "Order,OrderItem,Fulfilment,FulfilmentItem", from, f.hear)
		if short.Err() != nil {
			f.times, err = map[string]time.Time{}, nil
		}
		return next, err
	}
	changes, next, _, err := f.client.Feed(ctx, "Order,OrderItem,Fulfilment,FulfilmentItem", from, f.limit, time.Second)
	for _, c := range changes {
		_ = f.hear(c)
	}
	return next, err
}

// TestFollowersOfTheFeedMissNothing: 24 writers place orders, nodes are killed under them, and followers stop and go on with their tokens, at whichever node
// answers. Each hears of every order, in the order of each one's changes, and ends with what the orders are.
func TestFollowersOfTheFeedMissNothing(t *testing.T) {
	many := fedOrders
	if text := os.Getenv("SOAK_FED_ORDERS"); text != "" {
		var err error
		many, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	s := startStack(t)
	var written atomic.Int64
	followers := []*fed{{name: "stream", stream: true}, {name: "pages", limit: 500}, {name: "small pages", limit: 7}, {name: "slow", limit: 1000, rest: 2 * time.Second}}
	results := make(chan error, len(followers))
	for _, f := range followers {
		f.client, f.created, f.latest, f.times = s.Client(), map[string]int{}, map[string]string{}, map[string]time.Time{}
		go func() { results <- f.run(t.Context(), &written) }()
	}
	o := placeOrders(t, s, listWriters)
	for n := 1; n <= 4; n++ {
		require.Eventually(t, func() bool { return o.soFar() >= many*n/5 }, time.Hour, 100*time.Millisecond)
		pid, err := s.Kill("node", n%2)
		require.NoError(t, err)
		t.Logf("killed a node (pid %d) after %d orders", pid, o.soFar())
	}
	require.Eventually(t, func() bool { return o.soFar() >= many }, time.Hour, 100*time.Millisecond)
	o.end()
	written.Store(time.Now().UnixNano())
	for range followers {
		require.NoError(t, <-results)
	}
	fresh := &fed{client: s.Client(), limit: 1000, created: map[string]int{}, latest: map[string]string{}, times: map[string]time.Time{}}
	for from, more := "start", true; more; {
		changes, next, again, err := fresh.client.Feed(t.Context(), "Order", from, 1000, 0)
		require.NoError(t, err)
		for _, c := range changes {
			_ = fresh.hear(c)
		}
		from, more = next, again
	}
	for _, f := range followers {
		lost, behind := 0, 0
		for _, ref := range o.acknowledged {
			if f.created[ref] == 0 {
				lost++
			}
			if f.latest[ref] != fresh.latest[ref] {
				behind++
			}
		}
		t.Logf("%s: %d changes, %d failed answers", f.name, f.changes, f.failures)
		require.Zero(t, lost, "%s: orders of whose creation it never heard", f.name)
		require.Zero(t, behind, "%s: orders whose last change it never heard of", f.name)
		require.Empty(t, f.disorder, f.name)
	}
}
