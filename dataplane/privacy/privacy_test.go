package privacy_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// begin asks for an operation that must be taken.
func (s *shop) begin(kind personal.Kind, customer string) *privacy.Status {
	s.t.Helper()
	op, err := s.service.Begin(s.t.Context(), s.admin, kind, privacy.Request{CustomerID: customer})
	require.NoError(s.t, err)
	return op
}

// finish works on operations until one is done, on another node after each failure.
func (s *shop) finish(id string) (op *privacy.Status, failures int) {
	s.t.Helper()
	for range 500 {
		var err error
		if err = s.service.Round(s.t.Context()); err != nil {
			require.ErrorIs(s.t, err, errCut)
			failures++
			s.restart()
		}
		op, err = s.service.Get(s.t.Context(), s.admin, id)
		require.NoError(s.t, err)
		if op.State == personal.Done {
			return op, failures
		}
	}
	s.t.Fatalf("operation %s does not end: %+v", id, op)
	return nil, 0
}

// books is what bookkeeping reads, which no erasure may change.
const books = `{ orders { edges { node { id ref status totalPrice createdOn retailer { id } items { edges { node { ref quantity paidPrice status } } } fulfilmentChoice { deliveryType deliveryAddress { state country } } billingAddress { state country } } } }
	returnOrders { edges { node { id ref totalAmount { amount } returnOrderItems { edges { node { ref unitQuantity { quantity } itemAmount { amount } } } } pickupAddress { country } } } }
	billingAccounts { edges { node { id ref type status } } } customers { edges { node { id country promotionOptIn } } } }`

// TestAnErasureWaitsForOrders that are under way, says so, and begins when they have ended, or when it is told to.
func TestAnErasureWaitsForOrders(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.goods()
	orders := map[string]string{}
	buyer := func(name string) string {
		id := s.run(`mutation { createCustomer(input: {username: "`+name+`", firstName: "Kim", primaryEmail: "k@b.c", timezone: "UTC", promotionOptIn: true, retailer: {id: 1}}) { id } }`, "createCustomer.id")
		orders[id] = s.run(`mutation { createOrder(input: {ref: "O-`+name+`", type: "HD", retailer: {id: 1}, customer: {id: "`+id+`"}, items: [{ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 2}]}) { id } }`, "createOrder.id")
		return id
	}
	patient, hasty, asked := buyer("patient"), buyer("hasty"), buyer("asked")
	for range 25 { // more than are looked at in a round
		s.begin(personal.Erasure, buyer(rand.Text()))
	}
	waits := s.begin(personal.Erasure, patient)
	require.Equal(t, "WAITING", waits.Step)
	require.Equal(t, []privacy.UnderWay{{Type: "ORDER", ID: orders[patient], Ref: "O-patient", Status: "CREATED"}}, waits.WaitsFor)
	require.NoError(t, s.service.Round(t.Context()))
	require.Equal(t, "Kim", s.run(`{ customerById(id: "`+patient+`") { firstName } }`, "customerById.firstName"))

	now, err := s.service.Begin(t.Context(), s.admin, personal.Erasure, privacy.Request{CustomerID: hasty, Now: true})
	require.NoError(t, err)
	require.Empty(t, now.WaitsFor)
	s.finish(now.ID)
	first := s.begin(personal.Erasure, asked)
	require.NotEmpty(t, first.WaitsFor)
	again, err := s.service.Begin(t.Context(), s.admin, personal.Erasure, privacy.Request{CustomerID: asked, Now: true})
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	require.Empty(t, again.WaitsFor)
	s.finish(again.ID)

	s.run(`mutation { updateOrder(input: {id: `+orders[patient]+`, status: "COMPLETE"}) { id } }`, "updateOrder.id")
	s.restart() // a minute later
	s.finish(waits.ID)
	require.Equal(t, "ERASED", s.run(`{ customerById(id: "`+patient+`") { status } }`, "customerById.status"))
	require.Zero(t, strings.Count(s.log.String(), "under way"), "to wait is no failure")
}

