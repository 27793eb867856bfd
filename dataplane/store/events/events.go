// Package events is the store's part for what is to happen to entities: events wait in the queues of their roots, some for a time first, and
// stay when they are done, with what became of them.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// State is what has become of an event row.
type State string

// The states. PENDING and SCHEDULED wait; the others are final.
const (
	Pending   State = "PENDING"
	Scheduled State = "SCHEDULED"
	Success   State = "SUCCESS"
	NoMatch   State = "NO_MATCH"
	Failed    State = "FAILED"
)

// Final reports whether nothing more will become of the event.
func (s State) Final() bool { return s != Pending && s != Scheduled }

// ErrTaken says that an event which a turn was to finish does not wait any more: another turn has had it.
var ErrTaken = errors.New("events: an event of the turn is not pending any more")

// Slots is the number of slots, and RangeSlots how many of them one lease covers.
const (
	Slots      = 1 << 16
	RangeSlots = 256
	Ranges     = Slots / RangeSlots
)

// Slot is where the events of a root queue. It is stored on each row and never changes for a root.
func Slot(account tenancy.AccountID, rootType, rootID string) int {
	h := fnv.New64a()
	for _, s := range []string{string(account), rootType, rootID} {
		_, _ = h.Write([]byte(s)) // a hash never fails
		_, _ = h.Write([]byte{0})
	}
	sum := h.Sum64()
	return int((sum ^ sum>>16 ^ sum>>32 ^ sum>>48) & (Slots - 1))
}

// RangeOf is the lease range of a slot.
func RangeOf(slot int) int { return slot / RangeSlots }

// Row is an event as it is stored.
type Row struct {
	Account    tenancy.AccountID
	Event      workflow.Event
	State      State
	ReceivedOn time.Time // when it joined its queue, by the database's clock
	DoneOn     time.Time // zero while it waits
	TurnID     string    // the turn that ran it
	Error      string    // why it FAILED, or why nothing matched
	Length     int       // of what callers chose of it (attributes and the like), as JSON, in bytes; of rows that were read whole

	generated *time.Time // of one that is written: what it is to be drawn into; nil: Event.GeneratedOn says it
}

// Slot is the row's slot.
func (e *Row) Slot() int { return Slot(e.Account, e.Event.RootType, RootKey(&e.Event)) }

// RootKey is the root's id, or its ref where the id is not known (the root does not exist).
func RootKey(e *workflow.Event) string {
	if e.RootID != "" {
		return e.RootID
	}
	return "ref:" + e.RootRef
}

// detail holds what no statement asks for.
type detail struct {
	Attributes  catalogue.Values   `json:"attributes,omitempty"`
	Subtype     string             `json:"subtype,omitempty"`
	Status      string             `json:"status,omitempty"`
	Source      string             `json:"source,omitempty"`
	GeneratedBy string             `json:"generatedBy,omitempty"`
	Parents     []string           `json:"parents,omitempty"`
	RunOnce     *workflow.Workflow `json:"runOnce,omitempty"`
	Caller      string             `json:"caller,omitempty"`
	Error       string             `json:"error,omitempty"`
}

// appended is what a transaction was given to append.
type appended struct{ events []*workflow.Event }

type appendedKey struct{}

// Append queues events for their roots. Ids are UUIDs that the caller gave (see store.DB.NewUUID); an id that is there already is
// left as it was, so a repeated request has no second effect. ScheduledOn in the future makes the row wait for that time. A zero GeneratedOn is
// set to when the row is written, as CreatedOn of entities is: who follows the event log by it misses none (see store.Horizon).
func Append(tx *store.Tx, events ...*workflow.Event) {
	a, _ := tx.Kept(appendedKey{}).(*appended)
	if a == nil {
		a = &appended{}
		tx.Keep(appendedKey{}, a)
	}
	a.events = append(a.events, events...)
	insert(tx, store.Statement{Name: appendName, SQL: insertEvents + " ON CONFLICT (account_id, id) DO NOTHING"}, waiting(tx, events))
}

// AppendNew is Append for events none of which may be there: an id that is fails the transaction with ErrTaken.
func AppendNew(tx *store.Tx, events ...*workflow.Event) {
	insert(tx, store.Statement{Name: recordName, SQL: insertEvents, Fail: store.OnTaken(ErrTaken)}, waiting(tx, events))
}

