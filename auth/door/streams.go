package door

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Over HTTP/2 a connection carries many requests, and the other end says how much of each answer it takes: without limits of their own, a hundred
// connections are tens of thousands of requests that nobody ends.
const (
	// mostStreams is how many requests a connection may have under way.
	mostStreams = 64
	// mostStrangers is how many requests over HTTP/2 may be under way of callers who show no certificate of ours, and mostOfOne how many of one
	// address.
	mostStrangers = 4096
	mostOfOne     = 1024
)

// streams bounds requests of whoever shows no certificate: the time in which each part of their bodies must be there, and over HTTP/2 their number
// and the time in which the other end must take each part of an answer. Over HTTP/1 connections have the latter limits.
type streams struct {
	next     http.Handler
	patience time.Duration

	mu    sync.Mutex
	all   int
	under map[string]int // by Group; requests under way
}

func newStreams(next http.Handler, patience time.Duration) *streams {
	return &streams{next: next, patience: patience, under: map[string]int{}}
}

// ServeHTTP implements http.Handler.
func (s *streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		s.next.ServeHTTP(w, r)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		r = press(w, r, s.patience)
	}
	if r.ProtoMajor < 2 {
		s.next.ServeHTTP(w, r)
		return
	}
	at, _ := netip.ParseAddrPort(r.RemoteAddr) // a peer without one counts with its like
	group := Group(at.Addr())
	if !s.enter(group) {
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Content-Length", "0") // what has a body would wait for the other end to take it
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer s.leave(group)
	answer := &patient{ResponseWriter: w, control: http.NewResponseController(w), patience: s.patience}
	s.next.ServeHTTP(answer, r)
	if answer.wrote {
		_ = answer.FlushError() // the server would wait for the other end to take it, too, but after the request has left
	}
}

func (s *streams) enter(group string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= mostStrangers || s.under[group] >= mostOfOne {
		return false
	}
	s.all++
	s.under[group]++
	return true
}

func (s *streams) leave(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.under[group]--; s.under[group] == 0 {
		delete(s.under, group)
	}
}

// pressed is a request with a pressed body. It is a copy, since the server looks at its own request's body, to know what to do with the connection.
type pressed struct {
	http.Request
	body pressedBody
}

func press(w http.ResponseWriter, r *http.Request, patience time.Duration) *http.Request {
	p := &pressed{Request: *r, body: pressedBody{ReadCloser: r.Body, control: *http.NewResponseController(w), patience: patience}}
	p.body.hurry()
	p.Body = &p.body
	return &p.Request
}

// pressedBody is a body each part of which must be there in time. Who guards bodies better (see Bodies) sets deadlines of his own.
type pressedBody struct {
	io.ReadCloser
	control  http.ResponseController
	patience time.Duration
	unmarked int // bytes since the deadline was set
}

// hurry sets a deadline. That fails where there is no connection, as in tests, and for one that is gone, from which nothing can be read.
func (b *pressedBody) hurry() { _ = b.control.SetReadDeadline(time.Now().Add(b.patience)) }

// Read implements io.Reader.
func (b *pressedBody) Read(to []byte) (int, error) {
	n, err := b.ReadCloser.Read(to)
	b.unmarked += n
	switch {
	case errors.Is(err, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{}) // the server goes on reading, to hear of a caller who hangs up
	case err == nil && b.unmarked >= piece:
		b.unmarked = 0
		b.hurry()
	}
	return n, err
}

// patient is an answer each part of which must be taken in time.
type patient struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	wrote    bool
}

// hurry and rest set a deadline and take it off. That fails where there is no connection, as in tests, and for one that is gone, to which
// nothing can be written.
func (p *patient) hurry() { _ = p.control.SetWriteDeadline(time.Now().Add(p.patience)) }
func (p *patient) rest()  { _ = p.control.SetWriteDeadline(time.Time{}) }

// Write implements http.ResponseWriter.
func (p *patient) Write(b []byte) (int, error) {
	p.wrote = p.wrote || len(b) > 0
	p.hurry()
	defer p.rest()
	return p.ResponseWriter.Write(b)
}

// Flush implements http.Flusher.
func (p *patient) Flush() { _ = p.FlushError() } // http.Flusher has no error

// FlushError is what http.ResponseController calls.
func (p *patient) FlushError() error {
	p.hurry()
	defer p.rest()
	return p.control.Flush()
}

// Unwrap is for http.ResponseController.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