// TestAnErasureWaitsForReturns, which are fetched at an address: until they are at an end themselves, whatever of the same name ends a part of them.
func TestAnErasureWaitsForReturns(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.goods()
	id := s.run(`mutation { createCustomer(input: {username: "sender", firstName: "Kim", primaryEmail: "k@b.c", timezone: "UTC", promotionOptIn: true, retailer: {id: 1}}) { id } }`, "createCustomer.id")
	s.run(`mutation { createReturnOrder(input: {ref: "R-1", type: "SLOW", retailer: {id: 1}, customer: {ref: "sender"}, pickupAddress: {name: "Kim", street: "1 Street", city: "C", country: "AU"},
		subTotalAmount: {amount: 5}, totalTax: {amount: 5}, totalAmount: {amount: 5}, defaultTaxType: {country: "AU", group: "STANDARD", tariff: "GST"}, currency: {alphabeticCode: "AUD"},
		returnOrderItems: [{ref: "1", type: "ITEM", product: {ref: "P1", catalogue: {ref: "PC:MASTER:1"}}, unitAmount: {amount: 5}, itemAmount: {amount: 5}, itemTaxAmount: {amount: 5}, unitQuantity: {quantity: 1}}]}) { id } }`, "createReturnOrder.id")
	status := func(to string) {
		s.run(`mutation { updateReturnOrder(input: {ref: "R-1", retailer: {id: 1}, status: "`+to+`"}) { ref } }`, "updateReturnOrder.ref")
	}
	for _, at := range []string{"CREATED", "COMPLETE"} {
		status(at)
		waits := s.begin(personal.Erasure, id)
		require.Len(t, waits.WaitsFor, 1, at)
		require.Equal(t, "R-1", waits.WaitsFor[0].Ref)
		require.Equal(t, at, waits.WaitsFor[0].Status)
	}
	status("CLOSED")
	waits := s.begin(personal.Erasure, id)
	require.Empty(t, waits.WaitsFor)
	s.finish(waits.ID)
}

// TestNothingIsLeftOfAnErasedCustomer, by whatever door it came in, though the node is killed again and again; the books and everybody else stay as
// they were.
func TestNothingIsLeftOfAnErasedCustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.goods()
	erased := s.customer("Zqx8vkmq")
	s.customer("Vww8kjyq")
	export := s.begin(personal.Export, erased)
	s.finish(export.ID)
	require.Greater(t, len(s.names("Zqx8vkmq")), 20)
	s.run(`mutation { updateOrder(input: {id: `+s.texts(`SELECT id::text FROM orders WHERE account_id = 'ACME' AND customer_id::text = $1`, erased)[0]+`, status: "COMPLETE"}) { id } }`, "updateOrder.id")
	before, others := s.run(books, "orders")+s.run(books, "returnOrders")+s.run(books, "billingAccounts")+s.run(books, "customers"), s.names("Vww8kjyq")

	s.cuts.Store(3)
	op := s.begin(personal.Erasure, erased)
	require.Equal(t, op.ID, s.begin(personal.Erasure, erased).ID, "asked again it is the same")
	done, failures := s.finish(op.ID)
	s.cuts.Store(0)
	require.Greater(t, failures, 5)

	require.Empty(t, s.names("Zqx8vkmq"))
	require.NotContains(t, strings.ToLower(s.log.String()), "zqx8vkmq")
	require.ElementsMatch(t, others, s.names("Vww8kjyq"), "nobody else's rows changed")
	require.Equal(t, before, s.run(books, "orders")+s.run(books, "returnOrders")+s.run(books, "billingAccounts")+s.run(books, "customers"))
	require.Equal(t, "erased-"+erased, s.run(`{ customerById(id: "`+erased+`") { ref } }`, "customerById.ref"))
	require.Equal(t, "ERASED", s.run(`{ customerById(id: "`+erased+`") { status } }`, "customerById.status"))

	var receipt privacy.Receipt
	require.NoError(t, json.Unmarshal(done.Receipt, &receipt))
	for _, what := range []string{"Customer", "Order", "CustomerAddress", "OrderBillingAddress", "FulfilmentChoice", "BillingAccount", "ReturnOrder", "ReturnOrderItem", "ReturnVerification", "Comment", "Setting",
		"FulfilmentOption", "events", "trails", "webhooks", "batchRecords", "batches", "jobs", "signIns", "exports"} {
		require.Positive(t, receipt.Erased[what], what)
	}
	require.Equal(t, "BACKUPS", receipt.Elsewhere[0].What)
	require.Nil(t, receipt.Elsewhere[0].Until, "nobody has said how long backups are kept")
	require.Equal(t, "https://hooks.example.com/x", receipt.Elsewhere[1].Where)
	require.Equal(t, op.ID, s.begin(personal.Erasure, erased).ID, "and ever after")
	_, err := s.service.Part(t.Context(), s.admin, export.ID, 0)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// TestAnExportHoldsWhatIsKeptOfACustomer, and of nobody else, in lines of JSON.
func TestAnExportHoldsWhatIsKeptOfACustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.goods()
	mine := s.customer("Zqx8vkmq")
	s.customer("Vww8kjyq")
	op := s.begin(personal.Export, mine)
	_, err := s.service.Part(t.Context(), s.admin, op.ID, 0)
	require.True(t, fault.Is(err, fault.Unprocessable))
	s.cuts.Store(1) // broken off once
	require.ErrorIs(t, s.service.Round(t.Context()), errCut)
	s.cuts.Store(0)
	s.restart()
	done, _ := s.finish(op.ID)
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), *done.ExpiresOn, time.Minute)
	body, err := s.service.Part(t.Context(), s.admin, op.ID, 0)
	require.NoError(t, err)
	next, err := s.service.Part(t.Context(), s.admin, op.ID, 1)
	require.NoError(t, err)
	require.Nil(t, next)
	types := map[string]int{}
	for line := range strings.Lines(string(body)) {
		var l struct {
			Type, ID string
			Data     map[string]any
		}
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		types[l.Type]++
	}
	require.Equal(t, map[string]int{"Customer": 1, "Order": 1, "OrderItem": 1, "OrderBillingAddress": 1, "FulfilmentChoice": 1, "CustomerAddress": 1, "BillingAccount": 1, "ReturnOrder": 1, "ReturnOrderItem": 1,
		"ReturnVerification": 1, "Comment": 1, "Setting": 1, "Payment": 1, "events": types["events"], "webhooks": 2}, types)
	require.Positive(t, types["events"])
	for _, value := range []string{"Zqx8vkmq.person@example.com", "Zqx8vkmqlast", "12 Zqx8vkmq Street", "ring at Zqx8vkmqlast", "Zqx8vkmq.bill@example.com", "Zqx8vkmqfirst says hello"} {
		require.Contains(t, string(body), value)
	}
	require.NotContains(t, string(body), "Vww8kjyq")
	_, err = s.raw.Exec(t.Context(), `UPDATE personal_operations SET expires_on = now() - INTERVAL '1 second'`)
	require.NoError(t, err)
	require.NoError(t, s.service.Clean(t.Context()))
	_, err = s.service.Part(t.Context(), s.admin, op.ID, 0)
	require.True(t, fault.Is(err, fault.NotFound))
}

