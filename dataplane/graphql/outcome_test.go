package graphql_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/storetest"
)

// TestWhoDoesNotKnowWhatBecameOfAMutationSaysSo: where the commit took place and its answer was lost, a creation finds that out by itself, and
// an update cannot; where it did not take place, both say that they do not know. Sent again, nothing happens twice.
func TestWhoDoesNotKnowWhatBecameOfAMutationSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := `mutation { createCustomer(input: {username: "NAME", primaryEmail: "a@b.c", firstName: "F", timezone: "UTC", promotionOptIn: false, retailer: {id: 1}}) { id username } }`
	of := func(name string) string { return strings.ReplaceAll(create, "NAME", name) }
	count := func(name string) int {
		found, _ := at(w.data(`{ customers(username: ["`+name+`"], first: 5) { edges { node { id } } } }`, ""), "customers.edges").([]any)
		return len(found)
	}

	w.hooks.LoseAnswer(storetest.At{})
	require.Equal(t, "ann", at(w.data(of("ann"), ""), "createCustomer.username"))
	require.Equal(t, 1, count("ann"))

	w.hooks.LoseCommit(storetest.At{})
	refused := w.failure(of("bob"), "")
	require.Contains(t, refused.Message, "is not known")
	require.Equal(t, "S0002E", refused.Extensions.Code)
	require.Equal(t, 0, count("bob"))
	w.data(of("bob"), "")
	require.Equal(t, 1, count("bob"))

	id := at(w.data(`{ customers(username: ["ann"], first: 1) { edges { node { id } } } }`, ""), "customers.edges.0.node.id").(string)
	change := `mutation { updateCustomer(input: {id: "` + id + `", firstName: "G"}) { firstName } }`
	w.hooks.LoseAnswer(storetest.At{})
	refused = w.failure(change, "")
	require.Equal(t, "S0002E", refused.Extensions.Code)
	require.Equal(t, "OUTCOME_UNKNOWN", refused.Extensions.Meta["reason"])
	require.Equal(t, "G", at(w.data(`{ customerById(id: "`+id+`") { firstName } }`, ""), "customerById.firstName"))
	w.hooks.LoseCommit(storetest.At{})
	status, _ := w.post(`{"query":` + quote(strings.ReplaceAll(change, `"G"`, `"H"`)) + `}`)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "G", at(w.data(`{ customerById(id: "`+id+`") { firstName } }`, ""), "customerById.firstName"))
}
