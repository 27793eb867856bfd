package workflows_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// reading puts a workflow in place of the default one that keeps what paths lead to in attributes of the entity, when it is asked to.
func (w *world) reading(name, entityType string, paths ...string) {
	w.t.Helper()
	mapping := map[string]string{}
	for i, p := range paths {
		mapping[fmt.Sprintf("p%d", i)] = p
	}
	w.writing(name, entityType, "Read", mapping)
}

// writing puts a workflow in place of the default one that answers an event by writing attributes of the entity.
func (w *world) writing(name, entityType, event string, mapping map[string]string) {
	w.t.Helper()
	raw, err := json.Marshal(mapping)
	require.NoError(w.t, err)
	list, err := workflows.Default(1)
	require.NoError(w.t, err)
	for _, a := range list {
		if a.Name != name {
			continue
		}
		a.Flow.Rulesets = append(a.Flow.Rulesets, &workflow.Ruleset{Name: event, Type: entityType,
			Rules: []workflow.RuleCall{{Name: "FLUENTRETAIL.core.UpdateAttributeFromEvent", Props: map[string]json.RawMessage{"mapping": raw}}}})
		w.versions++
		a.Flow.Version = fmt.Sprintf("1.%d", w.versions)
		require.NoError(w.t, w.shelf.Put("ACME", 1, a.Flow))
	}
}

// read is what paths lead to from an entity, and the statements that the turn needed, but for its commit. What leads nowhere is not there.
func (w *world) read(flow, typ string, id catalogue.ID, rootType string, root catalogue.ID, paths ...string) (map[string]any, []string) {
	w.t.Helper()
	t := domain.Catalogue().Type(typ)
	w.reading(flow, t.EntityType, paths...)
	trace := &store.Trace{}
	ev := &workflow.Event{Name: "Read", Type: workflow.Normal, RetailerID: 1, EntityType: t.EntityType, EntityID: string(id), RootType: rootType, RootID: string(root),
		Attributes: map[string]any{"x": "given"}, Priority: workflow.StoreWork}
	res, err := w.engines[0].RunOnce(store.WithTrace(w.ctx, trace), w.scope, ev, repeats.Request{})
	require.NoError(w.t, err)
	w.must(res)
	found, err := w.db.Reader(w.scope).ByID(w.ctx, t, id)
	require.NoError(w.t, err)
	kept := t.Field("attributes").Get(found[0]).(catalogue.Attributes)
	out := map[string]any{}
	for i, p := range paths {
		if v, ok := kept.Get(fmt.Sprintf("p%d", i)); ok {
			out[p] = v
		}
	}
	return out, trace.Statements()
}

// shipped is an order of two lines with a fulfilment and a parcel.
func (w *world) shipped() (o, fulfilment, article catalogue.ID) {
	w.t.Helper()
	o = w.place("P1×1", "P3×2")
	list, err := store.Load[order.Fulfilment](w.ctx, w.db.Reader(w.scope), store.Query{Where: []store.Condition{
		{Field: domain.Catalogue().Type("Fulfilment").Field("order"), Op: store.In, Values: []any{o}}}})
	require.NoError(w.t, err)
	require.NotEmpty(w.t, list)
	a := &order.Article{Node: catalogue.Node{ID: w.id("Article")}, Ref: "A1", Name: "Parcel", OrderID: o}
	flow(&a.Orchestrated, "PARCEL", "CREATED", "ORDER::HD")
	i := &order.ArticleItem{Node: catalogue.Node{ID: w.id("ArticleItem")}, Quantity: 3, ArticleID: a.ID}
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Insert(a, i)
		tx.Link(domain.Catalogue().Type("Article").Edge("fulfilments"), a.ID, list[0].ID)
		return nil
	}))
	return o, list[0].ID, a.ID
}

// retailers makes the two retailers whose numbers the fixture names. They share NET_HD, and NET_ALL is the second one's.
func (w *world) retailers() {
	w.t.Helper()
	w.insert(&foundation.Retailer{Node: catalogue.Node{ID: "1"}, Ref: "MAIN", Status: "ACTIVE"}, &foundation.Retailer{Node: catalogue.Node{ID: "2"}, Ref: "OTHER", Status: "ACTIVE"})
	network := domain.Catalogue().Type("Network")
	found, err := w.db.Reader(w.scope).ByKey(w.ctx, network, store.Key{"NET_HD"}, store.Key{"NET_ALL"})
	require.NoError(w.t, err)
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Link(network.Edge("retailers"), found[0].(*foundation.Network).ID, "1", "2")
		tx.Link(network.Edge("retailers"), found[1].(*foundation.Network).ID, "2")
		return nil
	}))
}

