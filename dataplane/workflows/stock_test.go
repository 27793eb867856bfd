package workflows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// shelf is the stock of one product, P1: eight at STORE_B and twenty in DC1; what hangs on it, by the names of the table, and what is wrong about it
// before each event.
type shelf struct {
	*world
	things map[string]thing
}

type thing struct {
	flow           string // the subtype of its workflow
	typ            string // as the catalogue names it
	entity         string
	id             catalogue.ID
	rootType, root string
	watch          string // the position, or the virtual catalogue, that ought to follow
}

func newShelf(t *testing.T) *shelf {
	w := newWorld(t, 1)
	require.Empty(t, w.load("P1,STORE_B,8", "P1,DC1,20"))
	w.balanced()
	products, err := store.Load[inventory.StandardProduct](w.ctx, w.db.Reader(w.scope), store.Query{})
	require.NoError(t, err)
	p, stock, master := w.positions()["P1:STORE_B"], w.roots["DEFAULT:1"], w.roots["MASTER:1"]
	q := &inventory.InventoryQuantity{Node: catalogue.Node{ID: w.db.NewUUID()}, Ref: "CORRECTION:1", Quantity: -3, CatalogueID: stock, PositionID: p.ID}
	flow(&q.Orchestrated, "CORRECTION", "INACTIVE", "INVENTORY_CATALOGUE::DEFAULT")
	c := &inventory.Category{Node: catalogue.Node{ID: w.id("Category")}, Ref: "C1", Name: "C1", CatalogueID: master}
	flow(&c.Orchestrated, "CATEGORY", "ACTIVE", "PRODUCT_CATALOGUE::MASTER")
	w.insert(q, c)
	s := &shelf{world: w, things: map[string]thing{}}
	for _, x := range []thing{
		{"DEFAULT", "InventoryCatalogue", "INVENTORY_CATALOGUE", stock, "", "", "P1:STORE_B"}, {"DEFAULT", "InventoryPosition", "INVENTORY_POSITION", p.ID, "INVENTORY_CATALOGUE", string(stock), "P1:STORE_B"},
		{"DEFAULT", "InventoryQuantity", "INVENTORY_QUANTITY", q.ID, "INVENTORY_CATALOGUE", string(stock), "P1:STORE_B"}, {"MASTER", "ProductCatalogue", "PRODUCT_CATALOGUE", master, "", "", ""},
		{"MASTER", "Category", "CATEGORY", c.ID, "PRODUCT_CATALOGUE", string(master), ""}, {"MASTER", "StandardProduct", "PRODUCT", products[0].ID, "PRODUCT_CATALOGUE", string(master), "P1:STORE_B"},
	} {
		s.things[x.entity] = x
	}
	s.things["STORE"] = thing{"STORE", "Location", "LOCATION", w.roots["STORE_B"], "", "", "P1:STORE_B"}
	s.things["WAREHOUSE"] = thing{"WAREHOUSE", "Location", "LOCATION", w.roots["DC1"], "", "", "P1:DC1"}
	s.things["BASE"] = thing{"BASE", "VirtualCatalogue", "VIRTUAL_CATALOGUE", w.roots["BASE:1"], "", "", "BASE:1"}
	s.things["AGGREGATE"] = thing{"AGGREGATE", "VirtualCatalogue", "VIRTUAL_CATALOGUE", w.roots["HD_AGG:1"], "", "", "HD_AGG:1"}
	return s
}

// status reads the status of a thing, and sets it if it is given.
func (s *shelf) status(x thing, set string) string {
	t := domain.Catalogue().Type(x.typ)
	found, err := s.db.Reader(s.scope).ByID(s.ctx, t, x.id)
	require.NoError(s.t, err)
	require.Len(s.t, found, 1, x.typ)
	at := t.Field("status").Pointer(found[0]).(*string)
	if set == "" {
		return *at
	}
	*at = set
	require.NoError(s.t, s.db.Write(s.ctx, s.scope, func(tx *store.Tx) error {
		tx.Update(found[0], t.Field("status"))
		return nil
	}))
	return set
}

// spoil writes what cannot be into the figures that ought to follow: 99 of a position, of which 77 can be sold.
func (s *shelf) spoil(watch, status string) {
	s.t.Helper()
	require.NoError(s.t, s.db.Write(s.ctx, s.scope, func(tx *store.Tx) error {
		if p := s.positions()[watch]; p != nil {
			p.OnHand, p.Status = 99, status
			tx.Update(p, domain.Catalogue().Type("InventoryPosition").Field("onHand"), domain.Catalogue().Type("InventoryPosition").Field("status"))
		}
		for _, v := range s.virtual() {
			if s.follows(v, watch) {
				v.Quantity = 77
				tx.Update(v, domain.Catalogue().Type("VirtualPosition").Field("quantity"))
			}
		}
		return nil
	}))
}

