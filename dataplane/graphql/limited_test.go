package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/tenancy"
)

// admin of an account, or of some of its retailers.
func adminOf(account tenancy.AccountID, retailers ...tenancy.RetailerID) *tenant.Principal {
	grant := tenant.Grant{Role: tenant.AdminRole}
	for _, r := range retailers {
		grant.Contexts = append(grant.Contexts, tenant.Context{Type: tenant.RetailerContext, ID: fmt.Sprint(r), Retailer: r})
	}
	if len(retailers) == 0 {
		grant.Contexts = []tenant.Context{{Type: tenant.AccountContext}}
	}
	return principal(account, "9", grant)
}

// as runs the rest of a test as somebody else.
func (w *world) as(p *tenant.Principal) *world {
	other := *w
	other.admin = p
	return &other
}

// TestWhatIsRememberedIsOneAccountsOnly has two accounts with equal refs use the same node, one after the other: keys that filters name, and
// references that inputs make, lead into the account of who asks.
func TestWhatIsRememberedIsOneAccountsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.as(adminOf("OTHER"))
	w.retailer("OTHER", "1", "MAIN")
	w.retailer("ACME", "3", "THIRD")
	stock := func(w *world, catalogue, position string) {
		w.data(fmt.Sprintf(`mutation { createInventoryCatalogue(input: {ref: %q, type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id } }`, catalogue), "")
		w.data(fmt.Sprintf(`mutation { createInventoryPosition(input: {ref: %q, type: "DEFAULT", productRef: "P", locationRef: "L", onHand: 1, catalogue: {ref: %q}}) { id } }`, position, catalogue), "")
	}
	stock(w, "IC", "MINE")
	stock(other, "DECOY", "NOBODYS") // has the id of ACME's
	stock(other, "IC", "THEIRS")
	for range 2 {
		for _, q := range []string{`{ inventoryPositions(catalogue: {ref: "IC"}) { edges { node { ref } } } }`} {
			require.Equal(t, `{"inventoryPositions":{"edges":[{"node":{"ref":"MINE"}}]}}`, w.raw(q, ""))
			require.Equal(t, `{"inventoryPositions":{"edges":[{"node":{"ref":"THEIRS"}}]}}`, other.raw(q, ""))
		}
	}

	customer := w.shop("P1", "P2")
	w.data(createOrder, orderInput("O-1", customer)) // the products and the retailer are remembered now
	w.data(`mutation { createNetwork(input: {name: "N", retailers: {id: 3}}) { id } }`, "")
	theirs := other.shopper("kim@example.com")
	missing := other.failure(createOrder, orderInput("O-1", theirs))
	require.Equal(t, []string{"C0120E", "input.items[0].productRef"}, []string{missing.Extensions.Code, missing.Extensions.Field})
	require.Equal(t, "C0120E", other.failure(`mutation { createNetwork(input: {name: "N", retailers: {id: 3}}) { id } }`, "").Extensions.Code)

	// So it is between those who see an account and those who see one retailer of it.
	w.retailer("ACME", "2", "SECOND")
	limited := w.as(adminOf("ACME", 2))
	own := at(limited.data(`mutation { createCustomer(input: {username: "lee", firstName: "Lee", primaryEmail: "l@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: 2}}) { id } }`, ""), "createCustomer.id").(string)
	order := `mutation($i: CreateOrderInput!) { createOrder(input: $i) { id } }`
	foreign := limited.failure(order, fmt.Sprintf(`{"i":{"ref":"O-2","type":"HD","retailer":{"id":2},"customer":{"id":%q},"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":1}]}}`, own))
	require.Equal(t, []string{"C0120E", "input.items[0].productRef"}, []string{foreign.Extensions.Code, foreign.Extensions.Field})
	hidden := limited.failure(order, fmt.Sprintf(`{"i":{"ref":"O-2","type":"HD","retailer":{"id":1},"customer":{"id":%q},"items":[]}}`, own))
	require.Equal(t, []string{"C0120E", "input.retailer"}, []string{hidden.Extensions.Code, hidden.Extensions.Field})
}

