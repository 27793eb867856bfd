package manifest

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/tenancy"
)

// Load is a kind of records that batches bring. They are taken in by one of two ways: a batch becomes one event of one entity, whose workflow takes
// them in; or each is an entity to make or to change, as a mutation would, all in the commit that stores the batch.
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
	// Entities says what records ask for, in their order. It is given for the second way, and then neither Event, Target nor Results is. The error is
	// a fault at what is wrong with the batch.
	Entities func(ctx context.Context, r *store.Reader, b Batch, records []map[string]any) ([]Entity, error)
	// Alone is for entities that are not made in the batch's commit, because others make them: each is made by itself, and then the batch is stored.
	// It is how many a batch may have; 0: they are made together.
	Alone int
	// Refused says why batches of the type are none of the platform's, where clients know of them; nothing else is given then.
	Refused string
}

// Entity is what a record asks for: one that is to be as the record says.
type Entity struct {
	Type  string                 // of the catalogue
	Among string                 // the type among whose rows the key is unique: Type, or the abstract one that it shares them under
	Key   store.Key              // in the order of the key's fields
	Input map[string]any         // as the type's create input has it, from JSON with json.Number; an update takes what its input has of it
	Names map[string]string      // how records call members of the input that they call otherwise: categories → categoryRefs
	Note  func(id string) string // tells, once it has its id, how the record was understood; nil, or empty: there is nothing to tell
	Step  int                    // those of one step are written before those of the next, which may point at them
	Err   error                  // why it cannot be: a fault at a member of the record
}

// Place is where the input of an entity stands, for messages; below it are the input's members.
const Place = "record"

// May is what a batch's action allows.
type May struct{ Create, Change bool }

// Made is what became of an entity that a record asks for.
type Made struct {
	ID, Ref   string
	Unchanged bool // it was so already
	Err       error
}

// Batch is what a batch says about where it goes.
type Batch struct {
	Retailer     tenancy.RetailerID // of the job; 0: the account's
	EntityType   string
	CatalogueRef string // empty: none was named
}
