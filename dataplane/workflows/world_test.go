package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	stocks "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// world is the fixture of the acceptance scenarios on a real database with the real engine: four locations on the equator, three
// products, a customer at 0, 0, whose orders were made two days ago. DEPOT, which is nearer than all four, is in no network that home delivery
// draws from. STORE_Z, the second nearest, is another retailer's: in the same networks, with plenty of the same products, in that retailer's
// catalogues.
type world struct {
	t        testing.TB
	ctx      context.Context
	db       *store.DB
	scope    tenancy.Scope
	shelf    *enginetest.Shelf
	engines  []*engine.Engine
	dsn      string
	orders   int
	versions int                     // of workflows that a test put in place of the default ones
	roots    map[string]catalogue.ID // ref → id of catalogues and locations
	address  catalogue.ID
	who      catalogue.ID
}

// newWorld makes the fixture without stock and starts engines.
func newWorld(t testing.TB, engines int) *world {
	t.Helper()
	scope, err := tenancy.NewScope("ACME")
	require.NoError(t, err)
	w := &world{t: t, ctx: t.Context(), scope: scope, shelf: enginetest.NewShelf(), roots: map[string]catalogue.ID{}}
	dsn := dbtest.Template(t, "workflows", storetest.MigrateOnTripwire)
	w.dsn = dsn
	w.db = storetest.Open(t, dsn, store.Options{})
	list, err := workflows.Default(1)
	require.NoError(t, err)
	for _, a := range list {
		require.NoError(t, w.shelf.Put("ACME", 1, a.Flow))
	}
	w.fixture()
	for n := range engines {
		w.start(dsn, fmt.Sprintf("n%d", n+1))
	}
	return w
}

func (w *world) start(dsn, node string) { w.startHooked(dsn, node, nil) }

// startHooked starts an engine whose store's steps a test can meet.
func (w *world) startHooked(dsn, node string, hook store.Hook) {
	db, err := store.Open(w.ctx, dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteBudget: time.Minute, Hook: hook})
	require.NoError(w.t, err)
	places := availability.NewDirectory(db, 50*time.Millisecond)
	stock := stocks.New(db, places)
	e, err := engine.New(engine.Deps{DB: db, Library: rule.NewLibrary(modules.Rules()), Workflows: w.shelf,
		Modules: rule.NewModules(places, stock, ordering.New(db, places, stock)),
	}, engine.Config{Node: node, Poll: 20 * time.Millisecond, Schedule: 50 * time.Millisecond})
	require.NoError(w.t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	w.t.Cleanup(func() {
		stop()
		require.NoError(w.t, <-done)
		db.Close()
	})
	w.engines = append(w.engines, e)
}

func (w *world) id(typ string) catalogue.ID {
	id, err := w.db.NewID(w.ctx, w.scope, domain.Catalogue().Type(typ))
	require.NoError(w.t, err)
	return id
}

func (w *world) insert(entities ...any) {
	w.t.Helper()
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error { tx.Insert(entities...); return nil }))
}

// flow marks an orchestrated entity as its creation would.
func flow(o *catalogue.Orchestrated, kind, status, name string) {
	o.Type, o.Status, o.WorkflowRef, o.WorkflowVersion = kind, status, name, 10000
}

