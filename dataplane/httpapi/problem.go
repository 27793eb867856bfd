package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/fault"
)

// statuses maps each kind of fault to its HTTP status: the one place where that is said.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Exists:          http.StatusConflict,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unprocessable:   http.StatusUnprocessableEntity,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Expired:         http.StatusGatewayTimeout,
}

// problem is the body of every REST error.
type problem struct {
	Errors  []problemItem `json:"errors"`
	Status  int           `json:"status"`
	Error   string        `json:"error"`
	Message string        `json:"message"`
}

type problemItem struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Field   string            `json:"field,omitempty"`
	Meta    map[string]string `json:"meta,omitempty"`

	Existing *fault.Existing `json:"existing,omitempty"` // what has a key that is taken
}

// WriteError answers a request with an error. Several faults joined with errors.Join become several items; the first decides
// the status. Causes that are not faults are logged and never shown.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	faults := Faults(err)
	status := statuses[faults[0].Kind]
	body := problem{Status: status, Error: http.StatusText(status), Message: faults[0].Detail}
	for _, f := range faults {
		body.Errors = append(body.Errors, problemItem{Code: f.PlatformCode(), Message: f.Detail, Field: f.Field, Meta: f.Meta, Existing: f.Has})
	}
	// Who sends too much is no failure of ours; of a database that takes no writes the node speaks once, for all requests.
	if status >= http.StatusInternalServerError && faults[0].PlatformCode() != fault.CodeLimited && !store.TakesNoWrites(err) {
		log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "request", r.Header.Get(RequestIDHeader), "error", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="fluent"`)
	}
	SayWhen(w, faults[0])
	WriteJSON(w, status, body)
}

// again tells callers when to come again who were refused for a reason that passes, in seconds.
const again = "1"

// Faults lists the faults of an error made with errors.Join, or the one that err is.
func Faults(err error) []*fault.Error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) == 0 {
		return []*fault.Error{fault.Of(err)}
	}
	var all []*fault.Error
	for _, e := range joined.Unwrap() {
		all = append(all, Faults(e)...)
	}
	return all
}

// WriteJSON answers with a JSON body.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	if passing := status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests; passing && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", again)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return // the status is out and the client has gone: there is nobody left to tell
	}
}

// TurnedAway writes out an answer for callers whose connection is closed before their request was read. Headers are given by name and value.
func TurnedAway(f *fault.Error, headers ...string) []byte {
	status := statuses[f.Kind]
	raw, err := json.Marshal(problem{
		Status: status, Error: http.StatusText(status), Message: f.Detail, Errors: []problemItem{{Code: f.Code, Message: f.Detail}},
	})
	if err != nil {
		return nil // there is nothing in it that JSON cannot say
	}
	return door.Refusal(status, string(raw), headers...)
}
