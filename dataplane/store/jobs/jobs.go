// Package jobs is the store's part for loads in bulk: jobs, their batches, and the records of batches with what became of each.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// Status is how far a batch is.
type Status string

// The states of a batch.
const (
	Pending  Status = "PENDING"
	Running  Status = "RUNNING"
	Complete Status = "COMPLETE"
)

// Job is a frame for batches. It takes batches until ClosesOn.
type Job struct {
	ID         catalogue.ID
	RetailerID tenancy.RetailerID
	Name       string
	Meta       json.RawMessage // what the caller added; may be nil
	CreatedOn  time.Time
	ClosesOn   time.Time
	Batches    []Batch // oldest first; only Get fills them
}

// Batch is a set of records that came in one request.
type Batch struct {
	ID          catalogue.ID
	JobID       catalogue.ID
	RetailerID  tenancy.RetailerID
	Action      string
	EntityType  string
	Event       string
	EventID     string          // of the event that it becomes; empty: it becomes none
	Header      json.RawMessage // the request without its records
	Status      Status
	Total       int
	Processed   int
	Failed      int
	CreatedOn   time.Time
	StartedOn   *time.Time
	CompletedOn *time.Time
}

// Row is one record and what became of it. Number counts from 0 within the batch.
type Row struct {
	Number    int
	Body      json.RawMessage
	EntityID  string
	EntityRef string
	Code      string // of an error; empty: none
	Message   string
	Place     string // of an error: the member at fault; empty: the record as a whole
}

// Statements of jobs and batches; all go by primary key, but for a job's batches, which have an index of their own.
const (
	sqlJobAdd    = `INSERT INTO jobs (account_id, id, retailer_id, name, meta, created_on, closes_on) VALUES ($1, $2, $3, $4, $5::TEXT::JSONB, $6, $7)`
	sqlJobGet    = `SELECT id::TEXT, retailer_id, name, meta, created_on, closes_on FROM jobs WHERE account_id = $1 AND id = $2`
	batchColumns = `id::TEXT, job_id::TEXT, retailer_id, action, entity_type, event, header, status, total, processed, failed, created_on, started_on, completed_on`
	sqlBatchList = `SELECT ` + batchColumns + ` FROM batches WHERE account_id = $1 AND job_id = $2 ORDER BY created_on, id`
	sqlBatchGet  = `SELECT ` + batchColumns + ` FROM batches WHERE account_id = $1 AND id = $2`
	sqlBatchAdd  = `INSERT INTO batches (account_id, id, job_id, retailer_id, action, entity_type, event, header, total, created_on, event_id, status,
	processed, failed, started_on, completed_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::TEXT::JSONB, $9, $10, $11, $12, $13, $14, $15, $16)`
	sqlBatchStart  = `UPDATE batches SET status = 'RUNNING', started_on = $3 WHERE account_id = $1 AND id = $2 AND status = 'PENDING'`
	sqlBatchFinish = `UPDATE batches SET status = 'COMPLETE', processed = $3, failed = $4, started_on = COALESCE(started_on, $5), completed_on = $5
WHERE account_id = $1 AND id = $2`
	// Of a batch whose event is not known, which a node of the build before took, the end of any event is believed that names it.
	sqlBatchOpen = `SELECT total FROM batches WHERE account_id = $1 AND id = $2 AND status <> 'COMPLETE' AND ($3::INT8 = 0 OR retailer_id = $3::INT8)
AND (event_id IS NULL OR event_id = $4) FOR UPDATE`
	sqlBatchPass  = `UPDATE batches SET event_id = $4 WHERE account_id = $1 AND id = $2 AND event_id = $3`
	sqlRowsFail   = `UPDATE batch_rows SET code = $3, message = $4 WHERE account_id = $1 AND batch_id = $2 AND code = ''`
	sqlRowResults = `UPDATE batch_rows b SET entity_id = u.entity_id, entity_ref = u.entity_ref, code = u.code, message = u.message, place = u.place
FROM unnest($3::INT8[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[], $8::TEXT[]) AS u (n, entity_id, entity_ref, code, message, place)
WHERE b.account_id = $1 AND b.batch_id = $2 AND b.row_number = u.n`
	rowColumns = `row_number, body, entity_id, entity_ref, code, message, coalesce(place, '')`
	sqlRowPage = `SELECT ` + rowColumns + ` FROM batch_rows
WHERE account_id = $1 AND batch_id = $2 AND row_number >= $3 ORDER BY row_number LIMIT $4`
	sqlRowTake = `SELECT ` + rowColumns + ` FROM batch_rows
WHERE account_id = $1 AND batch_id = $2 AND row_number >= $3
AND EXISTS (SELECT 1 FROM batches b WHERE b.account_id = $1 AND b.id = $2 AND ($5::INT8 = 0 OR b.retailer_id = $5::INT8)) ORDER BY row_number LIMIT $4`
	sqlRowFailures = `SELECT ` + rowColumns + ` FROM batch_rows
WHERE account_id = $1 AND batch_id = $2 AND row_number >= $3 AND code <> '' ORDER BY row_number LIMIT $4`
)