func (w *world) fixture() {
	networks := map[string]*foundation.Network{}
	for _, ref := range []string{"NET_HD", "NET_ALL", "NET_CC"} {
		networks[ref] = &foundation.Network{Node: catalogue.Node{ID: w.id("Network")}, Ref: ref, Status: "ACTIVE"}
		w.insert(networks[ref])
	}
	for _, l := range []struct {
		ref, kind string
		longitude float64
		networks  string
	}{{"DC1", "WAREHOUSE", 0.90, "NET_HD NET_ALL"}, {"STORE_A", "STORE", 0.05, "NET_HD NET_ALL NET_CC"}, {"STORE_B", "STORE", 0.10, "NET_HD NET_ALL NET_CC"},
		{"STORE_C", "STORE", 0.20, "NET_HD NET_ALL NET_CC"}, {"DEPOT", "WAREHOUSE", 0.01, "NET_ALL"}, {"STORE_Z", "STORE", 0.06, "NET_HD NET_ALL"}} {
		var in []catalogue.ID
		for _, n := range strings.Fields(l.networks) {
			in = append(in, networks[n].ID)
		}
		w.location(l.ref, l.kind, l.longitude, in)
	}
	products := &inventory.ProductCatalogue{Node: catalogue.Node{ID: w.id("ProductCatalogue")}, Ref: "MASTER:1", Name: "Master"}
	flow(&products.Orchestrated, "MASTER", "ACTIVE", "PRODUCT_CATALOGUE::MASTER")
	w.insert(products)
	w.roots[products.Ref] = products.ID
	for n := 1; n <= 3; n++ {
		w.product(fmt.Sprintf("P%d", n))
	}
	ic := &inventory.InventoryCatalogue{Node: catalogue.Node{ID: w.id("InventoryCatalogue")}, Ref: "DEFAULT:1", Name: "Stock"}
	flow(&ic.Orchestrated, "DEFAULT", "ACTIVE", "INVENTORY_CATALOGUE::DEFAULT")
	w.insert(ic)
	w.roots[ic.Ref] = ic.ID
	for _, v := range []struct{ ref, kind, network string }{{"BASE:1", "BASE", "NET_ALL"}, {"HD_AGG:1", "AGGREGATE", "NET_HD"}} {
		vc := &inventory.VirtualCatalogue{Node: catalogue.Node{ID: w.id("VirtualCatalogue")}, Ref: v.ref, Name: v.ref, InventoryCatalogueRef: ic.Ref,
			ProductCatalogueRef: products.Ref, NetworkIDs: []string{string(networks[v.network].ID)}}
		flow(&vc.Orchestrated, v.kind, "ACTIVE", "VIRTUAL_CATALOGUE::"+v.kind)
		w.insert(vc)
		w.roots[v.ref] = vc.ID
	}
	w.otherRetailer(networks["NET_ALL"].ID)
	zero := 0.0
	a := &foundation.CustomerAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: w.id("CustomerAddress")}, Ref: "HOME", Latitude: &zero, Longitude: &zero}}
	c := &foundation.Customer{Node: catalogue.Node{ID: w.id("Customer")}, Ref: "CUST1", Username: "CUST1", FirstName: "C", RetailerID: "1"}
	w.insert(a, c)
	w.address, w.who = a.ID, c.ID
}

// otherRetailer gives retailer 2 catalogues over the same network, with ninety of each product at STORE_Z.
func (w *world) otherRetailer(network catalogue.ID) {
	active := catalogue.Orchestrated{Type: "DEFAULT", Status: "ACTIVE"}
	ic := &inventory.InventoryCatalogue{Node: catalogue.Node{ID: w.id("InventoryCatalogue")}, Ref: "DEFAULT:2", Name: "Stock", RetailerRefs: []string{"2"}, Orchestrated: active}
	vc := &inventory.VirtualCatalogue{Node: catalogue.Node{ID: w.id("VirtualCatalogue")}, Ref: "BASE:2", Name: "BASE:2", InventoryCatalogueRef: ic.Ref, ProductCatalogueRef: "MASTER:1",
		NetworkIDs: []string{string(network)}, RetailerRefs: []string{"2"}, Orchestrated: active}
	vc.Type = "BASE"
	rows := []any{ic, vc}
	for n := 1; n <= 3; n++ {
		product := fmt.Sprintf("P%d", n)
		p := &inventory.InventoryPosition{Node: catalogue.Node{ID: w.db.NewUUID()}, Ref: product + ":STORE_Z", ProductRef: product, LocationRef: "STORE_Z", OnHand: 90, CatalogueID: ic.ID, Orchestrated: active}
		q := &inventory.InventoryQuantity{Node: catalogue.Node{ID: w.db.NewUUID()}, Ref: "LAST_ON_HAND:" + p.Ref, Quantity: 90, CatalogueID: ic.ID, PositionID: p.ID, Orchestrated: active}
		q.Type = "LAST_ON_HAND"
		rows = append(rows, p, q, &inventory.VirtualPosition{Node: catalogue.Node{ID: w.db.NewUUID()}, Ref: "BASE:2:" + p.Ref, ProductRef: product, GroupRef: "STORE_Z", Quantity: 90, CatalogueID: vc.ID, Orchestrated: active})
	}
	w.insert(rows...)
}

