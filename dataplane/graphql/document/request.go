// Package document reads GraphQL requests: it decodes bodies, parses and validates documents (cached by their text), coerces
// variables and arguments to Go values, and collects fields with their directives applied. It knows the schema's language
// and nothing of what stands behind a field.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// Request is one GraphQL request. Numbers in Variables are json.Number.
type Request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// Decode reads a request from a JSON body. What is not a request (broken JSON, invalid UTF-8, wrong types) is an Invalid
// fault, and what has too many values a TooLarge one, whose Field is the place: line and column for broken JSON, the property's name otherwise. Unknown properties are
// ignored, as clients forward what they were given.
func Decode(body []byte) (Request, error) {
	if at := invalidUTF8(body); at >= 0 {
		return Request{}, fault.Invalidf(place(body, at), "the body is not valid UTF-8").WithCode(fault.CodeMissing)
	}
	if at := catalogue.BadEscape(body); at >= 0 && !bytes.HasPrefix(body[at:], []byte(`\u0000`)) { // NULs are refused with their variable
		return Request{}, fault.Invalidf(place(body, at), "half of a surrogate pair is no character").WithCode(fault.CodeMissing)
	}
	if at, err := catalogue.CheckJSON(body); err != nil {
		wrong := fault.Of(err).At(place(body, at))
		if wrong.Kind == fault.TooLarge {
			wrong = wrong.WithCode(fault.CodeTooLong)
		}
		return Request{}, wrong
	}
	if req, ok := plain(body); ok {
		return req, nil
	}
	var req Request
	if err := decodeOne(body, &req); err == nil && req.Query != "" {
		return req, nil
	}
	return diagnose(body)
}

// diagnose reads a body that is not quite a request property by property, to say what is wrong with it and where.
func diagnose(body []byte) (Request, error) {
	var raw map[string]json.RawMessage
	if err := decodeOne(body, &raw); err != nil {
		return Request{}, notJSON(body, err)
	}
	if raw == nil {
		return Request{}, fault.Invalidf("line 1, column 1", "the body must be a JSON object").WithCode(fault.CodeMissing)
	}
	var req Request
	if err := property(raw, "query", &req.Query, "a string"); err != nil {
		return Request{}, err
	}
	if req.Query == "" {
		return Request{}, fault.Invalidf("query", "query is required").WithCode(fault.CodeMissing)
	}
	if err := property(raw, "operationName", &req.OperationName, "a string"); err != nil {
		return Request{}, err
	}
	if err := property(raw, "variables", &req.Variables, "an object"); err != nil {
		return Request{}, err
	}
	return req, nil
}

func property(raw map[string]json.RawMessage, name string, into any, want string) error {
	value, ok := raw[name]
	if !ok {
		return nil
	}
	if err := decodeOne(value, into); err != nil {
		return fault.Invalidf(name, "%s must be %s", name, want).WithCode(fault.CodeMissing).Wrap(err)
	}
	return nil
}

// decodeOne decodes exactly one JSON value, keeping numbers as they were written.
func decodeOne(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &trailing{offset: d.InputOffset()}
	}
	return nil
}

type trailing struct{ offset int64 }

func (t *trailing) Error() string { return "more data after the JSON value" }

func notJSON(body []byte, err error) error {
	at := int64(len(body))
	detail := "the body ends in the middle of a JSON value"
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	var more *trailing
	switch {
	case errors.As(err, &syntax):
		at, detail = syntax.Offset-1, "the body is not JSON: "+syntax.Error()
	case errors.As(err, &typ):
		at, detail = typ.Offset-1, "the body must be a JSON object"
	case errors.As(err, &more):
		at, detail = more.offset-1, "the body holds more than one JSON value"
	}
	return fault.Invalidf(place(body, int(at)), "%s", detail).WithCode(fault.CodeMissing).Wrap(err)
}

// place names a byte offset by line and column, both from 1.
func place(body []byte, offset int) string {
	offset = min(max(offset, 0), len(body))
	before := body[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	column := offset - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, column)
}

func invalidUTF8(body []byte) int {
	if utf8.Valid(body) {
		return -1
	}
	for i := 0; i < len(body); {
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
