package door

import "net/http"

// StatusWriter remembers the status of an answer.
type StatusWriter struct {
	http.ResponseWriter
	Status int // http.StatusOK until another one is written
}

// WriteHeader implements http.ResponseWriter.
func (s *StatusWriter) WriteHeader(status int) {
	s.Status = status
	s.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher, which streams look for.
func (s *StatusWriter) Flush() {
	_ = http.NewResponseController(s.ResponseWriter).Flush() // http.Flusher has no error; the next Write says that the caller has gone
}

// Unwrap lets http.ResponseController reach the connection.
func (s *StatusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