func (w *world) product(ref string) {
	p := &inventory.StandardProduct{ProductFields: inventory.ProductFields{Node: catalogue.Node{ID: w.id("StandardProduct")}, Ref: ref,
		Name: "Product " + ref, CatalogueID: w.roots["MASTER:1"], CatalogueRef: "MASTER:1"}, GTIN: ref}
	flow(&p.Orchestrated, "STANDARD", "ACTIVE", "PRODUCT_CATALOGUE::MASTER")
	w.insert(p)
}

func (w *world) location(ref, kind string, longitude float64, networks []catalogue.ID) {
	retailer := catalogue.ID("1")
	if ref == "STORE_Z" {
		retailer = "2"
	}
	zero := 0.0
	a := &foundation.StoreAddress{AddressFields: foundation.AddressFields{Node: catalogue.Node{ID: w.id("StoreAddress")}, Ref: ref, City: ref, Latitude: &zero, Longitude: &longitude}}
	h := &foundation.OpeningSchedule{Node: catalogue.Node{ID: w.id("OpeningSchedule")}, AllHours: true}
	l := &foundation.Location{Node: catalogue.Node{ID: w.id("Location")}, Ref: ref, Type: kind, Status: "ACTIVE", Name: ref, RetailerID: retailer,
		WorkflowRef: "LOCATION::" + kind, WorkflowVersion: 10000, PrimaryAddressID: a.ID, OpeningScheduleID: h.ID}
	w.insert(a, h, l)
	w.roots[ref] = l.ID
	edge := domain.Catalogue().Type("Network").Edge("locations")
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		for _, n := range networks {
			tx.Link(edge, n, l.ID)
		}
		return nil
	}))
}

// event runs an event of a person synchronously.
func (w *world) event(name, entityType string, id catalogue.ID, rootType string, root catalogue.ID, attributes map[string]any) *engine.Result {
	w.t.Helper()
	return w.eventBy(workflow.Person, name, entityType, id, rootType, root, attributes)
}

func (w *world) eventBy(by workflow.Sender, name, entityType string, id catalogue.ID, rootType string, root catalogue.ID, attributes map[string]any) *engine.Result {
	w.t.Helper()
	ev := &workflow.Event{Name: name, Type: workflow.Normal, RetailerID: 1, EntityType: entityType, EntityID: string(id), RootType: rootType, RootID: string(root), Attributes: attributes,
		Priority: workflow.PriorityOf(workflow.Cause{By: by})}
	res, err := w.engines[0].RunOnce(w.ctx, w.scope, ev, repeats.Request{})
	require.NoError(w.t, err)
	return res
}

func (w *world) must(res *engine.Result) {
	w.t.Helper()
	require.Equal(w.t, eventstore.Success, res.State, res.Error)
}

// load sends rows P1,STORE_A,5[,asOf] as one batch and returns what became of the rows that did not simply succeed.
func (w *world) load(rows ...string) []jobs.Row {
	w.t.Helper()
	var records []json.RawMessage
	for _, r := range rows {
		f := strings.Split(r, ",")
		m := map[string]any{"skuRef": f[0], "locationRef": f[1], "qty": json.Number(f[2]), "retailerId": 1}
		if len(f) > 3 && f[3] != "" {
			m["asOf"] = f[3]
		}
		raw, err := json.Marshal(m)
		require.NoError(w.t, err)
		records = append(records, raw)
	}
	return w.loadRecords(records...)
}

// loadRecords is load for records as they are sent.
func (w *world) loadRecords(records ...json.RawMessage) []jobs.Row {
	w.t.Helper()
	job, batch := w.stored(records)
	w.must(w.eventBy(workflow.Bulk, "InventoryChanged", "INVENTORY_CATALOGUE", w.roots["DEFAULT:1"], "INVENTORY_CATALOGUE", w.roots["DEFAULT:1"],
		map[string]any{"batchId": string(batch), "jobId": string(job)}))
	return w.became(batch)
}

