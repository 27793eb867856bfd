package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// MaxBody is the largest request body, in bytes.
const MaxBody = workflow.MaxBytes

// TooLarge is the error of a body that is larger than the caller's account may send.
func TooLarge(most int64) *fault.Error {
	return limit.Body.Reached(fault.TooLarge, most, "The body is larger than %d bytes", most).At("body")
}

// Bounded is a request of an account whose bodies have so many bytes at most: reading more of its body fails with TooLarge.
func Bounded(r *http.Request, most int64) *http.Request {
	if most >= MaxBody || r.Body == nil || r.Body == http.NoBody {
		return r
	}
	bounded := *r
	bounded.Body = &boundedBody{ReadCloser: r.Body, most: most, left: most}
	return &bounded
}

type boundedBody struct {
	io.ReadCloser
	most, left int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(to []byte) (int, error) {
	if b.left < 0 {
		return 0, TooLarge(b.most)
	}
	if int64(len(to)) > b.left+1 {
		to = to[:b.left+1]
	}
	n, err := b.ReadCloser.Read(to)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, TooLarge(b.most)
	}
	return n, err
}

// ReadBody reads a request's body: at most MaxBody bytes of valid UTF-8.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	var known *fault.Error // of a body that is guarded
	switch {
	case errors.As(err, &known):
		return nil, known
	case errors.As(err, &tooLarge):
		return nil, TooLarge(MaxBody)
	case err != nil:
		return nil, fault.Invalidf("body", "The body could not be read whole").Wrap(err)
	case !utf8.Valid(body):
		return nil, fault.Invalidf(Place(body, invalidOffset(body)), "The body is not valid UTF-8")
	}
	return body, nil
}

// ReadJSON decodes a JSON body into v. Members that v does not know are ignored, as the API promises.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := ReadBody(w, r)
	if err != nil {
		return err
	}
	return DecodeJSON(body, v)
}

// DecodeJSON decodes one JSON value; its faults say where the text goes wrong: line and column, or the member.
func DecodeJSON(body []byte, v any) error {
	if len(strings.TrimSpace(string(body))) == 0 {
		return fault.Invalidf("body", "The body is empty; a JSON object is expected")
	}
	if at := catalogue.BadEscape(body); at >= 0 {
		return fault.Invalidf(Place(body, at), "The escape stands for no character that can be stored")
	}
	if at, err := catalogue.CheckJSON(body); err != nil {
		return fault.Of(err).At(Place(body, at))
	}
	err := json.Unmarshal(body, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var wrong *notText
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fault.Invalidf(Place(body, int(syntax.Offset)), "The body is not valid JSON: %s", syntax.Error())
	case errors.As(err, &kind):
		field := kind.Field
		if field == "" {
			field = Place(body, int(kind.Offset))
		}
		return fault.Invalidf(field, "A JSON %s cannot stand here; expected %s", kind.Value, jsonKind(kind.Type))
	case errors.As(err, &wrong):
		return fault.Invalidf(placeOf(body, wrong.raw), "%s", wrong.Error())
	default:
		return fault.Invalidf("body", "%s", err.Error())
	}
}

// Place prints an offset as the line and column that an editor shows.
func Place(body []byte, offset int) string {
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

// placeOf prints where a value of the body stands.
func placeOf(body []byte, value []byte) string { return Place(body, bytes.Index(body, value)) }

// jsonKind names a Go type as its JSON kind.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "an array"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	}
	return "an object"
}

// Text is a JSON string or number, kept as text: ids arrive as either.
type Text string

// UnmarshalJSON takes a string or a number; null leaves it empty.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = Text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return &notText{raw: bytes.Clone(b)}
	}
	*t = Text(n.String())
	return nil
}

// notText is what stands where an id or a ref is expected.
type notText struct{ raw []byte }

func (n *notText) Error() string {
	return fmt.Sprintf("A string or a number is expected, got %.40s", n.raw)
}

// Number is a whole number that may come as text; a fraction is cut off.
type Number int

// UnmarshalJSON takes a number or a string with one.
func (n *Number) UnmarshalJSON(b []byte) error {
	var t Text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(t), 64)
	if err != nil || math.Abs(f) > 1<<53 {
		return &notText{raw: bytes.Clone(b)}
	}
	*n = Number(f)
	return nil
}
