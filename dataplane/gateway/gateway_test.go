package gateway_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// bundle is a gateway over nodes of the test's own.
type bundle struct {
	state *desired.State
	url   string
}

func setUp(t *testing.T, nodes ...*httptest.Server) *bundle {
	t.Helper()
	state, err := desired.Open("")
	require.NoError(t, err)
	b := &bundle{state: state}
	b.put(t, &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{
		Name: "ACME", State: "ACTIVE", Clients: []*nodev1.ApiClient{{ClientId: "acme-erp"}}, Hosts: []string{"api.acme.example"},
	}}})
	for i, n := range nodes {
		b.peer(t, string(rune('a'+i)), strings.TrimPrefix(n.URL, "http://"), "READY")
	}
	front := httptest.NewServer(gateway.New(state, gateway.Settings{Hosts: []string{"api.fluent.example"}}, slog.New(slog.DiscardHandler)))
	t.Cleanup(front.Close)
	b.url = front.URL
	return b
}

func (b *bundle) put(t *testing.T, r *nodev1.Resource) {
	t.Helper()
	b.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: b.state.View().Index + 1, Resource: r}}})
}

func (b *bundle) peer(t *testing.T, id, address, state string) {
	t.Helper()
	b.put(t, &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: id, Kind: "node", Address: address, State: state}}})
}

// call sends a request with a client id, so that the account is found.
func (b *bundle) call(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, b.url+path+"?client_id=acme-erp", strings.NewReader(body))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(answer)
}

// node answers with what it was asked, and counts.
func node(t *testing.T, calls *atomic.Int64) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Header.Get(gateway.AccountHeader)+" "+string(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// dropping takes connections and cuts them after it has read the request.
func dropping(t *testing.T, calls *atomic.Int64) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.ReadAll(r.Body)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestTheHostNamesTheAccount tells what a node hears of a request's host, whether or not there is such an account.
func TestTheHostNamesTheAccount(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	b := setUp(t, node(t, &calls))
	for host, want := range map[string]string{
		"acme.localhost:80": "ACME", "ACME.anything": "ACME", "api.acme.example": "ACME", "nobody.localhost": "NOBODY", "localhost": "", "": "",
		"api.fluent.example": "", "API.fluent.example.:443": "", "acme.fluent.example": "ACME",
	} {
		req, err := http.NewRequest(http.MethodPost, b.url+"/oauth/token", strings.NewReader("client_id=nobody"))
		require.NoError(t, err)
		req.Host = host
		req.Header.Set("Authorization", "Bearer nonsense")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, want+" client_id=nobody", string(body), host)
	}
	require.EqualValues(t, 9, calls.Load())
}

func TestReadsGoToAnotherNodeWhenOneDropsThem(t *testing.T) {
	t.Parallel()
	var bad, good atomic.Int64
	b := setUp(t, dropping(t, &bad), node(t, &good))
	for range 20 {
		status, body := b.call(t, http.MethodPost, "/graphql", `{"query":"{ me { id } }"}`)
		require.Equal(t, 200, status, body)
		status, _ = b.call(t, http.MethodGet, "/api/v4.1/event", "")
		require.Equal(t, 200, status)
	}
	require.Positive(t, bad.Load(), "the dropping node was never asked")
	require.EqualValues(t, 40, good.Load())
}

func TestWritesAreNeverSentTwice(t *testing.T) {
	t.Parallel()
	var first, second atomic.Int64
	b := setUp(t, dropping(t, &first), dropping(t, &second))
	status, body := b.call(t, http.MethodPost, "/graphql", `{"query":"mutation { createOrder(input: {}) { id } }"}`)
	require.Equal(t, 503, status)
	require.Contains(t, body, "may have been carried out")
	require.EqualValues(t, 1, first.Load()+second.Load())
}

