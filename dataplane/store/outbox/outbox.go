// Package outbox is the store's part for webhooks: what a transaction wants to be sent once it has committed, and what became of it.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Delivery is a webhook in the outbox.
type Delivery struct {
	Account   tenancy.AccountID
	ID        string // UUID
	Name      string
	Endpoint  string // as the rule gave it: a URL, or the name of a setting that holds one
	Event     workflow.Event
	Attempts  int
	CreatedOn time.Time
}

const insertDelivery = `INSERT INTO webhook_deliveries (account_id, id, state, name, endpoint, event, next_try_on, created_on)
VALUES ($1, $2::uuid, 'PENDING', $3, $4, $5::jsonb, now(), now())`

// Add queues a webhook for the outbox, to be sent once the transaction has committed.
func Add(tx *store.Tx, d Delivery) {
	body, err := json.Marshal(d.Event)
	if err != nil {
		tx.Fail(fmt.Errorf("webhook %s: %w", d.Name, err))
		return
	}
	tx.Queue(store.Statement{Name: "deliveries.insert", SQL: insertDelivery, Args: tx.Args(d.ID, d.Name, d.Endpoint, string(body))})
}

// Claiming moves the next try beyond the time that an attempt may take, so that two nodes never send one delivery at once, and a node that
// dies in between leaves it to be sent again.
const claimDeliveries = `WITH RECURSIVE a (account_id) AS (
	SELECT min(account_id) FROM webhook_deliveries WHERE state = 'PENDING'
	UNION ALL
	SELECT (SELECT min(w.account_id) FROM webhook_deliveries w WHERE w.state = 'PENDING' AND w.account_id > a.account_id) FROM a WHERE a.account_id IS NOT NULL
)
UPDATE webhook_deliveries u SET next_try_on = now() + $1 * INTERVAL '1 second', attempts = u.attempts + 1
WHERE (u.account_id, u.id) IN (
	SELECT q.account_id, q.id FROM a CROSS JOIN LATERAL (
		SELECT w.account_id, w.id FROM webhook_deliveries w
		WHERE w.state = 'PENDING' AND w.account_id = a.account_id AND w.next_try_on <= now() ORDER BY w.next_try_on, w.id LIMIT $2
	) AS q WHERE a.account_id IS NOT NULL
)
RETURNING u.account_id, u.id::text, u.name, u.endpoint, u.event::text, u.attempts, u.created_on`

// Claim takes due deliveries, at most perAccount of each account, for a sender who will answer for each within hold by Finish.
// No node has such a sender yet: what Add queues stays PENDING.
func Claim(ctx context.Context, db *store.DB, hold time.Duration, perAccount int) ([]Delivery, error) {
	var out []Delivery
	claim := store.Statement{Name: "deliveries.claim", SQL: claimDeliveries, Args: store.Unscoped(hold.Seconds(), perAccount), Rows: func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var d Delivery
			var body string
			if err := rows.Scan(&d.Account, &d.ID, &d.Name, &d.Endpoint, &body, &d.Attempts, &d.CreatedOn); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(body), &d.Event); err != nil {
				return fmt.Errorf("webhook %s: stored event: %w", d.ID, err)
			}
			out = append(out, d)
		}
		return rows.Err()
	}}
	err := db.WriteEnvironment(ctx, func(tx *store.Tx) error { tx.Queue(claim); return nil })
	return out, err
}

const finishDelivery = `UPDATE webhook_deliveries SET state = CASE WHEN $3 = '' THEN 'PENDING' ELSE $3 END, answer = $4,
	next_try_on = now() + $5 * INTERVAL '1 second', done_on = CASE WHEN $3 = '' THEN NULL ELSE now() END
WHERE account_id = $1 AND id = $2::uuid AND done_on IS NULL`

// Finish records an attempt: state DONE or DEAD ends the delivery, an empty state has it tried again after the pause.
func Finish(ctx context.Context, db *store.DB, d Delivery, state, answer string, pause time.Duration) error {
	scope, err := tenancy.NewScope(d.Account)
	if err != nil {
		return fmt.Errorf("outbox: finish webhook %s: %w", d.ID, err)
	}
	return db.Write(ctx, scope, func(tx *store.Tx) error {
		tx.Queue(store.Statement{Name: "deliveries.finish", SQL: finishDelivery, Args: tx.Args(d.ID, state, answer, pause.Seconds())})
		return nil
	})
}
