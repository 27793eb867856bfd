package graphql_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/shipping"
	"github.com/fluent-oms/fluent/tenancy"
)

// dock has, for each of two retailers, an order with a fulfilment and two parcels, a location, and a carrier.
type dock struct {
	*world
	orders, fulfilments, locations, carriers [2]string
	parcels                                  [2][2]string
}

func newDock(t *testing.T) *dock {
	t.Helper()
	d := &dock{world: newWorld(t)}
	d.orders, _, d.fulfilments = d.twoOrders()
	for i := range d.orders {
		d.locations[i] = d.id(fmt.Sprintf(`createLocation(input: {ref: "L%d", type: "STORE", name: "x", retailer: {id: %d}, primaryAddress: {ref: "a", latitude: 1, longitude: 1}, openingSchedule: %s}) { id }`, i+1, i+1, hours))
		d.carriers[i] = d.id(fmt.Sprintf(`createCarrier(input: {ref: "POST-%d", type: "COURIER", name: "The post", retailer: {id: %d}, attributes: {name: "zone", type: "STRING", value: "A"}}) { id }`, i+1, i+1))
		for n := range d.parcels[i] {
			d.parcels[i][n] = d.parcel(fmt.Sprintf("A-%d-%d", i+1, n+1), d.fulfilments[i])
		}
	}
	return d
}

// id runs a mutation that must succeed and returns the id of what it made or changed.
func (d *dock) id(mutation string) string {
	d.t.Helper()
	return at(d.data("mutation { x: "+mutation+" }", ""), "x.id").(string)
}

func (d *dock) parcel(ref, fulfilment string) string {
	d.t.Helper()
	return d.id(fmt.Sprintf(`createArticle(input: {ref: %q, type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: %s}}) { id }`, ref, fulfilment))
}

// refuses runs mutations that must fail, each at a place, and sees that they left nothing.
func (d *dock) refuses(all map[string][2]string, count string) {
	d.t.Helper()
	before := d.raw(count, "")
	for mutation, want := range all {
		e := d.failure("mutation { x: "+mutation+" { id } }", "")
		require.Equal(d.t, want, [2]string{e.Extensions.Code, e.Extensions.Field}, "%s: %s", mutation, e.Message)
	}
	require.Equal(d.t, before, d.raw(count, ""))
}

// first tells the CREATE event of an entity, and the root that it goes to.
func (d *dock) first(entityType, id string) (root string) {
	d.t.Helper()
	for _, e := range d.nudges.events {
		if e.EntityType == entityType && e.EntityID == id {
			require.Equal(d.t, "CREATE", e.Name)
			return e.RootType + " " + e.RootID
		}
	}
	return ""
}

const consignmentFields = `{ id ref status consignmentReference trackingLabel labelUrl orderSummaryUrl workflowRef workflowVersion carrier { ref } retailer { id }
	consignmentArticles { edges { node { article { ref } consignment { ref } } } } }`

