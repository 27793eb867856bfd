package graphql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
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