// TestWhatTwoRetailersShareNeedsBoth changes a catalogue and a network that two retailers have.
func TestWhatTwoRetailersShareNeedsBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	network := at(w.data(`mutation { createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock", retailerRefs: ["1", "2"]}) { id }
		createNetwork(input: {name: "N", retailers: [{id: 1}, {id: 2}]}) { id } }`, ""), "createNetwork.id").(string)
	changes := []string{
		`mutation { updateInventoryCatalogue(input: {ref: "IC", name: "X"}) { name } }`,
		fmt.Sprintf(`mutation { updateNetwork(input: {id: %s, type: "X"}) { type } }`, network),
	}
	for _, change := range changes {
		for _, only := range []tenancy.RetailerID{1, 2} {
			require.Equal(t, "C0020E", w.as(adminOf("ACME", only)).failure(change, "").Extensions.Code, "%d: %s", only, change)
		}
	}
	require.Equal(t, `{"inventoryCatalogue":{"name":"Stock"},"networkById":{"type":null}}`,
		w.as(adminOf("ACME", 2)).raw(fmt.Sprintf(`{ inventoryCatalogue(ref: "IC") { name } networkById(id: %s) { type } }`, network), ""), "each sees them, and nothing was changed")
	for _, change := range changes {
		w.as(adminOf("ACME", 1, 2)).data(change, "")
	}
	require.Equal(t, `{"inventoryCatalogue":{"name":"X"},"networkById":{"type":"X"}}`, w.raw(fmt.Sprintf(`{ inventoryCatalogue(ref: "IC") { name } networkById(id: %s) { type } }`, network), ""))
}

// TestNobodyTakesWhatIsNotHis has a user who sees the whole account, and may change what is of retailer 1, say of things of others that they
// are of retailer 1 from now on, and of things of retailer 1 that they are of others.
func TestNobodyTakesWhatIsNotHis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	setting := func(name, context string, of int) string {
		return at(w.data(fmt.Sprintf(`mutation { createSetting(input: {name: %q, context: %q, contextId: %d, valueType: "STRING", value: "as it was"}) { id } }`, name, context, of), ""), "createSetting.id").(string)
	}
	catalogue := func(ref, retailers string) {
		w.data(fmt.Sprintf(`mutation { createInventoryCatalogue(input: {ref: %q, type: "DEFAULT", name: "as it was", retailerRefs: %s}) { id } }`, ref, retailers), "")
	}
	location := func(ref, retailer string) string {
		return at(w.placeOf(ref, retailer, `latitude: 1, longitude: 1`), "id").(string)
	}
	account, second, first := setting("A", "ACCOUNT", 0), setting("B", "RETAILER", 2), setting("OWN", "RETAILER", 1)
	catalogue("NOBODYS", `[]`)
	catalogue("BOTH", `["1", "2"]`)
	catalogue("SECONDS", `["2"]`)
	catalogue("OWN", `["1"]`)
	theirs, own := location("THEIRS", "2"), location("OWN", "1")

	to := func(setting, context string, of int) string {
		return fmt.Sprintf(`mutation { updateSetting(input: {id: %s, context: %q, contextId: %d, valueType: "STRING", value: "X"}) { id } }`, setting, context, of)
	}
	given := func(ref, retailers string) string {
		return fmt.Sprintf(`mutation { updateInventoryCatalogue(input: {ref: %q, name: "X", retailerRefs: %s}) { id } }`, ref, retailers)
	}
	moved := func(location string, retailer int) string {
		return fmt.Sprintf(`mutation { updateLocation(input: {id: %s, name: "X", retailer: {id: %d}}) { id } }`, location, retailer)
	}
	taken := []string{
		to(account, "RETAILER", 1), to(second, "RETAILER", 1), given("NOBODYS", `["1"]`), given("BOTH", `["1"]`), given("SECONDS", `["1"]`), moved(theirs, 1),
		to(first, "RETAILER", 2), to(first, "ACCOUNT", 0), given("OWN", `["1", "2"]`), given("OWN", `["2"]`), given("OWN", `[]`), moved(own, 2),
	}
	permissions := []string{"SETTING_VIEW", "INVENTORYCATALOGUE_VIEW", "LOCATION_VIEW", "RETAILER_VIEW"}
	changes := []string{"SETTING_UPDATE", "INVENTORYCATALOGUE_UPDATE", "LOCATION_UPDATE"}
	wide := w.as(principal("ACME", "9", tenant.Grant{Role: "LOOKER", Permissions: permissions, Contexts: []tenant.Context{{Type: tenant.AccountContext}}},
		tenant.Grant{Role: "CHANGER", Permissions: changes, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}}))
	for _, change := range taken {
		require.Equal(t, "C0020E", wide.failure(change, "").Extensions.Code, change)
	}
	// Who is limited to retailer 1 sees of these the account's settings, and the catalogues that retailer 1 has, too.
	limited := w.as(adminOf("ACME", 1))
	for _, change := range []string{taken[0], taken[2], taken[3]} {
		require.Equal(t, "C0020E", limited.failure(change, "").Extensions.Code, change)
	}
	require.Equal(t, `{"settings":{"edges":[{"node":{"value":"as it was"}},{"node":{"value":"as it was"}},{"node":{"value":"as it was"}}]}}`, w.raw(`{ settings { edges { node { value } } } }`, ""))
	require.Equal(t, `{"inventoryCatalogues":{"edges":[]}}`, w.raw(`{ inventoryCatalogues(name: "X") { edges { node { ref } } } }`, ""))
	require.Equal(t, `{"locations":{"edges":[]}}`, w.raw(`{ locations(name: "X") { edges { node { ref } } } }`, ""))
	for _, change := range []string{to(first, "RETAILER", 1), given("OWN", `["MAIN"]`), moved(own, 1)} {
		wide.data(change, "") // what is his and stays it is his to change
	}
	for _, change := range taken[:6] {
		w.data(change, "") // and the account's administrator moves what he likes
	}
}

