package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/fault"
)

// MaxBody is the largest request body, in bytes.
const MaxBody = 2 << 20

// readBody reads a request's body: at most MaxBody bytes of valid UTF-8.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fault.New(fault.TooLarge, "The body is larger than %d bytes", MaxBody).At("body")
	case err != nil:
		return nil, fault.Invalidf("body", "The body could not be read whole").Wrap(err)
	case !utf8.Valid(body):
		return nil, fault.Invalidf(place(body, invalidOffset(body)), "The body is not valid UTF-8")
	}
	return body, nil
}

// readJSON decodes a JSON body into v. Members that v does not know are ignored, as the API promises.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	return decodeJSON(body, v)
}

// decodeJSON decodes one JSON value; its faults say where the text goes wrong: line and column, or the member.
func decodeJSON(body []byte, v any) error {
	if len(strings.TrimSpace(string(body))) == 0 {
		return fault.Invalidf("body", "The body is empty; a JSON object is expected")
	}
	err := json.Unmarshal(body, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fault.Invalidf(place(body, int(syntax.Offset)), "The body is not valid JSON: %s", syntax.Error())
	case errors.As(err, &kind):
		field := kind.Field
		if field == "" {
			field = place(body, int(kind.Offset))
		}
		return fault.Invalidf(field, "A JSON %s cannot stand here; expected %s", kind.Value, jsonKind(kind.Type.String()))
	default:
		return fault.Invalidf("body", "%s", err.Error())
	}
}

// place prints an offset as the line and column that an editor shows.
func place(body []byte, offset int) string {
	offset = min(max(offset, 0), len(body))
	before := string(body[:offset])
	line := strings.Count(before, "\n") + 1
	column := offset - strings.LastIndex(before, "\n")
	return fmt.Sprintf("line %d, column %d", line, column)
}

func invalidOffset(body []byte) int {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(body)
}

// jsonKind names a Go type as its JSON kind.
func jsonKind(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "an array"
	case strings.Contains(goType, "int") || strings.Contains(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case strings.HasSuffix(goType, "string") || strings.HasSuffix(goType, "text"):
		return "a string"
	}
	return "an object"
}

// text is a JSON string or number, kept as text: ids arrive as either.
type text string

// UnmarshalJSON takes a string or a number; null leaves it empty.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("want a string or a number, got %s", b)
	}
	*t = text(n.String())
	return nil
}