// TestPathsLeadAnywhere: every documented path, and its like, from where a rule stands to its parts and to what it hangs on.
func TestPathsLeadAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	w.retailers()
	o, f, a := w.shipped()
	for _, c := range []struct {
		typ  string
		id   catalogue.ID
		root string
		at   catalogue.ID
		flow string
		want map[string]any
	}{
		{"Order", o, "ORDER", o, "ORDER::HD", map[string]any{
			"status":                               "BOOKED",
			"$.status":                             "BOOKED",
			"entityType":                           "ORDER",
			"event.name":                           "Read",
			"event.x":                              "given",
			"event.attributes.x":                   "given",
			"fulfilmentChoice.deliveryType":        "STANDARD",
			"fulfilmentChoice.node.deliveryType":   "STANDARD",
			"fulfilmentChoice.order.ref":           "O1",
			"fulfilmentChoice.deliveryAddress.ref": "HOME",
			"items.0.currency":                     "AUD",
			"items[0].currency":                    "AUD",
			"items.edges.0.node.currency":          "AUD",
			"items.edges.node.currency":            "AUD",
			"items.1.ref":                          "O1-I2",
			"items.length":                         2.0,
			"items.1.product.name":                 "Product P3",
			"items.edges.1.node.product.ref":       "P3",
			"items.0.product.catalogue.ref":        "MASTER:1",
			"items.0.order.customer.firstName":     "C",
			"customer":                             string(w.who),
			"customer.firstName":                   "C",
			"customer.retailer.ref":                "MAIN",
			"retailer.ref":                         "MAIN",
			"fulfilments.edges.0.node.items.edges.0.node.ref":  "",
			"fulfilments.0.fromLocation.ref":                   "STORE_A",
			"fulfilments.0.articles.edges.0.node.items.length": 1.0,
		}},
		{"Fulfilment", f, "ORDER", o, "ORDER::HD", map[string]any{
			"order.status":                         "BOOKED",
			"order.ref":                            "O1",
			"order.node.customer.firstName":        "C",
			"order.fulfilmentChoice.deliveryType":  "STANDARD",
			"order.items.edges.1.node.product.ref": "P3",
			"items.0.orderItem.currency":           "AUD",
			"items.0.fulfilment.order.status":      "BOOKED",
			"fromLocation":                         "STORE_A",
			"fromLocation.ref":                     "STORE_A",
			"articles.0.ref":                       "A1",
			"articles.edges.0.node.name":           "Parcel",
			"articles.0.items.0.quantity":          3.0,
		}},
		{"Article", a, "ORDER", o, "ORDER::HD", map[string]any{
			"order.status":                                  "BOOKED",
			"items.edges.0.node.quantity":                   3.0,
			"items.0.article.ref":                           "A1",
			"fulfilments.0.order.items.0.currency":          "AUD",
			"fulfilments.edges.node.order.customer.ref":     "CUST1",
			"fulfilments.edges.0.node.articles.0.name":      "Parcel",
			"fulfilments.0.items.0.orderItem.product.gtin":  "P1",
			"fulfilments.0.order.fulfilmentChoice.order.id": string(o),
		}},
		{"InventoryPosition", w.positions()["P1:STORE_A"].ID, "INVENTORY_CATALOGUE", w.roots["DEFAULT:1"], "INVENTORY_CATALOGUE::DEFAULT", map[string]any{
			"catalogue.ref":                 "DEFAULT:1",
			"quantities.edges.0.node.type":  "LAST_ON_HAND",
			"quantities.0.position.onHand":  4.0,
			"quantities.0.catalogue.status": "ACTIVE",
		}},
		{"Location", w.roots["STORE_A"], "LOCATION", w.roots["STORE_A"], "LOCATION::STORE", map[string]any{
			"primaryAddress.longitude":                        0.05,
			"openingSchedule.allHours":                        true,
			"networks.edges.0.node.ref":                       "NET_HD",
			"networks.0.locations.edges.1.node.name":          "STORE_A",
			"networks.0.locations.1.openingSchedule.allHours": true,
			"retailer.ref":                                    "MAIN",
		}},
	} {
		var paths []string
		for p := range c.want {
			paths = append(paths, p)
		}
		got, _ := w.read(c.flow, c.typ, c.id, c.root, c.at, append(paths, "nowhere", "items.9.ref", "customer.nothing", "order.nothing.ref", "retailer.ref.x")...)
		if _, ok := c.want["fulfilments.edges.0.node.items.edges.0.node.ref"]; ok {
			c.want["fulfilments.edges.0.node.items.edges.0.node.ref"] = got["fulfilments.edges.0.node.items.edges.0.node.ref"]
			require.NotEmpty(t, got["fulfilments.edges.0.node.items.edges.0.node.ref"])
		}
		require.Equal(t, c.want, got, c.typ)
	}
}

