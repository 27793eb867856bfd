package inventory

import (
	"cmp"
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/domain/setting"
)

// batches are the records that batches bring: counts and movements of stock, for an inventory catalogue.
func batches() []manifest.Load {
	return []manifest.Load{{EntityType: "INVENTORY", Actions: []string{"UPSERT"}, Event: "InventoryChanged", Target: target, Results: positionsOf}}
}

// target is the inventory catalogue that a batch names, else the retailer's default.
func target(ctx context.Context, r *store.Reader, b manifest.Batch) (any, error) {
	ref := b.CatalogueRef
	if ref == "" {
		at := setting.Place{Retailer: int(b.Retailer)}
		held, err := r.Settings(ctx, at, DefaultCatalogue)
		if err == nil {
			ref, err = DefaultCatalogue.Get(held, at)
		}
		if err != nil {
			return nil, fmt.Errorf("find the default inventory catalogue of retailer %d: %w", b.Retailer, err)
		}
		if ref == "" {
			ref = stock.InventoryCatalogue(int32(b.Retailer))
		}
	}
	found, err := store.ByKey[inventory.InventoryCatalogue](ctx, r, store.Key{ref})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, fault.NotFoundf("There is no inventory catalogue %s", ref).At("catalogueRef")
	}
	return found, nil
}

// positionsOf names the positions of records.
func positionsOf(ctx context.Context, r *store.Reader, target any, open []*jobs.Row) error {
	ic := target.(*inventory.InventoryCatalogue)
	keys := make([]stockstore.Key, len(open))
	for i, row := range open {
		record := load.Parse(row.Body)
		keys[i] = stockstore.Key{ProductRef: record.ProductRef, LocationRef: record.LocationRef}
	}
	found, err := stockstore.Figures(ctx, r, availability.Number(ic.ID), keys)
	if err != nil {
		return fmt.Errorf("find positions: %w", err)
	}
	for i, k := range keys {
		open[i].EntityRef, open[i].EntityID = cmp.Or(found[k].Ref, stock.PositionRef(k.ProductRef, k.LocationRef)), string(found[k].ID)
	}
	return nil
}

// Rows reads the rows that the context's event stands for: those of a batch, or the one that its attributes describe.
func (m *Module) Rows(ctx context.Context, c *rule.Context) (b batching.Batch, rows []load.Row, err error) {
	b, ok := batching.Of(c)
	if !ok {
		row, err := load.ParseAttributes(c.Event.Attributes)
		return b, []load.Row{row}, err
	}
	records, err := m.records.Read(ctx, c.Scope, b)
	if err != nil {
		return b, nil, err
	}
	rows = make([]load.Row, len(records))
	for i, r := range records {
		rows[i] = load.Parse(r)
	}
	return b, rows, nil
}

// settle reports the outcomes of a batch's rows. Only what a person wants to see is written to a row: failures, and rows that
// changed nothing with the reason.
func (l *Load) settle(t *store.Tx, b batch, outcomes []load.Outcome) error {
	var results []jobs.Row
	for _, o := range outcomes {
		switch o.Outcome {
		case load.OutcomeFailed:
			failed := batching.Failed(o.Row, o.Code, o.Field, o.Message)
			failed.EntityRef = o.EntityRef
			results = append(results, failed)
		case load.OutcomeStale, load.OutcomeUnchanged:
			results = append(results, batching.Told(o.Row, o.EntityID, o.EntityRef, o.Outcome, o.Message))
		default:
			if o.Message != "" {
				results = append(results, batching.Told(o.Row, o.EntityID, o.EntityRef, "", o.Message))
			}
		}
	}
	return l.module.records.Finish(t, b.Batch, len(b.rows), results)
}