// TestACatalogueOfNoRetailerIsEverybodys, whether it names none or was given an empty list, or null; one that names another retailer is not.
func TestACatalogueOfNoRetailerIsEverybodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	for ref, retailers := range map[string]string{"NONE": ``, "EMPTY": `, retailerRefs: []`, "NULL": `, retailerRefs: null`, "REF": `, retailerRefs: "SECOND"`, "NUMBER": `, retailerRefs: "2"`, "FOREIGN": `, retailerRefs: ["MAIN", "1", "22", "SECONDS"]`} {
		w.data(`mutation { createInventoryCatalogue(input: {ref: "`+ref+`", type: "DEFAULT", name: "Stock"`+retailers+`}) { id } }`, "")
		w.data(`mutation { createInventoryPosition(input: {ref: "P", type: "DEFAULT", productRef: "P", locationRef: "`+ref+`", onHand: 1, catalogue: {ref: "`+ref+`"}}) { id } }`, "")
	}
	limited := w.as(adminOf("ACME", 2))
	seen := limited.data(`{ inventoryCatalogues { edges { node { ref } } } inventoryPositions { edges { node { locationRef catalogue { ref } } } } }`, "")
	require.ElementsMatch(t, []string{"NONE", "EMPTY", "NULL", "REF", "NUMBER"}, refs(t, at(seen, "inventoryCatalogues")))
	require.Len(t, at(seen, "inventoryPositions.edges"), 5)
	require.Nil(t, limited.data(`{ inventoryCatalogue(ref: "FOREIGN") { ref } }`, "")["inventoryCatalogue"])
	for _, ref := range []string{"NONE", "EMPTY", "NULL"} {
		require.Equal(t, "C0020E", limited.failure(`mutation { updateInventoryCatalogue(input: {ref: "`+ref+`", name: "X"}) { id } }`, "").Extensions.Code, "nor is it one retailer's to change")
	}
}

