package graphql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// loader sends batches of master data of retailer 1.
type loader struct {
	*world
	service *batching.Service
	job     *jobs.Job
	events  []*workflow.Event // of which the engine was told
}

func newLoader(t *testing.T) *loader {
	t.Helper()
	l := &loader{world: newWorld(t)}
	l.data(`mutation { a: createProductCatalogue(input: {ref: "PC:MASTER:1", type: "MASTER", name: "Master", retailerRefs: "MAIN"}) { id } }`, "")
	l.service = batching.New(l.db, modules.Loads(), func(_ context.Context, _ tenancy.Scope, events ...*workflow.Event) {
		l.events = append(l.events, events...)
	}).Writing(l.exec)
	var err error
	l.job, _, err = l.service.CreateJobOnce(t.Context(), l.admin.Scope(), &jobs.Job{Name: "load", RetailerID: 1}, repeats.Request{})
	require.NoError(t, err)
	return l
}

// load sends a batch and returns it with what became of each record: its ref, or code and message.
func (l *loader) load(ctx context.Context, who *tenant.Principal, action, entityType string, records ...string) (*jobs.Batch, []string) {
	l.t.Helper()
	req := batching.Request{JobID: l.job.ID, EntityType: entityType, Action: action, Author: "ann", Header: json.RawMessage(`{}`), Who: who}
	for _, r := range records {
		req.Records = append(req.Records, json.RawMessage(r))
	}
	b, err := l.service.AddBatch(ctx, who.Scope(), l.job, req)
	require.NoError(l.t, err)
	stored, err := jobs.GetBatch(l.t.Context(), l.db.Reader(who.Scope()), b.ID)
	require.NoError(l.t, err)
	require.Equal(l.t, jobs.Complete, stored.Status)
	require.Equal(l.t, []int{len(records), len(records)}, []int{stored.Processed, stored.Total})
	rows, err := l.service.Results(l.t.Context(), who.Scope(), stored)
	require.NoError(l.t, err)
	var out []string
	for _, r := range rows {
		text := r.EntityRef
		if r.Code != "" {
			text = r.Code + " " + r.Message
		} else {
			require.NotEmpty(l.t, r.EntityID)
			if r.Message != "" {
				text += " " + r.Message
			}
		}
		out = append(out, text)
	}
	return stored, out
}

