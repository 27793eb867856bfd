package workflows_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestALocationThatLetAFulfilmentExpireIsNotAskedAgain, also where the workflow rejects nothing when it expires, unless the event says so.
func TestALocationThatLetAFulfilmentExpireIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	list, err := workflows.Default(1)
	require.NoError(t, err)
	for _, a := range list {
		for _, r := range a.Flow.Rulesets {
			if r.Name == "ExpireFulfilment" {
				before := len(r.Rules)
				r.Rules = slices.DeleteFunc(r.Rules, func(c workflow.RuleCall) bool { return c.Name == "FLUENTRETAIL.order.RejectFulfilment" })
				require.Len(t, r.Rules, before-1)
				a.Flow.Version = "1.1"
				require.NoError(t, w.shelf.Put("ACME", 1, a.Flow))
			}
		}
	}
	id := w.place("P1×2")
	w.must(w.fulfilment(id, 1, "FulfilmentExpiry", nil))
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A EXPIRED P1×2; O1-2 HD_PFS STORE_B AWAITING_WAVE P1×2", w.order(id))
	w.onHand("P1:STORE_A", 5)
	w.must(w.fulfilment(id, 2, "FulfilmentExpiry", map[string]any{"includeRejectedLocations": true}))
	require.Equal(t, "BOOKED; O1-1 HD_PFS STORE_A EXPIRED P1×2; O1-2 HD_PFS STORE_B EXPIRED P1×2; O1-3 HD_PFS STORE_A AWAITING_WAVE P1×2", w.order(id), "the nearest one")
	w.balanced()
}
