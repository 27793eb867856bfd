package link

import (
	"bufio"
	"net/http"
	"sync/atomic"
	"time"
)

// The bounds that tests go to.
const (
	EarlyTime   = earlyTime
	IdleTimeout = idleTimeout
)

// Stepping makes a pool at a clock that stands still between steps.
func Stepping(answer time.Duration) (p *Pool, step func(time.Duration)) {
	p = New(answer)
	var ahead atomic.Int64
	began := time.Now()
	p.now = func() time.Time { return began.Add(time.Duration(ahead.Load())) }
	return p, func(by time.Duration) { ahead.Add(int64(by)) }
}

// Keeping makes a pool that keeps so few idle connections.
func Keeping(most int) *Pool {
	p := New(time.Minute)
	p.most = most
	return p
}

// Quickly reads an answer in one go, or not at all.
func Quickly(r *bufio.Reader, req *http.Request) *http.Response {
	return (&conn{r: r}).quickly(req)
}
