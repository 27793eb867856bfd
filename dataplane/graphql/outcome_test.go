package graphql_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store/storetest"
)

// TestWhoDoesNotKnowWhatBecameOfAMutationSaysSo: where the commit took place and its answer was lost, a creation finds that out by itself, and
// an update cannot; where it did not take place, both say that they do not know. Sent again, nothing happens twice.
func TestWhoDoesNotKnowWhatBecameOfAMutationSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func(name string) string {
		return `mutation { createSetting(input: {name: "` + name + `", valueType: "STRING", value: "1", context: "RETAILER", contextId: 1}) { id name } }`
	}
	values := func(name string) []any {
		list, _ := at(w.data(`{ settings(name: ["`+name+`"], first: 5) { edges { node { value } } } }`, ""), "settings.edges").([]any)
		return list
	}
	w.hooks.LoseAnswer(storetest.At{})
	made := w.data(create("ann"), "")
	require.Equal(t, "ann", at(made, "createSetting.name"))
	require.Len(t, values("ann"), 1)

	w.hooks.LoseCommit(storetest.At{})
	refused := w.failure(create("bob"), "")
	require.Contains(t, refused.Message, "is not known")
	require.Equal(t, "S0002E", refused.Extensions.Code)
	require.Empty(t, values("bob"))
	w.data(create("bob"), "")
	require.Len(t, values("bob"), 1)

	update := func(value string) string {
		return `mutation { updateSetting(input: {id: "` + at(made, "createSetting.id").(string) + `", valueType: "STRING", value: "` + value + `", context: "RETAILER", contextId: 1}) { value } }`
	}
	w.hooks.LoseAnswer(storetest.At{})
	refused = w.failure(update("2"), "")
	require.Equal(t, "S0002E", refused.Extensions.Code)
	require.Equal(t, "OUTCOME_UNKNOWN", refused.Extensions.Meta["reason"])
	require.Equal(t, "2", at(values("ann"), "0.node.value"))
	w.hooks.LoseCommit(storetest.At{})
	status, _ := w.post(`{"query":` + quote(update("3")) + `}`)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "2", at(values("ann"), "0.node.value"))
}
