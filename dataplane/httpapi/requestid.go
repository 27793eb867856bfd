package httpapi

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

// RequestIDHeader names one request in answers and in the logs of all processes that it passed.
const RequestIDHeader = "X-Request-Id"

// longestRequestID bounds what callers may put into logs.
const longestRequestID = 100

// NameRequest gives a request an id, unless its caller gave one that can stand in a log, and puts it into the answer, too.
func NameRequest(w http.ResponseWriter, r *http.Request) {
	given := r.Header[RequestIDHeader]
	if len(given) == 0 || !loggable(given[0]) {
		var random [12]byte
		_, _ = rand.Read(random[:]) // never fails
		given = []string{hex.EncodeToString(random[:])}
		r.Header[RequestIDHeader] = given
	}
	w.Header()[RequestIDHeader] = given[:1:1]
}

// loggable allows what UUIDs and the ids of common tracing systems consist of.
func loggable(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return id != "" && len(id) <= longestRequestID
}
