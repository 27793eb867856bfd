package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/gateway"
)

const mebi = 1 << 20

// knowing is a node that knows good tokens from others: it holds the key that the test signs with.
type knowing struct {
	verifier      *token.Verifier
	proofs, calls atomic.Int64
	bytes         atomic.Int64 // of the bodies of calls
	slowly        chan struct{}
}

// ServeHTTP implements http.Handler.
func (k *knowing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := token.Bearer(r.Header.Get("Authorization"))
	if r.URL.Path == gateway.ProofPath {
		k.proofs.Add(1)
	} else {
		n, _ := io.Copy(io.Discard, r.Body)
		k.calls.Add(1)
		k.bytes.Add(n)
	}
	if _, err := k.verifier.Tenant(raw); err != nil {
		http.Error(w, "said by the node", http.StatusUnauthorized)
		return
	}
	if r.URL.Path == gateway.ProofPath {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if k.slowly != nil { // an answer that its caller does not read at once
		_, _ = io.WriteString(w, strings.Repeat("x", mebi))
		_ = http.NewResponseController(w).Flush()
		<-k.slowly
	}
}

// guarded is a gateway with little room, over such a node.
func guarded(t *testing.T, limits door.BodyLimits) (front *gateway.Gateway, url string, node *knowing, good, forged string) {
	t.Helper()
	sign := func() (*token.Signer, string) {
		signer, err := token.NewSigner(token.NewSeed())
		require.NoError(t, err)
		raw, _, err := token.NewIssuer("x", signer, time.Now).Tenant(token.Tenant{Account: "ACME", UserID: "1"}, time.Hour)
		require.NoError(t, err)
		return signer, raw
	}
	signer, good := sign()
	_, forged = sign()
	keys, err := token.NewKeySet(signer.Key())
	require.NoError(t, err)
	node = &knowing{verifier: token.NewVerifier("x", keys, time.Now)}
	back := httptest.NewServer(node)
	t.Cleanup(back.Close)
	front = gateway.New(setUp(t, back).state, gateway.Settings{Bodies: limits}, slog.New(slog.DiscardHandler))
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	return front, s.URL, node, good, forged
}

func post(t *testing.T, url, raw string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/graphql", body)
	require.NoError(t, err)
	req.Host = "acme.localhost"
	if raw != "" {
		req.Header.Set("Authorization", "Bearer "+raw)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(answer)
}

// TestLargeBodiesNeedAGoodToken sends bodies around the limit with a good token, with one that is well formed and signed by somebody else, and
// with none, with and without a told length.
func TestLargeBodiesNeedAGoodToken(t *testing.T) {
	t.Parallel()
	_, url, node, good, forged := guarded(t, door.BodyLimits{})
	for _, c := range []struct {
		name, raw     string
		size          int
		status        int
		proofs, calls int64
		says          string
	}{
		{"little, good", good, door.UnknownBody, 200, 0, 1, ""},
		{"much, good", good, door.UnknownBody + 1, 200, 1, 1, ""},
		{"the most, good", good, 2 * mebi, 200, 1, 1, ""},
		{"little, forged", forged, door.UnknownBody, 401, 0, 1, "said by the node"},
		{"much, forged", forged, door.UnknownBody + 1, 401, 1, 0, "said by the node"},
		{"little, none", "", door.UnknownBody, 401, 0, 1, "said by the node"},
		{"much, none", "", door.UnknownBody + 1, 413, 0, 0, "send a bearer token, or less"},
	} {
		for _, told := range []bool{true, false} {
			var body io.Reader = bytes.NewReader(make([]byte, c.size))
			if !told {
				body = struct{ io.Reader }{body}
			}
			proofs, calls, size := node.proofs.Load(), node.calls.Load(), node.bytes.Load()
			status, answer := post(t, url, c.raw, body)
			require.Equal(t, c.status, status, "%s: %s", c.name, answer)
			require.Contains(t, answer, c.says, c.name)
			require.Equal(t, c.proofs, node.proofs.Load()-proofs, c.name)
			require.Equal(t, c.calls, node.calls.Load()-calls, c.name)
			require.Equal(t, c.calls*int64(c.size), node.bytes.Load()-size, "%s: whole", c.name)
		}
	}
	before := node.proofs.Load()
	status, _ := post(t, url, good, bytes.NewReader(make([]byte, 2*mebi+1)))
	require.Equal(t, 413, status)
	require.Equal(t, before, node.proofs.Load(), "no token makes a body good of which it is told that it is too large")
}

// held reads from the gateway's metrics how many bytes of bodies it holds.
func held(t *testing.T, front *gateway.Gateway) (bytes int) {
	t.Helper()
	page := httptest.NewRecorder()
	front.Operators().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	found := regexp.MustCompile(`fluent_bodies_bytes\{caller="\w+"\} ([0-9.e+]+)`).FindAllStringSubmatch(page.Body.String(), -1)
	require.Len(t, found, 2)
	for _, f := range found {
		n, err := strconv.ParseFloat(f[1], 64)
		require.NoError(t, err)
		bytes += int(n)
	}
	return bytes
}

// TestOthersAreServedWhileBodiesAreHeldBack has 400 connections, without a token and with a forged one, hold back the last byte of the most
// that is read of them.
func TestOthersAreServedWhileBodiesAreHeldBack(t *testing.T) {
	t.Parallel()
	front, url, node, good, forged := guarded(t, door.BodyLimits{Total: mebi, Progress: time.Hour, Stall: time.Hour, Patience: time.Hour})
	rest := bytes.Repeat([]byte("x"), door.UnknownBody-1)
	for i := range 400 {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		authorization := ""
		if i%2 == 0 {
			authorization = "Authorization: Bearer " + forged + "\r\n"
		}
		go func() {
			_, _ = fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: acme.localhost\r\n%sContent-Length: %d\r\n\r\n", authorization, len(rest)+1)
			_, _ = c.Write(rest)
		}()
	}
	require.Eventually(t, func() bool { return held(t, front) == 4*(door.UnknownBody-4<<10) }, time.Minute, time.Millisecond)
	for range 5 {
		status, answer := post(t, url, good, strings.NewReader(`{"query":"{ me { id } }"}`))
		require.Equal(t, 200, status, answer)
		status, answer = post(t, url, good, bytes.NewReader(make([]byte, 50<<10)))
		require.Equal(t, 200, status, answer)
		status, answer = post(t, url, good, bytes.NewReader(make([]byte, 700<<10)))
		require.Equal(t, 200, status, answer)
	}
	require.LessOrEqual(t, held(t, front), mebi/4)
	require.GreaterOrEqual(t, node.calls.Load(), int64(15))
}

// TestABodyIsHeldUntilItIsSentOn has a caller leave the answer unread.
func TestABodyIsHeldUntilItIsSentOn(t *testing.T) {
	t.Parallel()
	front, url, node, good, _ := guarded(t, door.BodyLimits{})
	node.slowly = make(chan struct{})
	defer close(node.slowly)
	req, err := http.NewRequest(http.MethodPost, url+"/graphql", bytes.NewReader(make([]byte, mebi)))
	require.NoError(t, err)
	req.Host = "acme.localhost"
	req.Header.Set("Authorization", "Bearer "+good)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, 200, res.StatusCode)
	require.Zero(t, held(t, front))
}

// TestALargeBodyIsInMemoryOnce: a copy of it would be memory that no budget counts. It runs alone, since it counts what the process allocates.
func TestALargeBodyIsInMemoryOnce(t *testing.T) {
	_, url, _, good, _ := guarded(t, door.BodyLimits{})
	body := make([]byte, 2*mebi)
	send := func() {
		status, answer := post(t, url, good, bytes.NewReader(body))
		require.Equal(t, 200, status, answer)
	}
	send() // what is made once
	const times = 8
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		send()
	}
	runtime.ReadMemStats(&after)
	require.Less(t, (after.TotalAlloc-before.TotalAlloc)/times, uint64(3*mebi), "bytes for a body of 2 MiB")
}

// TestRefusedBodiesKeepNoConnection holds back bodies of requests that are refused before their bodies are looked at.
func TestRefusedBodiesKeepNoConnection(t *testing.T) {
	t.Parallel()
	_, url, _, _, _ := guarded(t, door.BodyLimits{Progress: 20 * time.Millisecond})
	for first, status := range map[string]int{
		"POST /metrics": 404, "POST http://a/graphql": 400, "get /graphql": 400, "GET /healthz": 200, "GET /": 200, "POST /graphql": 400, "POST /oauth/token": 400,
	} {
		raw := first + " HTTP/1.1\r\nHost: acme.localhost\r\nAccept: text/html\r\nContent-Length: 100\r\n\r\nheld back"
		require.Equal(t, []int{status}, ask(t, url, raw), first)
	}
}
