package graphql_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
)

// TestOrdersForAnotherRetailerTellOfThemselvesAsTheAccountWants: a user who makes an order for another retailer than his primary one sends no CREATE
// where the account disabled that. His own orders, and those of users without a primary retailer, do in any case.
func TestOrdersForAnotherRetailerTellOfThemselvesAsTheAccountWants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "OTHER")
	w.data(`mutation { c: createProductCatalogue(input: {ref: "PC:1", type: "MASTER", name: "All", retailerRefs: ["MAIN"]}) { id }
		p: createStandardProduct(input: {ref: "P", type: "STANDARD", name: "Pen", gtin: "1", catalogue: {ref: "PC:1"}}) { id }
		k: createCustomer(input: {username: "wen", firstName: "Wen", primaryEmail: "w@example.com", timezone: "UTC", promotionOptIn: false, retailer: {id: 1}}) { id }
		l: createCustomer(input: {username: "kim", firstName: "Kim", primaryEmail: "k@example.com", timezone: "UTC", promotionOptIn: false, retailer: {id: 2}}) { id } }`, "")
	nobodys := tenant.New(tenant.Identity{Account: "ACME", UserID: "2", Username: "api"}, tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	order := func(who *tenant.Principal, ref, retailer string) (created int) {
		before := len(w.nudges.events)
		res := w.run(who, `mutation { createOrder(input: {ref: "`+ref+`", type: "HD", retailer: {id: `+retailer+`}, customer: {id: `+retailer+`}, items: [{ref: "1", quantity: 1, productRef: "P", productCatalogueRef: "PC:1"}]}) { id status } }`, "")
		require.Empty(t, messages(res))
		for _, ev := range w.nudges.events[before:] {
			if ev.EntityType == "ORDER" && ev.Name == "CREATE" {
				created++
			}
		}
		return created
	}
	const name = "fc.graphql.order.create.event"
	require.Equal(t, "C0160E", w.failure(`mutation { createSetting(input: {name: "`+name+`", valueType: "STRING", value: "off", context: "ACCOUNT", contextId: 0}) { id } }`, "").Extensions.Code)
	require.Equal(t, 1, order(w.admin, "A-1", "2"), "without the setting")
	id := at(w.data(`mutation { createSetting(input: {name: "`+name+`", valueType: "STRING", value: "disable-cross-retailer", context: "ACCOUNT", contextId: 0}) { id } }`, ""), "createSetting.id").(string)
	require.Equal(t, 0, order(w.admin, "A-2", "2"))
	require.Equal(t, 1, order(w.admin, "A-3", "1"), "his own")
	require.Equal(t, 1, order(nobodys, "A-4", "2"), "who is of no retailer")
	limited := principal("ACME", "3", tenant.Grant{Role: "R", Permissions: []string{"ORDER_CREATE", "ORDER_VIEW", "RETAILER_VIEW", "CUSTOMER_VIEW", "PRODUCTCATALOGUE_VIEW"},
		Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}, {Type: tenant.RetailerContext, ID: "2", Retailer: 2}}})
	require.Equal(t, 0, order(limited, "A-5", "2"), "by whatever role")
	w.data(`mutation { updateSetting(input: {id: "`+id+`", value: "normal", valueType: "STRING", context: "ACCOUNT", contextId: 0}) { id } }`, "")
	require.Equal(t, 1, order(w.admin, "A-6", "2"))
}

// TestABatchOfEntitiesThatIsSentAgain makes nothing twice and refuses nothing as made already: the answer is the first one's, which was complete. Of
// two at once the second waits for the first, and answers as it did.
func TestABatchOfEntitiesThatIsSentAgain(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	send := func(key string) (*jobs.Batch, bool, error) {
		req := batching.Request{JobID: l.job.ID, EntityType: "CATEGORY", Action: "CREATE", Author: "ann", Header: json.RawMessage(`{}`), Who: l.admin,
			Records: []json.RawMessage{json.RawMessage(`{"ref":"` + key + `","name":"Shoes"}`)},
			Repeats: repeats.Request{Key: repeats.KeyOf([]byte(key)), Known: repeats.Window}}
		return l.service.AddBatchOnce(t.Context(), l.admin.Scope(), l.job, req, "")
	}
	first, repeated, err := send("SHOES")
	require.NoError(t, err)
	require.False(t, repeated)
	again, repeated, err := send("SHOES")
	require.NoError(t, err)
	require.True(t, repeated)
	require.Equal(t, []any{first.ID, jobs.Complete, 1, 0}, []any{again.ID, again.Status, again.Processed, again.Failed})
	require.Len(t, l.events, 1)

	stop := l.hooks.Stop(storetest.At{Point: store.Committing, Account: "ACME"})
	batches := make(chan *jobs.Batch, 2)
	one := func() error {
		b, _, err := send("HATS")
		batches <- b
		return err
	}
	leads := storetest.Go(one)
	stop.Arrived()
	follows := storetest.Go(one)
	follows.Blocked(t, l.dsn)
	stop.Release()
	require.NoError(t, errors.Join(leads.Wait(), follows.Wait()))
	a, b := <-batches, <-batches
	require.Equal(t, []any{a.ID, 0, 0}, []any{b.ID, a.Failed, b.Failed})
	require.Len(t, l.events, 2)
}
