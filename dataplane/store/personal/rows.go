package personal

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
)

// Table is a kind of rows, beside entities and trails, that may name somebody.
type Table string

// The tables, in the order in which they are looked through.
const (
	Events     Table = "events"
	Deliveries Table = "webhooks"
	Records    Table = "batchRecords"
	Batches    Table = "batches"
	Jobs       Table = "jobs"
)

// Tables lists them.
func Tables() []Table { return []Table{Events, Deliveries, Records, Batches, Jobs} }

// Row is a row that may name somebody.
type Row struct {
	Key   string   // rows are in the order of their keys
	About []string // entities that it is about, as TYPE/ID
	Texts []string // in the order of the table's columns
	JSON  string   // empty: none
	was   string
}

// All statements go along the primary key. A row is changed only if its JSON is what was read: whoever changed it meanwhile may have put somebody
// into it, and it is looked at again.
const (
	sqlEventPage = `SELECT id::text, entity_type, entity_id, root_type, root_id, ARRAY[entity_ref, root_ref], detail::text FROM events WHERE account_id = $1 AND id > $2::uuid ORDER BY id LIMIT $3`
	sqlEventSet  = `UPDATE events SET entity_ref = $3, root_ref = $4, detail = $5::text::jsonb WHERE account_id = $1 AND id = $2::uuid AND detail = $6::text::jsonb`

	sqlDeliveryPage = `SELECT id::text, COALESCE(event->>'EntityType', ''), COALESCE(event->>'EntityID', ''), COALESCE(event->>'RootType', ''), COALESCE(event->>'RootID', ''), ARRAY[endpoint, answer], event::text FROM webhook_deliveries WHERE account_id = $1 AND id > $2::uuid ORDER BY id LIMIT $3`
	sqlDeliverySet  = `UPDATE webhook_deliveries SET endpoint = $3, answer = $4, event = $5::text::jsonb WHERE account_id = $1 AND id = $2::uuid AND event = $6::text::jsonb`

	sqlRecordPage = `SELECT batch_id::text || ':' || row_number::text, '', '', '', '', ARRAY[entity_ref, message], body::text FROM batch_rows WHERE account_id = $1 AND (batch_id, row_number) > ($2::int8, $4::int8) ORDER BY batch_id, row_number LIMIT $3`
	sqlRecordSet  = `UPDATE batch_rows SET entity_ref = $3, message = $4, body = $5::text::jsonb WHERE account_id = $1 AND batch_id = $2::int8 AND row_number = $7::int8 AND body = $6::text::jsonb`

	sqlBatchPage = `SELECT id::text, '', '', '', '', ARRAY[event, ''], header::text FROM batches WHERE account_id = $1 AND id > $2::int8 ORDER BY id LIMIT $3`
	sqlBatchSet  = `UPDATE batches SET event = $3, header = $5::text::jsonb WHERE account_id = $1 AND id = $2::int8 AND $4 = '' AND header = $6::text::jsonb`

	sqlJobPage = `SELECT id::text, '', '', '', '', ARRAY[name, ''], COALESCE(meta::text, '') FROM jobs WHERE account_id = $1 AND id > $2::int8 ORDER BY id LIMIT $3`
	sqlJobSet  = `UPDATE jobs SET name = $3, meta = NULLIF($5::text, '')::jsonb WHERE account_id = $1 AND id = $2::int8 AND $4 = '' AND COALESCE(meta::text, '') = $6::text`

	sqlSignIns = `DELETE FROM sign_ins WHERE account_id = $1 AND lower(subject) = ANY ($2::text[])`
)

// statements are those of a table, and the key before the first.
type statements struct{ page, set, first string }

func of(t Table) (statements, error) {
	const nobody = "00000000-0000-0000-0000-000000000000"
	s, known := map[Table]statements{
		Events: {sqlEventPage, sqlEventSet, nobody}, Deliveries: {sqlDeliveryPage, sqlDeliverySet, nobody}, Records: {sqlRecordPage, sqlRecordSet, "-1:0"},
		Batches: {sqlBatchPage, sqlBatchSet, "-1"}, Jobs: {sqlJobPage, sqlJobSet, "-1"},
	}[t]
	if !known {
		return s, fmt.Errorf("personal: there is no table %q", t)
	}
	return s, nil
}

// Page reads rows of a table from the one after a key on; empty: from the first.
func Page(ctx context.Context, r *store.Reader, t Table, after string, limit int) (out []Row, err error) {
	s, err := of(t)
	if err != nil {
		return nil, err
	}
	if after == "" {
		after = s.first
	}
	args := []any{after, int64(limit)}
	if t != Events && t != Deliveries {
		numbers, err := split(after)
		if err != nil {
			return nil, err
		}
		if args[0] = numbers[0]; t == Records {
			args = append(args, numbers[1])
		}
	}
	err = r.Send(ctx, store.Statement{Name: "personal.page." + string(t), SQL: s.page, Args: r.Args(args...), Rows: func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var row Row
			var kind, id, rootKind, root string
			if err := rows.Scan(&row.Key, &kind, &id, &rootKind, &root, &row.Texts, &row.JSON); err != nil {
				return err
			}
			row.About, row.was = []string{kind + "/" + id, rootKind + "/" + root}, row.JSON
			out = append(out, row)
		}
		return rows.Err()
	}})
	return out, err
}

// Rewrite queues a row's texts and JSON, as they are now.
func Rewrite(tx *store.Tx, t Table, row Row) {
	s, err := of(t)
	if err != nil {
		tx.Fail(err)
		return
	}
	args := []any{row.Key, row.Texts[0], row.Texts[1], row.JSON, row.was}
	if t != Events && t != Deliveries {
		numbers, err := split(row.Key)
		if err != nil {
			tx.Fail(err)
			return
		}
		if args[0] = numbers[0]; t == Records {
			args = append(args, numbers[1])
		}
	}
	tx.Queue(store.Statement{Name: "personal.set." + string(t), SQL: s.set, Args: tx.Args(args...)})
}

func split(key string) (out [2]int64, err error) {
	for i, part := range strings.SplitN(key, ":", len(out)) {
		if out[i], err = strconv.ParseInt(part, 10, 64); err != nil {
			return out, fmt.Errorf("personal: key %q: %w", key, err)
		}
	}
	return out, nil
}

// ForgetSignIns queues the end of what was counted of attempts to sign in under names, in small letters.
func ForgetSignIns(tx *store.Tx, names []string, removed func(rows int64) error) {
	subjects := make([]string, len(names))
	for i, n := range names {
		subjects[i] = "user " + n
	}
	tx.Queue(store.Statement{Name: "personal.signIns", SQL: sqlSignIns, Args: tx.Args(subjects), Done: removed})
}
