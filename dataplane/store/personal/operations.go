// Package personal is the store's part for data of persons: exports and erasures with how far they are, and the rows, beside entities and trails,
// in which somebody may be named.
package personal

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Export  Kind = "EXPORT"
	Erasure Kind = "ERASURE"
)

// The states of operations.
const (
	Open = "OPEN"
	Done = "DONE"
)

// Operation is an export or an erasure of a customer's data.
type Operation struct {
	Account     tenancy.AccountID
	ID          string
	Kind        Kind
	CustomerID  catalogue.ID
	RetailerID  int64
	State       string
	Step        string
	Position    string          // within the step; the step says what it means
	Progress    json.RawMessage // an object
	Sealed      string          // what is looked for; empty: nothing any more
	RequestedBy string
	RequestedOn time.Time
	UpdatedOn   time.Time
	DoneOn      *time.Time
	ExpiresOn   *time.Time // when an export's file goes
}

// Open operations are few, and have an index; all else goes by primary key or by customer.
const (
	columns = `account_id, id, kind, customer_id, retailer_id, state, step, position, progress::text, sealed, requested_by, requested_on, updated_on, done_on, expires_on`

	sqlAdd = `INSERT INTO personal_operations (account_id, id, kind, customer_id, retailer_id, state, step, position, progress, sealed, requested_by, requested_on, updated_on)
SELECT $1, $2, $3, $4, $5::int8, 'OPEN', '', '', $7::text::jsonb, '', $6, now(), now()
WHERE NOT EXISTS (SELECT 1 FROM personal_operations WHERE account_id = $1 AND customer_id = $4 AND kind = $3 AND (state = 'OPEN' OR kind = 'ERASURE'))`
	sqlGet   = `SELECT ` + columns + ` FROM personal_operations WHERE account_id = $1 AND id = $2`
	sqlOf    = `SELECT ` + columns + ` FROM personal_operations WHERE account_id = $1 AND customer_id = $2 AND kind = $3 ORDER BY requested_on DESC, id LIMIT $4`
	sqlOpen  = `SELECT ` + columns + ` FROM personal_operations WHERE state = 'OPEN' AND id <> ALL ($2::TEXT[]) ORDER BY updated_on, account_id, id LIMIT $1`
	sqlHurry = `UPDATE personal_operations SET progress = progress || '{"now": true}'::jsonb WHERE account_id = $1 AND id = $2 AND state = 'OPEN' AND step = '' AND sealed = ''`
	sqlBack  = `UPDATE personal_operations SET updated_on = now() WHERE account_id = $1 AND id = $2 AND state = 'OPEN'`
	sqlStep  = `UPDATE personal_operations SET step = $3, position = $4, progress = $5::text::jsonb, sealed = $6, updated_on = now() WHERE account_id = $1 AND id = $2 AND state = 'OPEN'`
	sqlEnd   = `UPDATE personal_operations SET state = 'DONE', step = '', position = '', progress = $3::text::jsonb, sealed = '', updated_on = now(), done_on = now(), expires_on = $4::timestamptz WHERE account_id = $1 AND id = $2 AND state = 'OPEN'`
	sqlDrop  = `DELETE FROM personal_files WHERE account_id = $1 AND operation_id = $2`
	sqlPut   = `INSERT INTO personal_files (account_id, operation_id, part, body) VALUES ($1, $2, $3, $4)`
	sqlPart  = `SELECT body FROM personal_files WHERE account_id = $1 AND operation_id = $2 AND part = $3`
	sqlStale = `DELETE FROM personal_files WHERE account_id = $1 AND operation_id IN (SELECT id FROM personal_operations WHERE account_id = $1 AND expires_on < now())`
	sqlIdle  = `SELECT c.id::text, COALESCE(c.country, ''), COALESCE(c.retailer_id, 0),
	GREATEST(c.updated_on, COALESCE((SELECT max(o.updated_on) FROM orders o WHERE o.account_id = c.account_id AND o.customer_id = c.id), c.updated_on)) FROM customers c
WHERE c.account_id = $1 AND c.id > $2::int8 AND COALESCE(c.status, '') <> 'ERASED' AND c.updated_on < now() - $3 * INTERVAL '1 second'
	AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.account_id = c.account_id AND o.customer_id = c.id AND o.updated_on >= now() - $3 * INTERVAL '1 second')
	AND NOT EXISTS (SELECT 1 FROM personal_operations p WHERE p.account_id = c.account_id AND p.customer_id = c.id::text AND p.kind = 'ERASURE')
ORDER BY c.id LIMIT $4`
)

