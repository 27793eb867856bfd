package store

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Tx is one attempt of a write. Reads through it see the transaction's snapshot and what was flushed, but not what is only queued. A Tx is
// used by one goroutine and not after its closure returns.
type Tx struct {
	*Reader
	now     time.Time
	conn    *txConn
	pending pending
	kept    []kept
}

// Now is the transaction's fixed time, in UTC with microseconds. What created_on and updated_on of its rows say is later: it is drawn when they
// are sent (see horizon.go).
func (tx *Tx) Now() time.Time { return tx.now }

// Insert queues new entities (pointers to catalogue structs with their ID set, see DB.NewID). Zero CreatedOn and UpdatedOn are set to
// Now, and to the time of the flush when it comes, at which the structs are read. A unique key that is taken fails the flush with fault Exists.
func (tx *Tx) Insert(entities ...any) {
	for _, e := range entities {
		tx.pending.insert(tx.db, e)
	}
}

// Update queues the writing of the given fields of an entity, by id; UpdatedOn is set as by Insert and written too. No fields: all that are
// stored. The struct is read when the queue is flushed; updates of one entity merge. An entity that is not there fails the flush
// with fault NotFound.
func (tx *Tx) Update(entity any, fields ...*catalogue.Field) {
	tx.pending.update(tx.db, entity, fields)
}

// Stamp has a zero time set as Insert sets CreatedOn: to Now, and to the time of the flush when it comes, before what was gathered makes its
// arguments. It is for rows of parts by whose time somebody follows a list.
func (tx *Tx) Stamp(at *time.Time) {
	if at.IsZero() {
		tx.pending.stamp(at)
	}
}

// Delete queues the removal of entities by id. Ids that are not there are no error.
func (tx *Tx) Delete(typ *catalogue.Type, ids ...catalogue.ID) {
	tx.pending.delete(typ, ids)
	if len(ids) > 0 {
		tx.pending.mark(tx.db.opts.Figures.OfRow(typ))
	}
}

// Link queues rows of an edge's link table; what is linked already stays so.
func (tx *Tx) Link(edge *catalogue.Edge, owner catalogue.ID, targets ...catalogue.ID) {
	tx.pending.link(edge, owner, targets, true)
	tx.pending.mark(tx.db.opts.Figures.OfLink(edge))
}

// Unlink queues the removal of rows of an edge's link table; what is not linked is no error.
func (tx *Tx) Unlink(edge *catalogue.Edge, owner catalogue.ID, targets ...catalogue.ID) {
	tx.pending.link(edge, owner, targets, false)
	tx.pending.mark(tx.db.opts.Figures.OfLink(edge))
}

// queue adds a statement of a part. Queued statements run after inserts, updates and links of the same flush, in the order of their queueing.
func (tx *Tx) queue(c call) { tx.pending.calls = append(tx.pending.calls, c) }

// Flush sends what is queued, set-wise and in one round trip: inserts by type, updates by type and set of fields in order of id, deletes,
// links, the marks of derived figures that rest on those, then other statements. Write flushes before it commits, so callers need it only to read their own writes.
func (tx *Tx) Flush(ctx context.Context) error { return tx.flush(ctx, false) }

// Write runs fn in a SERIALIZABLE transaction, flushes and commits. It repeats the whole of it, with a fresh Tx, when the database reports
// a conflict or the connection is lost before the commit was sent, within Options.WriteAttempts and WriteBudget; so fn must have no effect
// but through tx. When the answer to the commit is lost, the error is ErrAmbiguous, and a fault Unavailable that says so: the caller must find
// out (by an id that the transaction inserted) what became of it. Faults of fn are returned as they are.
func (db *DB) Write(ctx context.Context, scope tenancy.Scope, fn func(tx *Tx) error) error {
	return db.write(ctx, scope, sqlBegin, fn)
}

// WriteLocked is Write for closures whose decisions stand on locks and conditions of their own: rows that Expect names, the fence, locked
// stock, updates with conditions, unique keys. On PostgreSQL it runs in READ COMMITTED, each statement on what is committed then. In
// SERIALIZABLE PostgreSQL tracks reads by pages of indexes, so that writers of neighbouring rows abort each other again and again;
// CockroachDB tracks keys, and stays with SERIALIZABLE.
func (db *DB) WriteLocked(ctx context.Context, scope tenancy.Scope, fn func(tx *Tx) error) error {
	return db.write(ctx, scope, sqlBeginAt, fn)
}

// ManyRows is how many rows a write has that had better be WriteMany's: it takes a part of a second then, on a slow database all of one.
const ManyRows = 2000

// WriteMany is Write for ManyRows or more. It is announced before it begins, in a commit of its own: Write would do so only once it had written
// everything, too late, in vain (see horizon.go).
func (db *DB) WriteMany(ctx context.Context, scope tenancy.Scope, fn func(tx *Tx) error) error {
	return db.writeMany(ctx, scope, sqlBegin, fn)
}

// WriteManyLocked is WriteLocked for ManyRows or more, announced like WriteMany.
func (db *DB) WriteManyLocked(ctx context.Context, scope tenancy.Scope, fn func(tx *Tx) error) error {
	return db.writeMany(ctx, scope, sqlBeginAt, fn)
}
