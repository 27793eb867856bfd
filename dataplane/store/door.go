package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// This file is the door for parts: the packages below this one that keep one subject's rows by statements of their own. No other package
// may use it (see ops/codetest).

// Args are the arguments of a statement. A part cannot make them without saying whose rows it reaches: Reader.Args puts the account of its
// scope first, as $1, and Unscoped says that the statement is not about one account.
type Args struct {
	owner tenancy.AccountID // everyAccount: nobody in particular
	list  []any
}

// Args makes arguments: $1 is the account of the reader's scope, and rest follows from $2 on.
func (r *Reader) Args(rest ...any) Args {
	account := r.scope.Account()
	list := make([]any, 0, len(rest)+1)
	return Args{owner: account, list: append(append(list, string(account)), rest...)}
}

// Unscoped makes arguments, from $1 on, of a statement that belongs to the environment, or that reaches rows of several accounts. Which parts
// may use it, and what for, is listed in ops/codetest.
func Unscoped(list ...any) Args { return Args{owner: everyAccount, list: list} }

// Statement is one SQL statement of a part, and what becomes of its answer.
type Statement struct {
	Name string // for traces, metrics and errors: stock.lock
	SQL  string
	Args Args
	// Rows reads the answer. It may run again when the statement is repeated, so it begins with a clean slate.
	Rows func(rows pgx.Rows) error
	// Done hears how many rows were touched.
	Done func(rows int64) error
	// Fail translates an error of this statement; a nil result leaves it as it is.
	Fail func(err *pgconn.PgError) error
	// Steady marks reads for which one plan serves all values: a key leads to their rows, by the same index always.
	Steady bool
}

// Send sends statements in one round trip, at once: in a transaction of a Tx before what it has queued, else one by one as DB.Reader or
// DB.Autocommit says.
func (r *Reader) Send(ctx context.Context, statements ...Statement) error {
	calls := make([]call, len(statements))
	for i := range statements {
		var err error
		if calls[i], err = statements[i].call(r); err != nil {
			return err
		}
	}
	return r.send(ctx, calls)
}

// Autocommit is a reader whose statements are writes, which commit without a transaction around them. A repetition must do no harm.
func (db *DB) Autocommit(scope tenancy.Scope) *Reader {
	return db.readerOn(db.writers, scope, string(scope.Account()))
}

// Environment is a reader for statements that belong to no account: those with Unscoped arguments.
func (db *DB) Environment() *Reader { return db.readerOn(db.readers, tenancy.Scope{}, everyAccount) }

// AutocommitEnvironment is Autocommit for statements that belong to no account.
func (db *DB) AutocommitEnvironment() *Reader {
	return db.readerOn(db.writers, tenancy.Scope{}, everyAccount)
}

// WriteEnvironment is DB.Write for statements that belong to no account.
func (db *DB) WriteEnvironment(ctx context.Context, fn func(tx *Tx) error) error {
	return db.writeEnvironment(ctx, db.writers, fn)
}

// WriteLeases is WriteEnvironment on a connection that only leases use, so that their renewal never waits for another's.
func (db *DB) WriteLeases(ctx context.Context, fn func(tx *Tx) error) error {
	return db.writeEnvironment(ctx, db.leases, fn)
}

// Queue adds statements to what the next flush sends: after its inserts, updates, deletes and links, in the order of their queueing. A
// statement that the door refuses fails the flush.
func (tx *Tx) Queue(statements ...Statement) {
	for i := range statements {
		c, err := statements[i].call(tx.Reader)
		if err != nil {
			tx.Fail(err)
			return
		}
		tx.queue(c)
	}
}

// Require adds statements that the next flush sends before everything else: conditions without which it must not write. Those that fail
// fail the transaction.
func (tx *Tx) Require(statements ...Statement) {
	for i := range statements {
		c, err := statements[i].call(tx.Reader)
		if err != nil {
			tx.Fail(err)
			return
		}
		tx.pending.first = append(tx.pending.first, c)
	}
}

// Gathering is what several calls of one flush put into one statement: turns that share a commit share its statements.
type Gathering interface {
	// Args makes the arguments, when the queue is sent. The reader is the transaction's.
	Args(r *Reader) (Args, error)
}

// Gather queues a statement whose arguments are made of rows when the queue is sent. Until then Gathering finds rows under the statement's
// name, so that later calls can join them. The statement's own Args stay empty.
func (tx *Tx) Gather(s Statement, rows Gathering) {
	c := s.withoutArgs()
	c.gathering = rows
	tx.queue(c)
}

// Gathering finds what the last Gather under a name began and the next flush will send; nil where there is nothing to join.
func (tx *Tx) Gathering(name string) Gathering {
	calls := tx.pending.calls
	for i := len(calls) - 1; i >= 0; i-- {
		if calls[i].gathering != nil && calls[i].name == name {
			if calls[i].sealed {
				return nil
			}
			return calls[i].gathering
		}
	}
	return nil
}

