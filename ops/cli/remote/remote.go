// Package remote reaches a control plane that has several servers: a call that one server cannot take goes to the next.
package remote

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
)

// All servers are tried in rounds, with a pause between. Servers of which none answers are tried so often; while one does, and says that it cannot
// serve the call now, rounds go on for electionTime: until followers notice that their leader is gone they know no better. No round begins
// after longest.
const (
	rounds       = 4
	pause        = 700 * time.Millisecond
	electionTime = 5 * time.Second
	longest      = 30 * time.Second
)

// ParseServers reads a comma-separated list of base URLs. An address without scheme means http.
func ParseServers(list string) ([]string, error) {
	var servers []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if !strings.Contains(part, "://") {
			part = "http://" + part
		}
		u, err := url.Parse(part)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("server %q: want a URL such as http://127.0.0.1:8090", part)
		}
		servers = append(servers, strings.TrimRight(part, "/"))
	}
	if len(servers) == 0 {
		return nil, errors.New("no control-plane server is named")
	}
	return servers, nil
}

// HTTPClient makes the client for calls to control-plane servers: it gives up on silent addresses after a few seconds.
func HTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second,
	}}
}

// NewTransport makes a transport over servers' base URLs. Calls with one request are sent to the server that answered last;
// while a call answers Unavailable, or the server shows no sign of life, it goes to the next, round by round. The server may have done the
// work all the same, so mutations need a request id. Calls that stream requests are not repeated.
func NewTransport(client *http.Client, servers []string) connect.Transport {
	t := &transport{}
	for _, s := range servers {
		t.servers = append(t.servers, server{Transport: wire.NewTransport(client, s), url: s, client: client})
	}
	return t
}

// Machines makes transports to servers for a machine's own clients, which speak mutual TLS.
func Machines(servers []string) func(*http.Client) connect.Transport {
	urls := make([]string, 0, len(servers))
	for _, s := range servers {
		urls = append(urls, trust.URL(s))
	}
	return func(client *http.Client) connect.Transport { return NewTransport(client, urls) }
}

type transport struct {
	servers []server

	mu   sync.Mutex
	good int // index of the server that answered last
}

// NewClientStream opens a call; the server is chosen when the answer is asked for.
func (t *transport) NewClientStream(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
	if spec.StreamType&connect.StreamTypeClient != 0 {
		return t.servers[t.first()].NewClientStream(ctx, spec)
	}
	return &stream{transport: t, ctx: ctx, spec: spec}, nil
}

func (t *transport) first() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.good
}

func (t *transport) answered(index int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.good = index
}

// stream is a call with one request, which it keeps until a server has answered.
type stream struct {
	transport *transport
	ctx       context.Context // of the call; a stream lives no longer
	spec      connect.Spec
	request   any
	open      *attempt // at the server that answered
	closed    bool
}

func (s *stream) SendHeaders() error { return nil }

// Send keeps the request.
func (s *stream) Send(request any) error {
	s.request = request
	return nil
}

func (s *stream) CloseSend() error { return nil }

// Receive reads the next answer; the first time it finds the server that gives it.
func (s *stream) Receive(answer any) error {
	if s.open != nil {
		return s.open.Receive(answer)
	}
	if s.closed {
		return io.EOF
	}
	var enough time.Time // for an election
	begin := time.Now()
	for round := 1; ; round++ {
		err := s.round(answer)
		if err == nil || connect.CodeOf(err) != connect.CodeUnavailable {
			return err
		}
		if enough.IsZero() && wire.Answered(err) {
			enough = time.Now().Add(electionTime)
		}
		if round >= rounds && time.Now().After(enough) || time.Since(begin) > longest {
			return err
		}
		if waitErr := wait(s.ctx, pause); waitErr != nil {
			return errors.Join(waitErr, err)
		}
	}
}

// round tries each server once, beginning with the one that answered last. Where none could serve the call, the error is what one of them said, if
// one did.
func (s *stream) round(answer any) error {
	var refusal, err error
	start, n := s.transport.first(), len(s.transport.servers)
	for i := range n {
		index := (start + i) % n
		if err = s.try(index, answer); err == nil || connect.CodeOf(err) != connect.CodeUnavailable {
			s.transport.answered(index)
			return err
		}
		if wire.Answered(err) {
			refusal = err
		}
	}
	return cmp.Or(refusal, err)
}

// try sends the request to one server and reads the first answer.
func (s *stream) try(index int, answer any) error {
	open, err := s.transport.servers[index].begin(s.ctx, s.spec)
	if err != nil {
		return err
	}
	if err = open.Send(s.request); err == nil || errors.Is(err, io.EOF) {
		if err = open.CloseSend(); err == nil {
			err = open.Receive(answer)
		}
	}
	if err = open.explain(err); err != nil && connect.CodeOf(err) == connect.CodeUnavailable {
		return errors.Join(err, open.Close())
	}
	s.open = open
	return err
}

// Close ends the call.
func (s *stream) Close() error {
	s.closed = true
	if s.open == nil {
		return nil
	}
	return s.open.Close()
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
