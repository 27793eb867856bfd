package graphql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
)

// TestRetailersOfAnAccountAreWalledOff gives one retailer's user ids and refs of another retailer of the same account.
func TestRetailersOfAnAccountAreWalledOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "OTHER")
	made := w.data(`mutation {
		order: createOrderAndCustomer(input: {ref: "O1", type: "HD", retailer: {id: 1}, items: [], customer: {username: "a", firstName: "A", lastName: "B",
			primaryEmail: "a@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: 1}},
			fulfilmentChoice: {deliveryType: "STANDARD", deliveryAddress: {ref: "A1", street: "Here 1"}}}) { id fulfilmentChoice { deliveryAddress { id } } customer { id } }
		comment: createComment(input: {entityType: "ORDER", entityId: "1", text: "c"}) { id }
		mine: createSetting(input: {name: "S", valueType: "STRING", value: "1", context: "RETAILER", contextId: 1}) { id }
		all: createSetting(input: {name: "S", valueType: "STRING", value: "0", context: "ACCOUNT", contextId: 0}) { id }
		stock: createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id }
		products: createProductCatalogue(input: {ref: "PC", type: "MASTER", name: "All"}) { id }
	}`, "")
	order, address, customer := at(made, "order.id").(string), at(made, "order.fulfilmentChoice.deliveryAddress.id").(string), at(made, "order.customer.id").(string)
	comment, mine, all := at(made, "comment.id").(string), at(made, "mine.id").(string), at(made, "all.id").(string)

	in := func(retailer string) *tenant.Principal {
		grant := tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: retailer, Retailer: 1}}}
		if retailer == "2" {
			grant.Contexts[0].Retailer = 2
		}
		return principal("ACME", retailer, grant)
	}
	reads := `{ order(ref: "O1") { id fulfilmentChoice { deliveryAddress { street } } } customerAddressById(id: ` + address + `) { id } commentById(id: ` + comment + `) { id }
		customerAddresses { edges { node { ref } } } comments(entityType: "ORDER") { edges { node { text } } } settings(name: "S") { edges { node { value } } } setting(id: ` + mine + `) { id } }`
	require.Equal(t, `{"order":{"id":"`+order+`","fulfilmentChoice":{"deliveryAddress":{"street":"Here 1"}}},"customerAddressById":{"id":"`+address+`"},"commentById":{"id":"`+comment+
		`"},"customerAddresses":{"edges":[{"node":{"ref":"A1"}}]},"comments":{"edges":[{"node":{"text":"c"}}]},"settings":{"edges":[{"node":{"value":"1"}},{"node":{"value":"0"}}]},"setting":{"id":"`+mine+`"}}`,
		w.rawAs(in("1"), reads), "one's own")
	require.Equal(t, `{"order":null,"customerAddressById":null,"commentById":null,"customerAddresses":{"edges":[]},"comments":{"edges":[]},`+
		`"settings":{"edges":[{"node":{"value":"0"}}]},"setting":null}`, w.rawAs(in("2"), reads), "another's")

	w.data(`mutation { createComment(input: {entityType: "CUSTOMER", entityId: `+customer+`, text: "k"}) { id } }`, "")
	const aboutHim = `{ comments(entityType: "CUSTOMER") { edges { node { text } } } }`
	require.Equal(t, `{"comments":{"edges":[{"node":{"text":"k"}}]}}`, w.rawAs(in("1"), aboutHim), "one's own")
	require.Equal(t, `{"comments":{"edges":[]}}`, w.rawAs(in("2"), aboutHim), "another's customer, of whom no event tells")

	for mutation, code := range map[string]string{
		`createComment(input: {entityType: "CUSTOMER", entityId: "` + customer + `", text: "X"}) { id }`:                                                             "C0120E",
		`updateOrder(input: {id: ` + order + `, status: "X"}) { id }`:                                                                                                "C0120E",
		`updateCustomerAddress(input: {id: ` + address + `, city: "X"}) { id }`:                                                                                      "C0120E",
		`updateComment(input: {id: ` + comment + `, text: "X"}) { id }`:                                                                                              "C0120E",
		`createComment(input: {entityType: "ORDER", entityId: "` + order + `", text: "X"}) { id }`:                                                                   "C0120E",
		`createComment(input: {entityType: "ORDER", entityId: "x y", text: "X"}) { id }`:                                                                             "C0120E",
		`createSetting(input: {name: "T", valueType: "STRING", value: "1", context: "RETAILER", contextId: 1}) { id }`:                                               "C0020E",
		`createSetting(input: {name: "T", valueType: "STRING", value: "1", context: "ACCOUNT", contextId: 0}) { id }`:                                                "C0020E",
		`createSetting(input: {name: "T", valueType: "STRING", value: "1", context: "CUSTOMER", contextId: ` + customer + `}) { id }`:                                "C0120E",
		`updateSetting(input: {id: ` + all + `, valueType: "STRING", value: "1", context: "ACCOUNT", contextId: 0}) { id }`:                                          "C0020E",
		`updateSetting(input: {id: ` + mine + `, valueType: "STRING", value: "1", context: "RETAILER", contextId: 2}) { id }`:                                        "C0120E",
		`createInventoryCatalogue(input: {ref: "X", type: "DEFAULT", name: "X", retailerRefs: ["MAIN"]}) { id }`:                                                     "C0120E",
		`createInventoryCatalogue(input: {ref: "X", type: "DEFAULT", name: "X", retailerRefs: ["1"]}) { id }`:                                                        "C0020E",
		`createInventoryCatalogue(input: {ref: "X", type: "DEFAULT", name: "X"}) { id }`:                                                                             "C0020E",
		`createVirtualCatalogue(input: {ref: "X", type: "BASE", name: "X", inventoryCatalogueRef: "IC", productCatalogueRef: "PC", retailerRefs: ["OTHER"]}) { id }`: "C0120E",
		`createOrder(input: {ref: "X", type: "HD", retailer: {id: 2}, customer: {id: ` + customer + `}, items: []}) { id }`:                                          "C0120E",
		`createOrder(input: {ref: "X", type: "HD", retailer: {id: 1}, customer: {id: ` + customer + `}, items: []}) { id }`:                                          "C0120E",
		`createUser(input: {ref: "u", username: "u", password: "p", type: "ADMIN", firstName: "U", primaryEmail: "u@b.c", timezone: "UTC"}) { id }`:                  "C0020E",
	} {
		require.Equal(t, code, refusal(t, w.run(in("2"), "mutation { x: "+mutation+" }", "")), mutation)
	}
	require.Equal(t, `{"createSetting":{"id":"3"},"createInventoryCatalogue":{"ref":"Y"}}`, w.rawAs(in("2"), `mutation {
		createSetting(input: {name: "S", valueType: "STRING", value: "2", context: "RETAILER", contextId: 2}) { id }
		createInventoryCatalogue(input: {ref: "Y", type: "DEFAULT", name: "Y", retailerRefs: ["OTHER"]}) { ref } }`), "one's own can be made")

	w.data(`mutation { createVirtualCatalogue(input: {ref: "V", type: "BASE", name: "V", inventoryCatalogueRef: "Y", productCatalogueRef: "PC", retailerRefs: ["OTHER"]}) { id } }`, "")
	require.Equal(t, "C0120E", refusal(t, w.run(in("2"), `mutation { updateVirtualCatalogue(input: {ref: "V", inventoryCatalogueRef: "IC"}) { id } }`, "")),
		"one's own is not moved over another's stock")
	require.Equal(t, `{"updateVirtualCatalogue":{"name":"W","inventoryCatalogueRef":"Y"}}`,
		w.rawAs(in("2"), `mutation { updateVirtualCatalogue(input: {ref: "V", name: "W", inventoryCatalogueRef: "Y"}) { name inventoryCatalogueRef } }`))
}

func refusal(t *testing.T, res answer.Response) string {
	t.Helper()
	require.Len(t, res.Errors, 1)
	return res.Errors[0].Extensions.Code
}

func (w *world) rawAs(p *tenant.Principal, query string) string {
	w.t.Helper()
	res := w.run(p, query, "")
	require.Empty(w.t, messages(res), "%s", query)
	return string(res.Data)
}