// stored keeps records as a batch that nothing has worked off yet.
func (w *world) stored(records []json.RawMessage) (job, batch catalogue.ID) {
	w.t.Helper()
	job, err := jobs.NewID(w.ctx, w.db, w.scope)
	require.NoError(w.t, err)
	batch, err = jobs.NewBatchID(w.ctx, w.db, w.scope)
	require.NoError(w.t, err)
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		jobs.Add(tx, &jobs.Job{ID: job, RetailerID: 1, Name: "load", ClosesOn: time.Now().Add(time.Hour)})
		return nil
	}))
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		return jobs.AddBatch(w.ctx, tx, &jobs.Batch{ID: batch, JobID: job, RetailerID: 1, Action: "UPSERT", EntityType: "INVENTORY", Event: "InventoryChanged", Header: json.RawMessage(`{}`)}, records)
	}))
	return job, batch
}

// became returns what became of the rows of a batch that did not simply succeed.
func (w *world) became(batch catalogue.ID) []jobs.Row {
	w.t.Helper()
	got, err := jobs.GetBatch(w.ctx, w.db.Reader(w.scope), batch)
	require.NoError(w.t, err)
	require.Equal(w.t, jobs.Complete, got.Status)
	all, err := jobs.Rows(w.ctx, w.db.Reader(w.scope), batch, 0, 5000)
	require.NoError(w.t, err)
	var out []jobs.Row
	for _, r := range all {
		if r.Message != "" {
			out = append(out, r)
		}
	}
	return out
}

// stocked loads the table of the fixture.
func (w *world) stocked() *world {
	require.Empty(w.t, w.load("P1,DC1,100", "P1,STORE_A,5", "P1,STORE_B,8", "P1,STORE_C,0", "P2,DC1,20", "P2,STORE_A,2", "P2,STORE_B,0", "P2,STORE_C,1",
		"P3,DC1,0", "P3,STORE_A,4", "P3,STORE_B,10", "P3,STORE_C,6", "P1,DEPOT,70", "P2,DEPOT,70", "P3,DEPOT,70"))
	return w
}

var prices = map[string]float64{"P1": 50, "P2": 120, "P3": 30}

// newOrder inserts an order of lines such as P1×2 and returns it with its CREATE event; nothing runs yet.
func (w *world) newOrder(kind, pickup string, lines ...string) (*order.Order, *workflow.Event) {
	w.orders++
	fee, feeTax := 10.0, 1.0
	choice := &order.FulfilmentChoice{Node: catalogue.Node{ID: w.id("FulfilmentChoice")}, DeliveryType: "STANDARD", FulfilmentPrice: &fee, FulfilmentTaxPrice: &feeTax,
		DeliveryAddressID: w.address, PickupLocationRef: pickup}
	o := &order.Order{Node: catalogue.Node{ID: w.id("Order")}, RetailerID: "1", CustomerID: w.who, FulfilmentChoiceID: choice.ID}
	o.Ref, o.CreatedOn = fmt.Sprintf("O%d", w.orders), w.db.Now(w.ctx).Add(-48*time.Hour)
	choice.OrderID = o.ID
	flow(&o.Orchestrated, kind, "CREATED", "ORDER::"+kind)
	entities := []any{o, choice}
	for n, l := range lines {
		product, quantity, _ := strings.Cut(l, "×")
		var q int
		_, err := fmt.Sscan(quantity, &q)
		require.NoError(w.t, err)
		price, tax := prices[product], prices[product]/10
		entities = append(entities, &order.OrderItem{Node: catalogue.Node{ID: w.id("OrderItem")}, Ref: fmt.Sprintf("%s-I%d", o.Ref, n+1), Status: "CREATED", Quantity: q,
			ProductRef: product, ProductCatalogueRef: "MASTER:1", OrderID: o.ID, PaidPrice: &price, TaxPrice: &tax, Currency: "AUD"})
	}
	w.insert(entities...)
	return o, &workflow.Event{Name: "CREATE", Type: workflow.Normal, RetailerID: 1, EntityType: "ORDER", EntityID: string(o.ID), EntityRef: o.Ref, RootType: "ORDER",
		RootID: string(o.ID), RootRef: o.Ref, Priority: workflow.Checkout}
}

// rows loads an order whole.
func (w *world) rows(id catalogue.ID) *ordering.Order {
	w.t.Helper()
	root, parts, err := w.db.Reader(w.scope).Aggregate(w.ctx, domain.Catalogue().Type("Order"), id)
	require.NoError(w.t, err)
	o, err := ordering.Of(ruletest.New(root, parts...))
	require.NoError(w.t, err)
	return o
}