// Seal lets nothing more join what was gathered under a name: what comes from here on may stand on what was queued since.
func (tx *Tx) Seal(name string) {
	calls := tx.pending.calls
	for i := range calls {
		if calls[i].gathering != nil && calls[i].name == name {
			calls[i].sealed = true
		}
	}
}

// kept is what a part keeps with a transaction.
type kept struct{ key, value any }

// Keep keeps a value of a part with the transaction until its end, under a key whose type is the part's own.
func (tx *Tx) Keep(key, value any) {
	for i := range tx.kept {
		if tx.kept[i].key == key {
			tx.kept[i].value = value
			return
		}
	}
	tx.kept = append(tx.kept, kept{key, value})
}

// Kept finds what Keep was given under a key; nil if there is nothing.
func (tx *Tx) Kept(key any) any {
	for i := range tx.kept {
		if tx.kept[i].key == key {
			return tx.kept[i].value
		}
	}
	return nil
}

// NewUUID makes an id: see DB.NewUUID.
func (r *Reader) NewUUID() catalogue.ID { return r.db.NewUUID() }

// Copy is rows of one table, to be written by COPY.
type Copy struct {
	Name    string // for traces and errors: batch_rows.copy
	Table   string
	Columns []string // behind account_id, which comes first
	Count   int
	// Row appends the values of row i, in the order of Columns.
	Row func(i int, to []any) []any
}

// Copy writes rows of the scope's account, at once: before what is queued.
func (tx *Tx) Copy(ctx context.Context, c Copy) error {
	account := tx.scope.Account()
	if account == "" {
		return errNoAccount
	}
	values := append(make([]any, 0, len(c.Columns)+1), string(account))
	return tx.conn.copyIn(ctx, c.Name, pgx.Identifier{c.Table}, append([]string{"account_id"}, c.Columns...),
		pgx.CopyFromSlice(c.Count, func(i int) ([]any, error) { return c.Row(i, values[:1]), nil }))
}

// Number is the argument of an id that is a number; nil for what cannot be one.
func Number(id catalogue.ID) any { return idArg(kindNumberID, id) }

// Fail lets the next flush, and with it the transaction, fail with an error.
func (tx *Tx) Fail(err error) { tx.pending.fail(err) }

// Entities makes the statement that loads whole entities of a type into to, in no order: the rows t of a source, which is what stands behind
// FROM, with its WHERE.
func Entities[T any](r *Reader, name, source string, args Args, to *[]*T) (Statement, error) {
	m, err := r.db.model(TypeOf[T](r.db))
	if err != nil {
		return Statement{}, err
	}
	c := entities(m, name, source, nil, all(to))
	return Statement{Name: c.name, SQL: c.sql, Args: args, Rows: c.rows}, nil
}

// OnDivision translates the failure of a statement that divides by zero to say that its condition does not hold.
func OnDivision(meaning error) func(*pgconn.PgError) error {
	return func(pe *pgconn.PgError) error {
		if pe.Code == stateDivision {
			return meaning
		}
		return nil
	}
}

// OnTaken translates the failure of a statement that would make a second row of a unique key.
func OnTaken(meaning error) func(*pgconn.PgError) error {
	return func(pe *pgconn.PgError) error {
		if pe.Code == stateUnique {
			return meaning
		}
		return nil
	}
}

var errNoArgs = errors.New("it does not say whose rows it reaches: its arguments come from Reader.Args or Unscoped")

// check refuses arguments that do not say whose rows the statement reaches, or that another scope's reader made.
func (a Args) check(name string, r *Reader) error {
	switch account := r.scope.Account(); {
	case a.owner == everyAccount || a.owner == account && account != "":
		return nil
	case a.list == nil:
		return fmt.Errorf("store: statement %s: %w", name, errNoArgs)
	case a.owner == "":
		return errNoAccount
	default:
		return fmt.Errorf("store: statement %s is for account %s, and was given to a reader of account %q", name, a.owner, account)
	}
}

// call is the statement as the core sends it.
func (s *Statement) call(r *Reader) (call, error) {
	if err := s.Args.check(s.Name, r); err != nil {
		return call{}, err
	}
	c := s.withoutArgs()
	c.args = s.Args.list
	return c, nil
}

func (s *Statement) withoutArgs() call {
	c := call{name: s.Name, sql: s.SQL, rows: s.Rows, fail: s.Fail, steady: s.Steady}
	if s.Done != nil {
		done := s.Done
		c.done = func(tag pgconn.CommandTag) error { return done(tag.RowsAffected()) }
	}
	return c
}

// gather makes the arguments of a gathered statement.
func (c *call) gather(r *Reader) error {
	args, err := c.gathering.Args(r)
	if err == nil {
		err = args.check(c.name, r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	c.args = args.list
	return nil
}