// TestAConsignmentIsOfItsParcelsOrder books a carrier in the older way.
func TestAConsignmentIsOfItsParcelsOrder(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	made := d.data(fmt.Sprintf(`mutation { createConsignment(input: {ref: "G", consignmentReference: "P-77", trackingLabel: "T1", labelUrl: "https://post/l", orderSummaryUrl: "https://post/s",
		carrier: {id: %s}, retailer: {id: 1}, consignmentArticles: [{article: {id: %s}}, {article: {id: %s}}]}) %s }`, d.carriers[0], d.parcels[0][0], d.parcels[0][1], consignmentFields), "")
	id := at(made, "createConsignment.id").(string)
	require.JSONEq(t, `{"consignments":{"edges":[{"node":{"id":"`+id+`","ref":"G","status":"CREATED","consignmentReference":"P-77","trackingLabel":"T1","labelUrl":"https://post/l","orderSummaryUrl":"https://post/s",
		"workflowRef":"ORDER::HD","workflowVersion":10003,"carrier":{"ref":"POST-1"},"retailer":{"id":"1"},"consignmentArticles":{"edges":[
		{"node":{"article":{"ref":"A-1-1"},"consignment":{"ref":"G"}}},{"node":{"article":{"ref":"A-1-2"},"consignment":{"ref":"G"}}}]}}}]}}`,
		d.raw(`{ consignments(consignmentReference: "P-77", trackingLabel: ["T1", null], labelUrl: "https://post%") { edges { node `+consignmentFields+` } } }`, ""))
	require.Equal(t, "ORDER "+d.orders[0], d.first("CONSIGNMENT", id), "whose workflow drives it")
	require.JSONEq(t, `{"articleById":{"consignmentArticles":{"edges":[{"node":{"consignment":{"ref":"G"}}}]},"carrierConsignmentArticles":{"edges":[]}},
		"both":{"article":{"ref":"A-1-2"}},"none":null,"consignmentArticles":{"edges":[{"node":{"article":{"ref":"A-1-1"}}}]}}`, d.raw(fmt.Sprintf(`{
		articleById(id: %s) { consignmentArticles(first: 3) { edges { node { consignment { ref } } } } carrierConsignmentArticles { edges { node { article { ref } } } } }
		both: consignmentArticleById(article: {id: %s}, consignment: {id: %s}) { article { ref } } none: consignmentArticleById(article: {id: %s}) { article { ref } }
		consignmentArticles(first: 1) { edges { node { article { ref } } } } }`, d.parcels[0][0], d.parcels[0][1], id, d.parcels[1][0]), ""))

	other := d.id(`createCarrier(input: {ref: "BIKE", type: "COURIER", name: "Bikes", retailer: {id: 1}}) { id }`)
	changed := d.raw(`mutation { updateConsignment(input: {id: `+id+`, status: "ACTIVE_LODGED", trackingLabel: "T2", labelUrl: null, carrier: {id: `+other+`}}) { status trackingLabel labelUrl consignmentReference carrier { ref } } }`, "")
	require.JSONEq(t, `{"updateConsignment":{"status":"ACTIVE_LODGED","trackingLabel":"T2","labelUrl":null,"consignmentReference":"P-77","carrier":{"ref":"BIKE"}}}`, changed)

	booking := func(retailer int, carrier string, articles string) string {
		return fmt.Sprintf(`createConsignment(input: {ref: "X", consignmentReference: "x", retailer: {id: %d}, carrier: {id: %s}, consignmentArticles: %s})`, retailer, carrier, articles)
	}
	one := func(article string) string { return fmt.Sprintf(`{article: {id: %s}}`, article) }
	mine, foreign := one(d.parcels[0][0]), one(d.parcels[1][0])
	d.refuses(map[string][2]string{
		booking(1, d.carriers[0], "["+mine+", "+foreign+"]"):                                                      {"C0160E", "input.consignmentArticles[1]"},
		booking(1, d.carriers[0], "[]"):                                                                           {"C0140E", "input.consignmentArticles"},
		booking(1, d.carriers[0], "["+mine+", {}]"):                                                               {"C0140E", "input.consignmentArticles[1].article"},
		booking(1, d.carriers[0], "["+foreign+"]"):                                                                {"C0120E", "input.consignmentArticles[0].article"},
		booking(1, d.carriers[1], "["+mine+"]"):                                                                   {"C0120E", "input.carrier"},
		booking(1, d.carriers[0], "["+mine+", "+mine+"]"):                                                         {"C0123E", ""},
		fmt.Sprintf(`updateConsignment(input: {id: %s, carrier: {id: %s}})`, id, d.carriers[1]):                   {"C0120E", "input.carrier"},
		fmt.Sprintf(`updateConsignment(input: {id: %s, consignmentReference: null})`, id):                         {"C0140E", "input.consignmentReference"},
		fmt.Sprintf(`updateConsignment(input: {id: %s, status: "%026d"})`, id, 1):                                 {"C0141E", "input.status"},
		`createArticle(input: {ref: "X", type: "B", height: 1, length: 1, width: 1, weight: 1, fulfilments: []})`: {"C0140E", "input.fulfilments"},
	}, `{ consignments { edges { node `+consignmentFields+` } } consignmentArticles { edges { node { article { ref } } } } articles { edges { node { ref } } } }`)
}