// TestABatchOfProducts: categories and what hangs on them, variants of a product of the same batch, groups of both; what is there changes by the rules
// of merging, what says nothing new is left alone, and what is wrong fails alone, at its place.
func TestABatchOfProducts(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	_, got := l.load(t.Context(), l.admin, "UPSERT", "CATEGORY", `{"ref":"SNEAKERS","name":"Sneakers","parentCategoryRef":"SHOES"}`, `{"ref":"SHOES","name":"Shoes"}`,
		`{"ref":"LOST","name":"Lost","parentCategoryRef":"NOWHERE"}`, `{"name":"nameless"}`, `{"ref":"SHOES","name":"again"}`, `[]`)
	require.Equal(t, []string{"SNEAKERS", "SHOES", "C0120E parentCategoryRef: Category not found: ref NOWHERE, catalogue ref PC:MASTER:1", "C0140E ref: is missing",
		"C0123E ref: record 1 has the same key", "C0160E a record must be a JSON object"}, got)
	b, got := l.load(t.Context(), l.admin, "UPSERT", "PRODUCT",
		`{"ref":"V1","productRef":"P1","gtin":"2","name":"Red","prices":[{"type":"RRP","currency":"AUD","value":12.50}]}`,
		`{"ref":"P1","type":"STANDARD","gtin":"1","name":"Shoe","categoryRefs":["SNEAKERS"],"tax":{"country":"AU","group":"G","tariff":"10"},"attributes":{"size":42}}`,
		`{"ref":"G1","type":"GROUP","name":"Pair","productRefs":["P1","V1"]}`, `{"ref":"P2","gtin":"3","name":"Boot","categoryRefs":["SHOES","NONE"]}`,
		`{"ref":"P3","name":"without gtin"}`, `{"ref":"P4","gtin":"4","name":"Price","prices":[{"type":"RRP","currency":"AUD","value":-1}]}`)
	require.Equal(t, []string{"V1", "P1", "G1", "C0120E categoryRefs[1]: Category not found: ref NONE, catalogue ref PC:MASTER:1", "C0140E gtin: a value of type String! is required"}, got[:5])
	require.Contains(t, got[5], "prices[0].value")
	require.Equal(t, 3, b.Failed)
	names := map[string]int{}
	for _, e := range l.events {
		require.Equal(t, "CREATE", e.Name)
		require.Equal(t, "PRODUCT_CATALOGUE", e.RootType)
		names[e.EntityRef]++
	}
	require.Equal(t, map[string]int{"SNEAKERS": 1, "SHOES": 1, "V1": 1, "P1": 1, "G1": 1}, names)
	require.JSONEq(t, `{"variantProduct": {"product": {"ref": "P1", "categories": {"edges": [{"node": {"ref": "SNEAKERS", "parentCategory": {"ref": "SHOES"}}}]}}, "workflowRef": "PRODUCT_CATALOGUE::MASTER"}}`,
		printed(t, l.data(`{ variantProduct(ref: "V1", catalogue: {ref: "PC:MASTER:1"}) { product { ... on StandardProduct { ref categories { edges { node { ref parentCategory { ref } } } } } } workflowRef } }`, "")))

	_, got = l.load(t.Context(), l.admin, "UPSERT", "SKU", `{"skuRef":"V1","productRef":"P1","prices":[{"type":"SALE","currency":"AUD","value":9}],"attributes":{"colour":"red"}}`,
		`{"skuRef":"P1","gtin":"1","name":"Shoe","categoryRefs":["SNEAKERS"],"attributes":[{"name":"size","type":"INTEGER","value":42}]}`, `{"skuRef":"G1","gtin":"9","name":"no group"}`)
	require.Equal(t, []string{"V1", "P1 UNCHANGED", "C0123E skuRef: G1 is a GroupProduct"}, got)
	require.JSONEq(t, `{"variantProduct": {"name": "Red", "attributes": [{"name": "colour", "value": "red"}], "prices": [{"type": "RRP", "value": 12.5}, {"type": "SALE", "value": 9}]}}`,
		printed(t, l.data(`{ variantProduct(ref: "V1", catalogue: {ref: "PC:MASTER:1"}) { name attributes { name value } prices { type value } } }`, "")))

	_, got = l.load(t.Context(), l.admin, "UPSERT", "SKU", `{"skuRef":"P1","categoryRefs":["SNEAKERS","SHOES"]}`)
	require.Equal(t, []string{"P1"}, got, "another category is something new")
	_, got = l.load(t.Context(), l.admin, "CREATE", "PRODUCT", `{"ref":"P1","gtin":"1","name":"Shoe"}`, `{"ref":"P9","gtin":"9","name":"New"}`)
	require.Equal(t, []string{"C0123E ref: StandardProduct ref already exists: P1", "P9"}, got)
	_, got = l.load(t.Context(), l.admin, "UPDATE", "PRODUCT", `{"ref":"P9","name":"Newer"}`, `{"ref":"P10","name":"None"}`)
	require.Equal(t, []string{"P9", "C0120E ref: StandardProduct not found: ref P10"}, got)
}

// TestABatchOfLocations makes them with address and hours, and changes those of one that is there.
func TestABatchOfLocations(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	hours := `"openingSchedule":{"allHours":true,"monStart":0,"monEnd":0,"tueStart":0,"tueEnd":0,"wedStart":0,"wedEnd":0,"thuStart":0,"thuEnd":0,"friStart":0,"friEnd":0,"satStart":0,"satEnd":0,"sunStart":0,"sunEnd":0}`
	_, got := l.load(t.Context(), l.admin, "UPSERT", "LOCATION", `{"ref":"SYD","type":"STORE","name":"Sydney","primaryAddress":{"latitude":-33.8,"longitude":151.2,"city":"Sydney"},`+hours+`}`,
		`{"ref":"MEL","type":"STORE","name":"Melbourne",`+hours+`}`, `{"ref":"BNE","retailerId":"2","type":"STORE","name":"Brisbane"}`)
	require.Equal(t, []string{"SYD", "C0140E primaryAddress: a value of type CreateStoreAddressInput! is required", "C0160E retailerId: the batch is retailer 1's"}, got)
	_, got = l.load(t.Context(), l.admin, "UPSERT", "LOCATION", `{"ref":"SYD","name":"Sydney Central","primaryAddress":{"postcode":"2000"},"openingSchedule":{"monEnd":1800}}`)
	require.Equal(t, []string{"SYD"}, got)
	require.JSONEq(t, `{"location": {"name": "Sydney Central", "retailer": {"id": "1"}, "primaryAddress": {"ref": "SYD", "city": "Sydney", "postcode": "2000"}, "openingSchedule": {"monEnd": 1800, "allHours": true}}}`,
		printed(t, l.data(`{ location(ref: "SYD") { name retailer { id } primaryAddress { ref city postcode } openingSchedule { monEnd allHours } } }`, "")))
	require.Empty(t, l.events, "new locations send none")

	// Who may send batches may not thereby make locations.
	clerk := principal("ACME", "7", tenant.Grant{Role: "R", Permissions: []string{"BATCH_CREATE", "BATCH_VIEW", "JOB_VIEW", "LOCATION_UPDATE", "STOREADDRESS_UPDATE", "RETAILER_VIEW", "LOCATION_VIEW"},
		Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}})
	_, got = l.load(t.Context(), clerk, "UPSERT", "LOCATION", `{"ref":"PER","type":"STORE","name":"Perth","primaryAddress":{"latitude":-33.8,"longitude":151.2},`+hours+`}`, `{"ref":"SYD","name":"Sydney"}`)
	require.Contains(t, got[0], "LOCATION_CREATE")
	require.Equal(t, "SYD", got[1])
}