// TestWhatIsMadeForTwoRetailersNeedsBoth has a user who sees two retailers make a network for both, who may make networks for one.
func TestWhatIsMadeForTwoRetailersNeedsBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	maker := w.as(principal("ACME", "9", tenant.Grant{Role: "LOOKER", Permissions: []string{"NETWORK_VIEW", "RETAILER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}},
		tenant.Grant{Role: "MAKER", Permissions: []string{"NETWORK_CREATE"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}}}))
	for _, retailers := range []string{`[{id: 1}]`, `[{id: 1}, {id: 2}]`, `[{id: 2}, {id: 1}]`} {
		require.Equal(t, "C0020E", maker.failure(`mutation { createNetwork(input: {name: "N", retailers: `+retailers+`}) { id } }`, "").Extensions.Code, retailers)
	}
	require.Equal(t, `{"networks":{"edges":[]}}`, w.raw(`{ networks { edges { node { ref } } } }`, ""))
	require.Equal(t, `{"createNetwork":{"ref":"N"}}`, maker.raw(`mutation { createNetwork(input: {name: "N", retailers: {id: 2}}) { ref } }`, ""))
}

// TestAnAddressIsItsRetailers: who acts for one retailer makes addresses of that one; who acts for several, or for the account, of none.
func TestAnAddressIsItsRetailers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	for ref, who := range map[string]*world{"ONE": w.as(adminOf("ACME", 1)), "TWO": w.as(adminOf("ACME", 2)), "BOTH": w.as(adminOf("ACME", 1, 2)), "WHOLE": w} {
		who.data(`mutation { createCustomerAddress(input: {ref: "`+ref+`"}) { id } }`, "")
	}
	for who, want := range map[*world][]string{w.as(adminOf("ACME", 1)): {"ONE"}, w.as(adminOf("ACME", 2)): {"TWO"}, w.as(adminOf("ACME", 1, 2)): {"ONE", "TWO"}, w: {"ONE", "TWO", "BOTH", "WHOLE"}} {
		require.ElementsMatch(t, want, refs(t, who.data(`{ customerAddresses { edges { node { ref } } } }`, "")["customerAddresses"]))
	}
}

// TestPartsOfAnotherLocationAreRefused changes one location's address and hours through another.
func TestPartsOfAnotherLocationAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made [2]any
	for i := range made {
		made[i] = w.placeOf(fmt.Sprintf("L%d", i), "1", `latitude: 1, longitude: 1, city: "Perth"`)
	}
	for part, change := range map[string]string{"primaryAddress": `city: "X"`, "openingSchedule": `monStart: 900`} {
		update := `mutation { updateLocation(input: {id: %s, name: "Y", ` + part + `: {id: %s, ` + change + `}}) { id } }`
		foreign := w.failure(fmt.Sprintf(update, at(made[0], "id"), at(made[1], part+".id")), "")
		require.Equal(t, []string{"C0120E", "input." + part}, []string{foreign.Extensions.Code, foreign.Extensions.Field})
	}
	require.Equal(t, `{"locations":{"edges":[{"node":{"name":"as it was","primaryAddress":{"city":"Perth"},"openingSchedule":{"monStart":0}}},{"node":{"name":"as it was","primaryAddress":{"city":"Perth"},"openingSchedule":{"monStart":0}}}]}}`,
		w.raw(`{ locations { edges { node { name primaryAddress { city } openingSchedule { monStart } } } } }`, ""))
}