// TestManifestsListCarrierConsignments books a carrier in the newer way.
func TestManifestsListCarrierConsignments(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	require.Equal(t, "CARRIER "+d.carriers[0], d.first("CARRIER", d.carriers[0]))
	for i, ref := range []string{"CG-1", "CG-2", "FOREIGN"} {
		owner := i / 2
		made := d.data(fmt.Sprintf(`mutation { createCarrierConsignment(input: {ref: %q, trackingLabel: "T", retailer: {id: %d}, carrier: {id: %s}, carrierConsignmentArticles: {article: {id: %s}},
			attributes: {name: "bags", type: "INTEGER", value: 2}}) { id status workflowRef } }`, ref, owner+1, d.carriers[owner], d.parcels[owner][i%2]), "")
		require.Equal(t, []any{"CREATED", "CARRIER::COURIER"}, []any{at(made, "createCarrierConsignment.status"), at(made, "createCarrierConsignment.workflowRef")})
		require.Empty(t, d.first("CARRIER_CONSIGNMENT", at(made, "createCarrierConsignment.id").(string)), "nothing is sent for it")
	}
	require.JSONEq(t, `{"updateCarrierConsignment":{"consignmentReference":"P-1","trackingLabel":"T","status":"LODGED","attributes":[{"name":"bags","value":3},{"name":"fragile","value":true}]}}`,
		d.raw(`mutation { updateCarrierConsignment(input: {ref: "CG-1", consignmentReference: "P-1", status: "LODGED", attributes: [{name: "bags", type: "INTEGER", value: 3}, {name: "fragile", type: "BOOLEAN", value: true}]})
			{ consignmentReference trackingLabel status attributes { name value } } }`, ""))

	made := d.data(`mutation { createManifest(input: {ref: "M", type: "DAY", name: "Monday", carrier: {ref: "POST-1"}, location: {ref: "L1"}, carrierManifestLink: "https://post/m", carrierConsignments: {ref: "CG-1"},
		attributes: {name: "a", type: "STRING", value: "b"}}) { id status workflowRef carrierManifestLink name type attributes { name } location { ref } } }`, "")
	require.Equal(t, map[string]any{"id": at(made, "createManifest.id"), "status": "CREATED", "workflowRef": "LOCATION::STORE", "carrierManifestLink": "https://post/m", "name": "Monday", "type": "DAY",
		"attributes": []any{map[string]any{"name": "a"}}, "location": map[string]any{"ref": "L1"}}, at(made, "createManifest"))
	d.data(`mutation { updateManifest(input: {ref: "M", status: "CLOSED", carrierConsignments: {ref: "CG-2"}}) { id } }`, "")
	require.JSONEq(t, `{"manifest":{"name":"Monday","status":"CLOSED","carrier":{"ref":"POST-1","carrierConsignments":{"edges":[{"node":{"ref":"CG-1"}}]},"manifests":[{"ref":"M"}]},
		"carrierConsignments":{"edges":[{"node":{"ref":"CG-1"}},{"node":{"ref":"CG-2"}}]}},
		"carrierConsignment":{"manifests":{"edges":[{"node":{"ref":"M"}}]},"carrierConsignmentArticles":{"edges":[{"node":{"article":{"ref":"A-1-2"}}}]}},
		"location":{"manifests":{"edges":[{"node":{"ref":"M"}}]}}}`, d.raw(`{
		manifest(ref: "M") { name status carrier { ref carrierConsignments(consignmentReference: "P-1") { edges { node { ref } } } manifests { ref } } carrierConsignments { edges { node { ref } } } }
		carrierConsignment(ref: "CG-2") { manifests(name: "Monday") { edges { node { ref } } } carrierConsignmentArticles { edges { node { article { ref } } } } }
		location(ref: "L1") { manifests(status: "CLOSED") { edges { node { ref } } } } }`, ""))
	require.JSONEq(t, `{"x":{"carrierConsignment":{"ref":"CG-1"}}}`, d.raw(`{ x: carrierConsignmentArticleById(article: {id: `+d.parcels[0][0]+`}, carrierConsignment: {ref: "CG-1"}) { carrierConsignment { ref } } }`, ""))

	const list = `createManifest(input: {ref: "X", type: "DAY", name: "x", carrier: {ref: %q}, location: {ref: %q}, carrierConsignments: %s})`
	d.refuses(map[string][2]string{
		fmt.Sprintf(list, "POST-1", "L2", "[]"):                                                                                                         {"C0120E", "input.location"},
		fmt.Sprintf(list, "POST-1", "L1", `[{ref: "CG-1"}, {ref: "FOREIGN"}]`):                                                                          {"C0120E", "input.carrierConsignments[1]"},
		fmt.Sprintf(list, "POST-1", "L1", `[{ref: "NONE"}]`):                                                                                            {"C0120E", "input.carrierConsignments[0]"},
		`updateManifest(input: {ref: "M", carrierConsignments: [{ref: "FOREIGN"}]})`:                                                                    {"C0120E", "input.carrierConsignments[0]"},
		`updateManifest(input: {ref: "M", carrier: {ref: "POST-2"}})`:                                                                                   {"C0120E", "input.carrier"},
		`updateManifest(input: {ref: "M", location: {ref: "L2"}})`:                                                                                      {"C0120E", "input.location"},
		`createManifest(input: {ref: "M", type: "D", name: "x", carrier: {ref: "POST-1"}, location: {ref: "L1"}})`:                                      {"C0123E", "input.ref"},
		fmt.Sprintf(`createCarrierConsignment(input: {ref: "X", retailer: {id: 1}, carrier: {id: %s}, carrierConsignmentArticles: []})`, d.carriers[1]): {"C0120E", "input.carrier"},
		fmt.Sprintf(`createCarrierConsignment(input: {ref: "X", retailer: {id: 1}, carrier: {id: %s}, carrierConsignmentArticles: [{article: {id: %s}}, {article: {id: %[2]s}}]})`, d.carriers[0], d.parcels[0][0]): {"C0123E", ""},
		fmt.Sprintf(`createCarrierConsignment(input: {ref: "X", retailer: {id: 1}, carrier: {id: %s}, carrierConsignmentArticles: {article: {id: %s}}})`, d.carriers[0], d.parcels[1][0]):                           {"C0120E", "input.carrierConsignmentArticles[0].article"},
		fmt.Sprintf(`updateCarrier(input: {id: %s, name: "%046d"})`, d.carriers[0], 1):                                                                                                                              {"C0141E", "input.name"},
		`createCarrier(input: {ref: "POST-1", type: "T", name: "x", retailer: {id: 2}})`:                                                                                                                            {"C0123E", "input.ref"},
	}, `{ manifests { edges { node { ref carrier { ref } location { ref } carrierConsignments { edges { node { ref } } } } } } carrierConsignments { edges { node { ref } } } carrierConsignmentArticles { edges { node { article { ref } } } } carriers { edges { node { ref name } } } }`)
}

