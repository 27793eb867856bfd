package workflow_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestWhoWaitsDecidesHowUrgentAnEventIs.
func TestWhoWaitsDecidesHowUrgentAnEventIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		cause workflow.Cause
		want  workflow.Priority
	}{
		{"an event on a user's token", workflow.Cause{By: workflow.Person}, workflow.StoreWork},
		{"an event on a client's token", workflow.Cause{By: workflow.Client}, workflow.Integration},
		{"a batch", workflow.Cause{By: workflow.Bulk}, workflow.Batch},
		{"a batch that makes an order", workflow.Cause{By: workflow.Bulk, Root: "ORDER", New: true}, workflow.Batch},
		{"a user's order", workflow.Cause{By: workflow.Person, Root: "ORDER", New: true}, workflow.Checkout},
		{"a shop's order", workflow.Cause{By: workflow.Client, Root: "ORDER", New: true}, workflow.Checkout},
		{"a promise to a shop", workflow.Cause{By: workflow.Client, Root: "FULFILMENT_OPTIONS", New: true}, workflow.Checkout},
		{"a user's fulfilment of an old order", workflow.Cause{By: workflow.Person, Root: "ORDER"}, workflow.StoreWork},
		{"a client's fulfilment of an old order", workflow.Cause{By: workflow.Client, Root: "ORDER"}, workflow.Integration},
		{"a user's location", workflow.Cause{By: workflow.Person, Root: "LOCATION", New: true}, workflow.StoreWork},
		{"a client's product", workflow.Cause{By: workflow.Client, Root: "PRODUCT_CATALOGUE"}, workflow.Batch},
		{"a user's catalogue", workflow.Cause{By: workflow.Person, Root: "VIRTUAL_CATALOGUE", New: true}, workflow.Batch},
		{"an event of nobody known", workflow.Cause{}, workflow.Batch},
	} {
		require.Equal(t, c.want, workflow.PriorityOf(c.cause), c.name)
	}
}

// TestAMissingPriorityIsNoUrgentOne, nor one that this release does not know.
func TestAMissingPriorityIsNoUrgentOne(t *testing.T) {
	t.Parallel()
	var none workflow.Priority
	require.False(t, none.Valid())
	require.False(t, (workflow.Batch + 1).Valid())
	require.Equal(t, workflow.Batch, none.OrLast())
	require.Equal(t, workflow.Checkout, workflow.Checkout.OrLast())
	require.Equal(t, workflow.StoreWork, none.After(workflow.StoreWork), "asking for none gives that of the cause")
	require.Equal(t, workflow.Batch, workflow.Checkout.After(workflow.Batch))
	require.Equal(t, workflow.Batch, workflow.Batch.After(workflow.Checkout))
}

// TestPrioritiesOutsideOfTheProcessCountFromZero, as rows and nudges of earlier releases have them.
func TestPrioritiesOutsideOfTheProcessCountFromZero(t *testing.T) {
	t.Parallel()
	for n, p := range []workflow.Priority{workflow.Checkout, workflow.StoreWork, workflow.Integration, workflow.Batch} {
		require.EqualValues(t, n, p.Stored())
		require.Equal(t, p, workflow.StoredPriority(int16(n)))
		text, err := json.Marshal(workflow.Event{Priority: p})
		require.NoError(t, err)
		var back workflow.Event
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, p, back.Priority)
	}
	for _, text := range []string{"-1", "4", "9", `"CHECKOUT"`, "70000", "null"} {
		p := workflow.Checkout
		require.NoError(t, json.Unmarshal([]byte(text), &p))
		if text != "null" {
			require.Equal(t, workflow.Batch, p, text)
		}
	}
	text, err := json.Marshal(workflow.Priority(0))
	require.NoError(t, err)
	require.Equal(t, "3", string(text), "nobody reads none as urgent")
}
