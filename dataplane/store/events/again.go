package events

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/path"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Blocker is the attribute of an event that waits to try a root's first turn again, with what is in it: see Block.
const Blocker = "blocker"

// Block is why a root's first turn is to be tried again.
type Block struct {
	Reason string
	Event  string    // whose turn it was
	Since  time.Time // when the root was made
	Tried  time.Time // when that turn began
	Under  uint64    // what stood for the retailer's configuration then: see Cause
}

// Attribute is the block as an attribute of the event that waits.
func (b *Block) Attribute() map[string]any {
	return map[string]any{"reason": b.Reason, "event": b.Event, "since": b.Since.UnixMilli(), "tried": b.Tried.UnixMilli(), "under": int64(b.Under)}
}

// BlockOf reads the block of an event that waits; nil: it waits for something else.
func BlockOf(ev *workflow.Event) *Block {
	is, ok := ev.Attributes[Blocker].(map[string]any)
	if !ok {
		return nil
	}
	b := &Block{}
	b.Reason, _ = is["reason"].(string)
	b.Event, _ = is["event"].(string)
	if ms, ok := path.Number(is["since"]); ok {
		b.Since = time.UnixMilli(int64(ms)).UTC()
	}
	return b
}

// Causes names the mark (see catalogue.Figure) that says when rows changed last on which first turns rest.
const Causes = "causes"

// Cause is what first turns of a retailer's roots rest on beside what the database holds: a number that is another one once his configuration is.
type Cause struct {
	Account  tenancy.AccountID
	Retailer tenancy.RetailerID
	Under    uint64
}

// All go by events_again, whose condition is written out in each.
const (
	blockedRetailers = `SELECT e.account_id, e.retailer_id FROM events e WHERE e.state = 'SCHEDULED' AND e.name = 'CREATE' AND (e.slot >> 8) = ANY ($1::int4[])
GROUP BY e.account_id, e.retailer_id`

	hurryMended = `UPDATE events u SET due_on = now() FROM unnest($2::text[], $3::int8[], $4::text[]) AS c (account_id, retailer_id, under)
WHERE u.state = 'SCHEDULED' AND u.name = 'CREATE' AND u.account_id = c.account_id AND u.retailer_id = c.retailer_id AND u.due_on > now()
	AND (u.slot >> 8) = ANY ($1::int4[]) AND u.detail->'attributes'->'blocker'->>'reason' IS NOT NULL
	AND (COALESCE(u.detail->'attributes'->'blocker'->>'under', '') <> c.under
		OR COALESCE((u.detail->'attributes'->'blocker'->>'tried')::int8, 0) < (SELECT CAST(EXTRACT(EPOCH FROM m.marked_on) * 1000 AS INT8) + $6 FROM figure_marks m
			WHERE m.account_id = c.account_id AND m.figure = $5))`

	blockedPage = `SELECT ` + columnsSQL + ` FROM events e WHERE e.account_id = $1 AND e.state = 'SCHEDULED' AND e.name = 'CREATE'
	AND ($2 = '' OR e.root_type = $2) AND ($3 = '' OR e.root_id = $3) AND ($4 = '' OR e.root_ref = $4) AND (e.due_on, e.id) > ($5::timestamptz, $6::uuid)
ORDER BY e.due_on, e.id LIMIT $7`
)

// BlockedRetailers lists, of the ranges, whose roots wait for another try of their first turn. Under is theirs to fill in who ask.
func BlockedRetailers(ctx context.Context, db *store.DB, ranges []int) (out []Cause, err error) {
	err = db.Environment().Send(ctx, store.Statement{Name: "events.blocked", SQL: blockedRetailers, Args: store.Unscoped(int32s(ranges)), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Cause, err error) { return c, row.Scan(&c.Account, &c.Retailer) })
		return err
	}})
	return out, err
}

// Hurry makes those first turns due of which the cause may have been mended since they were tried: the configuration is another one, or what
// first turns rest on in the database (Causes) was changed since, or so shortly before that a node may not have known it yet. It tells how many.
func Hurry(ctx context.Context, db *store.DB, ranges []int, known time.Duration, causes ...Cause) (hurried int, err error) {
	accounts, retailers, under := make([]string, len(causes)), make([]int64, len(causes)), make([]string, len(causes))
	for i, c := range causes {
		accounts[i], retailers[i], under[i] = string(c.Account), int64(c.Retailer), strconv.FormatUint(c.Under, 10)
	}
	err = db.AutocommitEnvironment().Send(ctx, store.Statement{Name: "events.hurry", SQL: hurryMended,
		Args: store.Unscoped(int32s(ranges), accounts, retailers, under, Causes, known.Milliseconds()), Done: func(rows int64) error { hurried = int(rows); return nil }})
	return hurried, err
}

// Root names a root, as far as it is known; empty members fit all.
type Root struct{ Type, ID, Ref string }

// Blocked lists events that are to try first turns again, the soonest first, after one of them.
func Blocked(ctx context.Context, r *store.Reader, root Root, after *Row, limit int) ([]Row, error) {
	due, id := time.Unix(0, 0), "00000000-0000-0000-0000-000000000000"
	if after != nil {
		due, id = after.Event.ScheduledOn, after.Event.ID
	}
	return read(ctx, r, "events.blockedPage", blockedPage, r.Args(root.Type, root.ID, root.Ref, due, id, limit))
}
