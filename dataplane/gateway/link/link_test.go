package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
)

// server counts the connections that it was given.
func server(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var conns atomic.Int64
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s, &conns
}

// send writes a request out and sends it to the node that its URL names.
func send(p *link.Pool, req *http.Request) (*http.Response, error) {
	var message bytes.Buffer
	if err := req.Write(&message); err != nil {
		return nil, err
	}
	return p.Send(req, req.URL.Host, link.Message{Head: message.Bytes()})
}

func post(t *testing.T, p *link.Pool, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	res, err := send(p, req)
	require.NoError(t, err)
	return res
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = w.Write(body)
}

func TestConnectionsAreKeptWhileAnswersAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	s, conns := server(t, echo)
	p := link.New(time.Minute)
	for range 5 {
		res := post(t, p, s.URL, "hello")
		got, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))
		require.NoError(t, res.Body.Close())
	}
	require.EqualValues(t, 1, conns.Load())
	large := strings.Repeat("x", 1<<20)
	require.NoError(t, post(t, p, s.URL, large).Body.Close()) // not read
	res := post(t, p, s.URL, large)
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Len(t, got, len(large))
	require.NoError(t, res.Body.Close())
	require.EqualValues(t, 2, conns.Load())
}

func TestManyRequestsAtOnceEachGetTheirAnswer(t *testing.T) {
	t.Parallel()
	s, _ := server(t, echo)
	p := link.New(time.Minute)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			want := bytes.Repeat([]byte{byte('a' + i)}, 10_000)
			for range 20 {
				res := post(t, p, s.URL, string(want))
				got, err := io.ReadAll(res.Body)
				if err != nil || !bytes.Equal(got, want) || res.Body.Close() != nil {
					t.Errorf("client %d got %d bytes: %v", i, len(got), err)
				}
			}
		})
	}
	wait.Wait()
}

func TestAConnectionThatTheNodeClosedIsNotUsed(t *testing.T) {
	t.Parallel()
	s, conns := server(t, echo)
	p := link.New(time.Minute)
	read := func() {
		res := post(t, p, s.URL, "x")
		_, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
	}
	read()
	s.CloseClientConnections()
	require.Eventually(t, func() bool { read(); return conns.Load() == 2 }, time.Minute, time.Millisecond)
}

func TestWhoGivesUpIsNotKeptWaiting(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	s, _ := server(t, func(http.ResponseWriter, *http.Request) { close(arrived); <-release })
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	failed := make(chan error, 1)
	go func() {
		_, err := send(link.New(time.Minute), req)
		failed <- err
	}()
	<-arrived
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
}

func TestAnswersThatNeverBeginAndNodesThatAreNotThere(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s, _ := server(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	req, err := http.NewRequest(http.MethodGet, s.URL, nil)
	require.NoError(t, err)
	_, err = send(link.New(20*time.Millisecond), req)
	var timeout net.Error
	require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)

	req, err = http.NewRequest(http.MethodGet, "http://"+porttest.Address(t), nil)
	require.NoError(t, err)
	_, err = send(link.New(time.Minute), req)
	var op *net.OpError
	require.True(t, errors.As(err, &op) && op.Op == "dial", "%v", err)
}

// TestANodeThatTurnsConnectionsAwayIsHeard has a node that answers and closes before it has read anything, as one does that is full. What a
// request's writer meets is then a matter of chance: all, part, or nothing of it is taken.
func TestANodeThatTurnsConnectionsAwayIsHeard(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write(door.Refusal(http.StatusServiceUnavailable, `{}`, "Fluent-Draining", "1"))
			_ = c.Close()
		}
	}()
	p := link.New(time.Minute)
	for i := range 200 {
		res := post(t, p, "http://"+l.Addr().String(), strings.Repeat("x", []int{10, 2 << 20}[i%2]))
		require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		require.Equal(t, "1", res.Header.Get("Fluent-Draining"))
		require.NoError(t, res.Body.Close())
	}
}
