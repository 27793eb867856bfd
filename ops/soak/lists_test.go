//go:build soak

package soak_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// listWriters write so many orders, unless SOAK_ORDERS says how many.
const (
	listWriters = 24
	listOrders  = 100_000
)

const listPage = `query ($first: Int, $after: String, $updatedOn: DateRange) { orders(first: $first, after: $after, updatedOn: $updatedOn) {
	edges { cursor node { ref updatedOn } } pageInfo { hasNextPage } } }`

type listedOrder struct {
	Cursor string
	Node   struct{ Ref, UpdatedOn string }
}

// listOf asks again, as clients do, where the answer is that the server has too much to do.
func listOf(ctx context.Context, client *apiclient.Client, variables map[string]any) (edges []listedOrder, more bool, err error) {
	err = patiently(func() error {
		edges, more, err = listOnce(ctx, client, variables)
		return err
	})
	return edges, more, err
}

// patiently repeats a read for a minute, as long as the answer is a 5xx.
func patiently(read func() error) (err error) {
	for range 600 {
		var s *apiclient.StatusError
		if err = read(); !errors.As(err, &s) || s.Status < http.StatusInternalServerError {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

func listOnce(ctx context.Context, client *apiclient.Client, variables map[string]any) (edges []listedOrder, more bool, err error) {
	var page struct {
		Orders struct {
			Edges    []listedOrder
			PageInfo struct{ HasNextPage bool }
		}
	}
	err = client.GraphQL(ctx, listPage, variables, &page)
	return page.Orders.Edges, page.Orders.PageInfo.HasNextPage, err
}

// TestReadersOfAListThatGrowsSeeEachOrderOnce: 24 writers place orders through two nodes, and readers keep the last cursor, one as fast as it can, one a
// page of seven at a time, one only once a second. Each sees each order once. One goes by updatedOn, and ends with what the orders are; one follows the
// event log, and sees the first event of each order.
func TestReadersOfAListThatGrowsSeeEachOrderOnce(t *testing.T) {
	many := listOrders
	if text := os.Getenv("SOAK_ORDERS"); text != "" {
		var err error
		many, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	s := startStack(t)
	var written atomic.Bool
	readers := []*listReader{{name: "quick", first: 500}, {name: "small pages", first: 7}, {name: "slow", first: 5000, every: time.Second}}
	changes := &changeReader{latest: map[string]string{}}
	events := &eventReader{seen: map[string]bool{}}
	results := make(chan error, len(readers)+2)
	for _, r := range readers {
		r.seen, r.client = map[string]int{}, s.Client()
		go func() { results <- r.run(&written) }()
	}
	changes.client = s.Client()
	events.client = s.Client()
	go func() { results <- changes.run(&written) }()
	go func() { results <- events.run(&written) }()

	o := placeOrders(t, s, listWriters)
	require.Eventually(t, func() bool { return o.soFar() >= many }, 3*time.Hour, time.Second)
	o.end()
	written.Store(true)
	for range len(readers) + 2 {
		require.NoError(t, <-results)
	}
	t.Logf("%d orders acknowledged; failed answers on the way: %v", len(o.acknowledged), o.trouble)
	for _, r := range readers {
		lost, again := 0, 0
		for _, ref := range o.acknowledged {
			if r.seen[ref] == 0 {
				lost++
			}
		}
		for _, n := range r.seen {
			again += n - 1
		}
		t.Logf("%s: %d pages, %d orders, the longest cursor has %d characters", r.name, r.pages, len(r.seen), r.longest)
		require.Zero(t, lost, "%s: orders that were never seen", r.name)
		require.Zero(t, again, "%s: orders that were seen again", r.name)
	}
	lost := 0
	for _, ref := range o.acknowledged {
		if !events.seen[ref] {
			lost++
		}
	}
	t.Logf("event log: %d pages, %d events of %d orders", events.pages, events.items, len(events.seen))
	require.Zero(t, lost, "orders whose first event was never seen")
	is := map[string]string{}
	for after := any(nil); ; {
		edges, more, err := listOf(t.Context(), s.Client(), map[string]any{"first": 5000, "after": after})
		require.NoError(t, err)
		for _, e := range edges {
			is[e.Node.Ref], after = e.Node.UpdatedOn, e.Cursor
		}
		if !more {
			break
		}
	}
	behind := 0
	for ref, on := range is {
		if changes.latest[ref] != on {
			behind++
		}
	}
	t.Logf("updatedOn: %d searches, %d rows for %d orders", changes.searches, changes.rows, len(is))
	require.Zero(t, behind, "orders whose last change was never seen")
}

// settled is how long readers go on after the last order: turns end, and the horizon passes.
const settled = 30 * time.Second

// listReader keeps a cursor.
type listReader struct {
	name           string
	client         *apiclient.Client
	first          int
	every          time.Duration
	seen           map[string]int
	pages, longest int
}

func (r *listReader) run(written *atomic.Bool) error {
	after := any(nil)
	var end time.Time
	for end.IsZero() || time.Now().Before(end) {
		if end.IsZero() && written.Load() {
			end = time.Now().Add(settled)
		}
		edges, more, err := listOf(context.Background(), r.client, map[string]any{"first": r.first, "after": after})
		if err != nil {
			return err
		}
		r.pages++
		for _, e := range edges {
			r.seen[e.Node.Ref]++
			r.longest, after = max(r.longest, len(e.Cursor)), e.Cursor
		}
		if !more {
			time.Sleep(max(r.every, 20*time.Millisecond))
		}
	}
	return nil
}

// changeReader goes on from the greatest updatedOn that it has seen.
type changeReader struct {
	client         *apiclient.Client
	latest         map[string]string // updatedOn, by ref
	searches, rows int
}

func (r *changeReader) run(written *atomic.Bool) error {
	from := "2020-01-01T00:00:00.000Z"
	var end time.Time
	for end.IsZero() || time.Now().Before(end) {
		if end.IsZero() && written.Load() {
			end = time.Now().Add(settled)
		}
		greatest := from
		for after := any(nil); ; {
			edges, more, err := listOf(context.Background(), r.client, map[string]any{"first": 1000, "after": after, "updatedOn": map[string]any{"from": from}})
			if err != nil {
				return err
			}
			for _, e := range edges {
				r.rows++
				r.latest[e.Node.Ref], after = e.Node.UpdatedOn, e.Cursor
				greatest = max(greatest, e.Node.UpdatedOn)
			}
			if !more {
				break
			}
		}
		r.searches++
		from = greatest
		time.Sleep(300 * time.Millisecond)
	}
	return nil
}

// eventReader goes on from the greatest generatedOn that it has seen.
type eventReader struct {
	client       *apiclient.Client
	seen         map[string]bool
	pages, items int
}

func (r *eventReader) run(written *atomic.Bool) error {
	from := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	var end time.Time
	for end.IsZero() || time.Now().Before(end) {
		if end.IsZero() && written.Load() {
			end = time.Now().Add(settled)
		}
		greatest := from
		for start, more := 0, true; more; {
			var page struct {
				Count   int
				HasMore bool
				Results []struct {
					GeneratedOn string
					Context     struct{ EntityRef string }
				}
			}
			query := url.Values{"from": {from}, "start": {strconv.Itoa(start)}, "count": {"1000"}, "name": {"CREATE"}, "context.entityType": {"ORDER"}, "eventType": {"ORCHESTRATION"}, "eventStatus": {"SUCCESS"}}
			if err := patiently(func() error {
				return r.client.Do(context.Background(), http.MethodGet, "/api/v4.1/event?"+query.Encode(), nil, &page)
			}); err != nil {
				return err
			}
			r.pages++
			for _, it := range page.Results {
				r.items++
				r.seen[it.Context.EntityRef], greatest = true, max(greatest, it.GeneratedOn)
			}
			start, more = start+page.Count, page.HasMore
		}
		from = greatest
		time.Sleep(300 * time.Millisecond)
	}
	return nil
}