// waiting are rows of events that are to happen.
func waiting(tx *store.Tx, events []*workflow.Event) []Row {
	rows := make([]Row, len(events))
	for i, e := range events {
		rows[i] = Row{Account: tx.Scope().Account(), Event: *e, State: Pending}
		if e.GeneratedOn.IsZero() {
			rows[i].generated = &e.GeneratedOn
		}
		if e.ScheduledOn.After(tx.Now()) {
			rows[i].State = Scheduled
		}
	}
	return rows
}

// Appended are all that Append was given in the transaction: whom to nudge once it is committed.
func Appended(tx *store.Tx) []*workflow.Event {
	if a, ok := tx.Kept(appendedKey{}).(*appended); ok {
		return a.events
	}
	return nil
}

// Queued finds an event that is queued to be appended and not sent yet, so that a further reason for it can join it; nil if there is none.
func Queued(tx *store.Tx, fits func(*workflow.Event) bool) *workflow.Event {
	g, queued := tx.Gathering(appendName).(*gathered)
	if !queued {
		return nil
	}
	for i := range g.rows {
		if fits(&g.rows[i].Event) {
			return &g.rows[i].Event
		}
	}
	return nil
}

// Record writes events that ran without having waited as rows: what a synchronous request brought. An id that is there
// already fails the transaction with ErrTaken.
func Record(tx *store.Tx, rows ...Row) {
	insert(tx, store.Statement{Name: recordName, SQL: insertEvents, Fail: store.OnTaken(ErrTaken)}, rows)
}

const insertEvents = `INSERT INTO events (account_id, id, slot, state, priority, received_on, generated_on, due_on, done_on, retailer_id,
	name, type, entity_type, entity_id, entity_ref, root_type, root_id, root_ref, turn_id, detail)
SELECT $1, e.id::uuid, e.slot, e.state, e.priority, now() + e.nth * INTERVAL '1 microsecond', e.generated_on, e.due_on,
	CASE WHEN e.turn_id = '' THEN NULL ELSE now() END, e.retailer_id,
	e.name, e.type, e.entity_type, e.entity_id, e.entity_ref, e.root_type, e.root_id, e.root_ref, NULLIF(e.turn_id, '')::uuid, e.detail::jsonb
FROM unnest($2::text[], $3::int4[], $4::text[], $5::int2[], $6::timestamptz[], $7::timestamptz[], $8::int8[], $9::text[], $10::text[],
	$11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::int4[])
	AS e (id, slot, state, priority, generated_on, due_on, retailer_id, name, type,
	entity_type, entity_id, entity_ref, root_type, root_id, root_ref, turn_id, detail, nth)`

// appendName names the statement that Append queues, and recordName that of Record.
const (
	appendName = "events.append"
	recordName = "events.record"
)

// gathered is what one statement inserts.
type gathered struct{ rows []Row }

// insert puts rows into the statement that others of the same flush began, or begins it.
func insert(tx *store.Tx, s store.Statement, rows []Row) {
	if len(rows) == 0 {
		return
	}
	for i := range rows {
		if r := &rows[i]; r.generated == nil && r.Event.GeneratedOn.IsZero() {
			r.generated = new(time.Time)
		}
		if rows[i].generated != nil {
			tx.Stamp(rows[i].generated)
		}
	}
	if g, queued := tx.Gathering(s.Name).(*gathered); queued {
		g.rows = append(g.rows, rows...)
		return
	}
	tx.Gather(s, &gathered{rows: rows})
}

// Args are the rows by columns.
func (g *gathered) Args(r *store.Reader) (store.Args, error) {
	c := newColumns(len(g.rows))
	for i := range g.rows {
		if err := c.add(&g.rows[i]); err != nil {
			return store.Args{}, err
		}
	}
	return c.args(r), nil
}

type columns struct {
	ids, states, names, types, details  []string
	entityTypes, entityIDs, entityRefs  []string
	rootTypes, rootIDs, rootRefs, turns []string
	slots, nth                          []int32
	priorities                          []int16
	generated                           []time.Time
	due                                 []*time.Time
	retailers                           []int64
}

func newColumns(n int) *columns { return &columns{ids: make([]string, 0, n)} }

