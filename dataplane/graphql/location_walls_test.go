package graphql_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/narrow"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

func atLocation(id, ref string) tenant.Context {
	return tenant.Context{Type: tenant.AgentContext, ID: id, Ref: ref, Retailer: 1}
}

// assistant has what store assistants may of entities, in some contexts.
func assistant(contexts ...tenant.Context) *tenant.Principal {
	var permissions []string
	for _, t := range domain.Catalogue().Types() {
		if !t.Secret {
			permissions = append(permissions, t.Permission+"_VIEW")
		}
		if slices.Contains(t.Writers, tenant.StoreAssistantRole) {
			permissions = append(permissions, t.Permission+"_CREATE", t.Permission+"_UPDATE")
		}
	}
	return principal("ACME", "9", tenant.Grant{Role: tenant.StoreAssistantRole, Permissions: permissions, Contexts: contexts})
}

// TestEveryMutationKeepsToItsLocation tries each mutation, on what retailer 1 has, as an administrator of another location of it, where nothing is: nothing is
// changed, and nothing but what all of the retailer share is seen, by any search and any read.
func TestEveryMutationKeepsToItsLocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var err error
	w.exec, err = graphql.New(graphql.Deps{Catalogue: domain.Catalogue(), Operations: modules.Operations(), DB: w.db, Workflows: versions{}, Guards: modules.Guards(domain.Catalogue(), rights.Guards(domain.Catalogue(), plain{})), Engine: w.nudges, Retailers: &numbers{db: w.db}})
	require.NoError(t, err)
	ids := w.everything()
	empty := w.place("EMPTY")
	outside := principal("ACME", "9", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{atLocation(empty, "EMPTY")}})
	before := w.rowsOf(w.admin)
	for _, m := range mutationsAndPermissions {
		res := w.run(outside, "mutation { "+ids.Replace(m.mutation)+" }", "")
		if strings.HasPrefix(m.mutation, "updateInventoryPositionsStatus") || strings.HasPrefix(m.mutation, "updateVirtualPositionsStatus") {
			require.Contains(t, string(res.Data), `"count":0`, m.mutation)
			continue
		}
		require.Contains(t, []string{"C0020E", "C0120E"}, refusal(t, res), "%s: %v", m.mutation, messages(res))
	}
	require.Equal(t, before, w.rowsOf(w.admin), "nothing was changed")
	seen, tried := w.rowsOf(outside), 0
	for _, typ := range domain.Catalogue().Types() {
		if _, searched := before[typ.Name]; !searched || typ.Owner != nil {
			continue
		}
		tried++
		if typ.Places == nil || !typ.Places.Open {
			require.Empty(t, seen[typ.Name], typ.Name)
		} else if len(before[typ.Name]) > 0 {
			require.NotEmpty(t, seen[typ.Name], typ.Name)
		}
	}
	require.Greater(t, tried, 40)
	require.Empty(t, seen["Comment"])
}

// rowsOf reads all rows that somebody finds, by type: id and when it changed.
func (w *world) rowsOf(p *tenant.Principal) map[string][]string {
	w.t.Helper()
	out := map[string][]string{}
	for _, typ := range domain.Catalogue().Types() {
		f := typ.Field("updatedOn")
		if typ.Plural == "" || !w.searchable(typ) {
			continue
		}
		node := "id updatedOn"
		if f == nil || f.Hidden || typ.Field("id").Hidden {
			node = "__typename"
		}
		res := w.run(p, fmt.Sprintf(`{ x: %s(first: 200) { edges { node { %s } } } }`, typ.Plural, node), "")
		require.Empty(w.t, messages(res), typ.Name)
		var found struct {
			X struct{ Edges []json.RawMessage }
		}
		require.NoError(w.t, json.Unmarshal(res.Data, &found))
		out[typ.Name] = []string{}
		for _, e := range found.X.Edges {
			out[typ.Name] = append(out[typ.Name], string(e))
		}
	}
	return out
}

// searchable reports whether the API has a search for a type.
func (w *world) searchable(typ *catalogue.Type) bool {
	for _, f := range at(w.data(`{ __schema { queryType { fields { name } } } }`, ""), "__schema.queryType.fields").([]any) {
		if at(f, "name") == typ.Plural {
			return true
		}
	}
	return false
}

// storeWorld has two stores of retailer 1, and three orders: one that each of them ships a part of, one that the second ships alone, and one that is picked up at the first.
type storeWorld struct {
	*world
	places                 map[string]string
	split, theirs, pickup  string
	mine, other, elsewhere string // fulfilments: of the first order, and of the second
	parcels                [2]string
}