// TestAResetConnectionIsNoRefusal has nodes that break off hard, as those do that are killed with requests unread.
func TestAResetConnectionIsNoRefusal(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	resetting := func() *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			calls.Add(1)
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.(*net.TCPConn).SetLinger(0)
				_ = c.Close()
			}
		}))
		t.Cleanup(s.Close)
		return s
	}
	b := setUp(t, resetting(), resetting())
	status, body := b.call(t, http.MethodPost, "/api/v4.1/event/async", `{}`)
	require.Equal(t, 503, status)
	require.Contains(t, body, "may have been carried out")
	require.EqualValues(t, 1, calls.Load())
}

// TestNodesAreNoBusierThanTheyAre has a node that has served alone get its part beside another one: what it has done weighs no more.
func TestNodesAreNoBusierThanTheyAre(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, door.UnknownBody + 1} { // of the latter, the node says first whether the token is good
		front, url, old, good, _ := guarded(t, door.BodyLimits{})
		ask := func() {
			status, answer := post(t, url, good, bytes.NewReader(make([]byte, size)))
			require.Equal(t, 200, status, answer)
		}
		for range 60 {
			ask()
		}
		fresh := &knowing{verifier: old.verifier}
		back := httptest.NewServer(fresh)
		t.Cleanup(back.Close)
		front.Meet(&nodev1.Peer{NodeId: "fresh", Kind: "node", Address: strings.TrimPrefix(back.URL, "http://"), State: "READY"})
		before := old.calls.Load()
		for range 40 {
			ask()
		}
		require.Positive(t, fresh.calls.Load())
		require.Greater(t, old.calls.Load(), before, "of 40 requests the older node got none")
	}
}

// TestOnlyDocumentsThatReadAreSentTwice has a node drop what looks like a mutation and is none, and what does not look like one and is.
func TestOnlyDocumentsThatReadAreSentTwice(t *testing.T) {
	t.Parallel()
	var dropped, served atomic.Int64
	b := setUp(t, dropping(t, &dropped), node(t, &served))
	for body, reads := range map[string]bool{
		`{"query":"{ me { id } }"}`: true,
		`{"query":"# mutation\n{ orders(ref: \"mutation { x }\") { mutation: id } }"}`: true,
		`{"query":"query mutation { me { id } }","variables":{"mutation":"mutation"}}`: true,
		`{"query":"\u006dutation { createOrder(input: {}) { id } }"}`:                  false,
		`{"query":"{ a }","query":"\u006dutation { x }"}`:                              false,
		`{"query":"{ a }","QUERY":"\u006dutation { x }"}`:                              false,
		`{"query":"query A { a } \u006dutation B { x }","operationName":"A"}`:          false,
		`{"query":"{ a "}`:          false,
		`[{"query":"{ a }"}]`:       false,
		`query={a}`:                 false,
		`{"query":"{ a }"} {"x":1}`: false,
	} {
		for before := dropped.Load(); dropped.Load() == before; { // until chance has sent it to the node that drops it
			others := served.Load()
			status, answer := b.call(t, http.MethodPost, "/graphql", body)
			switch lost := dropped.Load() - before; {
			case reads || lost == 0:
				require.Equal(t, 200, status, "%s: %s", body, answer)
			default:
				require.Equal(t, 503, status, "%s: %s", body, answer)
				require.Equal(t, others, served.Load(), body)
				require.EqualValues(t, 1, lost, body)
			}
		}
	}
}

func TestWritesMoveOnFromNodesThatTakeNoConnection(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	b := setUp(t, node(t, &calls))
	b.peer(t, "z", porttest.Address(t), "READY")
	for range 20 {
		status, body := b.call(t, http.MethodPost, "/api/v4.1/event/async", `{}`)
		require.Equal(t, 200, status, body)
	}
	require.EqualValues(t, 20, calls.Load())
}

