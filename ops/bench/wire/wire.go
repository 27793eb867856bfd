// Package wire asks GraphQL questions over kept HTTP/1.1 connections at little cost for the one who asks: requests are made once, answers are
// read into one buffer. A load generator that shares its machine with what it measures should not be what is measured.
package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// patience is how long an answer may take.
const patience = 2 * time.Minute

// Question is one GraphQL request and what a right answer to it is.
type Question struct {
	Query     string
	Variables map[string]any
	// Check looks at the data of an answer. It is called for the first answer, and for each that is not the same, byte by byte, as the
	// last one that it found right.
	Check func(data json.RawMessage) error

	request []byte
	right   atomic.Pointer[[]byte]
}

// Asker sends questions, each client over a connection of its own.
type Asker struct {
	addresses []string
	conns     []*conn
}

type conn struct {
	net.Conn
	r    *bufio.Reader
	body []byte
}

// Open makes an asker for bases, such as http://127.0.0.1:8080, among which clients are shared out, and readies questions with the token.
func Open(bases []string, token string, clients int, questions []*Question) (*Asker, error) {
	a := &Asker{conns: make([]*conn, clients)}
	for _, base := range bases {
		address, plain := strings.CutPrefix(base, "http://")
		if !plain {
			return nil, fmt.Errorf("ask %s: only http:// is spoken here", base)
		}
		a.addresses = append(a.addresses, address)
	}
	for _, q := range questions {
		body, err := json.Marshal(map[string]any{"query": q.Query, "variables": q.Variables})
		if err != nil {
			return nil, fmt.Errorf("write a question: %w", err)
		}
		q.request = fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			a.addresses[0], token, len(body), body)
	}
	return a, nil
}

// Close ends the connections.
func (a *Asker) Close() {
	for _, c := range a.conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

// Ask sends a question as one of the clients, which ask one question at a time each, and looks at the answer.
func (a *Asker) Ask(ctx context.Context, client int, q *Question) error {
	c := a.conns[client]
	if c == nil {
		address := a.addresses[client%len(a.addresses)]
		raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		c = &conn{Conn: raw, r: bufio.NewReaderSize(raw, 16<<10)}
		a.conns[client] = c
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write(q.request); err != nil {
		return fmt.Errorf("send a question: %w", err)
	}
	answer, err := c.answer()
	if err != nil {
		return fmt.Errorf("read an answer: %w", err)
	}
	return q.look(answer)
}

// look compares an answer with the last right one, and looks closely if they differ.
func (q *Question) look(answer []byte) error {
	if right := q.right.Load(); right != nil && bytes.Equal(*right, answer) {
		return nil
	}
	var parsed struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	if len(parsed.Errors) > 0 {
		return fmt.Errorf("the answer has errors: %.500s", parsed.Errors)
	}
	if err := q.Check(parsed.Data); err != nil {
		return err
	}
	kept := bytes.Clone(answer)
	q.right.Store(&kept)
	return nil
}

// answer reads one answer; what it returns is good until the next one.
func (c *conn) answer() ([]byte, error) {
	status, err := c.line()
	if err != nil {
		return nil, err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200"))
	said := ""
	if !ok {
		said = string(status)
	}
	length, chunked, err := c.header()
	if err != nil {
		return nil, err
	}
	switch {
	case chunked:
		c.body, err = io.ReadAll(httputil.NewChunkedReader(c.r))
		if err == nil {
			_, err = c.line()
		}
	case length < 0:
		err = errors.New("the answer does not say how long it is")
	default:
		if cap(c.body) < length {
			c.body = make([]byte, length)
		}
		c.body = c.body[:length]
		_, err = io.ReadFull(c.r, c.body)
	}
	if err == nil && !ok {
		err = fmt.Errorf("%s: %.500s", said, c.body)
	}
	return c.body, err
}

// header reads up to the empty line; length is -1 where it is not said.
func (c *conn) header() (length int, chunked bool, err error) {
	length = -1
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return length, chunked, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, fmt.Errorf("read the length %q: %w", value, err)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
}

func (c *conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