// TestPathsAreReadTogether: what hangs on an order came with it; what lies beyond is one statement for all lines, and none the second time.
func TestPathsAreReadTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	o, f, _ := w.shipped()
	_, plain := w.read("ORDER::HD", "Order", o, "ORDER", o, "status")
	_, within := w.read("ORDER::HD", "Order", o, "ORDER", o, "fulfilmentChoice.deliveryType", "items.0.currency", "customer.firstName", "fulfilments.items.orderItem.ref", "items.order.status")
	require.Equal(t, plain, within, "all of it came with the order")
	_, up := w.read("ORDER::HD", "Fulfilment", f, "ORDER", o, "order.status", "order.customer.firstName", "items.0.orderItem.currency")
	require.Len(t, up, len(plain), "%v", up)
	_, beyond := w.read("ORDER::HD", "Order", o, "ORDER", o, "items.product.ref", "items.0.product.name", "items.1.product.catalogueRef", "fulfilments.items.orderItem.product.gtin")
	require.Len(t, beyond, len(plain)+1, "the products of all lines are one statement: %v", beyond)
}

// TestPathsEndAtTheWall of the retailer that the turn works for: neither a row of another retailer, nor one that the order points at, nor one that
// hangs on something that both share.
func TestPathsEndAtTheWall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	theirs := &foundation.Customer{Node: catalogue.Node{ID: w.id("Customer")}, Ref: "THEIRS", Username: "THEIRS", FirstName: "T", RetailerID: "2"}
	product := &inventory.ProductCatalogue{Node: catalogue.Node{ID: w.id("ProductCatalogue")}, Ref: "MASTER:2", Name: "Theirs", RetailerRefs: []string{"2"}}
	flow(&product.Orchestrated, "MASTER", "ACTIVE", "PRODUCT_CATALOGUE::MASTER")
	p := &inventory.StandardProduct{ProductFields: inventory.ProductFields{Node: catalogue.Node{ID: w.id("StandardProduct")}, Ref: "T1", Name: "Theirs", CatalogueID: product.ID, CatalogueRef: product.Ref}, GTIN: "T1"}
	flow(&p.Orchestrated, "STANDARD", "ACTIVE", "PRODUCT_CATALOGUE::MASTER")
	w.insert(theirs, product, p)
	o, _ := w.newOrder("HD", "", "P1×1", "P2×1")
	o.CustomerID = theirs.ID
	items, err := store.Load[order.OrderItem](w.ctx, w.db.Reader(w.scope), store.Query{Where: []store.Condition{
		{Field: domain.Catalogue().Type("OrderItem").Field("order"), Op: store.In, Values: []any{o.ID}}}})
	require.NoError(t, err)
	items[1].ProductRef, items[1].ProductCatalogueRef = "T1", "MASTER:2"
	require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error { tx.Update(o); tx.Update(items[1]); return nil }))
	got, _ := w.read("ORDER::HD", "Order", o.ID, "ORDER", o.ID, "customer.firstName", "customer", "items.0.product.name", "items.1.product.name", "items.product.ref", "ref")
	require.Equal(t, map[string]any{"customer": string(theirs.ID), "items.0.product.name": "Product P1", "items.product.ref": "P1", "ref": o.Ref}, got)

	w.retailers()
	near, _ := w.read("LOCATION::STORE", "Location", w.roots["STORE_A"], "LOCATION", w.roots["STORE_A"], "networks.length", "networks.0.ref", "networks.0.locations.length")
	require.Equal(t, map[string]any{"networks.length": 1.0, "networks.0.ref": "NET_HD", "networks.0.locations.length": 4.0}, near, "STORE_Z is in that network, too")
}