func newStores(t *testing.T) *storeWorld {
	t.Helper()
	s := &storeWorld{world: newWorld(t), places: map[string]string{}}
	s.shop("P1")
	addresses := map[string]string{}
	for _, ref := range []string{"HERE", "THERE"} {
		made := s.placeOf(ref, "1", `latitude: 1, longitude: 1`)
		s.places[ref], addresses[ref] = at(made, "id").(string), at(made, "primaryAddress.id").(string)
	}
	order := func(ref, choice string) string {
		customer := s.shopper(ref + "@example.com")
		return at(s.data(fmt.Sprintf(`mutation { createOrder(input: {ref: %q, type: "HD", retailer: {id: 1}, customer: {id: %s}, fulfilmentChoice: {deliveryType: "STANDARD", %s},
			items: {ref: "1", productRef: "P1", productCatalogueRef: "PC:MASTER:1", quantity: 2}}) { id } }`, ref, customer, choice), ""), "createOrder.id").(string)
	}
	home := func(ref string) string { return fmt.Sprintf(`deliveryAddress: {ref: %q, street: "Road 1"}`, ref) }
	s.split, s.theirs, s.pickup = order("SPLIT", home("A-SPLIT")), order("THEIRS", home("A-THEIRS")), order("PICKUP", `pickupLocationRef: "HERE"`)
	fulfil := func(ref, order, from string) string {
		return at(s.data(fmt.Sprintf(`mutation { createFulfilment(input: {ref: %q, type: "HD_PFS", order: {id: %s}, fromAddress: {id: %s}}) { id } }`, ref, order, addresses[from]), ""), "createFulfilment.id").(string)
	}
	s.mine, s.other, s.elsewhere = fulfil("F-MINE", s.split, "HERE"), fulfil("F-OTHER", s.split, "THERE"), fulfil("F-THEIRS", s.theirs, "THERE")
	for i, f := range []string{s.mine, s.other} {
		s.parcels[i] = at(s.data(fmt.Sprintf(`mutation { createArticle(input: {ref: "A-%d", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: %s}}) { id } }`, i+1, f), ""), "createArticle.id").(string)
	}
	s.data(`mutation { createInventoryCatalogue(input: {ref: "IC", type: "DEFAULT", name: "Stock", retailerRefs: "1"}) { id } }`, "")
	for _, ref := range []string{"HERE", "THERE"} {
		s.data(fmt.Sprintf(`mutation { createInventoryPosition(input: {ref: "IP-%s", type: "DEFAULT", productRef: "P1", locationRef: %[1]q, onHand: 1, catalogue: {ref: "IC"}}) { id } }`, ref), "")
	}
	return s
}

const storeReads = `{
	orders { edges { node { ref fulfilments { edges { node { ref } } } items { edges { node { ref product { ref } } } } } } }
	fulfilments { edges { node { ref } } } articles { edges { node { ref } } } customers { edges { node { username } } }
	customerAddresses { edges { node { ref } } } inventoryPositions { edges { node { ref } } } locations { edges { node { ref } } }
	mine: order(ref: "SPLIT") { ref } theirs: order(ref: "THEIRS") { ref } }`

