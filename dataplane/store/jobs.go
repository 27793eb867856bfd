package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// BatchStatus is how far a batch is.
type BatchStatus string

// The states of a batch.
const (
	BatchPending  BatchStatus = "PENDING"
	BatchRunning  BatchStatus = "RUNNING"
	BatchComplete BatchStatus = "COMPLETE"
)

// Job is a frame for batches. It takes batches until ClosesOn.
type Job struct {
	ID         catalogue.ID
	RetailerID tenancy.RetailerID
	Name       string
	Meta       json.RawMessage // what the caller added; may be nil
	CreatedOn  time.Time
	ClosesOn   time.Time
	Batches    []Batch // oldest first; only Reader.Job fills them
}

// Batch is a set of records that came in one request.
type Batch struct {
	ID          catalogue.ID
	JobID       catalogue.ID
	RetailerID  tenancy.RetailerID
	Action      string
	EntityType  string
	Event       string
	Header      json.RawMessage // the request without its records
	Status      BatchStatus
	Total       int
	Processed   int
	Failed      int
	CreatedOn   time.Time
	StartedOn   *time.Time
	CompletedOn *time.Time
}

// BatchRow is one record and what became of it. Number counts from 0 within the batch.
type BatchRow struct {
	Number    int
	Body      json.RawMessage
	EntityID  string
	EntityRef string
	Code      string // of an error; empty: none
	Message   string
}

// Statements of jobs and batches; all go by primary key, but for a job's batches, which have an index of their own.
const (
	sqlJobAdd    = `INSERT INTO jobs (account_id, id, retailer_id, name, meta, created_on, closes_on) VALUES ($1, $2, $3, $4, $5::TEXT::JSONB, $6, $7)`
	sqlJobGet    = `SELECT id::TEXT, retailer_id, name, meta, created_on, closes_on FROM jobs WHERE account_id = $1 AND id = $2`
	batchColumns = `id::TEXT, job_id::TEXT, retailer_id, action, entity_type, event, header, status, total, processed, failed, created_on, started_on, completed_on`
	sqlBatchList = `SELECT ` + batchColumns + ` FROM batches WHERE account_id = $1 AND job_id = $2 ORDER BY created_on, id`
	sqlBatchGet  = `SELECT ` + batchColumns + ` FROM batches WHERE account_id = $1 AND id = $2`
	sqlBatchAdd  = `INSERT INTO batches (account_id, id, job_id, retailer_id, action, entity_type, event, header, status, total, processed, failed, created_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::TEXT::JSONB, 'PENDING', $9, 0, 0, $10)`
	sqlBatchStart  = `UPDATE batches SET status = 'RUNNING', started_on = $3 WHERE account_id = $1 AND id = $2 AND status = 'PENDING'`
	sqlBatchFinish = `UPDATE batches SET status = 'COMPLETE', processed = $3, failed = $4, started_on = COALESCE(started_on, $5), completed_on = $5
WHERE account_id = $1 AND id = $2`
	sqlRowResults = `UPDATE batch_rows b SET entity_id = u.entity_id, entity_ref = u.entity_ref, code = u.code, message = u.message
FROM unnest($3::INT8[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[]) AS u (n, entity_id, entity_ref, code, message)
WHERE b.account_id = $1 AND b.batch_id = $2 AND b.row_number = u.n`
	sqlRowPage = `SELECT row_number, body, entity_id, entity_ref, code, message FROM batch_rows
WHERE account_id = $1 AND batch_id = $2 AND row_number >= $3 ORDER BY row_number LIMIT $4`
	sqlRowFailures = `SELECT row_number, body, entity_id, entity_ref, code, message FROM batch_rows
WHERE account_id = $1 AND batch_id = $2 AND row_number >= $3 AND code <> '' ORDER BY row_number LIMIT $4`
)

// NewJobID and NewBatchID allot the numbers of jobs and of batches.
func (db *DB) NewJobID(ctx context.Context, scope tenancy.Scope) (catalogue.ID, error) {
	return db.newNumber(ctx, scope, "jobs")
}

