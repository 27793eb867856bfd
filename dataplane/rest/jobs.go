package rest

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

type jobRequest struct {
	ID         httpapi.Text    `json:"id"` // the caller's own, by which the request is known if it comes again
	Name       string          `json:"name"`
	RetailerID httpapi.Text    `json:"retailerId"`
	Meta       json.RawMessage `json:"meta"`
}

// jobAnswer and batchAnswer are the union of what readers of the API look for.
type jobAnswer struct {
	ID         string         `json:"id"`
	JobID      string         `json:"jobId"`
	Name       string         `json:"name"`
	RetailerID string         `json:"retailerId"`
	Status     string         `json:"status"` // OPEN until midnight UTC, then CLOSED
	Meta       any            `json:"meta,omitempty"`
	CreatedAt  string         `json:"createdAt"`
	Batch      []batchSummary `json:"batch"`
}

type batchSummary struct {
	ID      string `json:"id"`
	BatchID string `json:"batchId"`
	Status  string `json:"status"`
}

func (a *API) createJob(c *call) (any, error) {
	var req jobRequest
	body, err := c.read(&req)
	if err != nil {
		return nil, err
	}
	retailer, err := req.check(c)
	if err != nil {
		return nil, err
	}
	if retailer != 0 {
		if err := a.retailerExists(c, retailer); err != nil {
			return nil, err
		}
	}
	if err := c.may(retailer); err != nil {
		return nil, err
	}
	var meta struct{ Scope any }
	if json.Unmarshal(req.Meta, &meta) == nil && meta.Scope != nil {
		return nil, unserved("meta.scope", "positions that a job does not name keep their counts")
	}
	wanted := &jobs.Job{Name: req.Name, RetailerID: retailer, Meta: req.Meta}
	job, repeated, err := a.Batching.CreateJobOnce(c.r.Context(), c.caller.Scope(), wanted, c.request(body, string(req.ID)))
	if err != nil {
		return nil, err
	}
	c.answers(repeated)
	return describeJob(job, a.Store.Time()), nil
}

// check tells whose the job is to be; 0 is the account.
func (req *jobRequest) check(c *call) (retailer tenancy.RetailerID, err error) {
	var wrong wrongs
	if req.Name == "" || utf8.RuneCountInString(req.Name) > maxText {
		wrong.add(fault.Invalidf("name", "A name of 1 to %d characters is expected", maxText))
	}
	wrong.add(short("id", string(req.ID)))
	if given := c.retailer(req.RetailerID); given != "0" {
		retailer, err = retailerNumber(string(given))
		wrong.add(err)
	}
	return retailer, wrong.err()
}

// describeJob tells of a job as of a moment by the database's clock, which decides whether it takes batches.
func describeJob(j *jobs.Job, now time.Time) jobAnswer {
	answer := jobAnswer{
		ID: string(j.ID), JobID: string(j.ID), Name: j.Name, RetailerID: decimal(j.RetailerID), Status: "OPEN",
		CreatedAt: milliseconds(j.CreatedOn), Batch: []batchSummary{},
	}
	if len(j.Meta) > 0 {
		answer.Meta = j.Meta
	}
	if !now.Before(j.ClosesOn) {
		answer.Status = "CLOSED"
	}
	for _, b := range j.Batches {
		answer.Batch = append(answer.Batch, batchSummary{string(b.ID), string(b.ID), string(b.Status)})
	}
	return answer
}

// given reports whether a member of a body says something.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// unserved refuses what would be ignored though it is to change what comes of a request.
func unserved(place, why string) error {
	return fault.New(fault.Unprocessable, "%s is not served yet: %s; leave it out", place, why).WithCode(fault.CodeUnserved).At(place)
}

// job finds the job that a path names and checks that the caller has the route's permission for its retailer.
func (a *API) job(c *call) (*jobs.Job, error) {
	job, err := jobs.Get(c.r.Context(), a.Store.Reader(c.caller.Scope()), catalogue.ID(c.r.PathValue("job")))
	if err != nil {
		return nil, err
	}
	return job, c.may(job.RetailerID)
}

