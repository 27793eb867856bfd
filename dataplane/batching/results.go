package batching

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/tenancy"
)

// Results are a batch's records with what became of each. Of records that simply succeeded nothing need be stored but the record itself: the
// loader names the entities that they went to.
func (s *Service) Results(ctx context.Context, scope tenancy.Scope, b *jobs.Batch) ([]jobs.Row, error) {
	reader := s.db.Reader(scope)
	rows, err := jobs.Rows(ctx, reader, b.ID, 0, MaxRecords)
	if err != nil {
		return nil, err
	}
	load := s.load(b.EntityType)
	if load == nil || load.Results == nil { // its module is gone, or says no more than what is stored
		return rows, nil
	}
	var open []*jobs.Row
	for i := range rows {
		if rows[i].Code == "" && rows[i].EntityID == "" {
			open = append(open, &rows[i])
		}
	}
	if len(open) == 0 {
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
	target, err := load.Target(ctx, reader, manifest.Batch{Retailer: b.RetailerID, CatalogueRef: header.CatalogueRef})
	if err != nil {
		return nil, err
	}
	if err := load.Results(ctx, reader, target, open); err != nil {
		return nil, fmt.Errorf("find what became of batch %s: %w", b.ID, err)
	}
	return rows, nil
}