// NewBatchID allots the number of a batch.
func (db *DB) NewBatchID(ctx context.Context, scope tenancy.Scope) (catalogue.ID, error) {
	return db.newNumber(ctx, scope, "batches")
}

func (db *DB) newNumber(ctx context.Context, scope tenancy.Scope, table string) (catalogue.ID, error) {
	if scope.Account() == "" {
		return "", errNoAccount
	}
	first, err := db.numbers.Take(ctx, db.fillNumbers, scope.Account(), map[string]int64{table: 1})
	if err != nil {
		return "", err
	}
	return catalogue.ID(strconv.FormatInt(first[table], 10)), nil
}

// AddJob queues a new job. CreatedOn is set to the transaction's time.
func (tx *Tx) AddJob(j *Job) {
	j.CreatedOn = tx.now
	tx.queue(call{name: "jobs.add", sql: sqlJobAdd, args: []any{string(tx.scope.Account()), idArg(kindNumberID, j.ID), int64(j.RetailerID), j.Name, jsonArg(j.Meta), j.CreatedOn, j.ClosesOn}})
}

func jsonArg(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return string(raw)
}

// AddBatch writes a batch and its records, by COPY, at once (not when the Tx is flushed). Total, Status and CreatedOn are set. The job must exist
// (fault NotFound) and be open (fault Unprocessable).
func (tx *Tx) AddBatch(ctx context.Context, b *Batch, records []json.RawMessage) error {
	job, err := tx.findJob(ctx, b.JobID)
	if err != nil {
		return err
	}
	if !tx.now.Before(job.ClosesOn) {
		return fault.New(fault.Unprocessable, "job %s is closed since %s; make a new job", job.ID, job.ClosesOn.Format(time.RFC3339))
	}
	b.Total, b.Status, b.CreatedOn = len(records), BatchPending, tx.now
	account, id := string(tx.scope.Account()), idArg(kindNumberID, b.ID)
	tx.queue(call{name: "batches.add", sql: sqlBatchAdd, args: []any{account, id, idArg(kindNumberID, b.JobID), int64(b.RetailerID),
		b.Action, b.EntityType, b.Event, jsonArg(b.Header), int64(b.Total), b.CreatedOn}})
	return tx.conn.copyIn(ctx, "batch_rows.copy", pgx.Identifier{"batch_rows"},
		[]string{"account_id", "batch_id", "row_number", "body", "entity_id", "entity_ref", "code", "message"},
		pgx.CopyFromSlice(len(records), func(i int) ([]any, error) {
			return []any{account, id, int64(i), string(records[i]), "", "", "", ""}, nil
		}))
}

// copyIn sends rows by COPY inside the transaction, which it begins if need be.
func (c *txConn) copyIn(ctx context.Context, name string, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) error {
	if !c.begun {
		if err := c.exchange(ctx, nil, false); err != nil {
			return err
		}
	}
	trace(ctx, []call{{name: name}})
	if _, err := c.pg.CopyFrom(ctx, table, columns, rows); err != nil {
		c.failure = fmt.Errorf("%s: %w", name, err)
		return c.failure
	}
	return nil
}

// StartBatch queues that a batch is RUNNING. Loads of stock do without: one event carries a whole batch out, from PENDING to COMPLETE.
func (tx *Tx) StartBatch(id catalogue.ID) {
	tx.queue(call{name: "batches.start", sql: sqlBatchStart, args: []any{string(tx.scope.Account()), idArg(kindNumberID, id), tx.now}})
}