// follows reports whether a virtual position is one that a watched position, or catalogue, has.
func (s *shelf) follows(v *inventory.VirtualPosition, watch string) bool {
	return v.ProductRef+":"+v.GroupRef == watch || v.GroupRef == watch || watch == "BASE:1" && v.CatalogueID == s.roots[watch] && v.GroupRef == "STORE_B"
}

// figures prints what is watched: on hand and status of a position, and what can be sold.
func (s *shelf) figures(watch string) string {
	var out []string
	if p := s.positions()[watch]; p != nil {
		out = append(out, fmt.Sprintf("%d %s", p.OnHand, p.Status))
	}
	for _, v := range s.virtual() {
		if s.follows(v, watch) {
			out = append(out, fmt.Sprintf("sells %d %s", v.Quantity, v.Status))
		}
	}
	return strings.Join(out, ", ")
}

// What the events of the table bring.
var (
	onP1    = map[string]any{"productRefs": []any{"P1"}}
	less    = map[string]any{"type": "CORRECTION", "quantity": -1, "reason": "BROKEN"}
	count   = func(n int) map[string]any { return map[string]any{"skuRef": "P1", "locationRef": "STORE_B", "qty": n} }
	reserve = func(id string) map[string]any {
		return map[string]any{"operation": "RESERVE", "fulfilmentId": id, "items": []any{map[string]any{"productRef": "P1", "locationRef": "STORE_B", "quantity": 2}}}
	}
)

