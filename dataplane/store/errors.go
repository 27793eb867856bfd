package store

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// ErrAmbiguous says that the connection was lost, or the server gave up, while a transaction was being committed: it may or may not have
// happened. The caller reads an id that the transaction inserted before it does anything else.
var ErrAmbiguous = errors.New("the outcome of the commit is not known")

var (
	errNoAccount = errors.New("store: a scope without an account reaches nothing")
	errNotAnID   = errors.New("store: not an id of this type")
	errDoomed    = errors.New("store: the transaction had already failed when it was to be committed")
)

// Class says what a database error means for the work that met it.
type Class int

// The classes.
const (
	Fatal     Class = iota // a repeat would fail alike
	Retryable              // nothing was done; a repeat may succeed
	Ambiguous              // it may have been done
)

// SQLSTATEs that decide a class.
const (
	stateSerialization   = "40001"
	stateUnknownOutcome  = "40003"
	stateDeadlock        = "40P01"
	stateUnique          = "23505"
	stateDuplicateObject = "42710"
	stateNotNull         = "23502"
	stateDivision        = "22012"
	stateTooManyConns    = "53300"
	stateBadText         = "22021"
	stateBadJSONText     = "22P05"
)

// Classify tells the class of an error of this package or of the driver. nil is Fatal: there is nothing to repeat.
func Classify(err error) Class {
	if err == nil {
		return Fatal
	}
	var ambiguous *crdb.AmbiguousCommitError
	if errors.Is(err, ErrAmbiguous) || errors.As(err, &ambiguous) {
		return Ambiguous
	}
	if errors.Is(err, errLate) {
		return Retryable
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch {
		case pe.Code == stateUnknownOutcome:
			return Ambiguous
		case pe.Code == stateSerialization, pe.Code == stateDeadlock, pe.Code == stateTooManyConns, serverGoing(pe.Code), serverCrashed(pe):
			return Retryable
		}
		return Fatal
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Fatal
	}
	if fault.Is(err, fault.Limited) {
		return Fatal // no connection was to be had in the time allowed
	}
	if connectionLost(err) {
		return Retryable
	}
	return Fatal
}

// serverGoing lists what a server says when it shuts down, starts or fails over: class 08 and 57P01 to 57P03.
func serverGoing(code string) bool {
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P0")
}

func connectionLost(err error) bool {
	var ne net.Error
	var ce *pgconn.ConnectError
	return errors.As(err, &ce) || errors.As(err, &ne) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed")
}

// uniqueKey is a unique index of the catalogue.
type uniqueKey struct {
	typ    *catalogue.Type
	fields []*catalogue.Field
	taken  string // platform code
}

// translate turns what the database said into faults where the caller can act on it. Faults stay as they are.
func (db *DB) translate(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	if Classify(err) == Ambiguous {
		return unknown(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return expired(err)
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		if pe.Code == stateUnique {
			return db.exists(pe)
		}
		if pe.Code == stateNotNull {
			return fault.Invalidf(pe.ColumnName, "%s needs a value in each row of %s", pe.ColumnName, pe.TableName).Wrap(err)
		}
		if pe.Code == stateBadText || pe.Code == stateBadJSONText {
			return fault.New(fault.Invalid, "text may not contain the character U+0000").Wrap(err)
		}
		if r, ok := refusalOf(err); ok {
			return db.refuse(r, err)
		}
		if serverGoing(pe.Code) || pe.Code == stateTooManyConns || serverCrashed(pe) {
			return unreachable(err)
		}
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if connectionLost(err) {
		return unreachable(err)
	}
	return err
}

// exists names the key that is taken.
func (db *DB) exists(pe *pgconn.PgError) error {
	key, ok := db.uniques[pe.ConstraintName]
	if !ok {
		return fault.New(fault.Exists, "an entity with this key exists").WithCode(fault.CodeExists).With("key", pe.ConstraintName).Wrap(pe)
	}
	list := catalogue.Unique{Fields: key.fields}.Names()
	return fault.New(fault.Exists, "%s with this %s exists", key.typ.Name, list).
		WithCode(key.taken).With("type", key.typ.Name).With("key", list).Wrap(pe)
}

// unknown is the fault of a commit whose outcome nobody knows. It is ErrAmbiguous.
func unknown(cause error) error {
	if !errors.Is(cause, ErrAmbiguous) {
		cause = errors.Join(ErrAmbiguous, cause)
	}
	return fault.New(fault.Unavailable, "the database did not say whether the change was made; look before you send it again").
		With("reason", "OUTCOME_UNKNOWN").Wrap(cause)
}

// expired is the fault of a call whose caller gave it less time than it took. Nothing is said of the database: times of the store's own are
// over as a busy pool or as a database that does not answer.
func expired(cause error) error {
	return fault.New(fault.Expired, "the time given was over before the database had answered").With("reason", "DEADLINE_EXCEEDED").Wrap(cause)
}

// unreachable is the fault of a database that does not answer now.
func unreachable(cause error) error {
	return fault.New(fault.Unavailable, "the database does not answer; try again soon").With("reason", "DATABASE_UNREACHABLE").Wrap(cause)
}