// NewID allots the number of a job.
func NewID(ctx context.Context, db *store.DB, scope tenancy.Scope) (catalogue.ID, error) {
	return db.NewNumber(ctx, scope, "jobs")
}

// NewBatchID allots the number of a batch.
func NewBatchID(ctx context.Context, db *store.DB, scope tenancy.Scope) (catalogue.ID, error) {
	return db.NewNumber(ctx, scope, "batches")
}

// Add queues a new job. CreatedOn is set to the transaction's time.
func Add(tx *store.Tx, j *Job) {
	j.CreatedOn = tx.Now()
	tx.Queue(store.Statement{Name: "jobs.add", SQL: sqlJobAdd,
		Args: tx.Args(store.Number(j.ID), int64(j.RetailerID), j.Name, jsonArg(j.Meta), j.CreatedOn, j.ClosesOn)})
}

func jsonArg(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return string(raw)
}

func textArg(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// AddBatch writes a batch and its records, by COPY, at once (not when the Tx is flushed). Total, Status and CreatedOn are set. The job must exist
// (fault NotFound) and be open (fault Unprocessable).
func AddBatch(ctx context.Context, tx *store.Tx, b *Batch, records []json.RawMessage) error {
	rows := make([]Row, len(records))
	for i := range records {
		rows[i] = Row{Number: i, Body: records[i]}
	}
	b.Status = Pending
	return add(ctx, tx, b, rows)
}

// AddDone is AddBatch for a batch that is complete with the transaction, and of whose records all is known.
func AddDone(ctx context.Context, tx *store.Tx, b *Batch, rows []Row) error {
	now := tx.Now()
	b.Status, b.Processed, b.Failed, b.StartedOn, b.CompletedOn = Complete, len(rows), 0, &now, &now
	for i := range rows {
		if rows[i].Code != "" {
			b.Failed++
		}
	}
	return add(ctx, tx, b, rows)
}

func add(ctx context.Context, tx *store.Tx, b *Batch, rows []Row) error {
	job, err := find(ctx, tx.Reader, b.JobID)
	if err != nil {
		return err
	}
	if !tx.Now().Before(job.ClosesOn) {
		return fault.New(fault.Unprocessable, "job %s is closed since %s; make a new job", job.ID, job.ClosesOn.Format(time.RFC3339))
	}
	b.Total, b.CreatedOn = len(rows), tx.Now()
	id := store.Number(b.ID)
	tx.Queue(store.Statement{Name: "batches.add", SQL: sqlBatchAdd, Args: tx.Args(id, store.Number(b.JobID), int64(b.RetailerID),
		b.Action, b.EntityType, b.Event, jsonArg(b.Header), int64(b.Total), b.CreatedOn, textArg(b.EventID), string(b.Status),
		int64(b.Processed), int64(b.Failed), b.StartedOn, b.CompletedOn)})
	return tx.Copy(ctx, store.Copy{Name: "batch_rows.copy", Table: "batch_rows",
		Columns: []string{"batch_id", "row_number", "body", "entity_id", "entity_ref", "code", "message", "place"}, Count: len(rows),
		Row: func(i int, to []any) []any {
			r := &rows[i]
			return append(to, id, int64(i), string(r.Body), r.EntityID, r.EntityRef, r.Code, r.Message, textArg(r.Place))
		}})
}

// Start queues that a batch is RUNNING. Loads of stock do without: one event carries a whole batch out, from PENDING to COMPLETE.
func Start(tx *store.Tx, id catalogue.ID) {
	tx.Queue(store.Statement{Name: "batches.start", SQL: sqlBatchStart, Args: tx.Args(store.Number(id), tx.Now())})
}

// Open locks a batch that is not complete, and tells how many records it has; 0: it is complete, or it is not the batch of a retailer (0: any) that
// became the event.
func Open(ctx context.Context, tx *store.Tx, id catalogue.ID, retailer tenancy.RetailerID, event string) (total int, err error) {
	s := store.Statement{Name: "batches.open", SQL: sqlBatchOpen, Args: tx.Args(store.Number(id), int64(retailer), event)}
	s.Rows = func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&total}, func() error { return nil })
		return err
	}
	return total, tx.Send(ctx, s)
}