// twoOrders makes an order with two lines and a fulfilment for each of two retailers, and tells the orders, their first lines and fulfilments.
func (w *world) twoOrders() (orders, lines, fulfilments [2]string) {
	w.t.Helper()
	w.retailer("ACME", "2", "SECOND")
	w.shop("P1", "P2")
	for i := range orders {
		customer := at(w.data(fmt.Sprintf(`mutation { createCustomer(input: {username: "c%d", firstName: "C", primaryEmail: "c@b.c", timezone: "UTC", promotionOptIn: false, retailer: {id: %d}}) { id } }`, i, i+1), ""), "createCustomer.id")
		made := w.data(`mutation($i: CreateOrderInput!) { createOrder(input: $i) { id items { edges { node { id } } } } }`, fmt.Sprintf(`{"i":{"ref":"O-%d","type":"HD","retailer":{"id":%d},"customer":{"id":%q},
			"items":[{"ref":"1","productRef":"P1","productCatalogueRef":"PC:MASTER:1","quantity":6},{"ref":"2","productRef":"P2","productCatalogueRef":"PC:MASTER:1","quantity":1}]}}`, i+1, i+1, customer))
		orders[i], lines[i] = at(made, "createOrder.id").(string), at(made, "createOrder.items.edges.0.node.id").(string)
		fulfilments[i] = at(w.data(fulfilment, fulfilmentOf(fmt.Sprintf("F-%d", i+1), orders[i], lines[i])), "createFulfilment.id").(string)
	}
	return orders, lines, fulfilments
}

const fulfilment = `mutation($i: CreateFulfilmentInput!) { createFulfilment(input: $i) { id items { edges { node { id } } } } }`

func fulfilmentOf(ref, order, line string) string {
	return fmt.Sprintf(`{"i":{"ref":%q,"type":"HD_PFS","order":{"id":%q},"items":[{"ref":"1","requestedQuantity":2,"filledQuantity":0,"rejectedQuantity":1,"orderItem":{"id":%q}}]}}`, ref, order, line)
}

// TestPartsOfAnotherOrderAreRefused puts lines, fulfilments and items of one order into another.
func TestPartsOfAnotherOrderAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, lines, fulfilments := w.twoOrders()
	foreign := w.failure(fulfilment, fulfilmentOf("F-3", orders[0], lines[1]))
	require.Equal(t, []string{"C0120E", "input.items[0].orderItem"}, []string{foreign.Extensions.Code, foreign.Extensions.Field})
	require.Equal(t, `{"fulfilments":{"edges":[]}}`, w.raw(`{ fulfilments(ref: "F-3") { edges { node { id } } } }`, ""), "nothing was made")

	const article = `mutation($f: [FulfilmentId!]!) { createArticle(input: {ref: "A", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: $f, items: {quantity: 2}}) { id } }`
	both := w.failure(article, fmt.Sprintf(`{"f":[{"id":%q},{"id":%q}]}`, fulfilments[0], fulfilments[1]))
	require.Equal(t, []string{"C0160E", "input.fulfilments[1]"}, []string{both.Extensions.Code, both.Extensions.Field})
	w.data(article, fmt.Sprintf(`{"f":[{"id":%q}]}`, fulfilments[0]))

	strange := w.failure(`mutation($i: UpdateOrderInput!) { updateOrder(input: $i) { id } }`, fmt.Sprintf(`{"i":{"id":%q,"items":[{"id":%q,"quantity":9}]}}`, orders[0], lines[1]))
	require.Equal(t, "C0120E", strange.Extensions.Code)
	require.Equal(t, `{"orderById":{"items":{"edges":[{"node":{"quantity":6}},{"node":{"quantity":1}}]}}}`, w.raw(fmt.Sprintf(`{ orderById(id: %s) { items { edges { node { quantity } } } } }`, orders[1]), ""))
}

