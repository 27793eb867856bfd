package httpapi

import (
	"net/http"

	"github.com/fluent-oms/fluent/domain/fault"
)

// tokenError is the two-field shape that RFC 6749 gives to failed token requests.
type tokenError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// WriteTokenError answers a failed token request. The fault's Meta "oauth" names the error; without it the kind decides.
func WriteTokenError(w http.ResponseWriter, err error) {
	f := fault.Of(err)
	name, status := f.Meta["oauth"], statuses[f.Kind]
	if name == "" {
		switch f.Kind {
		case fault.Invalid, fault.TooLarge:
			name = "invalid_request"
		case fault.Unauthenticated:
			name = "invalid_client"
		case fault.Limited, fault.Unavailable:
			name = "temporarily_unavailable"
		default:
			name = "server_error"
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	SayWhen(w, f)
	WriteJSON(w, status, tokenError{Error: name, Description: f.Detail})
}

// SayWhen tells when a request that was refused for now may be repeated, if the error says so.
func SayWhen(w http.ResponseWriter, err error) {
	f := fault.Of(err)
	if seconds := f.Meta["retryAfter"]; seconds != "" {
		w.Header().Set("Retry-After", seconds)
	}
}