func (a *API) getJob(c *call) (any, error) {
	job, err := a.job(c)
	if err != nil {
		return nil, err
	}
	return describeJob(job, a.Store.Time()), nil
}

// batchRequest is a batch as callers send it.
type batchRequest struct {
	ID           httpapi.Text      `json:"id,omitempty"` // as of jobs
	Action       string            `json:"action"`
	EntityType   string            `json:"entityType"`
	Source       string            `json:"source"`
	Event        string            `json:"event"`
	CatalogueRef string            `json:"catalogueRef"`
	Conditions   json.RawMessage   `json:"conditions"`
	Meta         json.RawMessage   `json:"meta"`
	Entities     []json.RawMessage `json:"entities"`
}

func (a *API) createBatch(c *call) (any, error) {
	var req batchRequest
	body, err := c.read(&req)
	if err != nil {
		return nil, err
	}
	if err := short("id", string(req.ID)); err != nil {
		return nil, err
	}
	request, first, reader := c.request(body, string(req.ID)), "", a.Store.Reader(c.caller.Scope())
	job, err := jobs.Get(c.r.Context(), reader, catalogue.ID(c.r.PathValue("job")), request.Finding(reader, &first)...)
	if err != nil {
		return nil, err
	}
	if err := c.may(job.RetailerID); err != nil {
		return nil, err
	}
	if given(req.Conditions) {
		return nil, unserved("conditions", "records are taken whatever quantities their position has")
	}
	if first == "" { // a repetition brings nothing new
		if err := a.quotas().Room(c.caller.Account); err != nil {
			return nil, err
		}
	}
	records := req.Entities
	req.Entities = nil
	header, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	// The caller may see more catalogues than he may load.
	batch, repeated, err := a.Batching.AddBatchOnce(c.r.Context(), c.scope(), job, batching.Request{
		JobID: job.ID, Action: req.Action, EntityType: req.EntityType, Source: req.Source, Event: req.Event, CatalogueRef: req.CatalogueRef,
		Header: header, Records: records, Author: c.caller.Username, Who: c.caller, Repeats: request,
	}, first)
	if err != nil {
		return nil, err
	}
	c.answers(repeated)
	return describeBatch(batch), nil
}

type batchAnswer struct {
	ID                string        `json:"id"`
	BatchID           string        `json:"batchId"`
	JobID             string        `json:"jobId"`
	Status            string        `json:"status"`
	Progress          int           `json:"progress"` // percent
	ProcessedEntities int           `json:"processedEntities"`
	TotalEntities     int           `json:"totalEntities"`
	CreatedAt         string        `json:"createdAt"`
	StartedAt         string        `json:"startedAt,omitempty"`
	CompletedAt       string        `json:"completedAt,omitempty"`
	Results           []batchResult `json:"results"`
	Errors            []batchError  `json:"errors"`
}

type batchResult struct {
	EntityID  string `json:"entityId"`
	EntityRef string `json:"entityRef"`
	Outcome   string `json:"outcome,omitempty"` // UNCHANGED or STALE; none: it was loaded
	Note      string `json:"note,omitempty"`    // how the record was understood, where it could be in several ways
}

type batchError struct {
	Code        string          `json:"code"`
	Message     string          `json:"message"`
	EntityIndex int             `json:"entityIndex"` // counted from 0
	EntityRef   string          `json:"entityRef,omitempty"`
	Place       string          `json:"place,omitempty"` // the member of the record that is at fault
	Value       json.RawMessage `json:"value,omitempty"` // what the record has there
}

// maxValue is the longest value that an error shows, in bytes of JSON.
const maxValue = 200