// TestNestedReadsKeepToEachTypesRetailers has a user who sees all orders, and fulfilments of one retailer only.
func TestNestedReadsKeepToEachTypesRetailers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	orders, _, fulfilments := w.twoOrders()
	limited := w.as(principal("ACME", "9",
		tenant.Grant{Role: "ORDERS", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}},
		tenant.Grant{Role: "PARCELS", Permissions: []string{"FULFILMENT_VIEW", "FULFILMENTITEM_VIEW"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}}}))
	const one, two = `{"node":{"ref":"O-1","fulfilments":{"edges":[]}}}`, `{"node":{"ref":"O-2","fulfilments":{"edges":[{"node":{"ref":"F-2","items":{"edges":[{"node":{"rejectedQuantity":1}}]}}}]}}}`
	const parcels = `fulfilments(first: 5) { edges { node { ref items(first: 5) { edges { node { rejectedQuantity } } } } } }`
	require.Equal(t, `{"orders":{"edges":[`+one+`,`+two+`]}}`, limited.raw(`{ orders { edges { node { ref `+parcels+` } } } }`, ""))
	require.Equal(t, `{"orderById":{"ref":"O-1","fulfilments":{"edges":[]}}}`, limited.raw(`{ orderById(id: `+orders[0]+`) { ref `+parcels+` } }`, ""))
	require.Equal(t, `{"orders":{"edges":[{"node":{"ref":"O-1"}},{"node":{"ref":"O-2"}}]},"fulfilments":{"edges":[{"node":{"ref":"F-2"}}]},"hidden":null}`,
		limited.raw(`{ orders { edges { node { ref } } } fulfilments { edges { node { ref } } } hidden: fulfilmentById(id: `+fulfilments[0]+`) { ref } }`, ""), "beside each other")
	require.Equal(t, `{"fulfilmentById":{"ref":"F-2","order":{"ref":"O-2"}}}`, limited.raw(`{ fulfilmentById(id: `+fulfilments[1]+`) { ref order { ref } } }`, ""))

	blind := w.as(principal("ACME", "9", tenant.Grant{Role: "ORDERS", Permissions: []string{"ORDER_VIEW"}, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}))
	for _, query := range []string{`{ orderById(id: ` + orders[1] + `) { ref ` + parcels + ` } }`, `{ fulfilmentById(id: ` + fulfilments[1] + `) { ref } }`, `{ orders { edges { node { fulfilments { edges { node { ref } } } } } } }`} {
		res := blind.run(blind.admin, query, "")
		require.NotEmpty(t, res.Errors, query)
		require.Equal(t, "C0020E", res.Errors[0].Extensions.Code, query)
		require.NotContains(t, string(res.Data), "F-2")
	}
}

// TestEachChangeAsksForItsPermission has a user who sees everything and may change nothing.
func TestEachChangeAsksForItsPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock", retailerRefs: ["MAIN"]}) { id }
		createNetwork(input: {name: "N", retailers: {id: 1}}) { id } }`, "")
	w.data(`mutation { createInventoryPosition(input: {ref: "P", type: "DEFAULT", productRef: "P", locationRef: "L", onHand: 1, catalogue: {ref: "IC"}}) { id } }`, "")
	all := []string{"INVENTORY_VIEW", "INVENTORYCATALOGUE_VIEW", "NETWORK_VIEW", "RETAILER_VIEW", "LOCATION_VIEW"}
	looker := w.as(principal("ACME", "9", tenant.Grant{Role: "LOOKER", Permissions: all, Contexts: []tenant.Context{{Type: tenant.AccountContext}}}))
	for _, change := range []string{
		`updateNetwork(input: {id: 1, type: "X"}) { id }`, `updateInventoryCatalogue(input: {ref: "IC", name: "X"}) { id }`,
		`updateInventoryPosition(input: {ref: "P", catalogue: {ref: "IC"}, onHand: 9}) { id }`,
		`updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: "IC"}, locationRef: "L"}, input: {status: "X"}) { count }`,
		`createRetailer(input: {name: "SECOND"}) { id }`,
	} {
		failed := looker.failure("mutation { x: "+change+" }", "")
		require.Contains(t, []string{"C0020E", "S0001E"}, failed.Extensions.Code, change)
	}
	require.Equal(t, `{"inventoryPositions":{"edges":[{"node":{"onHand":1,"status":"CREATED"}}]}}`, w.raw(`{ inventoryPositions { edges { node { onHand status } } } }`, ""))

	// A bulk change reaches what its permission reaches, and not all that its caller sees.
	w.retailer("ACME", "2", "SECOND")
	second := w.as(principal("ACME", "9", tenant.Grant{Role: "LOOKER", Permissions: all, Contexts: []tenant.Context{{Type: tenant.AccountContext}}},
		tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}}}))
	failed := second.failure(`mutation { updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: "IC"}, locationRef: "L"}, input: {status: "X"}) { count } }`, "")
	require.Equal(t, "C0120E", failed.Extensions.Code)
}
