// Package inventory moves stock as part of a turn's commit: reservations and what becomes of them, loads of counts, recounts, and
// the virtual positions that follow. Rules decide on what they read and ask for movements; the movements are effects, taken
// set-wise, in key order and only where enough is left.
package inventory

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Module is a node's inventory: made once, used by all turns.
type Module struct {
	db      *store.DB
	places  *availability.Directory
	records *batching.Records
	grown   atomic.Int64 // rows loaded since the last refresh of the planner's statistics
	known   atomic.Int64 // rows loaded before it
}

// enoughRows is how many rows a node loads at least before it has the planner's statistics refreshed.
const enoughRows = 4000

// refreshStatistics has the database look at the tables again each time that this node has doubled what it loaded, since plans
// made for small tables are slow on large ones.
func (m *Module) refreshStatistics(ctx context.Context) error {
	grown := m.grown.Load()
	if grown < max(enoughRows, m.known.Load()) || !m.grown.CompareAndSwap(grown, 0) {
		return nil
	}
	m.known.Add(grown)
	if err := m.db.AnalyzeStock(ctx); err != nil {
		return fmt.Errorf("refresh the statistics of stock: %w", err)
	}
	return nil
}

// New makes a node's module.
func New(db *store.DB, places *availability.Directory) *Module {
	return &Module{db: db, places: places, records: batching.NewRecords(db)}
}

// From finds the module that the engine was given.
func From(c *rule.Context) (*Module, error) { return rule.Module[*Module](c) }

// Places are the account's places, as of a moment ago.
func (m *Module) Places(ctx context.Context, scope tenancy.Scope) (*availability.Places, error) {
	return m.places.Places(ctx, scope)
}

// Catalogue finds an inventory catalogue of the account by ref; a ref that is not there is a fault of the workflow.
func (m *Module) Catalogue(ctx context.Context, scope tenancy.Scope, ref string) (*inventory.InventoryCatalogue, error) {
	places, err := m.places.Places(ctx, scope)
	if err != nil {
		return nil, err
	}
	if c := places.InventoryCatalogue(ref); c != nil {
		return c, nil
	}
	if places, err = m.places.Refresh(ctx, scope); err != nil {
		return nil, err
	}
	if c := places.InventoryCatalogue(ref); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("there is no inventory catalogue %s", ref)
}

// VirtualCatalogueEvent tells an aggregate catalogue which products changed.
const VirtualCatalogueEvent = "VirtualCatalogueEvent"

// aggregateEvents are the events for the aggregate catalogues that an inventory catalogue feeds, for products by the location
// where they changed. Catalogues whose network has none of the locations hear nothing.
func (m *Module) aggregateEvents(places *availability.Places, inventoryRef string, why cause, changed map[string][]string) []*workflow.Event {
	var out []*workflow.Event
	for _, v := range places.FedBy(inventoryRef, availability.Aggregate) {
		seen := map[string]bool{}
		var products []any
		for location, refs := range changed {
			if !places.Covers(v, location) {
				continue
			}
			for _, ref := range refs {
				if !seen[ref] {
					seen[ref] = true
					products = append(products, ref)
				}
			}
		}
		if len(products) > 0 {
			out = append(out, m.event(v, why, products))
		}
	}
	return out
}

// cause is what the events of an effect follow from: those of the turn that asked for it.
type cause struct {
	retailer int32
	priority workflow.Priority // the most urgent of theirs; zero before there is one
}

// also counts a turn's event among the causes.
func (c *cause) also(ev *workflow.Event) {
	if p := ev.Priority.OrLast(); !c.priority.Valid() || p < c.priority {
		c.priority = p
	}
}

// news is the priority of what tells of changed stock.
func (c cause) news() workflow.Priority { return workflow.StoreWork.After(c.priority) }

func (m *Module) event(v *inventory.VirtualCatalogue, why cause, products []any) *workflow.Event {
	return &workflow.Event{ID: string(m.db.NewUUID()), Name: VirtualCatalogueEvent, Type: workflow.Normal, RetailerID: why.retailer,
		EntityType: "VIRTUAL_CATALOGUE", EntityID: string(v.ID), EntityRef: v.Ref, EntitySubtype: v.Type,
		RootType: "VIRTUAL_CATALOGUE", RootID: string(v.ID), RootRef: v.Ref, GeneratedBy: "Rubix User", Priority: why.news(),
		Attributes: map[string]any{"productRefs": products}}
}

// announce appends events, but for products of which an event for the same catalogue and just as urgent can tell that leaves with the same commit.
func announce(t *store.Tx, events []*workflow.Event) {
	for _, ev := range events {
		waiting := eventstore.Queued(t, func(other *workflow.Event) bool {
			return other.Name == ev.Name && other.RootID == ev.RootID && other.RootType == ev.RootType && other.RetailerID == ev.RetailerID &&
				other.Priority == ev.Priority
		})
		if waiting == nil {
			eventstore.Append(t, ev)
			continue
		}
		known, _ := waiting.Attributes["productRefs"].([]any)
		more, _ := ev.Attributes["productRefs"].([]any)
		for _, ref := range more {
			if !slices.Contains(known, ref) {
				known = append(known, ref)
			}
		}
		waiting.Attributes["productRefs"] = known
	}
}

func stockScope(c *inventory.InventoryCatalogue) stockstore.Scope {
	return stockstore.Scope{CatalogueID: availability.Number(c.ID), CatalogueRef: c.Ref, WorkflowRef: c.WorkflowRef, WorkflowVersion: c.WorkflowVersion}
}

// ids makes ids for new rows.
func (m *Module) id() catalogue.ID { return m.db.NewUUID() }
