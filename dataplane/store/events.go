package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// EventState is what has become of an event row.
type EventState string

// The states. PENDING and SCHEDULED wait; the others are final.
const (
	EventPending   EventState = "PENDING"
	EventScheduled EventState = "SCHEDULED"
	EventSuccess   EventState = "SUCCESS"
	EventNoMatch   EventState = "NO_MATCH"
	EventFailed    EventState = "FAILED"
)

// Final reports whether nothing more will become of the event.
func (s EventState) Final() bool { return s != EventPending && s != EventScheduled }

// ErrEventTaken says that an event which a turn was to finish does not wait any more: another turn has had it.
var ErrEventTaken = errors.New("store: an event of the turn is not pending any more")

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

// EventRow is an event as it is stored.
type EventRow struct {
	Account    tenancy.AccountID
	Event      workflow.Event
	State      EventState
	ReceivedOn time.Time // when it joined its queue, by the database's clock
	DoneOn     time.Time // zero while it waits
	TurnID     string    // the turn that ran it
	Error      string    // why it FAILED, or why nothing matched
	Length     int       // of what callers chose of it (attributes and the like), as JSON, in bytes; of rows that were read whole
}

// Slot is the row's slot.
func (e *EventRow) Slot() int { return Slot(e.Account, e.Event.RootType, RootKey(&e.Event)) }

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

// AppendEvents queues events for their roots. Ids are UUIDs that the caller gave (see DB.NewEventID); an id that is there already is
// left as it was, so a repeated request has no second effect. ScheduledOn in the future makes the row wait for that time.
func (tx *Tx) AppendEvents(events ...*workflow.Event) {
	tx.events = append(tx.events, events...)
	rows := make([]EventRow, len(events))
	for i, e := range events {
		rows[i] = EventRow{Account: tx.scope.Account(), Event: *e, State: EventPending}
		if e.ScheduledOn.After(tx.now) {
			rows[i].State = EventScheduled
		}
	}
	tx.insertEvents(Statement{Name: appendName, SQL: insertEvents + " ON CONFLICT (account_id, id) DO NOTHING"}, rows)
}

// Events are all that AppendEvents was given in this transaction: whom to nudge once it is committed.
func (tx *Tx) Events() []*workflow.Event { return tx.events }