// order prints an order as BOOKED; O1-1 HD_PFS STORE_A AWAITING_WAVE P1×2.
func (w *world) order(id catalogue.ID) string {
	w.t.Helper()
	rows := w.rows(id)
	products := map[catalogue.ID]string{}
	for _, i := range rows.Items {
		products[i.ID] = i.ProductRef
	}
	out := []string{rows.Order.Status}
	for _, f := range rows.Fulfilments {
		s := fmt.Sprintf("%s %s %s %s", f.Ref, f.Type, f.FromLocationRef, f.Status)
		for _, i := range rows.FulfilmentItems {
			if i.FulfilmentID == f.ID {
				s += fmt.Sprintf(" %s×%d", products[i.OrderItemID], *i.RequestedQuantity)
				if i.FilledQuantity+i.RejectedQuantity > 0 {
					s += fmt.Sprintf("(%d/%d)", i.FilledQuantity, i.RejectedQuantity)
				}
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// fulfilment sends an event to the nth fulfilment of an order.
func (w *world) fulfilment(id catalogue.ID, n int, name string, attributes map[string]any) *engine.Result {
	w.t.Helper()
	return w.event(name, "FULFILMENT", w.rows(id).Fulfilments[n-1].ID, "ORDER", id, attributes)
}

// positions are those of retailer 1's catalogue, by ref.
func (w *world) positions() map[string]*inventory.InventoryPosition {
	list, err := store.Load[inventory.InventoryPosition](w.ctx, w.db.Reader(w.scope), store.Query{})
	require.NoError(w.t, err)
	out := map[string]*inventory.InventoryPosition{}
	for _, p := range list {
		if p.CatalogueID == w.roots["DEFAULT:1"] {
			out[p.Ref] = p
		}
	}
	return out
}

// onHand wants on hand and ATS of a position.
func (w *world) onHand(ref string, want int) {
	w.t.Helper()
	p := w.positions()[ref]
	require.NotNil(w.t, p, ref)
	require.Equal(w.t, want, p.OnHand, ref)
	for _, v := range w.virtual() {
		if v.ProductRef+":"+v.GroupRef == ref {
			require.Equal(w.t, want, v.Quantity, "ATS of %s", ref)
		}
	}
}

func (w *world) virtual() []*inventory.VirtualPosition {
	list, err := store.Load[inventory.VirtualPosition](w.ctx, w.db.Reader(w.scope), store.Query{})
	require.NoError(w.t, err)
	return list
}

// agg waits until the aggregate positions of P1, P2 and P3 have caught up.
func (w *world) agg(p1, p2, p3 int) {
	w.t.Helper()
	want := map[string]int{"P1": p1, "P2": p2, "P3": p3}
	require.EventuallyWithT(w.t, func(t *assertion) {
		got := map[string]int{}
		for _, v := range w.virtual() {
			if v.GroupRef == "HD_AGG:1" {
				got[v.ProductRef] = v.Quantity
			}
		}
		require.Equal(t, want, got)
	}, time.Minute, 20*time.Millisecond)
}

// quantities prints the quantities of a position, as LAST_ON_HAND 5 ACTIVE, sorted.
func (w *world) quantities(positionRef string) []string {
	w.t.Helper()
	list, err := store.Load[inventory.InventoryQuantity](w.ctx, w.db.Reader(w.scope), store.Query{Where: []store.Condition{
		{Field: domain.Catalogue().Type("InventoryQuantity").Field("position"), Op: store.In, Values: []any{w.positions()[positionRef].ID}}}})
	require.NoError(w.t, err)
	var out []string
	for _, q := range list {
		out = append(out, fmt.Sprintf("%s %d %s", q.Type, q.Quantity, q.Status))
	}
	sort.Strings(out)
	return out
}

// balanced wants the books to agree once everything is at rest, and those of the other retailer to be as they were.
func (w *world) balanced() {
	w.t.Helper()
	for _, v := range w.virtual() {
		if v.GroupRef == "STORE_Z" {
			require.Equal(w.t, 90, v.Quantity, v.Ref)
		}
	}
	require.EventuallyWithT(w.t, func(t *assertion) {
		found, err := stockstore.Ledger(w.ctx, w.db, w.scope)
		require.NoError(t, err)
		require.Empty(t, found)
	}, time.Minute, 50*time.Millisecond)
}