// stockAnswers say what an event to a thing in a status leaves: its status, on hand and status of the position that ought to follow, and what can be sold.
var stockAnswers = []struct {
	thing, event, in string
	with             map[string]any
	leaves           string
}{
	{"AGGREGATE", "CREATE", "CREATED", nil, "ACTIVE, sells 28 ACTIVE"},
	{"AGGREGATE", "VirtualCatalogueEvent", "CREATED", onP1, "CREATED, sells 28 ACTIVE"},
	{"AGGREGATE", "VirtualCatalogueEvent", "ACTIVE", onP1, "ACTIVE, sells 28 ACTIVE"},
	{"AGGREGATE", "RebuildCatalogue", "CREATED", nil, "CREATED, sells 28 ACTIVE"},
	{"AGGREGATE", "RebuildCatalogue", "ACTIVE", nil, "ACTIVE, sells 28 ACTIVE"},
	{"AGGREGATE", "Deactivate", "ACTIVE", nil, "INACTIVE, sells 77 ACTIVE"},
	{"AGGREGATE", "Activate", "CREATED", nil, "ACTIVE, sells 28 ACTIVE"},
	{"AGGREGATE", "Activate", "INACTIVE", nil, "ACTIVE, sells 28 ACTIVE"},
	{"STORE", "CREATE", "CREATED", nil, "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"STORE", "Deactivate", "CREATED", nil, "INACTIVE, 8 INACTIVE, sells 0 INACTIVE"},
	{"STORE", "Deactivate", "ACTIVE", nil, "INACTIVE, 8 INACTIVE, sells 0 INACTIVE"},
	{"STORE", "Activate", "INACTIVE", nil, "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"WAREHOUSE", "CREATE", "CREATED", nil, "ACTIVE, 20 ACTIVE, sells 20 ACTIVE"},
	{"WAREHOUSE", "Deactivate", "CREATED", nil, "INACTIVE, 20 INACTIVE, sells 0 INACTIVE"},
	{"WAREHOUSE", "Deactivate", "ACTIVE", nil, "INACTIVE, 20 INACTIVE, sells 0 INACTIVE"},
	{"WAREHOUSE", "Activate", "INACTIVE", nil, "ACTIVE, 20 ACTIVE, sells 20 ACTIVE"},
	{"PRODUCT_CATALOGUE", "CREATE", "CREATED", nil, "ACTIVE"},
	{"CATEGORY", "CREATE", "CREATED", nil, "ACTIVE"},
	{"PRODUCT", "Deactivate", "ACTIVE", nil, "INACTIVE, 8 INACTIVE, sells 0 INACTIVE"},
	{"PRODUCT", "Activate", "INACTIVE", nil, "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"PRODUCT", "CREATE", "CREATED", nil, "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"INVENTORY_CATALOGUE", "CREATE", "CREATED", nil, "ACTIVE, 99 INACTIVE, sells 77 ACTIVE"},
	{"INVENTORY_POSITION", "CREATE", "CREATED", nil, "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"INVENTORY_POSITION", "CalculateOnHand", "AT_RISK", nil, "AT_RISK, 8 AT_RISK, sells 8 ACTIVE"},
	{"INVENTORY_POSITION", "LocationStatusChanged", "INACTIVE", nil, "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"INVENTORY_POSITION", "ProductStatusChanged", "OUT_OF_STOCK", nil, "OUT_OF_STOCK, 8 OUT_OF_STOCK, sells 8 ACTIVE"},
	{"INVENTORY_QUANTITY", "CREATE", "CREATED", nil, "ACTIVE, 5 ACTIVE, sells 5 ACTIVE"},
	{"INVENTORY_QUANTITY", "QuantityExpired", "ACTIVE", nil, "INACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	{"INVENTORY_POSITION", "ManualAdjustment", "ACTIVE", less, "ACTIVE, 7 ACTIVE, sells 7 ACTIVE"},
	{"INVENTORY_POSITION", "ManualAdjustment", "AT_RISK", less, "AT_RISK, 6 AT_RISK, sells 6 ACTIVE"},
	{"INVENTORY_POSITION", "ManualAdjustment", "OUT_OF_STOCK", less, "OUT_OF_STOCK, 5 OUT_OF_STOCK, sells 5 ACTIVE"},
	{"INVENTORY_POSITION", "ManualAdjustment", "CREATED", less, "ACTIVE, 4 ACTIVE, sells 4 ACTIVE"},
	{"INVENTORY_CATALOGUE", "UpdateInventoryQty", "CREATED", reserve("E1"), "CREATED, 97 INACTIVE, sells 97 ACTIVE"},
	{"INVENTORY_CATALOGUE", "UpdateInventoryQty", "ACTIVE", reserve("E2"), "ACTIVE, 97 INACTIVE, sells 97 ACTIVE"},
	// four of these are promised already
	{"INVENTORY_CATALOGUE", "InventoryChanged", "CREATED", count(9), "CREATED, 5 ACTIVE, sells 5 ACTIVE"},
	{"INVENTORY_CATALOGUE", "InventoryChanged", "ACTIVE", count(10), "ACTIVE, 6 ACTIVE, sells 6 ACTIVE"},
	{"INVENTORY_CATALOGUE", "BatchInventoryUpdate", "CREATED", count(11), "CREATED, 7 ACTIVE, sells 7 ACTIVE"},
	{"INVENTORY_CATALOGUE", "BatchInventoryUpdate", "ACTIVE", count(12), "ACTIVE, 8 ACTIVE, sells 8 ACTIVE"},
	// last, since nodes know for a moment the status that a catalogue had
	{"BASE", "CREATE", "CREATED", nil, "ACTIVE, sells 8 ACTIVE"},
	{"BASE", "VirtualCatalogueEvent", "CREATED", onP1, "CREATED, sells 8 ACTIVE"},
	{"BASE", "VirtualCatalogueEvent", "ACTIVE", onP1, "ACTIVE, sells 8 ACTIVE"},
	{"BASE", "RebuildCatalogue", "CREATED", nil, "CREATED, sells 8 ACTIVE"},
	{"BASE", "RebuildCatalogue", "ACTIVE", nil, "ACTIVE, sells 8 ACTIVE"},
	{"BASE", "Deactivate", "ACTIVE", nil, "INACTIVE, sells 77 ACTIVE"},
	{"BASE", "Activate", "CREATED", nil, "ACTIVE, sells 8 ACTIVE"},
	{"BASE", "Activate", "INACTIVE", nil, "ACTIVE, sells 8 ACTIVE"},
}

// TestWhatEachEventDoesToStock: events of catalogues, positions, quantities, products and locations, in each status that the workflows name. Before
// each the figures are wrong; those that the event has counted are right afterwards.
func TestWhatEachEventDoesToStock(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	var have []string
	for _, r := range stockAnswers {
		x := s.things[r.thing]
		have = append(have, strings.Join([]string{x.flow, x.entity, r.event, state(r.event, r.in)}, " "))
		status := "INACTIVE"
		if x.typ == "InventoryPosition" {
			status = r.in
		} else if r.event == "Deactivate" {
			status = "ACTIVE"
		}
		s.spoil(x.watch, status)
		s.status(x, r.in)
		rootType, root := x.rootType, catalogue.ID(x.root)
		if root == "" {
			rootType, root = x.entity, x.id
		}
		s.must(s.event(r.event, x.entity, x.id, rootType, root, r.with))
		assert.Equal(t, r.leaves, strings.TrimSuffix(s.status(x, "")+", "+s.figures(x.watch), ", "), "%s %s in %s", r.thing, r.event, r.in)
	}
	require.ElementsMatch(t, named(t, false), have)
}