// TestWhoMayAskForPersonalData: who has the permission where the customer is.
func TestWhoMayAskForPersonalData(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.run(`mutation { createCustomer(input: {username: "kim", firstName: "Kim", primaryEmail: "k@b.c", timezone: "UTC", promotionOptIn: true, retailer: {id: 1}}) { id } }`, "createCustomer.id")
	may := func(retailer int, permissions ...string) *tenant.Principal {
		return person(tenant.Grant{Role: "R", Permissions: permissions, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: fmt.Sprint(retailer), Retailer: tenancy.RetailerID(retailer)}}})
	}
	ask := func(who *tenant.Principal, kind personal.Kind) error {
		_, err := s.service.Begin(t.Context(), who, kind, privacy.Request{CustomerRef: "kim"})
		return err
	}
	require.True(t, fault.Is(ask(may(2, privacy.MayExport, privacy.MayErase), personal.Erasure), fault.NotFound), "another retailer's customer")
	require.Error(t, ask(may(1, privacy.MayExport, privacy.MayView), personal.Erasure))
	require.Error(t, ask(may(1, privacy.MayErase, privacy.MayView), personal.Export))
	require.NoError(t, ask(may(1, privacy.MayErase), personal.Erasure))
	op := s.begin(personal.Erasure, id)
	_, err := s.service.Get(t.Context(), may(2, privacy.MayView), op.ID)
	require.True(t, fault.Is(err, fault.NotFound))
	_, err = s.service.Get(t.Context(), may(1, privacy.MayErase), op.ID)
	require.True(t, fault.Is(err, fault.NotFound))
	got, err := s.service.Get(t.Context(), may(1, privacy.MayView), op.ID)
	require.NoError(t, err)
	require.Equal(t, "1", got.RequestedBy)
	for _, req := range []privacy.Request{{}, {CustomerID: "1", CustomerRef: "kim"}} {
		_, err := s.service.Begin(t.Context(), s.admin, personal.Export, req)
		require.True(t, fault.Is(err, fault.Invalid))
	}
	_, err = s.service.Begin(t.Context(), s.admin, personal.Export, privacy.Request{CustomerID: "99"})
	require.True(t, fault.Is(err, fault.NotFound))
}

// TestCustomersAreKeptAsLongAsTheirCountrySays: who orders nothing any more goes, by the setting of his country before that of all.
func TestCustomersAreKeptAsLongAsTheirCountrySays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.goods()
	customer := func(name, country string, days int) string {
		id := s.run(fmt.Sprintf(`mutation { createCustomer(input: {username: %q, firstName: "Kim", primaryEmail: "k@b.c", country: %q, timezone: "UTC", promotionOptIn: true, retailer: {id: 1}}) { id } }`, name, country), "createCustomer.id")
		_, err := s.raw.Exec(t.Context(), `UPDATE customers SET updated_on = now() - $2 * INTERVAL '1 day' WHERE account_id = 'ACME' AND id::text = $1`, id, days)
		require.NoError(t, err)
		return id
	}
	old, young, german, shopper := customer("a", "AU", 400), customer("b", "AU", 300), customer("c", "DE", 400), customer("d", "AU", 400)
	veryOld, forEver := customer("e", "DE", 1200), customer("f", "NZ", 4000)
	s.run(`mutation { createOrder(input: {ref: "O-1", type: "HD", retailer: {id: 1}, customer: {id: "`+shopper+`"}, items: [{ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 2}]}) { id } }`, "")
	require.NoError(t, s.service.Clean(t.Context()))
	open := func() (out []string) {
		out = s.texts(`SELECT customer_id FROM personal_operations WHERE account_id = 'ACME' AND requested_by = 'retention' ORDER BY customer_id`)
		return out
	}
	require.Empty(t, open(), "without a setting everybody is kept")
	s.run(`mutation { a: createSetting(input: {name: "RETENTION_CUSTOMER_DAYS", valueType: "INTEGER", value: "365", context: "ACCOUNT", contextId: 0}) { id }
		b: createSetting(input: {name: "RETENTION_CUSTOMER_DAYS_BY_COUNTRY", valueType: "JSON", lobValue: {DE: 1095, NZ: 0}, context: "ACCOUNT", contextId: 0}) { id } }`, "")
	require.NoError(t, s.service.Clean(t.Context()))
	want := []string{old, veryOld}
	slices.Sort(want)
	require.Equal(t, want, open())
	require.NoError(t, s.service.Clean(t.Context()))
	require.Len(t, open(), 2, "once each")
	require.NotContains(t, open(), young+german+forEver)
}
