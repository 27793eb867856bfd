// Package answer is the form of a GraphQL response: data written in request order, and errors with path, locations and code.
package answer

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Response is what a request is answered with. Data is JSON; nil means that the request did not begin to run, and the
// property is left out.
type Response struct {
	Data   json.RawMessage
	Errors []*Error
}

// Location is a place in the document; both count from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Error is one entry of errors.
type Error struct {
	Message    string     `json:"message"`
	Path       []any      `json:"path,omitempty"` // response names and list indexes
	Locations  []Location `json:"locations,omitempty"`
	Extensions Extensions `json:"extensions"`

	fault *fault.Error
}

// Extensions carries what programs read of an error.
type Extensions struct {
	Code  string            `json:"code"`
	Field string            `json:"field,omitempty"` // place in the input: input.items[2].quantity
	Meta  map[string]string `json:"meta,omitempty"`

	Existing *fault.Existing `json:"existing,omitempty"` // what has a key that is taken
}

// FromFault makes an entry from any error; what is not a fault reads as an internal error without its cause.
func FromFault(err error, path []any, at ...Location) *Error {
	f := fault.Of(err)
	message := f.Detail
	if f.Field != "" {
		message = f.Field + ": " + message
	}
	return &Error{Message: message, Path: path, Locations: at, Extensions: Extensions{Code: f.PlatformCode(), Field: f.Field, Meta: f.Meta, Existing: f.Has}, fault: f}
}

// Fault is what an entry was made from; of what is wrong with a document or its variables, that the request is.
func (e *Error) Fault() *fault.Error {
	if e.fault != nil {
		return e.fault
	}
	message := strings.TrimPrefix(e.Message, "Variable "+e.Extensions.Field+": ") // the field says where
	f := fault.Invalidf(e.Extensions.Field, "%s", message)
	if strings.HasPrefix(e.Extensions.Code, "C0") {
		f = f.WithCode(e.Extensions.Code)
	}
	return f
}

// FromDocument makes entries from what is wrong with a document or its variables.
func FromDocument(list gqlerror.List) []*Error {
	out := make([]*Error, 0, len(list))
	for _, e := range list {
		entry := &Error{Message: e.Message, Extensions: Extensions{Code: "GRAPHQL_VALIDATION_FAILED"}}
		if code, ok := e.Extensions["code"].(string); ok {
			entry.Extensions.Code = code
		}
		entry.Extensions.Field, _ = e.Extensions["field"].(string)
		for _, l := range e.Locations {
			if l.Line > 0 {
				entry.Locations = append(entry.Locations, Location{Line: l.Line, Column: l.Column})
			}
		}
		out = append(out, entry)
	}
	return out
}

// Internal reports whether err is our own failure, which belongs in the log.
func Internal(err error) bool {
	var f *fault.Error
	return !errors.As(err, &f) || f.Kind == fault.Internal
}

// Unavailable reports whether a request brought nothing but errors that pass by themselves: no field has a value, so it may be sent again
// as it is, and its status says so (503).
func (r Response) Unavailable() bool {
	for _, e := range r.Errors {
		if e.fault == nil || e.fault.Kind != fault.Unavailable {
			return false
		}
	}
	if len(r.Errors) == 0 {
		return false
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r.Data, &fields); len(r.Data) > 0 && err != nil {
		return false
	}
	for _, value := range fields {
		if string(value) != "null" {
			return false
		}
	}
	return true
}

var (
	dataBegins = []byte(`{"data":`)
	dataEnds   = []byte("}")
)

// Parts are the response's JSON, to be written one after the other. Data is among them as it is, so that nothing long is copied.
func (r Response) Parts() ([3][]byte, error) {
	if len(r.Errors) == 0 && r.Data != nil {
		return [3][]byte{dataBegins, r.Data, dataEnds}, nil
	}
	parts := [3][]byte{[]byte("{"), nil, dataEnds}
	if len(r.Errors) > 0 {
		list, err := json.Marshal(r.Errors)
		if err != nil {
			return parts, err
		}
		comma := ""
		if r.Data != nil {
			comma = ","
		}
		parts[2] = append(append([]byte(comma+`"errors":`), list...), '}')
	}
	if r.Data != nil {
		parts[0], parts[1] = dataBegins, r.Data
	}
	return parts, nil
}
