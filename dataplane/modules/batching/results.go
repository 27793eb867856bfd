package batching

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/store"
	stockstore "github.com/fluent-oms/fluent/dataplane/store/stock"
	"github.com/fluent-oms/fluent/domain/inventory/load"
	"github.com/fluent-oms/fluent/domain/inventory/stock"
	"github.com/fluent-oms/fluent/tenancy"
)

// Results are a batch's records with what became of each. Of records that simply succeeded nothing is stored but the record itself: the
// positions that they went to are looked up here, all in one statement.
func (s *Service) Results(ctx context.Context, scope tenancy.Scope, b *store.Batch) ([]store.BatchRow, error) {
	reader := s.db.Reader(scope)
	rows, err := reader.BatchRows(ctx, b.ID, 0, MaxRecords)
	if err != nil {
		return nil, err
	}
	open := map[int]stockstore.Key{} // place in rows → the position that the record names
	var keys []stockstore.Key
	for i := range rows {
		if rows[i].Code != "" || rows[i].EntityID != "" {
			continue
		}
		record := load.Parse(rows[i].Body)
		open[i] = stockstore.Key{ProductRef: record.ProductRef, LocationRef: record.LocationRef}
		keys = append(keys, open[i])
	}
	if len(keys) == 0 {
		return rows, nil
	}
	var header struct {
		CatalogueRef string `json:"catalogueRef"`
	}
	if len(b.Header) > 0 {
		if err := json.Unmarshal(b.Header, &header); err != nil {
			return nil, fmt.Errorf("read the header of batch %s: %w", b.ID, err)
		}
	}
	target, err := s.catalogue(ctx, scope, b.RetailerID, header.CatalogueRef)
	if err != nil {
		return nil, err
	}
	found, err := stockstore.Figures(ctx, reader, availability.Number(target.ID), keys)
	if err != nil {
		return nil, fmt.Errorf("find the positions of batch %s: %w", b.ID, err)
	}
	for i, k := range open {
		rows[i].EntityRef, rows[i].EntityID = stock.PositionRef(k.ProductRef, k.LocationRef), string(found[k].ID)
	}
	return rows, nil
}