// TestWavesGrowOnly bundles fulfilments of a location.
func TestWavesGrowOnly(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	second := d.id(fmt.Sprintf(`createFulfilment(input: {ref: "F-1b", type: "HD_PFS", order: {id: %s}}) { id }`, d.orders[0]))
	picker := d.id(`createUser(input: {ref: "u", username: "u", password: "p", type: "ADMIN", ` + kim + `}) { id }`)
	const fields = `{ ref type name status workflowRef workflowVersion retailer { id } location { ref } processingLocation { ref } allocatedTo { username } attributes { name value } fulfilments { edges { node { ref } } } }`
	id := d.id(fmt.Sprintf(`createWave(input: {ref: "W", type: "EXPIRY", name: "Morning", retailer: {id: 1}, location: {id: %s}, fulfilments: [{id: %s}], attributes: {name: "a", type: "STRING", value: "b"}}) { id }`, d.locations[0], d.fulfilments[0]))
	require.Equal(t, "LOCATION "+d.locations[0], d.first("WAVE", id), "whose workflow drives it")
	d.data(fmt.Sprintf(`mutation { a: updateWave(input: {id: %s, status: "OPEN", allocatedTo: {id: %s}, fulfilments: [{id: %s}, {id: %s}]}) { id } b: updateWave(input: {id: %[1]s, name: "Noon", fulfilments: []}) { id } }`, id, picker, second, d.fulfilments[0]), "")
	shown := `{"ref":"W","type":"EXPIRY","name":"Noon","status":"OPEN","workflowRef":"LOCATION::STORE","workflowVersion":10003,"retailer":{"id":"1"},"location":{"ref":"L1"},"processingLocation":{"ref":"L1"},
		"allocatedTo":{"username":"u"},"attributes":[{"name":"a","value":"b"}],"fulfilments":{"edges":[{"node":{"ref":"F-1"}},{"node":{"ref":"F-1b"}}]}}`
	require.JSONEq(t, `{"waveById":`+shown+`,"waves":{"edges":[{"node":`+shown+`}]},"elsewhere":{"edges":[]}}`, d.raw(`{ waveById(id: `+id+`) `+fields+`
		waves(processingLocation: {ref: "L1"}, status: "OPEN", name: "N%") { edges { node `+fields+` } } elsewhere: waves(processingLocation: {ref: "L2"}) { edges { node { ref } } } }`, ""))

	const bundle = `createWave(input: {ref: %q, type: "T", retailer: {id: 1}, location: {id: %s}, fulfilments: %s})`
	d.refuses(map[string][2]string{
		fmt.Sprintf(bundle, "X", d.locations[1], "[]"):                                                          {"C0120E", "input.location"},
		fmt.Sprintf(bundle, "X", d.locations[0], fmt.Sprintf(`[{id: %s}, {id: %s}]`, second, d.fulfilments[1])): {"C0120E", "input.fulfilments[1]"},
		fmt.Sprintf(bundle, "W", d.locations[0], "[]"):                                                          {"C0123E", "input.ref"},
		fmt.Sprintf(bundle, "", d.locations[0], "[]"):                                                           {"C0140E", "input.ref"},
		fmt.Sprintf(`updateWave(input: {id: %s, name: "Y", fulfilments: [{id: %s}]})`, id, d.fulfilments[1]):    {"C0120E", "input.fulfilments[0]"},
		fmt.Sprintf(`updateWave(input: {id: %s, name: "Y", allocatedTo: {id: 999}})`, id):                       {"C0120E", "input.allocatedTo"},
	}, `{ waves { edges { node `+fields+` } } }`)
}

