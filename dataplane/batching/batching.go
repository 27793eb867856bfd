// Package batching takes jobs and batches of records and tells how far they are. A batch is stored whole before it is acknowledged; the engine
// then runs it as one event of the entity that its loader names, whose workflow takes the records in. Which records are taken, modules say: see
// manifest.Load. Rules read records and settle batches by Records.
package batching

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/store"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// MaxRecords is how many records a batch may hold.
const MaxRecords = 5000

// Service makes jobs and batches.
type Service struct {
	db      *store.DB
	records *Records
	writer  Writer
	loads   []manifest.Load
	nudge   func(ctx context.Context, scope tenancy.Scope, events ...*workflow.Event)
	grown   growth
}

// New makes the service over the loaders of modules; nudge tells the engine of committed events, so that it need not find them by itself.
func New(db *store.DB, loads []manifest.Load, nudge func(context.Context, tenancy.Scope, ...*workflow.Event)) *Service {
	return &Service{db: db, records: NewRecords(db), loads: loads, nudge: nudge}
}

// Writing gives the service what it makes entities with; without it, batches of entities are refused.
func (s *Service) Writing(w Writer) *Service {
	s.writer = w
	return s
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
	Who          *tenant.Principal // who sends it: needed where records are entities, which he must have the right to make or to change
	Repeats      repeats.Request   // that which brought it; see AddBatchOnce
}

func (r *Request) check(l *manifest.Load) error {
	switch {
	case !slices.Contains(l.Actions, r.Action):
		return fault.Invalidf("action", "%s is loaded with %s, got %q", l.EntityType, strings.Join(l.Actions, " or "), r.Action)
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
func (s *Service) AddBatch(ctx context.Context, scope tenancy.Scope, job *jobs.Job, req Request) (*jobs.Batch, error) {
	load := s.load(req.EntityType)
	switch {
	case load == nil:
		return nil, s.unknown(req.EntityType)
	case load.Refused != "":
		return nil, fault.New(fault.Unprocessable, "%s", load.Refused).WithCode(fault.CodeUnserved).At("entityType")
	}
	if err := req.check(load); err != nil {
		return nil, err
	}
	if load.Entities != nil {
		return s.addEntities(ctx, scope, load, job, req)
	}
	target, err := load.Target(ctx, s.db.Reader(scope), manifest.Batch{Retailer: job.RetailerID, EntityType: req.EntityType, CatalogueRef: req.CatalogueRef})
	if err != nil {
		return nil, err
	}
	id, err := jobs.NewBatchID(ctx, s.db, scope)
	if err != nil {
		return nil, err
	}
	batch := &jobs.Batch{
		ID: id, JobID: req.JobID, RetailerID: job.RetailerID, Action: req.Action, EntityType: req.EntityType, Event: req.Event, Header: req.Header,
	}
	if batch.Event == "" {
		batch.Event = load.Event
	}
	event, err := s.event(batch, target, req)
	if err != nil {
		return nil, err
	}
	batch.EventID = event.ID
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		repeats.Take(tx, req.Repeats, string(id))
		if err := jobs.AddBatch(ctx, tx, batch, req.Records); err != nil {
			return err
		}
		eventstore.Append(tx, event)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add a batch to job %s: %w", req.JobID, err)
	}
	s.nudge(ctx, scope, event)
	return batch, nil
}

// event is what a batch becomes: one of its target, which is a root.
func (s *Service) event(batch *jobs.Batch, target any, req Request) (*workflow.Event, error) {
	if t := s.db.Catalogue().TypeOf(target); t == nil || t.EntityType == "" || t.Root != nil {
		return nil, fmt.Errorf("batches of %s go to a %T, which is no root of a workflow", req.EntityType, target)
	}
	e := rule.Address(s.db.Catalogue(), target)
	e.ID, e.Name, e.Type, e.RetailerID = string(s.db.NewUUID()), batch.Event, workflow.Normal, int32(batch.RetailerID)
	e.RootType, e.RootID, e.RootRef = e.EntityType, e.EntityID, e.EntityRef
	e.Attributes = map[string]any{batchAttribute: string(batch.ID), jobAttribute: string(req.JobID)}
	e.Source, e.GeneratedBy, e.Priority = req.Source, req.Author, workflow.PriorityOf(workflow.Cause{By: workflow.Bulk})
	return &e, nil
}

// load is the row that takes records of an entity type; nil: none does.
func (s *Service) load(entityType string) *manifest.Load {
	i := slices.IndexFunc(s.loads, func(l manifest.Load) bool { return l.EntityType == entityType })
	if i < 0 {
		return nil
	}
	return &s.loads[i]
}

// unknown refuses an entity type with those that are taken.
func (s *Service) unknown(entityType string) error {
	var taken []string
	for _, l := range s.loads {
		if l.Refused == "" {
			taken = append(taken, l.EntityType)
		}
	}
	return fault.Invalidf("entityType", "Batches of %q are not taken: want %s", entityType, strings.Join(taken, ", "))
}
