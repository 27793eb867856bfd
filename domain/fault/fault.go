// Package fault is the one application error of Fluent: what went wrong, where, and what the caller can do. Lower layers wrap
// causes with %w; the edges (Connect, REST, GraphQL) map a Kind to their status in one table each and never show a cause
// that is not a fault.
package fault

import (
	"errors"
	"fmt"
)

// Kind classifies an error by what the caller can do about it. The zero value is Internal.
type Kind int

// The kinds, each with the HTTP status and Connect code that the edges give it.
const (
	Internal        Kind = iota // 500 internal: our fault; a repeat may help
	Invalid                     // 400 invalid_argument: the request is wrong as it stands
	Unauthenticated             // 401 unauthenticated: no valid token
	Forbidden                   // 403 permission_denied: the caller may not
	NotFound                    // 404 not_found
	Exists                      // 409 already_exists: a unique key is taken
	Conflict                    // 409 aborted: etag, epoch or state moved on; read again
	TooLarge                    // 413 out_of_range: body or batch over its limit
	Unprocessable               // 422 failed_precondition: well formed, but cannot be done in this state
	Limited                     // 429 resource_exhausted: a limit was reached; Meta names limit, scope and figure
	Unavailable                 // 503 unavailable: try again soon
	Expired                     // 504 deadline_exceeded: the time that the caller gave was over; allow more, or ask for less
)

// Error is an application error. Fields are set by the constructors and With methods; the value is never changed once returned.
type Error struct {
	Kind   Kind
	Code   string            // platform code such as C0120E; empty where the kind's default is right
	Field  string            // place in the request: input.items[2].quantity, line 3, row 17
	Detail string            // one sentence for the caller: what was wrong and what to do
	Meta   map[string]string // machine-readable facts
	Has    *Existing         // of Exists: what has the key, where the caller may see it; nil: it is not told
	cause  error
}

// Existing is what has a key that a caller wanted for something new. Who repeats a request because its answer was lost can tell by it whether the
// first one had succeeded. Members that it has not are empty.
type Existing struct {
	ID        string `json:"id"`
	Ref       string `json:"ref,omitempty"`
	Status    string `json:"status,omitempty"`
	CreatedOn string `json:"createdOn,omitempty"` // 2026-01-31T10:00:00.000Z
}

// New makes an error of a kind with a formatted detail. Use %w only through Wrap.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// Invalidf says that the request is wrong at field.
func Invalidf(field, format string, args ...any) *Error {
	return New(Invalid, format, args...).At(field)
}

// NotFoundf says that something named by the caller does not exist (or is not the caller's to see: the two read alike).
func NotFoundf(format string, args ...any) *Error {
	return New(NotFound, format, args...).WithCode(CodeNotFound)
}

// At returns a copy with the place of the error.
func (e *Error) At(field string) *Error { c := *e; c.Field = field; return &c }

// WithCode returns a copy with a platform code.
func (e *Error) WithCode(code string) *Error { c := *e; c.Code = code; return &c }

// With returns a copy with one more machine-readable fact.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Meta = make(map[string]string, len(e.Meta)+1)
	for k, v := range e.Meta {
		c.Meta[k] = v
	}
	c.Meta[key] = value
	return &c
}

// WithExisting returns a copy that tells what has the key.
func (e *Error) WithExisting(has *Existing) *Error { c := *e; c.Has = has; return &c }

// Wrap returns a copy that carries the cause for the operator's log; callers never see the cause's text.
func (e *Error) Wrap(cause error) *Error { c := *e; c.cause = cause; return &c }

// Error prints place, detail and cause.
func (e *Error) Error() string {
	s := e.Detail
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// Of returns the first fault in err's chain, or an Internal one that wraps err.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Internal, "internal error").WithCode(CodeInternal).Wrap(err)
}

// Is reports whether err's chain holds a fault of the kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