// TestStorageAreasAreTheirLocations makes areas with their location and by themselves, and puts parcels there.
func TestStorageAreasAreTheirLocations(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	made := d.data(`mutation { createLocation(input: {ref: "L3", type: "STORE", name: "x", retailer: {id: 1}, primaryAddress: {ref: "a", latitude: 1, longitude: 1}, openingSchedule: `+hours+`,
		storageAreas: [{ref: "S1", type: "SHELF", attributes: {name: "a", type: "STRING", value: 1}}, {ref: "S2"}]}) { id storageAreas { edges { node { id name type status location { ref } } } } } }`, "")
	location := at(made, "createLocation.id").(string)
	areas := [2]string{at(made, "createLocation.storageAreas.edges.0.node.id").(string), at(made, "createLocation.storageAreas.edges.1.node.id").(string)}
	require.Equal(t, map[string]any{"id": areas[0], "name": "S1", "type": "SHELF", "status": "CREATED", "location": map[string]any{"ref": "L3"}}, at(made, "createLocation.storageAreas.edges.0.node"))
	third := d.id(fmt.Sprintf(`createStorageArea(input: {ref: "S3", type: "CAGE", location: {id: %s}}) { id }`, d.locations[1]))

	d.data(fmt.Sprintf(`mutation { updateLocation(input: {id: %s, storageAreas: [{id: %s, status: "FULL", attributes: {name: "b", type: "STRING", value: 2}}, {id: %s, type: "BIN"}]}) { id } updateStorageArea(input: {id: %s, status: "OPEN", type: "ROOM"}) { id } }`,
		location, areas[0], areas[1], third), "")
	parcel := d.id(fmt.Sprintf(`createArticle(input: {ref: "A", type: "BOX", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: %s}, storageArea: {id: %s}}) { id }`, d.fulfilments[0], areas[0]))
	require.JSONEq(t, `{"storageAreas":{"edges":[{"node":{"name":"S1","type":"SHELF","status":"FULL","articles":{"edges":[{"node":{"ref":"A"}}]}}},{"node":{"name":"S2","type":"BIN","status":"CREATED","articles":{"edges":[]}}},
		{"node":{"name":"S3","type":"ROOM","status":"OPEN","articles":{"edges":[]}}}]},"articleById":{"storageArea":{"name":"S1"}},"location":{"storageAreas":{"edges":[{"node":{"name":"S2"}}]}},"storageAreaById":{"location":{"ref":"L2"}}}`,
		d.raw(`{ storageAreas { edges { node { name type status articles { edges { node { ref } } } } } } articleById(id: `+parcel+`) { storageArea { name } }
			location(ref: "L3") { storageAreas(name: ["S2", "S3"]) { edges { node { name } } } } storageAreaById(id: `+third+`) { location { ref } } }`, ""))
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	kept, err := d.db.Reader(scope).ByID(t.Context(), d.db.Catalogue().Type("StorageArea"), catalogue.ID(areas[0]))
	require.NoError(t, err)
	require.Contains(t, fmt.Sprintf("%v", d.db.Catalogue().Type("StorageArea").Get(kept[0], "attributes")), "{a STRING 1} {b STRING 2}", "kept and merged, though never shown")

	d.refuses(map[string][2]string{
		fmt.Sprintf(`updateLocation(input: {id: %s, name: "Y", storageAreas: {id: %s, type: "Y"}})`, location, third):                                                                {"C0120E", "input.storageAreas[0]"},
		fmt.Sprintf(`createArticle(input: {ref: "X", type: "B", height: 1, length: 1, width: 1, weight: 1, fulfilments: {id: %s}, storageArea: {id: %s}})`, d.fulfilments[0], third): {"C0120E", "input.storageArea"},
		fmt.Sprintf(`updateStorageArea(input: {id: %s, type: "%051d"})`, third, 1):                                                                                                   {"C0141E", "input.type"},
	}, `{ locations { edges { node { name storageAreas { edges { node { name type } } } } } } articles { edges { node { ref } } } }`)
}

