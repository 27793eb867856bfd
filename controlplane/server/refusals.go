package server

import (
	"io"
	"net/http"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// refusal answers what does not get as far as the API, in the form of Connect's errors.
type refusal struct {
	status int
	body   string
}

var (
	// crowded is for a client behind a proxy that has too many requests under way.
	crowded = refusal{http.StatusTooManyRequests, `{"code":"resource_exhausted","message":"Too many requests of this client are under way."}`}
	// failing is for a source whose calls failed too often before it was known who called.
	failing = refusal{http.StatusTooManyRequests, `{"code":"resource_exhausted","message":"Too many calls from here failed before it was known who called; try again in a moment."}`}
	// short is for everybody while the server is short of memory.
	short = refusal{http.StatusServiceUnavailable, `{"code":"unavailable","message":"This server is short of memory; ask another one, or try again in a moment."}`}
	// full is for a connection that is one too many; callers by TLS see the connection end.
	full = refusal{http.StatusServiceUnavailable, `{"code":"unavailable","message":"This server has too many connections; ask another one."}`}
)

// ServeHTTP implements http.Handler.
func (f refusal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	door.Hurry(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.body) // the caller may have gone
}

// unannounced is the refusal of whoever has not asked for anything yet.
func (f refusal) unannounced() []byte { return door.Refusal(f.status, f.body) }

// spared are the calls that are taken however short of memory the server is: what tells of its state, and what comes from machines and servers.
func spared(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	return r.TLS != nil && len(r.TLS.PeerCertificates) > 0
}

// known are the calls that no count of failures concerns: those that are spared, and logins, which are delayed by name and source.
func known(r *http.Request) bool {
	return spared(r) || r.URL.Path == controlplanev1connect.AuthServiceLoginProcedure
}