// Appended finds an event that is queued to be appended and not sent yet, so that a further reason for it can join it; nil if there is none.
func (tx *Tx) Appended(fits func(*workflow.Event) bool) *workflow.Event {
	g, queued := tx.Gathering(appendName).(*eventRows)
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

// RecordEvents writes events that ran without having waited as rows: what a synchronous request brought. An id that is there
// already fails the transaction with ErrEventTaken.
func (tx *Tx) RecordEvents(rows ...EventRow) {
	tx.insertEvents(Statement{Name: "events.record", SQL: insertEvents, Fail: func(pe *pgconn.PgError) error {
		if pe.Code == stateUnique {
			return ErrEventTaken
		}
		return nil
	}}, rows)
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

// appendName names the statement that AppendEvents queues.
const appendName = "events.append"

// eventRows is what one statement inserts.
type eventRows struct {
	rows []EventRow
	now  time.Time
}

// insertEvents puts rows into the statement that others of the same flush began, or begins it.
func (tx *Tx) insertEvents(insert Statement, rows []EventRow) {
	if len(rows) == 0 {
		return
	}
	if g, queued := tx.Gathering(insert.Name).(*eventRows); queued {
		g.rows = append(g.rows, rows...)
		return
	}
	tx.Gather(insert, &eventRows{rows: rows, now: tx.now})
}

// Args are the rows by columns.
func (g *eventRows) Args(r *Reader) (Args, error) {
	c := newEventColumns(len(g.rows))
	for i := range g.rows {
		if err := c.add(&g.rows[i], g.now); err != nil {
			return Args{}, err
		}
	}
	return c.args(r), nil
}

type eventColumns struct {
	ids, states, names, types, details  []string
	entityTypes, entityIDs, entityRefs  []string
	rootTypes, rootIDs, rootRefs, turns []string
	slots, nth                          []int32
	priorities                          []int16
	generated                           []time.Time
	due                                 []*time.Time
	retailers                           []int64
}

func newEventColumns(n int) *eventColumns { return &eventColumns{ids: make([]string, 0, n)} }

func (c *eventColumns) add(r *EventRow, now time.Time) error {
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
	if generated.IsZero() {
		generated = now
	}
	var due *time.Time
	if r.State == EventScheduled {
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

func (c *eventColumns) args(r *Reader) Args {
	return r.Args(c.ids, c.slots, c.states, c.priorities, c.generated, c.due, c.retailers, c.names, c.types,
		c.entityTypes, c.entityIDs, c.entityRefs, c.rootTypes, c.rootIDs, c.rootRefs, c.turns, c.details, c.nth)
}

// EventMark says what became of a waiting event.
type EventMark struct {
	ID    string
	State EventState
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

// finishName names the statement that FinishEvents queues.
const finishName = "events.finish"

// eventMarks is what one statement marks.
type eventMarks struct{ turns, ids, states, causes []string }

// Args are the marks by columns.
func (g *eventMarks) Args(r *Reader) (Args, error) {
	return r.Args(g.turns, g.ids, g.states, g.causes, len(g.ids)), nil
}

// FinishEvents marks waiting events as done by a turn. If one of them is not PENDING any more the transaction fails with
// ErrEventTaken: whoever ran it has committed its outcome.
func (tx *Tx) FinishEvents(turnID string, marks ...EventMark) {
	if len(marks) == 0 {
		return
	}
	g, queued := tx.Gathering(finishName).(*eventMarks)
	if !queued {
		g = &eventMarks{}
		tx.Gather(Statement{Name: finishName, SQL: finishEvents, Fail: OnDivision(ErrEventTaken)}, g)
	}
	for _, m := range marks {
		g.turns, g.ids, g.states, g.causes = append(g.turns, turnID), append(g.ids, m.ID), append(g.states, string(m.State)), append(g.causes, m.Error)
	}
}

const (
	eventHeadSQL = `e.account_id, e.id::text, e.state, e.priority, e.received_on, e.generated_on, e.due_on, e.done_on, e.retailer_id,
	e.name, e.type, e.entity_type, e.entity_id, e.entity_ref, e.root_type, e.root_id, e.root_ref, COALESCE(e.turn_id::text, ''), `
	eventColumnsSQL = eventHeadSQL + `e.detail::text`
)

func scanEvents(rows pgx.Rows, take func(EventRow)) error {
	for rows.Next() {
		var r EventRow
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

// Event reads one event row; nil if there is none.
func (r *Reader) Event(ctx context.Context, id string) (*EventRow, error) {
	rows, err := r.events(ctx, "events.get", `SELECT `+eventColumnsSQL+` FROM events e WHERE e.account_id = $1 AND e.id = $2::uuid`,
		string(r.scope.Account()), id)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// The states are written out, for only so the partial indexes serve. What callers may make as long as they like is left out.
const (
	pendingOf   = `SELECT ` + eventHeadSQL + `'{}' FROM events e WHERE e.account_id = $1 AND e.state = 'PENDING'` + waitingOrder
	scheduledOf = `SELECT ` + eventHeadSQL + `'{}' FROM events e WHERE e.account_id = $1 AND e.state = 'SCHEDULED'` + waitingOrder

	waitingOrder = ` AND e.generated_on >= $2 AND e.generated_on <= $3 ORDER BY e.generated_on DESC, e.id DESC LIMIT $4`
)

// WaitingEvents lists at most limit events that wait in the state (PENDING or SCHEDULED), generated in the time given, newest first: the columns
// that searches look at, without attributes, parents and who sent them. Events reads those.
func (r *Reader) WaitingEvents(ctx context.Context, state EventState, from, to time.Time, limit int) ([]EventRow, error) {
	name, sql := "events.waitingPending", pendingOf
	if state == EventScheduled {
		name, sql = "events.waitingScheduled", scheduledOf
	}
	return r.events(ctx, name, sql, string(r.scope.Account()), from, to, limit)
}

// Events reads whole event rows, in no order; those that are not there any more are left out.
func (r *Reader) Events(ctx context.Context, ids ...string) ([]EventRow, error) {
	return r.events(ctx, "events.list", `SELECT `+eventColumnsSQL+` FROM events e WHERE e.account_id = $1 AND e.id = ANY ($2::text[]::uuid[])`,
		string(r.scope.Account()), ids)
}

func (r *Reader) events(ctx context.Context, name, sql string, args ...any) ([]EventRow, error) {
	return readEvents(ctx, r.run, call{name: name, sql: sql, args: args})
}

func readEvents(ctx context.Context, send func(context.Context, []call) error, c call) (out []EventRow, err error) {
	c.rows = func(rows pgx.Rows) error {
		out = nil
		return scanEvents(rows, func(e EventRow) { out = append(out, e) })
	}
	err = send(ctx, []call{c})
	return out, err
}

// IsUUID reports whether a caller's text can be the id of an event.
func IsUUID(s string) bool {
	_, ok := parseUUID(catalogue.ID(s))
	return ok
}