// TestCarrierDetailsAreRead: nothing in the interface makes them.
func TestCarrierDetailsAreRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	require.NoError(t, w.db.Write(t.Context(), scope, func(tx *store.Tx) error {
		for i, retailer := range []catalogue.ID{"1", "2", ""} {
			id := catalogue.ID(fmt.Sprint(i + 1))
			tx.Insert(&shipping.CarrierDetails{Node: catalogue.Node{ID: id}, RetailerID: retailer, AgentID: "7", CarrierID: "9"},
				&shipping.CarrierAttribute{Node: catalogue.Node{ID: id}, Name: "depot", Value: "D" + string(id), CarrierDetailsID: id})
		}
		return nil
	}))
	require.JSONEq(t, `{"carrierDetailses":{"edges":[{"node":{"id":"2","retailerId":"2","agentId":"7","carrierId":"9","attributes":{"edges":[{"node":{"name":"depot","value":"D2","carrierDetails":{"id":"2"}}}]}}}]},
		"none":{"edges":[{"node":{"retailerId":null}}]},"carrierAttributes":{"edges":[{"node":{"carrierDetails":{"retailerId":"1"}}}]}}`, w.raw(`{
		carrierDetailses(retailerId: ["2", "x"], agentId: "7") { edges { node { id retailerId agentId carrierId attributes(name: "depot") { edges { node { name value carrierDetails { id } } } } } } }
		none: carrierDetailses(retailerId: [null]) { edges { node { retailerId } } } carrierAttributes(value: "D1") { edges { node { carrierDetails { retailerId } } } } }`, ""))
	second := principal("ACME", "2", tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "2", Retailer: 2}}})
	require.JSONEq(t, `{"carrierDetailses":{"edges":[{"node":{"id":"2"}}]},"carrierAttributes":{"edges":[{"node":{"value":"D2"}}]}}`,
		w.rawAs(second, `{ carrierDetailses { edges { node { id } } } carrierAttributes { edges { node { value } } } }`))
}

