// Package trails is the store's part for the audit of turns: a compressed body for each, and what it is found by.
package trails

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/tenancy"
)

// Trail is the audit of one turn: what it is found by, and its compressed body, which dataplane/engine/history reads and writes.
type Trail struct {
	TurnID      string // UUID whose low 16 bits are zero
	RetailerID  tenancy.RetailerID
	RootType    string
	RootID      string
	GeneratedOn time.Time // when it was written; zero: Add draws it, as CreatedOn of entities is drawn
	Keys        []string  // search keys, without the account
	Body        []byte
}

// Each row's keys travel as one text: arrays of arrays must be rectangular.
const (
	insertTrails = `INSERT INTO trails (account_id, turn_id, retailer_id, root_type, root_id, generated_on, keys, body)
SELECT $1, t.turn_id::uuid, t.retailer_id, t.root_type, t.root_id, t.generated_on, string_to_array(t.keys, $9), t.body
FROM unnest($2::text[], $3::int8[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::bytea[])
	AS t (turn_id, retailer_id, root_type, root_id, generated_on, keys, body)`

	keySeparator = "\x1f"
)

// rows is what one statement inserts.
type rows struct {
	turns, rootTypes, rootIDs, keys []string
	retailers                       []int64
	generated                       []*time.Time
	after                           []time.Duration // of those that share what is drawn, in the order of the turns
	drawn                           time.Duration
	bodies                          [][]byte
}

// Args are the rows by columns.
func (g *rows) Args(r *store.Reader) (store.Args, error) {
	generated := make([]time.Time, len(g.generated))
	for i, at := range g.generated {
		generated[i] = at.Add(g.after[i] * time.Microsecond)
	}
	return r.Args(g.turns, g.retailers, g.rootTypes, g.rootIDs, generated, g.keys, g.bodies, keySeparator), nil
}

// addName names the statement that Add queues.
const addName = "trails.insert"

// Add queues a turn's trail. A turn id that is there already fails the transaction: the turn has been committed before.
func Add(tx *store.Tx, t Trail) {
	account := string(tx.Scope().Account())
	g, queued := tx.Gathering(addName).(*rows)
	if !queued {
		g = &rows{}
		tx.Gather(store.Statement{Name: addName, SQL: insertTrails}, g)
	}
	nth := time.Duration(0)
	if t.GeneratedOn.IsZero() {
		tx.Stamp(&t.GeneratedOn)
		nth = g.drawn
		g.drawn++
	}
	g.turns, g.retailers, g.rootTypes = append(g.turns, t.TurnID), append(g.retailers, int64(t.RetailerID)), append(g.rootTypes, t.RootType)
	g.rootIDs, g.generated, g.bodies = append(g.rootIDs, t.RootID), append(g.generated, &t.GeneratedOn), append(g.bodies, t.Body)
	g.after = append(g.after, nth)
	g.keys = append(g.keys, strings.Join(accountKeys(account, t.Keys), keySeparator))
}

// accountKeys puts the account in front of each key, so that the inverted index, which spans accounts, finds only one's own.
func accountKeys(account string, keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = account + "/" + k
	}
	return out
}

const trailColumns = `t.turn_id::text, t.retailer_id, t.root_type, t.root_id, t.generated_on, t.body`

// Exists reports whether a turn was committed: what settles a commit whose answer was lost.
func Exists(ctx context.Context, r *store.Reader, turnID string) (found bool, err error) {
	err = r.Send(ctx, store.Statement{Name: "trails.exists", SQL: `SELECT 1 FROM trails t WHERE t.account_id = $1 AND t.turn_id = $2::uuid`,
		Args: r.Args(turnID), Rows: func(rows pgx.Rows) error { found = rows.Next(); return rows.Err() }})
	return found, err
}

// Get reads one turn's trail; nil if there is none.
func Get(ctx context.Context, r *store.Reader, turnID string) (*Trail, error) {
	out, err := list(ctx, r, "trails.get", `SELECT `+trailColumns+` FROM trails t WHERE t.account_id = $1 AND t.turn_id = $2::uuid`, turnID)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return &out[0], nil
}

// Query selects turns, newest first. Empty members do not limit.
type Query struct {
	RootType, RootID string // both or none
	Keys             []string
	From, To         time.Time
	Before           time.Time // with BeforeID: only turns that come after this one in the order
	BeforeID         string
	Limit            int
}

// After reads whole rows in the order of their ids, from the one after an id on; empty: from the first.
func After(ctx context.Context, r *store.Reader, id string, limit int) ([]Trail, error) {
	if id == "" {
		id = "00000000-0000-0000-0000-000000000000"
	}
	return list(ctx, r, "trails.after", `SELECT `+trailColumns+` FROM trails t WHERE t.account_id = $1 AND t.turn_id > $2::uuid ORDER BY t.turn_id LIMIT $3`, id, limit)
}

const replaceTrail = `UPDATE trails SET keys = string_to_array($3, $4), body = $5 WHERE account_id = $1 AND turn_id = $2::uuid`

// Replace puts another body and other keys in the place of a turn's.
func Replace(tx *store.Tx, t Trail) {
	keys := strings.Join(accountKeys(string(tx.Scope().Account()), t.Keys), keySeparator)
	tx.Queue(store.Statement{Name: "trails.replace", SQL: replaceTrail, Args: tx.Args(t.TurnID, keys, keySeparator, t.Body)})
}

const trailsOf = `SELECT ` + trailColumns + ` FROM trails t
WHERE t.account_id = $1 AND t.generated_on >= $2 AND t.generated_on <= $3
	AND ($4 = '' OR (t.generated_on, t.turn_id) < ($5, NULLIF($4, '')::uuid))`

const trailOrder = ` ORDER BY t.generated_on DESC, t.turn_id DESC LIMIT $6`

// List lists turns.
func List(ctx context.Context, r *store.Reader, q Query) ([]Trail, error) {
	args, keys := []any{q.From, q.To, q.BeforeID, q.Before, q.Limit}, accountKeys(string(r.Scope().Account()), q.Keys)
	switch {
	case q.RootID != "" && len(q.Keys) > 0:
		return list(ctx, r, "trails.rootKeys", trailsOf+` AND t.root_type = $7 AND t.root_id = $8 AND t.keys @> $9::text[]`+trailOrder,
			append(args, q.RootType, q.RootID, keys)...)
	case q.RootID != "":
		return list(ctx, r, "trails.root", trailsOf+` AND t.root_type = $7 AND t.root_id = $8`+trailOrder, append(args, q.RootType, q.RootID)...)
	case len(q.Keys) > 0:
		return list(ctx, r, "trails.keys", trailsOf+` AND t.keys @> $7::text[]`+trailOrder, append(args, keys)...)
	}
	return list(ctx, r, "trails.time", trailsOf+trailOrder, args...)
}

func list(ctx context.Context, r *store.Reader, name, sql string, args ...any) (out []Trail, err error) {
	err = r.Send(ctx, store.Statement{Name: name, SQL: sql, Args: r.Args(args...), Rows: func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var t Trail
			if err := rows.Scan(&t.TurnID, &t.RetailerID, &t.RootType, &t.RootID, &t.GeneratedOn, &t.Body); err != nil {
				return err
			}
			t.GeneratedOn = t.GeneratedOn.UTC()
			out = append(out, t)
		}
		return rows.Err()
	}})
	return out, err
}
