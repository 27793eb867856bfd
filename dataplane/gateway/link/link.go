// Package link carries requests from a gateway to nodes over kept connections. It does what http.Transport does for plain HTTP/1.1, but with
// requests that are written out already, and on the caller's goroutine: a request that waits for nothing else needs no others, and handing it to them costs as much as sending it.
package link

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// The bounds of connections.
const (
	dialTimeout = 3 * time.Second
	idleTimeout = time.Minute // nodes close idle connections after two, so that we never send on one that is being closed
	idlePerNode = 512
	bufferSize  = 8 << 10
	earlyTime   = 100 * time.Millisecond // for an answer that was on its way when the connection broke
	coarse      = 16                     // an answer's time may be a part in so many shorter than was asked for
)

// Pool keeps connections to nodes. It is safe for use by many goroutines.
type Pool struct {
	answer time.Duration // how long a node may take until its answer begins
	dialer net.Dialer
	now    func() time.Time
	most   int // idle connections that are kept for a node

	mu   sync.Mutex
	idle map[string][]*conn // by address; the one used last at the end
}

// New makes a pool. answer bounds how long a node may take until its answer begins.
func New(answer time.Duration) *Pool {
	return &Pool{answer: answer, dialer: net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}, now: time.Now, most: idlePerNode, idle: map[string][]*conn{}}
}

type conn struct {
	net.Conn
	address string
	r       *bufio.Reader
	since   time.Time // idle since
	bounded time.Time // when its deadline was set for an answer; zero: it has another one, or none
}

// Message is a request, written out as HTTP/1.1 puts it: all of it, or all but a body that is too large to be copied.
type Message struct{ Head, Body []byte }

func (m Message) writeTo(c io.Writer) error {
	if _, err := c.Write(m.Head); err != nil || len(m.Body) == 0 {
		return err
	}
	_, err := c.Write(m.Body)
	return err
}

// Send sends a request to a node. req is the caller's side of it: its context ends the exchange, and
// its method tells how to read the answer. An error that wraps a net.OpError of "dial" says that nothing was sent. The answer's body must be
// closed; the connection is kept only if it was read to its end.
func (p *Pool) Send(req *http.Request, address string, message Message) (*http.Response, error) {
	c, err := p.take(req.Context(), address)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(req.Context(), func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	res, err := c.exchange(req, message, p.answer)
	if err != nil {
		release()
		_ = c.Close()
		if cause := context.Cause(req.Context()); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("exchange with node %s: %w", c.address, err)
	}
	res.Body = &body{ReadCloser: res.Body, pool: p, conn: c, release: release, keep: !res.Close}
	return res, nil
}

func (c *conn) exchange(req *http.Request, message Message, patience time.Duration) (*http.Response, error) {
	if now := time.Now(); now.Sub(c.bounded) > patience/coarse { // a deadline moves a timer each time, and that costs
		if err := c.SetReadDeadline(now.Add(patience)); err != nil {
			return nil, err
		}
		c.bounded = now
	}
	writeErr := message.writeTo(c)
	if writeErr != nil { // a node that turns connections away has answered and closed before it read a request
		c.bounded = time.Time{}
		if err := c.SetReadDeadline(time.Now().Add(earlyTime)); err != nil {
			return nil, err
		}
	}
	if writeErr == nil {
		if res := c.quickly(req); res != nil {
			return res, nil
		}
	}
	for {
		res, err := http.ReadResponse(c.r, req)
		if err != nil {
			return nil, errors.Join(writeErr, err)
		}
		if res.StatusCode >= 200 {
			return res, nil
		}
	}
}

// take finds an idle connection that still stands, or dials.
func (p *Pool) take(ctx context.Context, address string) (*conn, error) {
	for c := p.pop(address); c != nil; c = p.pop(address) {
		if p.now().Sub(c.since) < idleTimeout && c.r.Buffered() == 0 && alive(c.Conn) {
			return c, nil
		}
		_ = c.Close()
	}
	raw, err := p.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: raw, address: address, r: bufio.NewReaderSize(raw, bufferSize)}, nil
}

func (p *Pool) pop(address string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[address]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	p.idle[address] = list[:len(list)-1]
	return c
}

func (p *Pool) put(c *conn) {
	c.since = p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.idle[c.address]
	if len(list) > 0 && c.since.Sub(list[0].since) > idleTimeout {
		_ = list[0].Close() // one that has not been needed for long
		list = list[1:]
	}
	if len(list) >= p.most {
		_ = c.Close()
		return
	}
	p.idle[c.address] = append(list, c)
}

// CloseIdle closes connections that nobody uses.
func (p *Pool) CloseIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, list := range p.idle {
		for _, c := range list {
			_ = c.Close()
		}
	}
	clear(p.idle)
}

// body gives the connection back when the answer was read.
type body struct {
	io.ReadCloser
	pool    *Pool
	conn    *conn
	release func() bool
	keep    bool
	ended   bool
	closed  bool
}

// Read implements io.Reader.
func (b *body) Read(to []byte) (int, error) {
	n, err := b.ReadCloser.Read(to)
	if errors.Is(err, io.EOF) {
		b.ended = true
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	quiet := b.release()                                                     // false: the request was cancelled, and the deadline set
	if !b.ended && quiet && b.conn.SetReadDeadline(time.Unix(1, 0)) == nil { // what has not come yet is not waited for
		var none [1]byte
		n, err := b.ReadCloser.Read(none[:])
		b.ended = n == 0 && errors.Is(err, io.EOF)
		b.conn.bounded = time.Time{}
	}
	if !b.keep || !b.ended || !quiet {
		return b.conn.Close()
	}
	if b.conn.bounded.IsZero() || b.pool.answer-b.pool.answer/coarse <= idleTimeout { // else the deadline comes after the connection's idle time
		b.conn.bounded = time.Time{}
		if err := b.conn.SetDeadline(time.Time{}); err != nil {
			return b.conn.Close()
		}
	}
	b.pool.put(b.conn)
	return nil
}
