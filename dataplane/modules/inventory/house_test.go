package inventory_test

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	business "github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	modules "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

func open(dsn string, hook store.Hook) (*store.DB, error) {
	figures, err := business.Figures(domain.Catalogue())
	if err != nil {
		return nil, err
	}
	return store.Open(context.Background(), dsn, store.Options{Catalogue: domain.Catalogue(), Figures: figures, AcquireWait: time.Minute, WriteBudget: time.Minute, Hook: hook})
}

// prepare makes the database that all houses are copies of.
func prepare(dsn string) error {
	db, err := open(dsn, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(context.Background(), nil); err != nil {
		return err
	}
	b := &builder{db: db, networks: map[string]catalogue.ID{}, locations: map[string]catalogue.ID{}}
	if b.scope, err = tenancy.NewScope(ruletest.Account); err != nil {
		return err
	}
	return db.Write(context.Background(), b.scope, func(tx *store.Tx) error { return b.build(tx) })
}

// house is an account whose two retailers stock the same products. Retailer 1 has A and B, which both networks hold, OFF, which is INACTIVE, and
// OUT, which no network holds; retailer 2 has Z, which both networks hold. DEFAULT:1 and DEFAULT:2 are a retailer's own, SHARED is both's. Each
// feeds BASE:… over NET_ALL and AGG:…, whose networks are NET_HD and, second, NET_ALL; B is in NET_ALL only. P1, P2 and P3 are known, OLD is INACTIVE.
type house struct {
	t      *testing.T
	dsn    string
	hooks  *storetest.Hooks
	db     *store.DB
	scope  tenancy.Scope
	places *availability.Directory
	module *modules.Module
	stock  map[string]*inventory.InventoryCatalogue
	sold   map[string]*inventory.VirtualCatalogue
}

func newHouse(t *testing.T) *house {
	t.Helper()
	dsn, hooks := dbtest.Template(t, "inventory", prepare), storetest.New(t)
	db, err := open(dsn, hooks.Hook)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	scope, err := tenancy.NewScope(ruletest.Account)
	require.NoError(t, err)
	h := &house{t: t, dsn: dsn, hooks: hooks, db: db, scope: scope, places: availability.NewDirectory(db, time.Hour), stock: map[string]*inventory.InventoryCatalogue{}, sold: map[string]*inventory.VirtualCatalogue{}}
	h.module = modules.New(db, h.places)
	for _, c := range all[inventory.InventoryCatalogue](h) {
		h.stock[c.Ref] = c
	}
	for _, c := range all[inventory.VirtualCatalogue](h) {
		h.sold[c.Ref] = c
	}
	return h
}

// all loads all entities of a type.
func all[T any](h *house) []*T {
	h.t.Helper()
	list, err := store.Load[T](h.t.Context(), h.db.Reader(h.scope), store.Query{})
	require.NoError(h.t, err)
	return list
}

// builder puts the house together.
type builder struct {
	db                  *store.DB
	scope               tenancy.Scope
	tx                  *store.Tx
	networks, locations map[string]catalogue.ID
}

func (b *builder) id(typ string) catalogue.ID {
	id, err := b.db.NewID(context.Background(), b.scope, domain.Catalogue().Type(typ))
	if err != nil {
		panic(err)
	}
	return id
}

func (b *builder) build(tx *store.Tx) error {
	b.tx = tx
	for _, ref := range []string{"NET_ALL", "NET_HD"} {
		b.networks[ref] = b.id("Network")
		tx.Insert(&foundation.Network{Node: catalogue.Node{ID: b.networks[ref]}, Ref: ref, Status: "ACTIVE"})
	}
	b.location("A", "ACTIVE", "1", "NET_ALL", "NET_HD")
	b.location("B", "ACTIVE", "1", "NET_ALL")
	b.location("OFF", "INACTIVE", "1", "NET_ALL", "NET_HD")
	b.location("OUT", "ACTIVE", "1")
	b.location("Z", "ACTIVE", "2", "NET_ALL", "NET_HD")
	products := &inventory.ProductCatalogue{Node: catalogue.Node{ID: b.id("ProductCatalogue")}, Ref: "MASTER", Name: "Master"}
	tx.Insert(products)
	for ref, status := range map[string]string{"P1": "ACTIVE", "P2": "ACTIVE", "P3": "ACTIVE", "OLD": "INACTIVE"} {
		tx.Insert(product(b.id("StandardProduct"), products, ref, status))
	}
	b.catalogues("DEFAULT:1", ":1", "1")
	b.catalogues("DEFAULT:2", ":2", "2")
	b.catalogues("SHARED", "", "1", "2")
	return nil
}

func (b *builder) location(ref, status string, retailer catalogue.ID, networks ...string) {
	l := location(b.id("Location"), ref, status, retailer)
	b.tx.Insert(l)
	for _, n := range networks {
		b.tx.Link(domain.Catalogue().Type("Network").Edge("locations"), b.networks[n], l.ID)
	}
}

func location(id catalogue.ID, ref, status string, retailer catalogue.ID) *foundation.Location {
	return &foundation.Location{Node: catalogue.Node{ID: id}, Ref: ref, Name: ref, Type: "STORE", Status: status, RetailerID: retailer}
}

func product(id catalogue.ID, c *inventory.ProductCatalogue, ref, status string) *inventory.StandardProduct {
	p := &inventory.StandardProduct{ProductFields: inventory.ProductFields{Node: catalogue.Node{ID: id}, Ref: ref, Name: ref, CatalogueID: c.ID, CatalogueRef: c.Ref}, GTIN: ref}
	p.Type, p.Status = "STANDARD", status
	return p
}

func (b *builder) catalogues(ref, suffix string, retailers ...string) {
	ic := &inventory.InventoryCatalogue{Node: catalogue.Node{ID: b.id("InventoryCatalogue")}, Ref: ref, Name: "Stock", RetailerRefs: retailers}
	ic.WorkflowRef, ic.WorkflowVersion = "INVENTORY_CATALOGUE::DEFAULT", 10000
	b.tx.Insert(ic)
	for _, v := range [][4]string{{"BASE", "BASE", "ACTIVE", "NET_ALL"}, {"AGG", "AGGREGATE", "ACTIVE", "NET_HD NET_ALL"}, {"GONE", "BASE", "INACTIVE", "NET_ALL"}} {
		vc := &inventory.VirtualCatalogue{Node: catalogue.Node{ID: b.id("VirtualCatalogue")}, Ref: v[0] + suffix, Name: v[0], InventoryCatalogueRef: ref, ProductCatalogueRef: "MASTER", RetailerRefs: retailers}
		vc.Type, vc.Status = v[1], v[2]
		for _, n := range strings.Fields(v[3]) {
			vc.NetworkIDs = append(vc.NetworkIDs, string(b.networks[n]))
		}
		b.tx.Insert(vc)
	}
}

func (h *house) id(typ string) catalogue.ID {
	id, err := h.db.NewID(h.t.Context(), h.scope, domain.Catalogue().Type(typ))
	require.NoError(h.t, err)
	return id
}

func (h *house) write(do func(tx *store.Tx)) {
	h.t.Helper()
	require.NoError(h.t, h.db.Write(h.t.Context(), h.scope, func(tx *store.Tx) error { do(tx); return nil }))
}

// turn runs what a rule would do in a turn for a retailer.
func (h *house) turn(retailer int32, attributes map[string]any, do func(ctx context.Context, c *rule.Context) error) *ruletest.Turn {
	h.t.Helper()
	turn := ruletest.New(h.stock["DEFAULT:1"]).With(h.places).With(h.module)
	own := []rule.Rule{rule.New("test", "Do", "Is for a test.", func(ctx context.Context, c *rule.Context, _ rule.None) error {
		c.Event.RetailerID, c.Event.ID, c.Now = retailer, string(h.db.NewUUID()), h.db.Now(ctx)
		return do(ctx, c)
	})}
	require.NoError(h.t, turn.Run(own, "Do", h.stock["DEFAULT:1"], nil, attributes))
	return turn
}

// commit applies a turn's effects as the engine does, in the order of their keys, and returns the events that leave with it.
func (h *house) commit(turn *ruletest.Turn) ([]*workflow.Event, error) {
	h.t.Helper()
	var sent []*workflow.Event
	err := h.db.WriteLocked(h.t.Context(), h.scope, func(tx *store.Tx) error {
		for _, key := range turn.Effects() {
			if err := turn.Effect(key, nil).Apply(h.t.Context(), tx); err != nil {
				return err
			}
		}
		sent = slices.Clone(eventstore.Appended(tx))
		return nil
	})
	return sent, err
}

func (h *house) must(turn *ruletest.Turn) []*workflow.Event {
	h.t.Helper()
	sent, err := h.commit(turn)
	require.NoError(h.t, err)
	return sent
}

// load loads rows such as {"skuRef":"P1",…}, given as attributes of an event, for a retailer into a catalogue.
func (h *house) load(retailer int32, ref string, rows ...map[string]any) []*workflow.Event {
	h.t.Helper()
	var sent []*workflow.Event
	for _, r := range rows {
		sent = append(sent, h.must(h.turn(retailer, r, func(ctx context.Context, c *rule.Context) error {
			batch, list, err := h.module.Rows(ctx, c)
			if err == nil {
				h.module.Load(c, h.stock[ref]).Add(c, batch, list)
			}
			return err
		}))...)
	}
	return sent
}

func row(product, location string, quantity int) map[string]any {
	return map[string]any{"skuRef": product, "locationRef": location, "qty": quantity}
}

// positions prints those of an inventory catalogue as P1:A 5 ACTIVE, sorted.
func (h *house) positions(ref string) []string {
	h.t.Helper()
	var out []string
	for _, p := range all[inventory.InventoryPosition](h) {
		if p.CatalogueID == h.stock[ref].ID {
			out = append(out, fmt.Sprintf("%s %d %s", p.Ref, p.OnHand, p.Status))
		}
	}
	sort.Strings(out)
	return out
}

// virtual prints a virtual catalogue's positions as P1@A 5 ACTIVE, sorted.
func (h *house) virtual(ref string) []string {
	h.t.Helper()
	out := []string{}
	for _, p := range all[inventory.VirtualPosition](h) {
		if p.CatalogueID == h.sold[ref].ID {
			out = append(out, fmt.Sprintf("%s@%s %d %s", p.ProductRef, p.GroupRef, p.Quantity, p.Status))
		}
	}
	sort.Strings(out)
	return out
}

// quantities are those of an inventory catalogue by ref.
func (h *house) quantities(ref string) map[string]*inventory.InventoryQuantity {
	h.t.Helper()
	out := map[string]*inventory.InventoryQuantity{}
	for _, q := range all[inventory.InventoryQuantity](h) {
		if q.CatalogueID == h.stock[ref].ID {
			out[q.Ref] = q
		}
	}
	return out
}

// announced prints events as AGG:1 P1 P2 (for retailer 1), in order of their catalogues.
func announced(events []*workflow.Event) []string {
	out := []string{}
	for _, e := range events {
		var refs []string
		for _, r := range e.Attributes["productRefs"].([]any) {
			refs = append(refs, r.(string))
		}
		sort.Strings(refs)
		out = append(out, fmt.Sprintf("%s/%d %s", e.RootRef, e.RetailerID, strings.Join(refs, " ")))
	}
	sort.Strings(out)
	return out
}
