package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
)

// TestWhatMayBeDoneWithAnOrderInWhichStatus: each event that people and other systems send to orders, in each status, and the status that it leads to.
// In a status that is not named nothing answers it.
func TestWhatMayBeDoneWithAnOrderInWhichStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_A,900"))
	with := func(result string) map[string]any { return map[string]any{"result": result} }
	keep := func(statuses ...string) map[string]string {
		out := map[string]string{}
		for _, s := range statuses {
			out[s] = s
		}
		return out
	}
	cancel := map[string]any{"items": []any{map[string]any{"productRef": "P1", "quantity": 1}}}
	cases := []struct {
		kinds, event string
		attributes   map[string]any
		leads        map[string]string
	}{
		{"HD CC", "PaymentAuthorised", nil, map[string]string{"PENDING_PAYMENT": "BOOKED"}},
		{"HD CC", "PaymentFailed", nil, map[string]string{"PENDING_PAYMENT": "CANCELLED"}},
		{"HD CC", "PaymentTimeout", nil, map[string]string{"PENDING_PAYMENT": "CANCELLED"}},
		{"HD CC", "PAYMENT_TRANSACTION", map[string]any{"paymentTransactionId": "1", "amount": 5.0}, keep("CREATED", "PENDING_PAYMENT", "RECEIVED", "BOOKED")},
		{"HD CC", "FraudResult", with("APPROVED"), map[string]string{"RECEIVED": "RECEIVED", "HOLD": "BOOKED"}},
		{"HD CC", "FraudResult", with("REVIEW"), map[string]string{"RECEIVED": "HOLD", "HOLD": "HOLD"}},
		{"HD CC", "FraudResult", with("DECLINED"), map[string]string{"RECEIVED": "CANCELLED", "HOLD": "CANCELLED"}},
		{"HD CC", "HoldOrder", nil, map[string]string{"RECEIVED": "HOLD", "BOOKED": "HOLD"}},
		{"HD CC", "ReleaseHold", nil, map[string]string{"HOLD": "BOOKED"}},
		{"HD", "AddressCorrected", map[string]any{"address": map[string]any{"latitude": 0.0, "longitude": 0.0}}, map[string]string{"ESCALATED": "BOOKED"}},
		{"HD CC", "CancelItems", cancel, keep("RECEIVED", "HOLD", "BOOKED", "PICK_PACK")},
		{"HD CC", "OrderCancel", nil, map[string]string{"CREATED": "CANCELLED", "PENDING_PAYMENT": "CANCELLED", "RECEIVED": "CANCELLED", "HOLD": "CANCELLED", "BOOKED": "CANCELLED",
			"ESCALATED": "CANCELLED", "PICK_PACK": "CANCELLED"}},
	}
	for kind, ready := range map[string]string{"HD": "AWAITING_COURIER_COLLECTION", "CC": "AWAITING_CUSTOMER_COLLECTION"} {
		pickup := map[string]string{"CC": "STORE_A"}[kind]
		for _, status := range []string{"CREATED", "PENDING_PAYMENT", "RECEIVED", "HOLD", "BOOKED", "ESCALATED", "PICK_PACK", ready, "COMPLETE", "CANCELLED"} {
			o, _ := w.newOrder(kind, pickup, "P1×2")
			reset := func() {
				o.Status = status
				require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
					tx.Update(o, domain.Catalogue().Type("Order").Field("status"))
					return nil
				}))
			}
			reset()
			for _, c := range cases {
				if c.kinds == "HD" && kind == "CC" {
					continue
				}
				what := kind + " " + status + " " + c.event
				res := w.event(c.event, "ORDER", o.ID, "ORDER", o.ID, c.attributes)
				after, answered := c.leads[status]
				if !answered {
					require.Equal(t, store.EventNoMatch, res.State, what)
					continue
				}
				require.Equal(t, store.EventSuccess, res.State, "%s: %s", what, res.Error)
				require.Equal(t, after, w.rows(o.ID).Order.Status, "%s %v", what, c.attributes)
				o, _ = w.newOrder(kind, pickup, "P1×2")
				reset()
			}
		}
	}
}
