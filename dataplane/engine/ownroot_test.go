package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/billing"
	"github.com/fluent-oms/fluent/domain/payment"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestWhatMayHaveARootAndHasNoneIsOne: an event of a payment goes to its billing account; without one the payment's own workflow answers, and its
// transactions' events go there.
func TestWhatMayHaveARootAndHasNoneIsOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flowOf("ACME", "PAYMENT", on("Go", "PAYMENT", "", do("SetState", "status", "GONE")), on("Go", "PAYMENT_TRANSACTION", "", do("SetState", "status", "GONE")))
	account := &billing.BillingAccount{Ref: "BA", Type: "HD", Status: "ACTIVE", RetailerID: "1"}
	billed, alone := &payment.Payment{Ref: "BILLED", RetailerID: "1", BillingAccountID: "1"}, &payment.Payment{Ref: "ALONE", RetailerID: "1"}
	part := &payment.PaymentTransaction{Ref: "PART", PaymentID: "2", PaymentServiceProviderID: "1", Currency: "AUD"}
	account.ID, billed.ID, alone.ID, part.ID = "1", "1", "2", "1"
	for _, d := range []*payment.Driven{&billed.Driven, &alone.Driven, &part.Driven} {
		d.Type, d.Status, d.WorkflowRef, d.WorkflowVersion = "HD", "CREATED", "PAYMENT::HD", 10000
	}
	require.NoError(t, b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error {
		tx.Insert(account, billed, alone, part)
		return nil
	}))
	e := b.new("n1")
	for _, c := range []struct{ entity, ref, root, of string }{
		{"PAYMENT", "BILLED", "BILLING_ACCOUNT", "BA"}, {"PAYMENT", "ALONE", "PAYMENT", "ALONE"}, {"PAYMENT_TRANSACTION", "PART", "PAYMENT", "ALONE"},
	} {
		ev := workflow.Event{EntityType: c.entity, EntityRef: c.ref}
		require.NoError(t, e.Resolve(b.ctx, b.scope, &ev))
		require.Equal(t, []string{c.root, c.of}, []string{ev.RootType, ev.RootRef}, c.ref)
		require.EqualValues(t, 1, ev.RetailerID, "whose it is")
	}

	b.run(e)
	for _, ev := range []*workflow.Event{{Name: "Go", EntityType: "PAYMENT", EntityRef: "ALONE", Priority: workflow.StoreWork}, {Name: "Go", EntityType: "PAYMENT_TRANSACTION", EntityRef: "PART", Priority: workflow.StoreWork}} {
		require.NoError(t, e.Resolve(b.ctx, b.scope, ev))
		res, err := e.RunOnce(b.ctx, b.scope, ev, repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Success, res.State, res.Error)
	}
	payments, err := store.Get[payment.Payment](b.ctx, b.db.Reader(b.scope), "1", "2")
	require.NoError(t, err)
	require.Equal(t, []string{"CREATED", "GONE"}, []string{payments[0].Status, payments[1].Status})
	parts, err := store.Get[payment.PaymentTransaction](b.ctx, b.db.Reader(b.scope), "1")
	require.NoError(t, err)
	require.Equal(t, "GONE", parts[0].Status)
}
