package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/tenancy"
)

// Point is where in its course a transaction stands.
type Point int

// The points, in the order in which a transaction comes to them. Reads and writes outside of transactions know Sending and Sent only.
const (
	Decided    Point = iota + 1 // the closure has returned, with all that it read; what it queued is not sent yet
	Sending                     // a statement is about to be sent
	Sent                        // a statement was carried out
	Committing                  // all is done but COMMIT
	Committed                   // COMMIT was carried out, and nobody was told
)

// Place is where a transaction, or a statement outside of one, can be met by a Hook.
type Place struct {
	Point     Point
	Statement string            // which one is Sending or Sent, as Trace names it: stock.lock
	Account   tenancy.AccountID // empty for what belongs to the environment
	Attempt   int               // which one of the write, from 1; 0 outside of transactions
}

// Hook lets tests meet what the store does in between its steps; package storetest has the usual ones. It is asked about each place before
// anything goes on there. Where it answers with a function, the round trip is parted at that place, what comes before it is carried out, and
// the function runs: it may wait for others, fail, which fails the statement or the transaction as if the database had said so, or return
// ErrCut. Statements are otherwise sent as they are without a hook. Hooks run in the goroutine of the caller.
type Hook func(ctx context.Context, at Place) (act func() error)

// ErrCut is what a Hook returns to end the connection. The work goes on as after any lost connection: at Committing and Committed, its outcome
// is unknown.
var ErrCut = errors.New("store: cut the connection here")

// hooked sends calls on a connection, past a hook if there is one.
type hooked struct {
	pg   *pgx.Conn
	hook Hook
	at   Place // account and attempt
}

// exchange is exchange, parted where the hook wants it.
func (h *hooked) exchange(ctx context.Context, calls []call) error {
	if h.hook == nil {
		return exchange(ctx, h.pg, calls)
	}
	var part []call
	stop := func(p Point, statement string) error {
		act := h.ask(ctx, p, statement)
		if act == nil {
			return nil
		}
		if len(part) > 0 {
			if err := exchange(ctx, h.pg, part); err != nil {
				return err
			}
			part = nil
		}
		return h.run(act)
	}
	for _, c := range calls {
		before, after, name := Sending, Sent, c.name
		switch {
		case c.sql == sqlCommit:
			before, after, name = Committing, Committed, ""
		case c.control:
			part = append(part, c)
			continue
		}
		if err := stop(before, name); err != nil {
			return err
		}
		part = append(part, c)
		if err := stop(after, name); err != nil {
			return err
		}
	}
	if len(part) == 0 {
		return nil
	}
	return exchange(ctx, h.pg, part)
}

// pass stops at a point that is between round trips.
func (h *hooked) pass(ctx context.Context, p Point) error {
	if h.hook == nil {
		return nil
	}
	if act := h.ask(ctx, p, ""); act != nil {
		return h.run(act)
	}
	return nil
}

func (h *hooked) ask(ctx context.Context, p Point, statement string) func() error {
	at := h.at
	at.Point, at.Statement = p, statement
	return h.hook(ctx, at)
}

func (h *hooked) run(act func() error) error {
	err := act()
	if !errors.Is(err, ErrCut) {
		return err
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.pg.Close(gone) // in whatever state it is
	return fmt.Errorf("%w: %w", err, io.ErrUnexpectedEOF)
}

// ambiguousIfCut is for a COMMIT that a library sends.
func ambiguousIfCut(err error) error {
	if errors.Is(err, ErrCut) {
		return errors.Join(ErrAmbiguous, err)
	}
	return err
}

// placeOf is the account of a Place, from the name by which the database knows it.
func placeOf(account string) tenancy.AccountID {
	if account == everyAccount {
		return ""
	}
	return tenancy.AccountID(account)
}
