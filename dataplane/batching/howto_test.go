package batching_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	trailstore "github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// What follows, up to the next test, is the worked example of docs/how-to/add-a-batch-loader.md.

var categories = manifest.Load{EntityType: "ASSORTMENT", Actions: []string{"CREATE"}, Event: "CategoriesReceived", Target: productCatalogue}

// productCatalogue is the one that a batch names, else the retailer's own.
func productCatalogue(ctx context.Context, r *store.Reader, b manifest.Batch) (any, error) {
	ref := b.CatalogueRef
	if ref == "" {
		ref = fmt.Sprintf("PC:MASTER:%d", b.Retailer)
	}
	found, err := store.ByKey[inventory.ProductCatalogue](ctx, r, store.Key{ref})
	if err == nil && found == nil {
		err = fault.NotFoundf("There is no product catalogue %s", ref).At("catalogueRef")
	}
	return found, err
}

var createCategories = rule.New("products", "CreateCategories", "Makes the categories that a batch brings.", takeCategories).
	On("PRODUCT_CATALOGUE").Taking(rule.AllRecords)

func takeCategories(ctx context.Context, c *rule.Context, _ rule.None) error {
	m, err := batching.From(c)
	if err != nil {
		return err
	}
	b, ok := batching.Of(c)
	if !ok {
		return fmt.Errorf("the event stands for no batch")
	}
	records, err := m.Read(ctx, c.Scope, b)
	if err != nil {
		return err
	}
	var results []jobs.Row
	for i, record := range records {
		var given struct{ Ref, Name string }
		if err := json.Unmarshal(record, &given); err != nil || given.Ref == "" {
			results = append(results, batching.Failed(i, fault.CodeMissing, "ref", "want the category's ref, a text"))
			continue
		}
		made := &inventory.Category{Ref: given.Ref, Name: given.Name, CatalogueID: catalogue.ID(c.Event.EntityID)}
		if err := c.Turn.Create(ctx, made); err != nil {
			return err
		}
		results = append(results, jobs.Row{Number: i, EntityID: string(made.ID), EntityRef: made.Ref})
	}
	m.Settle(c, b, len(records), results)
	return nil
}

// TestTheWorkedExampleOfALoader: the code above, which the page shows word for word, is all that it takes.
func TestTheWorkedExampleOfALoader(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.send("ASSORTMENT", "CREATE", "", `{"ref":"SHOES","name":"Shoes"}`, `{"name":"nothing"}`, `{"ref":7}`, `{"ref":"HATS","name":"Hats"}`)
	require.Equal(t, []any{jobs.Complete, 4, 2}, []any{b.Status, b.Processed, b.Failed})
	rows, err := h.service.Results(h.Context(), h.scope, b)
	require.NoError(t, err)
	made := h.categories()
	require.Equal(t, []string{"SHOES " + made["SHOES"], "C0140E ref: want the category's ref, a text", "C0140E ref: want the category's ref, a text", "HATS " + made["HATS"]}, told(rows))
	require.NotEmpty(t, made["SHOES"])
	require.Len(t, made, 2)
	trails, err := trailstore.List(h.Context(), h.db.Reader(h.scope), trailstore.Query{RootType: "JOB", RootID: string(b.JobID), To: time.Now().Add(time.Hour), Limit: 9})
	require.NoError(t, err)
	require.Len(t, trails, 1, "the job's log has the batch")
}

// TestWhatNoModuleLoadsIsRefused with what is loaded; so is an action, and a target that has no workflow of its own.
func TestWhatNoModuleLoadsIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var taken []string
	for _, l := range append(modules.Loads(), categories, leaf) {
		if l.Refused == "" {
			taken = append(taken, l.EntityType)
		}
	}
	require.Contains(t, taken, "INVENTORY")
	require.NotContains(t, taken, "ACCOUNT", "what is refused for a reason is not offered")
	want := "want " + strings.Join(taken, ", ")
	for _, c := range []struct{ entityType, action, place, says string }{
		{"ORDER", "UPSERT", "entityType", `Batches of "ORDER" are not taken: ` + want},
		{"", "UPSERT", "entityType", `Batches of "" are not taken: ` + want},
		{"ACCOUNT", "CREATE", "entityType", "accounts are made by the operator of the platform"},
		{"ASSORTMENT", "UPSERT", "action", `ASSORTMENT is loaded with CREATE, got "UPSERT"`},
		{"LEAF", "UPSERT", "", "batches of LEAF go to a *inventory.Category, which is no root of a workflow"},
	} {
		_, err := h.service.AddBatch(h.Context(), h.scope, h.job, batching.Request{JobID: h.job.ID, EntityType: c.entityType, Action: c.action, Records: []json.RawMessage{json.RawMessage(`{}`)}})
		require.ErrorContains(t, err, c.says)
		if c.place != "" {
			require.Equal(t, c.place, fault.Of(err).Field)
		}
	}
}

// house is an account with a retailer and his product catalogue, an engine, and a service with loaders besides those of the platform.
type house struct {
	*testing.T
	db      *store.DB
	scope   tenancy.Scope
	engine  *engine.Engine
	service *batching.Service
	job     *jobs.Job
	event   *workflow.Event // of the last batch
}