// TestARefOfAnotherRetailerCostsItsRecordAlone: refs of locations are unique in the account, and somebody who sees one retailer does not see whose they are.
func TestARefOfAnotherRetailerCostsItsRecordAlone(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	l.retailer("ACME", "2", "SECOND")
	rest := `"type":"STORE","name":"N","primaryAddress":{"latitude":-33.8,"longitude":151.2},"openingSchedule":{"allHours":true,"monStart":0,"monEnd":0,"tueStart":0,"tueEnd":0,"wedStart":0,"wedEnd":0,"thuStart":0,"thuEnd":0,"friStart":0,"friEnd":0,"satStart":0,"satEnd":0,"sunStart":0,"sunEnd":0}}`
	mine := l.job
	var err error
	l.job, _, err = l.service.CreateJobOnce(t.Context(), l.admin.Scope(), &jobs.Job{Name: "load", RetailerID: 2}, repeats.Request{})
	require.NoError(t, err)
	_, got := l.load(t.Context(), l.admin, "CREATE", "LOCATION", `{"ref":"THEIRS",`+rest)
	require.Equal(t, []string{"THEIRS"}, got)
	l.job = mine
	keeper := principal("ACME", "7", tenant.Grant{Role: "R", Permissions: []string{"BATCH_CREATE", "BATCH_VIEW", "JOB_VIEW", "LOCATION_CREATE", "LOCATION_UPDATE", "STOREADDRESS_CREATE", "OPENINGSCHEDULE_CREATE",
		"RETAILER_VIEW", "LOCATION_VIEW"}, Contexts: []tenant.Context{{Type: tenant.RetailerContext, ID: "1", Retailer: 1}}})
	_, got = l.load(t.Context(), keeper, "UPSERT", "LOCATION", `{"ref":"OURS",`+rest, `{"ref":"THEIRS",`+rest)
	require.Equal(t, []string{"OURS", "C0123E ref: Location ref already exists: THEIRS"}, got)
}

// TestABatchOfProductsCostsNoStatementPerRecord, new or changed.
func TestABatchOfProductsCostsNoStatementPerRecord(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	l.load(t.Context(), l.admin, "CREATE", "CATEGORY", `{"ref":"SHOES","name":"Shoes"}`)
	statements := func(from, n int, name string) int {
		var records []string
		for i := range n {
			records = append(records, fmt.Sprintf(`{"ref":"P%d","gtin":"%d","name":"%s %d","categoryRefs":["SHOES"],"attributes":{"n":%d}}`, from+i, i, name, i, i))
		}
		trace := &store.Trace{}
		b, _ := l.load(store.WithTrace(t.Context(), trace), l.admin, "UPSERT", "PRODUCT", records...)
		require.Zero(t, b.Failed)
		return len(trace.Statements())
	}
	statements(0, 2, "warm")
	one := statements(10, 1, "first")
	require.Less(t, one, 20)
	require.InDelta(t, one, statements(100, 200, "first"), 1, "numbers are allotted in blocks")
	require.InDelta(t, statements(10, 1, "second"), statements(100, 200, "second"), 1)
}

// TestALargeBatchOfEntitiesIsAnnounced before it is written, so that it is written once however long that takes.
func TestALargeBatchOfEntitiesIsAnnounced(t *testing.T) {
	t.Parallel()
	l := newLoader(t)
	for n, want := range map[int]bool{store.ManyRows/2 - 1: false, store.ManyRows / 2: true} {
		trace := &store.Trace{}
		records := make([]string, n)
		for i := range records {
			records[i] = fmt.Sprintf(`{"ref":"C%d-%d","name":"Of %d"}`, n, i, n)
		}
		b, _ := l.load(store.WithTrace(t.Context(), trace), l.admin, "CREATE", "CATEGORY", records...)
		require.Zero(t, b.Failed)
		first := slices.IndexFunc(trace.Statements(), func(name string) bool { return name == "long_writes.begin" || name == "categories.insert" })
		require.Equal(t, want, trace.Statements()[first] == "long_writes.begin", "%d records", n) // on a slow machine others are announced once they were too late
	}
}

func printed(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