// describeError tells of a record that failed.
func describeError(row jobs.Row) batchError {
	e := batchError{Code: row.Code, Message: row.Message, EntityIndex: row.Number, EntityRef: row.EntityRef, Place: row.Place}
	var members map[string]json.RawMessage
	if row.Place != "" && json.Unmarshal(row.Body, &members) == nil {
		if v := members[row.Place]; len(v) <= maxValue {
			e.Value = v
		}
	}
	return e
}

func describeBatch(b *jobs.Batch) batchAnswer {
	answer := batchAnswer{
		ID: string(b.ID), BatchID: string(b.ID), JobID: string(b.JobID), Status: string(b.Status), ProcessedEntities: b.Processed,
		TotalEntities: b.Total, CreatedAt: milliseconds(b.CreatedOn), Results: []batchResult{}, Errors: []batchError{},
	}
	if b.Total > 0 {
		answer.Progress = 100 * b.Processed / b.Total
	}
	if b.StartedOn != nil {
		answer.StartedAt = milliseconds(*b.StartedOn)
	}
	if b.CompletedOn != nil {
		answer.CompletedAt = milliseconds(*b.CompletedOn)
	}
	return answer
}

// getBatch answers with a batch and what became of each of its records.
func (a *API) getBatch(c *call) (any, error) {
	id := catalogue.ID(c.r.PathValue("batch"))
	batch, err := jobs.GetBatch(c.r.Context(), a.Store.Reader(c.caller.Scope()), id)
	if err != nil {
		return nil, err
	}
	if string(batch.JobID) != c.r.PathValue("job") {
		return nil, fault.NotFoundf("Job %s has no batch %s", c.r.PathValue("job"), id)
	}
	if err := c.may(batch.RetailerID); err != nil {
		return nil, err
	}
	answer := describeBatch(batch)
	if batch.Status != jobs.Complete {
		return answer, nil
	}
	rows, err := a.Batching.Results(c.r.Context(), c.caller.Scope(), batch)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Code != "" {
			answer.Errors = append(answer.Errors, describeError(row))
		} else {
			outcome, note := batching.Outcome(row)
			answer.Results = append(answer.Results, batchResult{row.EntityID, row.EntityRef, outcome, note})
		}
	}
	return answer, nil
}

type jobResults struct {
	ID                string            `json:"id"`
	Status            string            `json:"status"`
	TotalBatches      int               `json:"totalBatches"`
	SuccessfulBatches int               `json:"successfulBatches"`
	FailedBatches     int               `json:"failedBatches"`
	Results           []jobBatchResults `json:"results"`
}

type jobBatchResults struct {
	BatchID           string       `json:"batchId"`
	Status            string       `json:"status"`
	ProcessedEntities int          `json:"processedEntities"`
	Errors            []batchError `json:"errors"`
}

// maxListed bounds the failures that the results of a whole job list; the batches themselves list all of theirs.
const maxListed = 10_000

// getJobResults sums up a job: a batch counts as failed when all of its records did.
func (a *API) getJobResults(c *call) (any, error) {
	job, err := a.job(c)
	if err != nil {
		return nil, err
	}
	answer := jobResults{
		ID: string(job.ID), Status: describeJob(job, a.Store.Time()).Status, TotalBatches: len(job.Batches), Results: []jobBatchResults{},
	}
	listed := 0
	for _, b := range job.Batches {
		result := jobBatchResults{BatchID: string(b.ID), Status: string(b.Status), ProcessedEntities: b.Processed, Errors: []batchError{}}
		if b.Failed > 0 && listed < maxListed {
			rows, err := jobs.Failures(c.r.Context(), a.Store.Reader(c.caller.Scope()), b.ID, 0, min(batching.MaxRecords, maxListed-listed))
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				result.Errors = append(result.Errors, describeError(row))
			}
			listed += len(rows)
		}
		switch {
		case b.Status == jobs.Complete && b.Failed == b.Total:
			answer.FailedBatches++
		case b.Status == jobs.Complete:
			answer.SuccessfulBatches++
		}
		answer.Results = append(answer.Results, result)
	}
	return answer, nil
}