// parcels ties articles to the first fulfilment of an order.
func (w *world) parcels(o catalogue.ID, n int) {
	w.t.Helper()
	rows, ids := make([]any, n), make([]catalogue.ID, n)
	for i := range n {
		ids[i] = w.id("Article")
		rows[i] = &order.Article{Node: catalogue.Node{ID: ids[i]}, Ref: fmt.Sprint("A", i), OrderID: o}
	}
	list, err := store.Load[order.Fulfilment](w.ctx, w.db.Reader(w.scope), store.Query{Where: []store.Condition{
		{Field: domain.Catalogue().Type("Fulfilment").Field("order"), Op: store.In, Values: []any{o}}}})
	require.NoError(w.t, err)
	w.insert(rows...)
	require.NoError(w.t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Link(domain.Catalogue().Type("Fulfilment").Edge("articles"), list[0].ID, ids...)
		return nil
	}))
}

// TestAPathThatCannotBeReadFailsItsRule: what is not known is not taken for missing. An order's own lines come with it, however many there are.
func TestAPathThatCannotBeReadFailsItsRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1).stocked()
	o, _, _ := w.shipped()
	var rows []any
	for i := range 1001 {
		rows = append(rows, &order.OrderItem{Node: catalogue.Node{ID: w.id("OrderItem")}, Ref: fmt.Sprint("X", i), Status: "CREATED", Quantity: 1, ProductRef: "P1", ProductCatalogueRef: "MASTER:1", OrderID: o})
	}
	w.insert(rows...)
	lines, _ := w.read("ORDER::HD", "Order", o, "ORDER", o, "items.length")
	require.Greater(t, lines["items.length"], 1000.0)
	w.parcels(o, 1001)
	for path, why := range map[string]string{
		"fulfilments.articles.ref":                                       "there are more than 1000",
		"fulfilments" + strings.Repeat(".items.fulfilment", 40) + ".ref": "more than 100000 entities",
	} {
		w.reading("ORDER::HD", "ORDER", path)
		ev := &workflow.Event{Name: "Read", Type: workflow.Normal, RetailerID: 1, EntityType: "ORDER", EntityID: string(o), RootType: "ORDER", RootID: string(o), Priority: workflow.StoreWork}
		res, err := w.engines[0].RunOnce(w.ctx, w.scope, ev, repeats.Request{})
		require.NoError(t, err)
		require.Equal(t, eventstore.Failed, res.State)
		require.Contains(t, res.Error, why)
	}
}

// TestWhatIsStoredBeyondALimitDoesNotStopARule: attributes had longer names once. One that is there already keeps no rule from writing another; one that a
// rule writes may not be so long.
func TestWhatIsStoredBeyondALimitDoesNotStopARule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	o, _ := w.newOrder("HD", "", "P1×1")
	long := strings.Repeat("n", 300)
	o.Attributes = catalogue.Attributes{{Name: long, Type: "STRING", Value: "old"}}
	require.NoError(t, w.db.Write(w.ctx, w.scope, func(tx *store.Tx) error {
		tx.Update(o, domain.Catalogue().Type("Order").Field("attributes"))
		return nil
	}))
	found, _ := w.read("ORDER::HD", "Order", o.ID, "ORDER", o.ID, "event.x", "ref")
	require.Equal(t, map[string]any{"event.x": "given", "ref": o.Ref}, found)
	for _, name := range []string{long, long + "m"} {
		w.writing("ORDER::HD", "ORDER", "Write", map[string]string{name: "event.x"})
		res := w.event("Write", "ORDER", o.ID, "ORDER", o.ID, map[string]any{"x": "new"})
		require.Equal(t, eventstore.Failed, res.State)
		require.Contains(t, res.Error, "at most 255 are allowed")
	}
}