// TestAStoreAssistantSeesItsLocation: orders only where it ships something or hands it over, of these only its own fulfilments and parcels, and their customers.
func TestAStoreAssistantSeesItsLocation(t *testing.T) {
	t.Parallel()
	s := newStores(t)
	lines := `"items":{"edges":[{"node":{"ref":"1","product":{"ref":"P1"}}}]}`
	require.JSONEq(t, `{"orders":{"edges":[{"node":{"ref":"SPLIT","fulfilments":{"edges":[{"node":{"ref":"F-MINE"}}]},`+lines+`}},{"node":{"ref":"PICKUP","fulfilments":{"edges":[]},`+lines+`}}]},
		"fulfilments":{"edges":[{"node":{"ref":"F-MINE"}}]},"articles":{"edges":[{"node":{"ref":"A-1"}}]},"customers":{"edges":[{"node":{"username":"SPLIT@example.com"}},{"node":{"username":"PICKUP@example.com"}}]},
		"customerAddresses":{"edges":[]},"inventoryPositions":{"edges":[{"node":{"ref":"IP-HERE"}},{"node":{"ref":"IP-THERE"}}]},"locations":{"edges":[{"node":{"ref":"HERE"}},{"node":{"ref":"THERE"}}]},
		"mine":{"ref":"SPLIT"},"theirs":null}`, s.rawAs(assistant(atLocation(s.places["HERE"], "HERE")), storeReads))
	require.Equal(t, s.raw(storeReads, ""), s.rawAs(assistant(tenant.Context{Type: tenant.RetailerContext, ID: "1", Retailer: 1}), storeReads), "in the retailer's context all of it")
	both := assistant(atLocation(s.places["HERE"], "HERE"), atLocation(s.places["THERE"], "THERE"))
	require.Equal(t, `{"fulfilments":{"edges":[{"node":{"ref":"F-MINE"}},{"node":{"ref":"F-OTHER"}},{"node":{"ref":"F-THEIRS"}}]}}`, s.rawAs(both, `{ fulfilments { edges { node { ref } } } }`), "several contexts are a union")

	first := s.rawAs(both, `{ fulfilments(first: 1) { edges { node { ref } cursor } pageInfo { hasNextPage } } }`)
	require.Contains(t, first, `"hasNextPage":true`)
	alone := s.rawAs(assistant(atLocation(s.places["HERE"], "HERE")), `{ fulfilments(first: 1) { edges { node { ref } } pageInfo { hasNextPage } } }`)
	require.Equal(t, `{"fulfilments":{"edges":[{"node":{"ref":"F-MINE"}}],"pageInfo":{"hasNextPage":false}}}`, alone, "pages count what is seen")
}

// TestAStoreAssistantActsOnItsLocation: what is the other store's it neither changes nor links, and what it makes is at its own.
func TestAStoreAssistantActsOnItsLocation(t *testing.T) {
	t.Parallel()
	s := newStores(t)
	here, there := atLocation(s.places["HERE"], "HERE"), atLocation(s.places["THERE"], "THERE")
	stock := tenant.Grant{Role: "STOCK", Permissions: []string{"INVENTORYPOSITION_VIEW", "INVENTORYPOSITION_UPDATE", "INVENTORYPOSITION_CREATE", "INVENTORYCATALOGUE_VIEW"}, Contexts: []tenant.Context{here}}
	me := principal("ACME", "9", append(assistant(here).Grants(), stock)...)
	wave := func(ref, place, fulfilment string) string {
		return fmt.Sprintf(`createWave(input: {ref: %q, type: "T", retailer: {id: 1}, location: {id: %s}, fulfilments: {id: %s}}) { id }`, ref, s.places[place], fulfilment)
	}
	parcel := func(ref, fulfilment string) string {
		return fmt.Sprintf(`createArticle(input: {ref: %q, type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: %s}}) { id }`, ref, fulfilment)
	}
	position := func(ref, place string) string {
		return fmt.Sprintf(`createInventoryPosition(input: {ref: %q, type: "OTHER", productRef: "P2", locationRef: %q, onHand: 1, catalogue: {ref: "IC"}}) { id }`, ref, place)
	}
	before := s.rowsOf(s.admin)
	for mutation, code := range map[string]string{
		fmt.Sprintf(`updateFulfilment(input: {id: %s, status: "X"}) { id }`, s.other): "C0120E",
		fmt.Sprintf(`updateArticle(input: {id: %s, height: 9}) { id }`, s.parcels[1]): "C0120E",
		wave("W1", "THERE", s.mine): "C0020E",
		wave("W2", "HERE", s.other): "C0120E",
		parcel("A-9", s.other):      "C0120E",
		fmt.Sprintf(`createComment(input: {entityType: "FULFILMENT", entityId: %q, text: "X"}) { id }`, s.other):         "C0120E",
		fmt.Sprintf(`createComment(input: {entityType: "LOCATION", entityId: %q, text: "X"}) { id }`, s.places["THERE"]): "C0020E",
		fmt.Sprintf(`updateOrder(input: {id: %s, status: "X"}) { id }`, s.split):                                         "C0020E", // no permission anywhere
		`updateInventoryPosition(input: {ref: "IP-THERE", status: "X", catalogue: {ref: "IC"}}) { id }`:                  "C0020E",
		position("IP-9", "THERE"): "C0020E",
	} {
		require.Equal(t, code, refusal(t, s.run(me, "mutation { "+mutation+" }", "")), mutation)
	}
	require.Equal(t, before, s.rowsOf(s.admin), "nothing was changed")
	for _, mutation := range []string{
		fmt.Sprintf(`updateFulfilment(input: {id: %s, status: "ASSIGNED"}) { id }`, s.mine), wave("W3", "HERE", s.mine), parcel("A-3", s.mine), position("IP-8", "HERE"),
		fmt.Sprintf(`createComment(input: {entityType: "FULFILMENT", entityId: %q, text: "mine"}) { id }`, s.mine),
		`updateInventoryPosition(input: {ref: "IP-HERE", status: "X", catalogue: {ref: "IC"}}) { id }`,
	} {
		s.rawAs(me, "mutation { "+mutation+" }")
	}
	all := `mutation { n: updateInventoryPositionsStatusByLocation(filter: {catalogue: {ref: "IC"}, locationRef: %q}, input: {status: "Y"}) { count } }`
	require.Equal(t, `{"n":{"count":2}}`, s.rawAs(me, fmt.Sprintf(all, "HERE")))
	require.Equal(t, `{"n":{"count":0}}`, s.rawAs(me, fmt.Sprintf(all, "THERE")))

	// Whoever sees both stores and works in one changes what is of that one.
	wide := principal("ACME", "9", append(assistant(here).Grants(), tenant.Grant{Role: "LOOKER", Permissions: []string{"FULFILMENT_VIEW"}, Contexts: []tenant.Context{there}})...)
	require.Equal(t, "C0020E", refusal(t, s.run(wide, fmt.Sprintf(`mutation { updateFulfilment(input: {id: %s, status: "X"}) { id } }`, s.other), "")))
	s.rawAs(wide, fmt.Sprintf(`mutation { updateFulfilment(input: {id: %s, status: "Z"}) { id } }`, s.mine))
}