// Pass queues that a batch is another event's from now on, if it is that of one.
func Pass(tx *store.Tx, id catalogue.ID, from, to string) {
	tx.Queue(store.Statement{Name: "batches.pass", SQL: sqlBatchPass, Args: tx.Args(store.Number(id), from, to)})
}

// Fail queues that a batch is COMPLETE and that all its records failed, for one reason, but for those that are known to have failed already.
func Fail(tx *store.Tx, id catalogue.ID, total int, code, message string) {
	tx.Queue(store.Statement{Name: "batch_rows.fail", SQL: sqlRowsFail, Args: tx.Args(store.Number(id), code, message)})
	finish(tx, id, total, total)
}

// finished is under which key a transaction keeps that it completes a batch.
type finished struct{ id catalogue.ID }

// Finishes reports whether the transaction completes a batch.
func Finishes(tx *store.Tx, id catalogue.ID) bool { return tx.Kept(finished{id}) != nil }

func finish(tx *store.Tx, id catalogue.ID, processed, failed int) {
	tx.Keep(finished{id}, true)
	tx.Queue(store.Statement{Name: "batches.finish", SQL: sqlBatchFinish, Args: tx.Args(store.Number(id), int64(processed), int64(failed), tx.Now())})
}

// Finish queues that a batch is COMPLETE, and what became of its records: those of results that have a Code failed.
func Finish(tx *store.Tx, id catalogue.ID, processed int, results []Row) {
	n := len(results)
	numbers, ids, refs, codes, messages, places := make([]int64, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	failed := 0
	for i, r := range results {
		numbers[i], ids[i], refs[i], codes[i], messages[i], places[i] = int64(r.Number), r.EntityID, r.EntityRef, r.Code, r.Message, r.Place
		if r.Code != "" {
			failed++
		}
	}
	if n > 0 {
		tx.Queue(store.Statement{Name: "batch_rows.results", SQL: sqlRowResults, Args: tx.Args(store.Number(id), numbers, ids, refs, codes, messages, places)})
	}
	finish(tx, id, processed, failed)
}

// Get loads a job with its batches, and sends other reads, in one round trip; fault NotFound if there is none.
func Get(ctx context.Context, r *store.Reader, id catalogue.ID, also ...store.Statement) (*Job, error) {
	var j *Job
	var batches []Batch
	list := store.Statement{Name: "batches.list", SQL: sqlBatchList, Args: r.Args(store.Number(id)), Rows: func(rows pgx.Rows) (err error) {
		batches, err = pgx.CollectRows(rows, scanBatch)
		return err
	}}
	err := r.Send(ctx, append([]store.Statement{byID(r, id, &j), list}, also...)...)
	if j, err = allowed(r, id, j, err); err != nil {
		return nil, err
	}
	j.Batches = batches
	return j, nil
}

// find loads a job without its batches.
func find(ctx context.Context, r *store.Reader, id catalogue.ID) (j *Job, err error) {
	err = r.Send(ctx, byID(r, id, &j))
	return allowed(r, id, j, err)
}

func byID(r *store.Reader, id catalogue.ID, to **Job) store.Statement {
	return store.Statement{Name: "jobs.get", SQL: sqlJobGet, Args: r.Args(store.Number(id)), Rows: func(rows pgx.Rows) (err error) {
		*to, err = collectJob(rows)
		return err
	}}
}

// allowed makes a job that is not there, or not for the scope, a fault.
func allowed(r *store.Reader, id catalogue.ID, j *Job, err error) (*Job, error) {
	if err == nil && (j == nil || !allows(r, j.RetailerID)) {
		return nil, fault.NotFoundf("there is no job %s", id)
	}
	return j, err
}

// allows also lets a scope with retailers see what belongs to the account itself (retailer 0).
func allows(r *store.Reader, retailer tenancy.RetailerID) bool {
	return retailer == 0 || r.Scope().Allows(retailer)
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

// GetBatch loads one batch; fault NotFound if there is none.
func GetBatch(ctx context.Context, r *store.Reader, id catalogue.ID) (*Batch, error) {
	var found []Batch
	err := r.Send(ctx, store.Statement{Name: "batches.get", SQL: sqlBatchGet, Args: r.Args(store.Number(id)), Rows: func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, scanBatch)
		return err
	}})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !allows(r, found[0].RetailerID) {
		return nil, fault.NotFoundf("there is no batch %s", id)
	}
	return &found[0], nil
}