func TestDrainingNodesAreLeft(t *testing.T) {
	t.Parallel()
	var refused, served atomic.Int64
	draining := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refused.Add(1)
		w.Header().Set(gateway.DrainingHeader, "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(draining.Close)
	b := setUp(t, draining, node(t, &served))
	began := time.Now()
	for range 40 {
		status, _ := b.call(t, http.MethodPost, "/api/v4.1/event/async", `{}`)
		require.Equal(t, 200, status)
	}
	require.EqualValues(t, 40, served.Load())
	require.LessOrEqual(t, refused.Load(), 1+int64(time.Since(began)/(500*time.Millisecond)), "for half a second it is not asked again")
}

func TestRequestsWaitForANodeToBecomeReady(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	only := node(t, &calls)
	b := setUp(t)
	b.peer(t, "a", strings.TrimPrefix(only.URL, "http://"), "JOINING")
	answered := make(chan int, 1)
	go func() {
		status, _ := b.call(t, http.MethodPost, "/api/v4.1/event/async", `{}`)
		answered <- status
	}()
	select {
	case status := <-answered:
		require.Fail(t, "answered without a node", "status %d", status)
	case <-time.After(200 * time.Millisecond):
	}
	b.peer(t, "a", strings.TrimPrefix(only.URL, "http://"), "READY")
	require.Equal(t, 200, <-answered)
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	b := setUp(t, node(t, &calls))
	status, body := b.call(t, http.MethodPost, "/graphql", strings.Repeat("x", 3<<20))
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	require.Contains(t, body, `"field":"body"`)
	require.Zero(t, calls.Load())
}

// TestHeadersThatGoOn tells which headers a node gets to see, and which of its own reach the caller.
func TestHeadersThatGoOn(t *testing.T) {
	t.Parallel()
	var seen http.Header
	var host string
	b := setUp(t, func() *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen, host = r.Header, r.Host
			w.Header().Add("X-Two", "1")
			w.Header().Add("X-Two", "2")
			w.Header().Set("Connection", "X-Private")
			w.Header().Set("X-Private", "1")
			w.WriteHeader(http.StatusTeapot)
			for range 3 {
				_, _ = io.WriteString(w, strings.Repeat("y", 5000))
				_ = http.NewResponseController(w).Flush()
			}
		}))
		t.Cleanup(s.Close)
		return s
	}())
	req, err := http.NewRequest(http.MethodPut, b.url+"/api/v4.1/workflow?client_id=acme-erp&x=%2F", strings.NewReader("body"))
	require.NoError(t, err)
	req.Host = "api.acme.example"
	for name, value := range map[string]string{
		"Connection": "close, X-Hop", "X-Hop": "1", "Te": "trailers", "X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4",
		"Fluent-Account": "OTHER", "X-Request": "7", "Authorization": "Bearer t",
	} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Len(t, body, 15_000)
	require.Equal(t, http.StatusTeapot, res.StatusCode)
	require.Equal(t, []string{"1", "2"}, res.Header["X-Two"])
	require.Empty(t, res.Header.Get("X-Private"))
	for _, gone := range []string{"X-Hop", "Te", "Forwarded"} {
		require.Empty(t, seen.Get(gone), gone)
	}
	require.Equal(t, []string{"ACME"}, seen["Fluent-Account"])
	require.Equal(t, "127.0.0.1", seen.Get("X-Forwarded-For"))
	require.Equal(t, "api.acme.example", host)
	require.Equal(t, "7 Bearer t 4", seen.Get("X-Request")+" "+seen.Get("Authorization")+" "+seen.Get("Content-Length"))
}

// TestACutAnswerIsSeenToBeCut lets a node fail in the middle of an answer.
func TestACutAnswerIsSeenToBeCut(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("y", 5000))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	b := setUp(t, s)
	res, err := http.Get(b.url + "/api/v4.1/event?client_id=acme-erp")
	require.NoError(t, err)
	_, err = io.ReadAll(res.Body)
	require.Error(t, err)
	require.NoError(t, res.Body.Close())
}