// TestAPolicyNarrowsWhatRolesAllow: what an account's policy says of rows is in every search and page, and decides about changes as the row is and as it
// would be; also for administrators.
func TestAPolicyNarrowsWhatRolesAllow(t *testing.T) {
	t.Parallel()
	s := newStores(t)
	policy, err := narrow.Compile(t.Context(), domain.Catalogue(), 7, `package account
allow if not input.entity in {"Order", "Fulfilment", "Wave"}
allow if {
	input.entity == "Order"
	input.row.ref != "THEIRS"
}
allow if input.permission == "FULFILMENT_VIEW"
allow if {
	input.permission == "FULFILMENT_UPDATE"
	input.row.status in {"CREATED", "ASSIGNED"}
}`)
	require.NoError(t, err)
	under := func(p *tenant.Principal) *tenant.Principal { return p.Under(policy) }
	admin := under(s.admin)
	require.Equal(t, `{"orders":{"edges":[{"node":{"ref":"SPLIT"}}],"pageInfo":{"hasNextPage":true}},"order":null,"fulfilments":{"edges":[{"node":{"order":{"ref":"SPLIT"}}},{"node":{"order":{"ref":"SPLIT"}}},{"node":{"order":null}}]}}`,
		s.rawAs(admin, `{ orders(first: 1) { edges { node { ref } } pageInfo { hasNextPage } } order(ref: "THEIRS") { ref } fulfilments { edges { node { order { ref } } } } }`))
	require.Equal(t, `{"orders":{"edges":[{"node":{"ref":"PICKUP"}}],"pageInfo":{"hasNextPage":false}}}`,
		s.rawAs(admin, `{ orders(last: 1) { edges { node { ref } } pageInfo { hasNextPage } } }`))
	change := func(p *tenant.Principal, id, status string) string {
		res := s.run(p, fmt.Sprintf(`mutation { updateFulfilment(input: {id: %s, status: %q}) { status } }`, id, status), "")
		if len(res.Errors) == 0 {
			return ""
		}
		return refusal(t, res)
	}
	require.Equal(t, "C0020E", change(admin, s.mine, "SHIPPED"), "it would leave what may be changed")
	require.Empty(t, change(admin, s.mine, "ASSIGNED"))
	require.Empty(t, change(s.admin, s.mine, "SHIPPED"), "without a policy")
	require.Equal(t, "C0020E", change(admin, s.mine, "ASSIGNED"), "it has left it")
	require.Equal(t, "C0020E", change(under(assistant(atLocation(s.places["HERE"], "HERE"))), s.mine, "ASSIGNED"))
	require.Equal(t, "C0120E", change(under(assistant(atLocation(s.places["HERE"], "HERE"))), s.other, "ASSIGNED"), "it gives nothing that roles do not give")
	denied := s.run(admin, `{ waves { edges { node { ref } } } }`, "")
	require.Equal(t, []string{"C0020E Permission missing: WAVE_VIEW: version 7 of the account's policy does not allow it"}, messages(denied))
}
