// Package batching takes jobs and batches of inventory records and tells how far they are. A batch is stored whole before it is
// acknowledged; the engine then runs it as one event of its inventory catalogue, set-wise (see modules/inventory).
package batching

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	module "github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// MaxRecords is how many records a batch may hold.
const MaxRecords = 5000

// What a batch of stock is when its caller leaves it open.
const (
	defaultEvent   = "InventoryChanged"
	batchAttribute = "batchId"
	jobAttribute   = "jobId"
)

// Service makes jobs and batches.
type Service struct {
	db    *store.DB
	nudge func(ctx context.Context, scope tenancy.Scope, events ...*workflow.Event)
}

// New makes the service; nudge tells the engine of committed events, so that it need not find them by itself.
func New(db *store.DB, nudge func(context.Context, tenancy.Scope, ...*workflow.Event)) *Service {
	return &Service{db: db, nudge: nudge}
}

// CreateJob makes a job that takes batches until midnight UTC. retailer 0 makes a job of the account.
func (s *Service) CreateJob(ctx context.Context, scope tenancy.Scope, name string, retailer tenancy.RetailerID, meta json.RawMessage) (*store.Job, error) {
	id, err := s.db.NewJobID(ctx, scope)
	if err != nil {
		return nil, err
	}
	job := &store.Job{ID: id, Name: name, RetailerID: retailer, Meta: meta}
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		job.ClosesOn = tx.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		tx.AddJob(job)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("create job %s: %w", name, err)
	}
	return job, nil
}

// Request is a batch as it was sent.
type Request struct {
	JobID        catalogue.ID
	Action       string
	EntityType   string
	Source       string
	Event        string
	CatalogueRef string
	Header       json.RawMessage // the request without its records
	Records      []json.RawMessage
	Author       string
}

func (r *Request) check() error {
	switch {
	case r.EntityType != "INVENTORY":
		return fault.Invalidf("entityType", "Batches of %q are not taken; INVENTORY is", r.EntityType)
	case r.Action != "UPSERT":
		return fault.Invalidf("action", "Inventory is loaded with UPSERT, got %q", r.Action)
	case len(r.Records) == 0 || len(r.Records) > MaxRecords:
		return fault.Invalidf("entities", "1 to %d records are expected, got %d", MaxRecords, len(r.Records))
	}
	for _, f := range []struct{ name, value string }{{"event", r.Event}, {"source", r.Source}, {"catalogueRef", r.CatalogueRef}} {
		if n := utf8.RuneCountInString(f.value); n > maxName {
			return fault.Invalidf(f.name, "At most %d characters are expected, got %d", maxName, n).WithCode(fault.CodeTooLong)
		}
	}
	return nil
}

// maxName is the longest name or ref, in characters.
const maxName = 255

// AddBatch stores a batch and its event in one transaction. When it returns, the batch will be worked off whatever fails.
func (s *Service) AddBatch(ctx context.Context, scope tenancy.Scope, job *store.Job, req Request) (*store.Batch, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	target, err := s.catalogue(ctx, scope, job.RetailerID, req.CatalogueRef)
	if err != nil {
		return nil, err
	}
	id, err := s.db.NewBatchID(ctx, scope)
	if err != nil {
		return nil, err
	}
	batch := &store.Batch{
		ID: id, JobID: req.JobID, RetailerID: job.RetailerID, Action: req.Action, EntityType: req.EntityType, Event: req.Event, Header: req.Header,
	}
	if batch.Event == "" {
		batch.Event = defaultEvent
	}
	event := s.event(batch, target, req)
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		event.GeneratedOn = tx.Now()
		if err := tx.AddBatch(ctx, batch, req.Records); err != nil {
			return err
		}
		tx.AppendEvents(event)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add a batch to job %s: %w", req.JobID, err)
	}
	s.nudge(ctx, scope, event)
	return batch, nil
}

func (s *Service) event(batch *store.Batch, target *inventory.InventoryCatalogue, req Request) *workflow.Event {
	return &workflow.Event{
		ID: string(s.db.NewUUID()), Name: batch.Event, Type: "NORMAL", RetailerID: int32(batch.RetailerID),
		EntityType: "INVENTORY_CATALOGUE", EntityID: string(target.ID), EntityRef: target.Ref, EntitySubtype: target.Type,
		RootType: "INVENTORY_CATALOGUE", RootID: string(target.ID), RootRef: target.Ref,
		Attributes: map[string]any{batchAttribute: string(batch.ID), jobAttribute: string(req.JobID)}, Source: req.Source, GeneratedBy: req.Author,
		Priority: workflow.PriorityOf(workflow.Cause{By: workflow.Bulk}),
	}
}

// catalogue finds the inventory catalogue that a batch goes to: the one it names, else the retailer's default.
func (s *Service) catalogue(ctx context.Context, scope tenancy.Scope, retailer tenancy.RetailerID, ref string) (*inventory.InventoryCatalogue, error) {
	reader := s.db.Reader(scope)
	if ref == "" {
		number := strconv.Itoa(int(retailer))
		at := setting.Place{Retailer: int(retailer)}
		found, err := reader.Settings(ctx, at, module.DefaultCatalogue)
		if err == nil {
			ref, err = module.DefaultCatalogue.Get(found, at)
		}
		if err != nil {
			return nil, fmt.Errorf("find the default inventory catalogue of retailer %d: %w", retailer, err)
		}
		if ref == "" {
			ref = "DEFAULT:" + number
		}
	}
	rows, err := reader.ByKey(ctx, store.TypeOf[inventory.InventoryCatalogue](s.db), store.Key{ref})
	if err != nil {
		return nil, err
	}
	if rows[0] == nil {
		return nil, fault.NotFoundf("There is no inventory catalogue %s", ref).At("catalogueRef")
	}
	return rows[0].(*inventory.InventoryCatalogue), nil
}
