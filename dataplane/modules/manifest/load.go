package manifest

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/tenancy"
)

// Load is a kind of records that batches bring. A batch becomes one event of one entity, whose workflow takes the records in.
type Load struct {
	EntityType string   // of the records, as batches name it: INVENTORY
	Actions    []string // that batches may name: UPSERT
	Event      string   // that a batch becomes which names none
	// Target finds the entity whose event a batch becomes: a pointer to the struct of a root of a workflow. The error is a fault at what is wrong with
	// the batch, such as NotFound at catalogueRef.
	Target func(ctx context.Context, r *store.Reader, b Batch) (any, error)
	// Results gives records that succeeded, and of which nothing is stored but their body, the id and ref of the entity they went to. It reads by
	// one statement whatever their number. nil: such records are told of without an entity.
	Results func(ctx context.Context, r *store.Reader, target any, open []*jobs.Row) error
}

// Batch is what a batch says about where it goes.
type Batch struct {
	Retailer     tenancy.RetailerID // of the job; 0: the account's
	CatalogueRef string             // empty: none was named
}