func (c *columns) add(r *Row) error {
	e := &r.Event
	if e.ID == "" {
		return fmt.Errorf("event %s of %s %s has no id", e.Name, e.EntityType, e.EntityID)
	}
	if !e.Priority.Valid() {
		return fmt.Errorf("event %s of %s %s has no priority: see workflow.PriorityOf", e.Name, e.EntityType, e.EntityID)
	}
	body, err := json.Marshal(detail{Attributes: e.Attributes, Subtype: e.EntitySubtype, Status: e.EntityStatus, Source: e.Source,
		GeneratedBy: e.GeneratedBy, Parents: e.Parents, RunOnce: e.RunOnce, Caller: e.Caller, Error: r.Error})
	if err != nil {
		return fmt.Errorf("event %s: attributes: %w", e.Name, err)
	}
	generated := e.GeneratedOn
	if r.generated != nil {
		generated = *r.generated
	}
	var due *time.Time
	if r.State == Scheduled {
		due = &e.ScheduledOn
	}
	c.ids, c.slots, c.states = append(c.ids, e.ID), append(c.slots, int32(r.Slot())), append(c.states, string(r.State))
	c.priorities, c.generated, c.due = append(c.priorities, e.Priority.Stored()), append(c.generated, generated), append(c.due, due)
	c.retailers, c.names, c.types = append(c.retailers, int64(e.RetailerID)), append(c.names, e.Name), append(c.types, e.Type)
	c.entityTypes, c.entityIDs, c.entityRefs = append(c.entityTypes, e.EntityType), append(c.entityIDs, e.EntityID), append(c.entityRefs, e.EntityRef)
	c.rootTypes, c.rootIDs, c.rootRefs = append(c.rootTypes, e.RootType), append(c.rootIDs, e.RootID), append(c.rootRefs, e.RootRef)
	c.turns, c.details, c.nth = append(c.turns, r.TurnID), append(c.details, string(body)), append(c.nth, int32(len(c.nth)))
	return nil
}

func (c *columns) args(r *store.Reader) store.Args {
	return r.Args(c.ids, c.slots, c.states, c.priorities, c.generated, c.due, c.retailers, c.names, c.types,
		c.entityTypes, c.entityIDs, c.entityRefs, c.rootTypes, c.rootIDs, c.rootRefs, c.turns, c.details, c.nth)
}

// Mark says what became of a waiting event.
type Mark struct {
	ID    string
	State State
	Error string
}

// The condition does not read state = 'PENDING', which would invite the planner to walk the index of all that is pending; by id it is a
// look-up for each event. The division fails inside the database when a row is missing, so that the COMMIT in the same round trip comes
// to nothing.
const finishEvents = `WITH done AS (UPDATE events e SET done_on = now(), turn_id = ($2::uuid[])[array_position($3::uuid[], e.id)],
	state = ($4::text[])[array_position($3::uuid[], e.id)],
	detail = CASE WHEN ($5::text[])[array_position($3::uuid[], e.id)] = '' THEN e.detail
		ELSE jsonb_set(e.detail, '{error}', to_jsonb(($5::text[])[array_position($3::uuid[], e.id)])) END
WHERE e.account_id = $1 AND e.id = ANY ($3::uuid[]) AND e.done_on IS NULL AND e.state <> 'SCHEDULED' RETURNING 1)
SELECT 1 / CASE WHEN count(*) = $6 THEN 1 ELSE 0 END FROM done`

// finishName names the statement that Finish queues.
const finishName = "events.finish"

// gatheredMarks is what one statement marks.
type gatheredMarks struct{ turns, ids, states, causes []string }

// Args are the marks by columns.
func (g *gatheredMarks) Args(r *store.Reader) (store.Args, error) {
	return r.Args(g.turns, g.ids, g.states, g.causes, len(g.ids)), nil
}

// Finish marks waiting events as done by a turn. If one of them is not PENDING any more the transaction fails with
// ErrTaken: whoever ran it has committed its outcome.
func Finish(tx *store.Tx, turnID string, marks ...Mark) {
	if len(marks) == 0 {
		return
	}
	g, queued := tx.Gathering(finishName).(*gatheredMarks)
	if !queued {
		g = &gatheredMarks{}
		tx.Gather(store.Statement{Name: finishName, SQL: finishEvents, Fail: store.OnDivision(ErrTaken)}, g)
	}
	for _, m := range marks {
		g.turns, g.ids, g.states, g.causes = append(g.turns, turnID), append(g.ids, m.ID), append(g.states, string(m.State)), append(g.causes, m.Error)
	}
}

const (
	headSQL = `e.account_id, e.id::text, e.state, e.priority, e.received_on, e.generated_on, e.due_on, e.done_on, e.retailer_id,
	e.name, e.type, e.entity_type, e.entity_id, e.entity_ref, e.root_type, e.root_id, e.root_ref, COALESCE(e.turn_id::text, ''), `
	columnsSQL = headSQL + `e.detail::text`
)