func (o *Operation) scan(rows pgx.Rows) error {
	var progress string
	err := rows.Scan(&o.Account, &o.ID, &o.Kind, &o.CustomerID, &o.RetailerID, &o.State, &o.Step, &o.Position, &progress, &o.Sealed,
		&o.RequestedBy, &o.RequestedOn, &o.UpdatedOn, &o.DoneOn, &o.ExpiresOn)
	o.Progress = json.RawMessage(progress)
	return err
}

func list(ctx context.Context, r *store.Reader, name, sql string, args store.Args) (out []Operation, err error) {
	err = r.Send(ctx, store.Statement{Name: name, SQL: sql, Args: args, Rows: func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var o Operation
			if err := o.scan(rows); err != nil {
				return err
			}
			out = append(out, o)
		}
		return rows.Err()
	}})
	return out, err
}

// Add queues a new operation, unless one of the kind is open for the customer, or the customer was erased.
func Add(tx *store.Tx, o Operation) {
	tx.Queue(store.Statement{Name: "personal.add", SQL: sqlAdd, Args: tx.Args(o.ID, string(o.Kind), string(o.CustomerID), o.RetailerID, o.RequestedBy, cmp.Or(string(o.Progress), "{}"))})
}

// Get reads an operation; nil: there is none.
func Get(ctx context.Context, r *store.Reader, id string) (*Operation, error) {
	found, err := list(ctx, r, "personal.get", sqlGet, r.Args(id))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Of lists a customer's operations of a kind, the newest first.
func Of(ctx context.Context, r *store.Reader, customer catalogue.ID, kind Kind, limit int) ([]Operation, error) {
	return list(ctx, r, "personal.of", sqlOf, r.Args(string(customer), string(kind), int64(limit)))
}

// Hurry has an open operation that nothing was done for yet wait no more.
func Hurry(ctx context.Context, db *store.DB, scope tenancy.Scope, id string) error {
	w := db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "personal.hurry", SQL: sqlHurry, Args: w.Args(id)})
}

// PutBack has an open operation stand behind the others that are open.
func PutBack(ctx context.Context, db *store.DB, scope tenancy.Scope, id string) error {
	w := db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "personal.back", SQL: sqlBack, Args: w.Args(id)})
}

// Waiting lists operations of all accounts that are open, without some, those first for which nothing was done for longest.
func Waiting(ctx context.Context, db *store.DB, limit int, without ...string) ([]Operation, error) {
	return list(ctx, db.Environment(), "personal.open", sqlOpen, store.Unscoped(int64(limit), append([]string{}, without...)))
}

// Step queues how far an open operation is.
func Step(tx *store.Tx, o *Operation) {
	tx.Queue(store.Statement{Name: "personal.step", SQL: sqlStep, Args: tx.Args(o.ID, o.Step, o.Position, string(o.Progress), o.Sealed)})
}

// End queues the end of an operation. Its file, if there is one, goes at a time.
func End(tx *store.Tx, o *Operation, expires *time.Time) {
	tx.Queue(store.Statement{Name: "personal.end", SQL: sqlEnd, Args: tx.Args(o.ID, string(o.Progress), expires)})
}

// DropFile queues the end of an operation's file.
func DropFile(tx *store.Tx, id string) {
	tx.Queue(store.Statement{Name: "personal.drop", SQL: sqlDrop, Args: tx.Args(id)})
}

// PutPart queues a part of an operation's file, numbered from 0.
func PutPart(tx *store.Tx, id string, part int, body []byte) {
	tx.Queue(store.Statement{Name: "personal.put", SQL: sqlPut, Args: tx.Args(id, int64(part), body)})
}

// Part reads a part of an operation's file; nil: there is none.
func Part(ctx context.Context, r *store.Reader, id string, part int) (body []byte, err error) {
	err = r.Send(ctx, store.Statement{Name: "personal.part", SQL: sqlPart, Args: r.Args(id, int64(part)), Rows: func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if body = nil; len(found) > 0 {
			body = found[0]
		}
		return err
	}})
	return body, err
}

// DropStale removes the files of the scope's account whose time is over.
func DropStale(ctx context.Context, db *store.DB, scope tenancy.Scope) error {
	w := db.Autocommit(scope)
	return w.Send(ctx, store.Statement{Name: "personal.stale", SQL: sqlStale, Args: w.Args()})
}

// Idle is a customer who has not been heard of for a time.
type Idle struct {
	ID       catalogue.ID
	Country  string
	Retailer int64
	Since    time.Time // when he, or an order of his, changed last
}

// IdleCustomers lists customers, by id after one, who have neither changed nor ordered for an age, and are not to be erased yet.
func IdleCustomers(ctx context.Context, r *store.Reader, after catalogue.ID, age time.Duration, limit int) (out []Idle, err error) {
	err = r.Send(ctx, store.Statement{Name: "personal.idle", SQL: sqlIdle, Args: r.Args(store.Number(after), age.Seconds(), int64(limit)), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Idle])
		return err
	}})
	return out, err
}
