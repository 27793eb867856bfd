package graphql_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
)

const followed = `query($after: String, $type: [String!]) { networks(first: 2, after: $after, type: $type) { edges { node { ref } cursor } pageInfo { hasNextPage endCursor } } }`

// follow reads pages behind a cursor until there is nothing more, and returns the last cursor.
func (w *world) follow(t *testing.T, after string) (found []string, cursor string) {
	t.Helper()
	for cursor = after; ; {
		page := at(w.data(followed, fmt.Sprintf(`{"after":%q}`, cursor)), "networks")
		found = append(found, refs(t, page)...)
		if end, ok := at(page, "pageInfo.endCursor").(string); ok {
			cursor = end
		}
		if at(page, "pageInfo.hasNextPage") == false {
			return found, cursor
		}
	}
}

// TestAReaderOfAListThatGrowsSeesEachRowOnce: one writer is held up before its commit, and others pass it.
func TestAReaderOfAListThatGrowsSeesEachRowOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	storetest.HoldHorizon(t, w.dsn, time.Hour)
	w.networks(3)
	found, cursor := w.follow(t, "")
	require.Equal(t, []string{"N-0", "N-1", "N-2"}, found)
	held := w.hooks.Stop(storetest.At{Point: store.Committing, Account: "ACME"})
	late := storetest.Go(func() error {
		if res := w.run(w.admin, `mutation { createNetwork(input: {name: "LATE", type: "HD", retailers: {id: "1"}}) { id } }`, ""); len(res.Errors) > 0 {
			return fmt.Errorf("make a network: %s", messages(res))
		}
		return nil
	})
	held.Arrived()
	for i := range 3 {
		w.data(fmt.Sprintf(`mutation { createNetwork(input: {name: "E-%d", type: "CC", retailers: {id: "1"}}) { id } }`, i), "")
	}
	found, cursor = w.follow(t, cursor)
	require.Equal(t, []string{"E-0", "E-1", "E-2"}, found)
	held.Release()
	require.NoError(t, late.Wait())
	found, cursor = w.follow(t, cursor)
	require.Equal(t, []string{"LATE"}, found)

	other := w.beside(t)
	found, _ = other.follow(t, cursor)
	require.Empty(t, found, "another node reads the cursor alike")
	bad := w.failure(followed, fmt.Sprintf(`{"after":%q,"type":"CC"}`, cursor))
	require.Equal(t, "C0160E", bad.Extensions.Code)
	require.Equal(t, []any{"networks"}, bad.Path)
	require.Contains(t, bad.Message, "filters")
	require.Contains(t, w.failure(`query($after: String) { locations(after: $after) { edges { cursor } } }`, fmt.Sprintf(`{"after":%q}`, cursor)).Message, "filters")
}

// TestTheSameQuestionHasTheSameCursors, however young the rows are: a client that gives no cursor stops when it gets the last one again.
func TestTheSameQuestionHasTheSameCursors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	storetest.HoldHorizon(t, w.dsn, time.Hour)
	w.networks(2)
	w.data(`mutation { createNetwork(input: {name: "YOUNG", type: "HD", retailers: {id: "1"}}) { id } }`, "")
	const first = `{ networks(first: 2) { edges { cursor } } all: networks(first: 3) { edges { cursor } } back: networks(last: 2) { edges { cursor } } }`
	seen := w.data(first, "")
	storetest.HoldHorizon(t, w.dsn, 2*time.Hour) // it is elsewhere now, as it is a moment later without anybody's holding it
	require.Equal(t, seen, w.data(first, ""))
}

// beside is another node of the same environment.
func (w *world) beside(t *testing.T) *world {
	t.Helper()
	other := *w
	other.db = storetest.Open(t, w.dsn, store.Options{Catalogue: w.db.Catalogue()})
	other.exec = w.executor(other.db)
	return &other
}