func scan(rows pgx.Rows, take func(Row)) error {
	for rows.Next() {
		var r Row
		var due, done *time.Time
		var body string
		var priority int16
		e := &r.Event
		err := rows.Scan(&r.Account, &e.ID, &r.State, &priority, &r.ReceivedOn, &e.GeneratedOn, &due, &done, &e.RetailerID,
			&e.Name, &e.Type, &e.EntityType, &e.EntityID, &e.EntityRef, &e.RootType, &e.RootID, &e.RootRef, &r.TurnID, &body)
		if err != nil {
			return err
		}
		e.Priority = workflow.StoredPriority(priority)
		var d detail
		r.Length = len(body)
		if err := json.Unmarshal([]byte(body), &d); err != nil {
			return fmt.Errorf("event %s: stored detail: %w", e.ID, err)
		}
		e.Attributes, e.EntitySubtype, e.EntityStatus, e.Source = d.Attributes, d.Subtype, d.Status, d.Source
		e.GeneratedBy, e.Parents, e.RunOnce, e.Caller, r.Error = d.GeneratedBy, d.Parents, d.RunOnce, d.Caller, d.Error
		if due != nil {
			e.ScheduledOn = due.UTC()
		}
		if done != nil {
			r.DoneOn = done.UTC()
		}
		r.ReceivedOn, e.GeneratedOn = r.ReceivedOn.UTC(), e.GeneratedOn.UTC()
		take(r)
	}
	return rows.Err()
}

// Get reads one event row; nil if there is none.
func Get(ctx context.Context, r *store.Reader, id string) (*Row, error) {
	rows, err := read(ctx, r, "events.get", `SELECT `+columnsSQL+` FROM events e WHERE e.account_id = $1 AND e.id = $2::uuid`, r.Args(id))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// Finding is the statement that looks whether there is an event of an id, to be sent with others: to becomes the id, or empty.
func Finding(r *store.Reader, id string, to *string) []store.Statement {
	return []store.Statement{{Name: "events.find", SQL: `SELECT e.id::text FROM events e WHERE e.account_id = $1 AND e.id = $2::uuid`, Args: r.Args(id), Steady: true, Rows: func(rows pgx.Rows) error {
		*to = ""
		for rows.Next() {
			if err := rows.Scan(to); err != nil {
				return err
			}
		}
		return rows.Err()
	}}}
}

// The states are written out, for only so the partial indexes serve. What callers may make as long as they like is left out.
const (
	pendingOf   = `SELECT ` + headSQL + `'{}' FROM events e WHERE e.account_id = $1 AND e.state = 'PENDING'` + waitingOrder
	scheduledOf = `SELECT ` + headSQL + `'{}' FROM events e WHERE e.account_id = $1 AND e.state = 'SCHEDULED'` + waitingOrder

	waitingOrder = ` AND e.generated_on >= $2 AND e.generated_on <= $3 ORDER BY e.generated_on DESC, e.id DESC LIMIT $4`
)

// Waiting lists at most limit events that wait in the state (PENDING or SCHEDULED), generated in the time given, newest first: the columns
// that searches look at, without attributes, parents and who sent them. List reads those.
func Waiting(ctx context.Context, r *store.Reader, state State, from, to time.Time, limit int) ([]Row, error) {
	name, sql := "events.waitingPending", pendingOf
	if state == Scheduled {
		name, sql = "events.waitingScheduled", scheduledOf
	}
	return read(ctx, r, name, sql, r.Args(from, to, limit))
}

// List reads whole event rows, in no order; those that are not there any more are left out.
func List(ctx context.Context, r *store.Reader, ids ...string) ([]Row, error) {
	return read(ctx, r, "events.list", `SELECT `+columnsSQL+` FROM events e WHERE e.account_id = $1 AND e.id = ANY ($2::text[]::uuid[])`, r.Args(ids))
}

// read sends a statement for whole rows, and others with it.
func read(ctx context.Context, r *store.Reader, name, sql string, args store.Args, also ...store.Statement) (out []Row, err error) {
	first := store.Statement{Name: name, SQL: sql, Args: args, Rows: func(rows pgx.Rows) error {
		out = nil
		return scan(rows, func(e Row) { out = append(out, e) })
	}}
	err = r.Send(ctx, append([]store.Statement{first}, also...)...)
	return out, err
}