// FinishBatch queues that a batch is COMPLETE, and what became of its records: those of results that have a Code failed.
func (tx *Tx) FinishBatch(id catalogue.ID, processed int, results []BatchRow) {
	n := len(results)
	numbers, ids, refs, codes, messages := make([]int64, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	failed := 0
	for i, r := range results {
		numbers[i], ids[i], refs[i], codes[i], messages[i] = int64(r.Number), r.EntityID, r.EntityRef, r.Code, r.Message
		if r.Code != "" {
			failed++
		}
	}
	account, batch := string(tx.scope.Account()), idArg(kindNumberID, id)
	if n > 0 {
		tx.queue(call{name: "batch_rows.results", sql: sqlRowResults, args: []any{account, batch, numbers, ids, refs, codes, messages}})
	}
	tx.queue(call{name: "batches.finish", sql: sqlBatchFinish, args: []any{account, batch, int64(processed), int64(failed), tx.now}})
}

// Job loads a job with its batches in one round trip; fault NotFound if there is none.
func (r *Reader) Job(ctx context.Context, id catalogue.ID) (*Job, error) {
	var j *Job
	var batches []Batch
	number := idArg(kindNumberID, id)
	err := r.run(ctx, []call{
		{name: "jobs.get", sql: sqlJobGet, args: []any{string(r.scope.Account()), number}, rows: func(rows pgx.Rows) (err error) { j, err = collectJob(rows); return err }},
		{name: "batches.list", sql: sqlBatchList, args: []any{string(r.scope.Account()), number}, rows: func(rows pgx.Rows) (err error) {
			batches, err = pgx.CollectRows(rows, scanBatch)
			return err
		}},
	})
	if err == nil && (j == nil || !r.allows(j.RetailerID)) {
		return nil, fault.NotFoundf("there is no job %s", id)
	}
	if err != nil {
		return nil, err
	}
	j.Batches = batches
	return j, nil
}

// allows also lets a scope with retailers see what belongs to the account itself (retailer 0).
func (r *Reader) allows(retailer tenancy.RetailerID) bool {
	return retailer == 0 || r.scope.Allows(retailer)
}

func (r *Reader) findJob(ctx context.Context, id catalogue.ID) (j *Job, err error) {
	err = r.run(ctx, []call{{name: "jobs.get", sql: sqlJobGet, args: []any{string(r.scope.Account()), idArg(kindNumberID, id)}, rows: func(rows pgx.Rows) (err error) {
		j, err = collectJob(rows)
		return err
	}}})
	if err == nil && (j == nil || !r.allows(j.RetailerID)) {
		return nil, fault.NotFoundf("there is no job %s", id)
	}
	return j, err
}

func collectJob(rows pgx.Rows) (*Job, error) {
	j, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*Job, error) {
		j := &Job{}
		return j, row.Scan(&j.ID, &j.RetailerID, &j.Name, &j.Meta, &j.CreatedOn, &j.ClosesOn)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return j, err
}

func scanBatch(row pgx.CollectableRow) (b Batch, err error) {
	return b, row.Scan(&b.ID, &b.JobID, &b.RetailerID, &b.Action, &b.EntityType, &b.Event, &b.Header, &b.Status, &b.Total, &b.Processed, &b.Failed,
		&b.CreatedOn, &b.StartedOn, &b.CompletedOn)
}

// Batch loads one batch; fault NotFound if there is none.
func (r *Reader) Batch(ctx context.Context, id catalogue.ID) (*Batch, error) {
	var found []Batch
	err := r.run(ctx, []call{{name: "batches.get", sql: sqlBatchGet, args: []any{string(r.scope.Account()), idArg(kindNumberID, id)}, rows: func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, scanBatch)
		return err
	}}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !r.allows(found[0].RetailerID) {
		return nil, fault.NotFoundf("there is no batch %s", id)
	}
	return &found[0], nil
}

// BatchRows pages through a batch's records by number, from a number on. Callers have found the batch with Reader.Batch before.
func (r *Reader) BatchRows(ctx context.Context, id catalogue.ID, from, limit int) ([]BatchRow, error) {
	return r.batchRows(ctx, "batch_rows.page", sqlRowPage, id, from, limit)
}

// BatchFailures is BatchRows for records that failed.
func (r *Reader) BatchFailures(ctx context.Context, id catalogue.ID, from, limit int) ([]BatchRow, error) {
	return r.batchRows(ctx, "batch_rows.failures", sqlRowFailures, id, from, limit)
}

func (r *Reader) batchRows(ctx context.Context, name, sql string, id catalogue.ID, from, limit int) (out []BatchRow, err error) {
	err = r.run(ctx, []call{{name: name, sql: sql, args: []any{string(r.scope.Account()), idArg(kindNumberID, id), int64(from), int64(limit)}, rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[BatchRow])
		return err
	}}})
	return out, err
}
