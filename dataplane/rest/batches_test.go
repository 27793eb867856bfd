package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/tripwire"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// yard is an account with two retailers, each with an inventory catalogue of its own.
type yard struct {
	t      *testing.T
	dsn    string
	api    *API
	scope  tenancy.Scope
	events []*workflow.Event // that the engine was told of
}

func openYard(dsn string) (*store.DB, error) {
	return store.Open(context.Background(), dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute})
}

func newYard(t *testing.T) *yard {
	t.Helper()
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	dsn := dbtest.Template(t, "jobs", func(dsn string) error { return fillYard(dsn, scope) })
	db, err := openYard(dsn)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	y := &yard{t: t, dsn: dsn, scope: scope}
	service := batching.New(db, modules.Loads(), func(_ context.Context, _ tenancy.Scope, events ...*workflow.Event) {
		y.events = append(y.events, events...)
	})
	y.api = &API{Deps: Deps{Store: db, Batching: service}}
	return y
}

func fillYard(dsn string, scope tenancy.Scope) error {
	db, err := openYard(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(context.Background(), nil); err != nil {
		return err
	}
	err = db.Write(context.Background(), scope, func(tx *store.Tx) error {
		for _, id := range []catalogue.ID{"1", "2"} {
			tx.Insert(&foundation.Retailer{Node: catalogue.Node{ID: id}, Ref: "R" + string(id), Status: "ACTIVE"})
			stock := &inventory.InventoryCatalogue{Ref: "DEFAULT:" + string(id), Name: "Stock", RetailerRefs: []string{"R" + string(id)}}
			stock.ID, stock.Type, stock.Status = id, "DEFAULT", "ACTIVE"
			tx.Insert(stock)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tripwire.Set(context.Background(), dsn)
}

// at is a role with permissions at a retailer; 0: in the account.
func at(retailer tenancy.RetailerID, permissions ...string) tenant.Grant {
	c := tenant.Context{Type: tenant.AccountContext}
	if retailer != 0 {
		c = tenant.Context{Type: tenant.RetailerContext, ID: fmt.Sprint(retailer), Retailer: retailer}
	}
	return tenant.Grant{Role: "R", Permissions: permissions, Contexts: []tenant.Context{c}}
}

func someone(grants ...tenant.Grant) *tenant.Principal {
	return tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, grants...)
}

// The routes of jobs and batches.
const (
	newJob      = "POST /api/v4.1/job"
	readJob     = "GET /api/v4.1/job/{job}"
	readResults = "GET /api/v4.1/job/{job}/results"
	newBatch    = "POST /api/v4.1/job/{job}/batch"
	readBatch   = "GET /api/v4.1/job/{job}/batch/{batch}"
)

// call has a route answer on a path with a job and maybe a batch.
func (y *yard) call(route string, who *tenant.Principal, body string, path ...string) (map[string]any, error) {
	y.t.Helper()
	method, pattern, _ := strings.Cut(route, " ")
	target := pattern
	for i, name := range []string{"{job}", "{batch}"}[:len(path)] {
		target = strings.Replace(target, name, path[i], 1)
	}
	r := httptest.NewRequestWithContext(y.t.Context(), method, target, strings.NewReader(body))
	for i, name := range []string{"job", "batch"}[:len(path)] {
		r.SetPathValue(name, path[i])
	}
	found, err := answer(y.t, y.api, pattern, r, who)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(found)
	require.NoError(y.t, err)
	var out map[string]any
	require.NoError(y.t, json.Unmarshal(raw, &out))
	return out, nil
}

func (y *yard) must(route string, who *tenant.Principal, body string, path ...string) map[string]any {
	y.t.Helper()
	out, err := y.call(route, who, body, path...)
	require.NoError(y.t, err)
	return out
}

// batchOf is the body of a batch; more are members to add.
func batchOf(more string) string {
	return `{"action":"UPSERT","entityType":"INVENTORY","entities":[{"skuRef":"P","locationRef":"L","qty":1}]` + more + `}`
}

// TestJobsAndBatchesAskForTheirPermissions has callers who see both retailers and lack one permission at retailer 1, which they have at retailer 2.
func TestJobsAndBatchesAskForTheirPermissions(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	all := []string{"JOB_CREATE", "JOB_VIEW", "BATCH_CREATE", "BATCH_VIEW"}
	keeper := someone(at(1, all...))
	for _, retailer := range []string{"1", "0"} {
		who := keeper
		if retailer == "0" {
			who = someone(at(0, all...))
		}
		made := y.must(newJob, who, `{"name":"load","retailerId":"`+retailer+`"}`)
		job := made["id"].(string)
		require.Equal(t, []any{retailer, "OPEN", "load"}, []any{made["retailerId"], made["status"], made["name"]})
		batch := y.must(newBatch, who, batchOf(`,"catalogueRef":"DEFAULT:1"`), job)["id"].(string)
		for _, c := range []struct {
			route      string
			body       string
			path       []string
			permission string
		}{
			{newJob, `{"name":"load","retailerId":"` + retailer + `"}`, nil, "JOB_CREATE"},
			{readJob, "", []string{job}, "JOB_VIEW"},
			{readResults, "", []string{job}, "JOB_VIEW"},
			{newBatch, batchOf(`,"catalogueRef":"DEFAULT:1"`), []string{job}, "BATCH_CREATE"},
			{readBatch, "", []string{job, batch}, "BATCH_VIEW"},
		} {
			var but []string
			for _, p := range all {
				if p != c.permission {
					but = append(but, p)
				}
			}
			told := len(y.events)
			for _, lacking := range []*tenant.Principal{someone(at(1, but...), at(0, "RETAILER_VIEW", "INVENTORYCATALOGUE_VIEW"), at(2, all...)), someone(at(0, but...))} {
				_, err := y.call(c.route, lacking, c.body, c.path...)
				require.True(t, fault.Is(err, fault.Forbidden), "%s: %v", c.permission, err)
				require.Equal(t, c.permission, fault.Of(err).Meta["permission"])
			}
			require.Len(t, y.events, told)
			y.must(c.route, someone(at(0, c.permission)), c.body, c.path...)
			if retailer == "0" {
				continue
			}
			_, err := y.call(c.route, someone(at(2, all...)), c.body, c.path...)
			require.Error(t, err, "another retailer's user")
			y.must(c.route, someone(at(1, c.permission, "INVENTORYCATALOGUE_VIEW")), c.body, c.path...)
		}
	}
}

// TestABatchGoesWhereItsCallerMayLoad, and not wherever he sees a catalogue.
func TestABatchGoesWhereItsCallerMayLoad(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	loader := someone(at(1, "JOB_CREATE", "BATCH_CREATE", "JOB_VIEW"), at(0, "INVENTORYCATALOGUE_VIEW", "RETAILER_VIEW"))
	job := y.must(newJob, loader, `{"name":"load","retailerId":"1"}`)["id"].(string)
	_, err := y.call(newBatch, loader, batchOf(`,"catalogueRef":"DEFAULT:2"`), job)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	require.Equal(t, "catalogueRef", fault.Of(err).Field)
	require.Empty(t, y.must(readJob, loader, "", job)["batch"])
	require.Empty(t, y.events)

	batch := y.must(newBatch, loader, batchOf(""), job)["id"].(string)
	require.Len(t, y.events, 1)
	require.Equal(t, "DEFAULT:1", y.events[0].RootRef)
	elsewhere := y.must(newJob, loader, `{"name":"another","retailerId":"1"}`)["id"].(string)
	_, err = y.call(readBatch, someone(at(1, "BATCH_VIEW")), "", elsewhere, batch)
	require.True(t, fault.Is(err, fault.NotFound), "a batch is found in its job only: %v", err)
	both := y.must(newBatch, someone(at(0, "BATCH_CREATE")), batchOf(`,"catalogueRef":"DEFAULT:2"`), job)
	require.Equal(t, "PENDING", both["status"], "who may load everywhere may load there, too")
}

// TestWhatABatchBecomes: the event that the engine hears of, the rows, and nothing at all where it is refused.
func TestWhatABatchBecomes(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	admin := someone(tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	job := y.must(newJob, admin, `{"name":"load","retailerId":"2","meta":{"a":1}}`)["id"].(string)
	_, err := y.call(newJob, admin, `{"name":"full","retailerId":"2","meta":{"scope":"LOCATION_FULL"}}`)
	require.Equal(t, "meta.scope", fault.Of(err).Field, "what would change the result, and has no effect yet")
	records := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"skuRef":"P"},`, n), ",") }
	for _, refused := range []struct{ body, field string }{
		{`{"action":"UPSERT","entityType":"ORDER","entities":[{}]}`, "entityType"},
		{`{"action":"DELETE","entityType":"INVENTORY","entities":[{}]}`, "action"},
		{`{"action":"UPSERT","entityType":"INVENTORY","entities":[]}`, "entities"},
		{`{"action":"UPSERT","entityType":"INVENTORY","entities":[` + records(5001) + `]}`, "entities"},
		{batchOf(`,"event":"` + strings.Repeat("é", 256) + `"`), "event"},
		{batchOf(`,"source":"` + strings.Repeat("é", 256) + `"`), "source"},
		{batchOf(`,"catalogueRef":"` + strings.Repeat("é", 256) + `"`), "catalogueRef"},
		{batchOf(`,"catalogueRef":"DEFAULT:3"`), "catalogueRef"},
		{batchOf(`,"conditions":{"hasRelatedInventoryQuantities":[{"type":"EXPECTED"}]}`), "conditions"},
		{`{"action":"UPSERT","entityType":"PRODUCT","event":"X","entities":[{}]}`, "event"},
	} {
		_, err := y.call(newBatch, admin, refused.body, job)
		require.Error(t, err, refused.field)
		require.Equal(t, refused.field, fault.Of(err).Field)
	}
	require.Empty(t, y.must(readJob, admin, "", job)["batch"])

	plain := y.must(newBatch, admin, batchOf(""), job)
	own := y.must(newBatch, admin, `{"action":"UPSERT","entityType":"INVENTORY","event":"`+strings.Repeat("é", 255)+`","source":"ERP","catalogueRef":"DEFAULT:1","entities":[`+records(5000)+`]}`, job)
	require.Equal(t, []any{1.0, "PENDING", 0.0, 5000.0}, []any{plain["totalEntities"], plain["status"], plain["progress"], own["totalEntities"]})
	require.Len(t, y.events, 2)
	for i, want := range []workflow.Event{
		{Name: "InventoryChanged", EntityID: "2", EntityRef: "DEFAULT:2", Attributes: map[string]any{"batchId": plain["id"], "jobId": job}},
		{Name: strings.Repeat("é", 255), EntityID: "1", EntityRef: "DEFAULT:1", Source: "ERP", Attributes: map[string]any{"batchId": own["id"], "jobId": job}},
	} {
		want.Type, want.RetailerID, want.Priority, want.GeneratedBy = "NORMAL", 2, workflow.Batch, "ann"
		want.EntityType, want.EntitySubtype, want.RootType, want.RootID, want.RootRef = "INVENTORY_CATALOGUE", "DEFAULT", "INVENTORY_CATALOGUE", want.EntityID, want.EntityRef
		row, err := eventstore.Get(t.Context(), y.api.Store.Reader(y.scope), y.events[i].ID)
		require.NoError(t, err)
		require.NotNil(t, row, "it waits for whoever comes")
		require.Equal(t, eventstore.Pending, row.State)
		for _, got := range []workflow.Event{*y.events[i], row.Event} {
			want.ID, want.GeneratedOn = got.ID, got.GeneratedOn
			require.Equal(t, want, got)
		}
	}

	// A job that closes takes nothing more, and says so.
	require.NoError(t, y.api.Store.Write(t.Context(), y.scope, func(tx *store.Tx) error {
		jobs.Add(tx, &jobs.Job{ID: "77", RetailerID: 2, Name: "closed", ClosesOn: tx.Now()})
		return nil
	}))
	_, err = y.call(newBatch, admin, batchOf(""), "77")
	require.True(t, fault.Is(err, fault.Unprocessable), "%v", err)
	require.Len(t, y.events, 2)
	found, err := jobs.Get(t.Context(), y.api.Store.Reader(y.scope), catalogue.ID(job))
	require.NoError(t, err)
	require.True(t, found.ClosesOn.Equal(found.CreatedOn.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)), "midnight after %s, not %s", found.CreatedOn, found.ClosesOn)
}

// TestTheCatalogueOfABatch is the one that it names, else that of its retailer's setting, else the retailer's own.
func TestTheCatalogueOfABatch(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	admin := someone(tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	job := y.must(newJob, admin, `{"name":"load","retailerId":"2"}`)["id"].(string)
	goesTo := func(more string) string {
		y.must(newBatch, admin, batchOf(more+fmt.Sprintf(`,"id":"%d"`, len(y.events))), job)
		return y.events[len(y.events)-1].RootRef
	}
	set := func(id catalogue.ID, context string, at int, value string) {
		require.NoError(t, y.api.Store.Write(t.Context(), y.scope, func(tx *store.Tx) error {
			tx.Insert(&foundation.Setting{Row: catalogue.Row{ID: id}, Name: "DEFAULT_INVENTORY_CATALOGUE", ValueType: "STRING", Value: value, Context: context, ContextID: at})
			return nil
		}))
	}
	set("1", "RETAILER", 1, "NOBODYS")
	set("2", "AGENT", 2, "NOBODYS")
	require.Equal(t, "DEFAULT:2", goesTo(""))
	set("3", "RETAILER", 2, "DEFAULT:1")
	require.Equal(t, "DEFAULT:1", goesTo(""))
	require.Equal(t, "DEFAULT:2", goesTo(`,"catalogueRef":"DEFAULT:2"`))
}

// TestWhatBecameOfABatch has a batch whose records failed, were left out and were loaded, into another catalogue than its retailer's own.
func TestWhatBecameOfABatch(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	admin := someone(tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	job := y.must(newJob, admin, `{"name":"load","retailerId":"2"}`)["id"].(string)
	body := `{"action":"UPSERT","entityType":"INVENTORY","catalogueRef":"DEFAULT:1","entities":[{"skuRef":"P","locationRef":"L"},{"skuRef":"Q","locationRef":"L"},{"skuRef":"R","locationRef":"L"},{"skuRef":"S","locationRef":"L"}]}`
	first := y.must(newBatch, admin, body, job)["id"].(string)
	second := y.must(newBatch, admin, body+" ", job)["id"].(string)
	third := y.must(newBatch, admin, body+"  ", job)["id"].(string)
	fourth := y.must(newBatch, admin, body+"   ", job)["id"].(string)
	var ids []catalogue.ID
	require.NoError(t, y.api.Store.Write(t.Context(), y.scope, func(tx *store.Tx) error {
		ids = nil
		for _, in := range []catalogue.ID{"1", "2"} {
			p := &inventory.InventoryPosition{Ref: "P:L", ProductRef: "P", LocationRef: "L", CatalogueID: in}
			p.ID, p.Type, p.Status = y.api.Store.NewUUID(), "DEFAULT", "ACTIVE"
			tx.Insert(p)
			ids = append(ids, p.ID)
		}
		jobs.Start(tx, catalogue.ID(first))
		jobs.Finish(tx, catalogue.ID(first), 4, []jobs.Row{{Number: 1, EntityRef: "Q:L", Code: "C1", Message: "skuRef: no", Place: "skuRef"}, {Number: 2, EntityRef: "R:L", EntityID: "5", Message: "UNCHANGED"}})
		jobs.Finish(tx, catalogue.ID(second), 4, nil)
		jobs.Fail(tx, catalogue.ID(fourth), 4, "C2", "none")
		return nil
	}))
	loaded := y.must(readBatch, admin, "", job, first)
	require.Equal(t, []any{map[string]any{"code": "C1", "message": "skuRef: no", "entityIndex": 1.0, "entityRef": "Q:L", "place": "skuRef", "value": "Q"}}, loaded["errors"])
	require.Equal(t, []any{map[string]any{"entityId": string(ids[0]), "entityRef": "P:L"}, map[string]any{"entityId": "5", "entityRef": "R:L", "outcome": "UNCHANGED"},
		map[string]any{"entityId": "", "entityRef": "S:L"}}, loaded["results"], "in the catalogue that it went to")
	require.Equal(t, []any{"COMPLETE", 100.0}, []any{loaded["status"], loaded["progress"]})
	require.NotEmpty(t, loaded["startedAt"])
	require.Equal(t, []any{}, y.must(readBatch, admin, "", job, third)["results"], "of what is not complete nothing is said")
	all := y.must(readResults, admin, "", job)
	require.Equal(t, []any{4.0, 2.0, 1.0}, []any{all["totalBatches"], all["successfulBatches"], all["failedBatches"]}, "one failed as a whole; of another some records did")
	var failed []any
	for _, r := range all["results"].([]any) {
		failed = append(failed, len(r.(map[string]any)["errors"].([]any)))
	}
	require.Equal(t, []any{1, 0, 0, 4}, failed)
}
