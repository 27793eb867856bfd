package graphql_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/narrow"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain"
)

// TestEachComparisonOfAPolicyIsPartOfTheSearch, with rows that have no value to compare.
func TestEachComparisonOfAPolicyIsPartOfTheSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop("P1")
	for _, o := range []string{`ref: "WEB-1", totalPrice: 10`, `ref: "WEB%2", totalPrice: 20.5`, `ref: "POS-3"`} {
		w.data(fmt.Sprintf(`mutation { createOrder(input: {%s, type: "HD", retailer: {id: 1}, customer: {id: %s}, fulfilmentChoice: {deliveryType: "STANDARD", deliveryAddress: {ref: %q, street: "Road 1"}},
			items: {ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 2}}) { id } }`, o, w.shopper("s"+o[6:11]+"@example.com"), o[6:11]), "")
	}
	w.data(`mutation { createVirtualCatalogue(input: {ref: "VC-1", type: "DEFAULT", name: "One", inventoryCatalogueRef: "IC", productCatalogueRef: "PC:MASTER:1", retailerRefs: ["1", "2"]}) { id }
		b: createVirtualCatalogue(input: {ref: "VC-2", type: "DEFAULT", name: "Two", inventoryCatalogueRef: "IC", productCatalogueRef: "PC:MASTER:1", retailerRefs: ["1"]}) { id } }`, "")
	everywhere := tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext, ID: "0"}}}
	for rule, want := range map[string][]string{
		`input.row.totalPrice > 10`:                                     {"WEB%2"},
		`input.row.totalPrice >= 10`:                                    {"WEB-1", "WEB%2"},
		`20.5 > input.row.totalPrice`:                                   {"WEB-1"},
		`input.row.totalPrice <= 20`:                                    {"WEB-1"},
		`not input.row.totalPrice > 10`:                                 {"WEB-1", "POS-3"},
		`startswith(input.row.ref, "WEB%")`:                             {"WEB%2"},
		`not startswith(input.row.ref, "WEB")`:                          {"POS-3"},
		`contains(input.row.ref, "-")`:                                  {"WEB-1", "POS-3"},
		`input.row.createdOn > "2020-01-01T00:00:00Z"`:                  {"WEB-1", "WEB%2", "POS-3"},
		`input.row.createdOn <= "2020-01-01T00:00:00Z"`:                 nil,
		`not input.row.ref in {"WEB-1"}`:                                {"WEB%2", "POS-3"},
		"startswith(input.row.ref, \"WEB\")\ninput.row.totalPrice < 20": {"WEB-1"},
		`dear`: {"WEB%2", "POS-3"},
	} {
		policy, err := narrow.Compile(t.Context(), domain.Catalogue(), 1, "package account\nallow if input.entity != \"Order\"\nallow if {\ninput.entity == \"Order\"\n"+rule+"\n}\n"+
			"dear if input.row.totalPrice > 10\ndear if startswith(input.row.ref, \"POS\")")
		require.NoError(t, err)
		admin := principal("ACME", "1", everywhere).Under(policy)
		var got []string
		var found any
		require.NoError(t, json.Unmarshal([]byte(w.rawAs(admin, `{ orders { edges { node { ref } } } }`)), &found))
		for _, e := range at(found, "orders.edges").([]any) {
			got = append(got, at(e, "node.ref").(string))
		}
		require.Equal(t, want, got, rule)
	}
	policy, err := narrow.Compile(t.Context(), domain.Catalogue(), 1, "package account\nallow if input.entity != \"VirtualCatalogue\"\nallow if {\ninput.entity == \"VirtualCatalogue\"\n\"2\" in input.row.retailerRefs\n}")
	require.NoError(t, err)
	require.Equal(t, `{"virtualCatalogues":{"edges":[{"node":{"ref":"VC-1"}}]}}`, w.rawAs(principal("ACME", "1", everywhere).Under(policy), `{ virtualCatalogues { edges { node { ref } } } }`))

	policy, err = narrow.Compile(t.Context(), domain.Catalogue(), 1, "package account\nallow if input.permission != \"ORDER_UPDATE\"\nallow if input.row.status in {\"BOOKED\"}")
	require.NoError(t, err)
	require.Equal(t, []string{"C0020E Permission missing: ORDER_UPDATE: the account's policy does not allow it for the row, as it is or would be"},
		messages(w.run(principal("ACME", "1", everywhere).Under(policy), `mutation { updateOrder(input: {id: 1, tag1: "x"}) { id } }`, "")), "an administrator has the permission: what keeps him is told")
}
