package batching

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// CreateJobOnce makes a job that takes batches until midnight UTC, by its name, retailer (0: of the account) and meta. For a request that comes again it
// is the one that the first made, as it was then.
func (s *Service) CreateJobOnce(ctx context.Context, scope tenancy.Scope, job *jobs.Job, r repeats.Request) (made *jobs.Job, repeated bool, err error) {
	made, err = s.createJob(ctx, scope, job, r)
	if !errors.Is(err, repeats.ErrRepeated) {
		return made, false, err
	}
	id, err := s.first(ctx, scope, r)
	if err != nil {
		return nil, false, err
	}
	if made, err = jobs.Get(ctx, s.db.Reader(scope), id); err != nil {
		return nil, false, err
	}
	made.Batches = nil
	return made, true, nil
}

func (s *Service) createJob(ctx context.Context, scope tenancy.Scope, job *jobs.Job, r repeats.Request) (*jobs.Job, error) {
	var err error
	if job.ID, err = jobs.NewID(ctx, s.db, scope); err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, scope, func(tx *store.Tx) error {
		repeats.Take(tx, r, string(job.ID))
		job.ClosesOn = tx.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		jobs.Add(tx, job)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("create job %s: %w", job.Name, err)
	}
	return job, nil
}

// AddBatchOnce is AddBatch for a request that may come again: then the batch is the one that the first made, as it was then. first is what was
// found to be made by the request already; empty: nothing.
func (s *Service) AddBatchOnce(ctx context.Context, scope tenancy.Scope, job *jobs.Job, req Request, first string) (b *jobs.Batch, repeated bool, err error) {
	if first == "" {
		b, err = s.AddBatch(ctx, scope, job, req)
		if !errors.Is(err, repeats.ErrRepeated) {
			return b, false, err
		}
		id, err := s.first(ctx, scope, req.Repeats)
		if err != nil {
			return nil, false, err
		}
		first = string(id)
	}
	if b, err = jobs.GetBatch(ctx, s.db.Reader(scope), catalogue.ID(first)); err != nil {
		return nil, false, err
	}
	if b.CompletedOn == nil || b.CompletedOn.After(b.CreatedOn) { // else it was complete when it was stored
		b.Status, b.Processed, b.Failed, b.StartedOn, b.CompletedOn = jobs.Pending, 0, 0, nil, nil
	}
	return b, true, nil
}

// first is what a request made that was carried out before.
func (s *Service) first(ctx context.Context, scope tenancy.Scope, r repeats.Request) (catalogue.ID, error) {
	made, err := repeats.Find(ctx, s.db.Reader(scope), r)
	if err == nil && made == "" { // it was forgotten just now
		err = fault.New(fault.Unavailable, "the same request was carried out a while ago; send it again if it is meant once more")
	}
	return catalogue.ID(made), err
}