// leaf goes to what is no root.
var leaf = manifest.Load{EntityType: "LEAF", Actions: []string{"UPSERT"}, Event: "X", Target: func(context.Context, *store.Reader, manifest.Batch) (any, error) {
	return &inventory.Category{}, nil
}}

func newHouse(t *testing.T) *house {
	t.Helper()
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	h := &house{T: t, scope: scope, db: storetest.Open(t, dbtest.Template(t, "batching", storetest.MigrateOnTripwire), store.Options{Catalogue: domain.Catalogue()})}
	flow, err := workflow.Parse([]byte(`{"retailerId": "1", "entityType": "PRODUCT_CATALOGUE", "entitySubtype": "DEFAULT", "name": "PRODUCT_CATALOGUE::DEFAULT", "version": "1.0",
		"statuses": [], "rulesets": [
		{"name": "CategoriesReceived", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.CreateCategories"}]},
		{"name": "Refused", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.CreateCategories"}, {"name": "ACME.products.Refuse"}]},
		{"name": "Breaks", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.CreateCategories"}, {"name": "ACME.products.Break"}]},
		{"name": "Silent", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.HandOn", "props": {"to": ""}}]},
		{"name": "HandsOn", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.HandOn", "props": {"to": "CategoriesReceived"}}]},
		{"name": "Own", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.Own"}]},
		{"name": "HandsOff", "type": "PRODUCT_CATALOGUE", "rules": [{"name": "ACME.products.HandOn", "props": {"to": "Unheard"}}]}]}`))
	require.NoError(t, err)
	shelf := enginetest.NewShelf()
	require.NoError(t, shelf.Put("ACME", 1, flow))
	refuse := rule.New("products", "Refuse", "Refuses.", func(context.Context, *rule.Context, rule.None) error { return &rule.BusinessError{Message: "no"} })
	h.engine, err = engine.New(engine.Deps{DB: h.db, Library: rule.NewLibrary(append(core.Rules(), createCategories, refuse, breaks, handOn, own)), Workflows: shelf, Modules: rule.NewModules(batching.NewRecords(h.db))},
		engine.Config{Node: "n1", Poll: 20 * time.Millisecond})
	require.NoError(t, err)
	h.service = batching.New(h.db, append(modules.Loads(), categories, leaf), func(ctx context.Context, scope tenancy.Scope, events ...*workflow.Event) {
		h.event = events[0]
		h.engine.Nudge(ctx, scope, events...)
	})
	h.furnish()
	h.run()
	return h
}

func (h *house) furnish() {
	c := &inventory.ProductCatalogue{Node: catalogue.Node{ID: "1"}, Ref: "PC:MASTER:1", Name: "Master", RetailerRefs: []string{"R1"}}
	c.Type, c.Status, c.WorkflowRef, c.WorkflowVersion = "DEFAULT", "ACTIVE", "PRODUCT_CATALOGUE::DEFAULT", 10000
	require.NoError(h, h.db.Write(h.Context(), h.scope, func(tx *store.Tx) error { tx.Insert(c); return nil }))
	var err error
	h.job, _, err = h.service.CreateJobOnce(h.Context(), h.scope, &jobs.Job{Name: "load", RetailerID: 1}, repeats.Request{})
	require.NoError(h, err)
}

func (h *house) run() {
	ctx, stop := context.WithCancel(context.WithoutCancel(h.Context()))
	done := make(chan error, 1)
	go func() { done <- h.engine.Run(ctx) }()
	h.Cleanup(func() {
		stop()
		require.NoError(h, <-done)
	})
}

// send adds a batch and waits until its event has run.
func (h *house) send(entityType, action, event string, records ...string) *jobs.Batch {
	h.Helper()
	req := batching.Request{JobID: h.job.ID, EntityType: entityType, Action: action, Event: event, Author: "ann", Header: json.RawMessage(`{}`)}
	for _, r := range records {
		req.Records = append(req.Records, json.RawMessage(r))
	}
	b, err := h.service.AddBatch(h.Context(), h.scope, h.job, req)
	require.NoError(h, err)
	require.Eventually(h, func() bool {
		row, err := eventstore.Get(h.Context(), h.db.Reader(h.scope), h.event.ID)
		require.NoError(h, err)
		return row == nil || row.State != eventstore.Pending
	}, time.Minute, 10*time.Millisecond)
	b, err = jobs.GetBatch(h.Context(), h.db.Reader(h.scope), b.ID)
	require.NoError(h, err)
	return b
}

// categories lists ids by ref.
func (h *house) categories() map[string]string {
	h.Helper()
	found, err := store.Load[inventory.Category](h.Context(), h.db.Reader(h.scope), store.Query{})
	require.NoError(h, err)
	out := map[string]string{}
	for _, c := range found {
		require.EqualValues(h, "1", c.CatalogueID)
		out[c.Ref] = string(c.ID)
	}
	return out
}

// told prints what became of records: the entity, or code and message.
func told(rows []jobs.Row) []string {
	var out []string
	for _, r := range rows {
		if r.Code != "" {
			out = append(out, r.Code+" "+r.Message)
			continue
		}
		out = append(out, r.EntityRef+" "+r.EntityID)
	}
	return out
}