// TestADockIsItsRetailers shows what one retailer's user sees and does of another's.
func TestADockIsItsRetailers(t *testing.T) {
	t.Parallel()
	d := newDock(t)
	consignment := d.id(fmt.Sprintf(`createConsignment(input: {ref: "G", consignmentReference: "x", retailer: {id: 1}, carrier: {id: %s}, consignmentArticles: {article: {id: %s}}}) { id }`, d.carriers[0], d.parcels[0][0]))
	d.id(fmt.Sprintf(`createCarrierConsignment(input: {ref: "CG", retailer: {id: 1}, carrier: {id: %s}, carrierConsignmentArticles: {article: {id: %s}}}) { id }`, d.carriers[0], d.parcels[0][0]))
	d.id(`createManifest(input: {ref: "M", type: "D", name: "x", carrier: {ref: "POST-1"}, location: {ref: "L1"}, carrierConsignments: {ref: "CG"}}) { id }`)
	wave := d.id(fmt.Sprintf(`createWave(input: {ref: "W", type: "T", retailer: {id: 1}, location: {id: %s}, fulfilments: {id: %s}}) { id }`, d.locations[0], d.fulfilments[0]))
	area := d.id(fmt.Sprintf(`createStorageArea(input: {ref: "S", location: {id: %s}}) { id }`, d.locations[0]))
	reads := `{ carriers { edges { node { ref } } } consignments { edges { node { ref } } } consignmentArticles { edges { node { article { ref } } } } carrierConsignments { edges { node { ref } } }
		carrierConsignmentArticles { edges { node { article { ref } } } } manifests { edges { node { ref } } } waves { edges { node { ref } } } storageAreas { edges { node { name } } } }`
	in := func(n int) *tenant.Principal {
		return principal("ACME", fmt.Sprint(n), tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: fmt.Sprint(n), Retailer: tenancy.RetailerID(n)}}})
	}
	const parcel = `{"edges":[{"node":{"article":{"ref":"A-1-1"}}}]}`
	require.JSONEq(t, `{"carriers":{"edges":[{"node":{"ref":"POST-1"}}]},"consignments":{"edges":[{"node":{"ref":"G"}}]},"consignmentArticles":`+parcel+`,"carrierConsignments":{"edges":[{"node":{"ref":"CG"}}]},
		"carrierConsignmentArticles":`+parcel+`,"manifests":{"edges":[{"node":{"ref":"M"}}]},"waves":{"edges":[{"node":{"ref":"W"}}]},"storageAreas":{"edges":[{"node":{"name":"S"}}]}}`, d.rawAs(in(1), reads))
	none := `{"edges":[]}`
	require.JSONEq(t, `{"carriers":{"edges":[{"node":{"ref":"POST-2"}}]},"consignments":`+none+`,"consignmentArticles":`+none+`,"carrierConsignments":`+none+`,"carrierConsignmentArticles":`+none+`,
		"manifests":`+none+`,"waves":`+none+`,"storageAreas":`+none+`}`, d.rawAs(in(2), reads))
	for mutation, code := range map[string]string{
		`updateCarrier(input: {id: ` + d.carriers[0] + `, name: "Y"}) { id }`:                                                                               "C0120E",
		`updateConsignment(input: {id: ` + consignment + `, status: "Y"}) { id }`:                                                                           "C0120E",
		`updateCarrierConsignment(input: {ref: "CG", status: "Y"}) { id }`:                                                                                  "C0120E",
		`updateManifest(input: {ref: "M", status: "Y"}) { id }`:                                                                                             "C0120E",
		`updateWave(input: {id: ` + wave + `, status: "Y"}) { id }`:                                                                                         "C0120E",
		`updateStorageArea(input: {id: ` + area + `, status: "Y"}) { id }`:                                                                                  "C0120E",
		`createCarrier(input: {ref: "Y", type: "T", name: "y", retailer: {id: 1}}) { id }`:                                                                  "C0120E",
		`createStorageArea(input: {ref: "Y", location: {id: ` + d.locations[0] + `}}) { id }`:                                                               "C0120E",
		`createWave(input: {ref: "Y", type: "T", retailer: {id: 2}, location: {id: ` + d.locations[0] + `}, fulfilments: []}) { id }`:                       "C0120E",
		`createManifest(input: {ref: "Y", type: "D", name: "y", carrier: {ref: "POST-1"}, location: {ref: "L2"}}) { id }`:                                   "C0120E",
		`createManifest(input: {ref: "Y", type: "D", name: "y", carrier: {ref: "POST-2"}, location: {ref: "L2"}, carrierConsignments: {ref: "CG"}}) { id }`: "C0120E",
	} {
		require.Equal(t, code, refusal(t, d.run(in(2), "mutation { x: "+mutation+" }", "")), mutation)
	}
}