// Rows pages through a batch's records by number, from a number on. Callers have found the batch with GetBatch before.
func Rows(ctx context.Context, r *store.Reader, batch catalogue.ID, from, limit int) ([]Row, error) {
	return list(ctx, r, "batch_rows.page", sqlRowPage, store.Number(batch), int64(from), int64(limit))
}

// Failures is Rows for records that failed.
func Failures(ctx context.Context, r *store.Reader, batch catalogue.ID, from, limit int) ([]Row, error) {
	return list(ctx, r, "batch_rows.failures", sqlRowFailures, store.Number(batch), int64(from), int64(limit))
}

// Take lists the first records of a batch for a turn that works for a retailer; 0 works for the account. Fault NotFound: there is no such batch, it
// is another retailer's, or its records are kept no longer.
func Take(ctx context.Context, r *store.Reader, batch catalogue.ID, retailer tenancy.RetailerID, limit int) ([]Row, error) {
	rows, err := list(ctx, r, "batch_rows.take", sqlRowTake, store.Number(batch), int64(0), int64(limit), int64(retailer))
	if err == nil && len(rows) == 0 { // no batch is empty
		return nil, fault.NotFoundf("there is no batch %q of retailer %d whose records are kept", batch, retailer)
	}
	return rows, err
}

func list(ctx context.Context, r *store.Reader, name, sql string, args ...any) (out []Row, err error) {
	err = r.Send(ctx, store.Statement{Name: name, SQL: sql, Args: r.Args(args...), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, scanRow)
		return err
	}})
	return out, err
}

// scanRow takes a record's bytes as they are: json.RawMessage by itself would be read as JSON once more.
func scanRow(row pgx.CollectableRow) (r Row, err error) {
	return r, row.Scan(&r.Number, (*[]byte)(&r.Body), &r.EntityID, &r.EntityRef, &r.Code, &r.Message, &r.Place)
}
