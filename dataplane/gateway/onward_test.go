package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
)

// figure reads a figure without labels from the gateway's metrics.
func figure(t *testing.T, front *gateway.Gateway, name string) (value int) {
	t.Helper()
	page := httptest.NewRecorder()
	front.Operators().ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	_, rest, found := strings.Cut(page.Body.String(), "\n"+name+" ")
	require.True(t, found, name)
	_, err := fmt.Sscan(rest, &value)
	require.NoError(t, err)
	return value
}

// counting is a node that counts its connections.
func counting(t *testing.T, does http.HandlerFunc) (front *gateway.Gateway, opened *atomic.Int64) {
	t.Helper()
	opened = &atomic.Int64{}
	back := httptest.NewUnstartedServer(does)
	back.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	back.Start()
	t.Cleanup(back.Close)
	proxies := door.Proxies{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}} // where httptest's requests come from
	return gateway.New(setUp(t, back).state, gateway.Settings{Proxies: proxies}, slog.New(slog.DiscardHandler)), opened
}

// do sends a request to a gateway, without a network.
func do(front http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "acme.localhost"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	front.ServeHTTP(w, r)
	return w
}

// TestNodesHearHowTheyWereCalled: by which name, and whether by TLS.
func TestNodesHearHowTheyWereCalled(t *testing.T) {
	t.Parallel()
	front, _ := counting(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Proto")+" "+r.Header.Get("X-Forwarded-Host"))
	})
	for _, begin := range []func(http.Handler) *httptest.Server{httptest.NewServer, httptest.NewTLSServer} {
		s := begin(front)
		t.Cleanup(s.Close)
		scheme, _, _ := strings.Cut(s.URL, ":")
		res, err := s.Client().Get(s.URL + "/api/v4.1/event")
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, scheme+" "+s.Listener.Addr().String(), string(body))
	}
}

// TestAnswersReachTheCallerAsTheyAre but for what is between the gateway and its nodes. Lengths stay: of HEAD they are all there is.
func TestAnswersReachTheCallerAsTheyAre(t *testing.T) {
	t.Parallel()
	front, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Fluent-Secret", "1")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("X-Own", "1")
		w.Header().Set("Content-Length", "10000")
		_, _ = io.WriteString(w, strings.Repeat("y", 10_000))
	})
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	for method, size := range map[string]int{http.MethodGet: 10_000, http.MethodHead: 0} {
		req, err := http.NewRequest(method, s.URL+"/api/v4.1/event", nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Len(t, body, size)
		require.EqualValues(t, 10_000, res.ContentLength, method)
		require.Equal(t, "1", res.Header.Get("X-Own"))
		require.Empty(t, res.Header.Get("Fluent-Secret"))
		require.Empty(t, res.Header.Get("Keep-Alive"))
	}
}

// TestTokenRequestsHaveErrorsOfTheirOwn, as clients of OAuth read them, where the gateway refuses them itself.
func TestTokenRequestsHaveErrorsOfTheirOwn(t *testing.T) {
	t.Parallel()
	front, _ := counting(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent on") })
	large := strings.Repeat("x", door.UnknownBody+1)
	for path, field := range map[string]string{"/oauth/token": `"error":"invalid_request"`, "/retailer/1/oauth/token": `"error":"invalid_request"`, "/graphql": `"errors":[`} {
		answer := do(front, http.MethodPost, path, large)
		require.GreaterOrEqual(t, answer.Code, http.StatusBadRequest)
		require.Contains(t, answer.Body.String(), field, path)
	}
}

// TestWhatIsCounted: requests, those that were sent again, and those whose node was lost: not those whose caller was.
func TestWhatIsCounted(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	var leave context.CancelFunc
	front, opened := counting(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := calls.Add(1); {
		case n <= 3:
			w.Header().Set(gateway.DrainingHeader, "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/api/lost":
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/api/left":
			_, _ = io.Copy(io.Discard, r.Body)
			leave()
			<-r.Context().Done()
		}
	})
	require.Equal(t, http.StatusOK, do(front, http.MethodPost, "/graphql", "{}").Code)
	require.Equal(t, 3, figure(t, front, "fluent_gateway_retries_total"))
	require.EqualValues(t, 1, opened.Load(), "a connection is kept after a refusal")
	require.Zero(t, figure(t, front, "fluent_gateway_lost_total"))
	require.Equal(t, http.StatusServiceUnavailable, do(front, http.MethodPost, "/api/lost", "{}").Code)
	require.Equal(t, 1, figure(t, front, "fluent_gateway_lost_total"))
	var ctx context.Context
	ctx, leave = context.WithCancel(t.Context())
	defer leave()
	w := httptest.NewRecorder()
	front.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/left", strings.NewReader("{}")).WithContext(ctx))
	require.Equal(t, 1, figure(t, front, "fluent_gateway_lost_total"))
	require.Empty(t, w.Body.String(), "nobody is there to be answered")
	require.EqualValues(t, 3, front.Requests())
	do(front, http.MethodGet, "/healthz", "")
	do(front, http.MethodGet, "/", "")
	require.EqualValues(t, 3, front.Requests())
	require.Zero(t, figure(t, front, "fluent_gateway_shed_total"))
}

// TestWhatMayBeSentAgain has a node lose its first request each time.
func TestWhatMayBeSentAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, body string
		again              bool
	}{
		{http.MethodGet, "/api/v4.1/event", "", true},
		{http.MethodHead, "/api/v4.1/event", "", true},
		{http.MethodOptions, "/graphql", "", true},
		{http.MethodPost, "/graphql", `{"query":"{ a }"}`, true},
		{http.MethodPost, "/retailer/1/graphql", `{"query":"{ a }"}`, true},
		{http.MethodPost, "/graphql", `{"query":"mutation { a }"}`, false},
		{http.MethodPost, "/api/v4.1/event/async", `{"query":"{ a }"}`, false},
		{http.MethodPut, "/api/v4.1/workflow", `{"query":"{ a }"}`, false},
		{http.MethodPut, "/graphql", `{"query":"{ a }"}`, false},
		{http.MethodPatch, "/api/v4.1/x", "", false},
		{http.MethodDelete, "/api/v4.1/x", "", false},
	} {
		t.Run(c.method+c.path+c.body, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			front, _ := counting(t, func(http.ResponseWriter, *http.Request) {
				if calls.Add(1) == 1 {
					panic(http.ErrAbortHandler)
				}
			})
			answer := do(front, c.method, c.path, c.body)
			if c.again {
				require.Equal(t, http.StatusOK, answer.Code)
				require.EqualValues(t, 2, calls.Load())
				return
			}
			require.Equal(t, http.StatusServiceUnavailable, answer.Code)
			require.EqualValues(t, 1, calls.Load())
		})
	}
}

// TestNodesJudgeTokensAsTheyWillBeShown: what a node is asked of a token carries all by which it judges the call itself, and costs no connection.
func TestNodesJudgeTokensAsTheyWillBeShown(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	heard := map[string][]string{}
	front, opened := counting(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == gateway.ProofPath {
			require.Zero(t, n)
			w.WriteHeader(http.StatusNoContent)
		}
		for _, name := range []string{"Authorization", httpapi.RequestIDHeader, "X-Forwarded-For", gateway.AccountHeader} {
			heard[name] = append(heard[name], r.Header.Get(name))
		}
		heard["Host"] = append(heard["Host"], r.Host)
	})
	for range 4 {
		clear(heard)
		answer := do(front, http.MethodPost, "/graphql", strings.Repeat("x", door.UnknownBody+1),
			"Authorization", "Bearer good", httpapi.RequestIDHeader, "order-77", "X-Forwarded-For", "203.0.113.9")
		require.Equal(t, http.StatusOK, answer.Code, answer.Body.String())
		require.Equal(t, map[string][]string{
			"Authorization": {"Bearer good", "Bearer good"}, httpapi.RequestIDHeader: {"order-77", "order-77"}, "X-Forwarded-For": {"203.0.113.9", "203.0.113.9"},
			gateway.AccountHeader: {"ACME", "ACME"}, "Host": {"acme.localhost", "acme.localhost"},
		}, heard)
	}
	require.EqualValues(t, 1, opened.Load())
	r := httptest.NewRequest(http.MethodPost, "/graphql", struct{ io.Reader }{bytes.NewReader(make([]byte, 2*mebi+1))})
	r.ContentLength = -1
	r.Header.Set("Authorization", "Bearer good")
	clear(heard)
	w := httptest.NewRecorder()
	front.ServeHTTP(w, r)
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	require.Len(t, heard["Host"], 1, "a good token does not make it small")
}

// TestWhyAGatewayIsNotReady has a node that is not there yet, and then the gateway asked to stop.
func TestWhyAGatewayIsNotReady(t *testing.T) {
	t.Parallel()
	b := setUp(t)
	b.peer(t, "a", "127.0.0.1:1", "JOINING")
	front := gateway.New(b.state, gateway.Settings{}, slog.New(slog.DiscardHandler))
	reasons := func() (status int, text string) {
		answer := httptest.NewRecorder()
		front.Operators().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return answer.Code, answer.Body.String()
	}
	status, text := reasons()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "NO_READY_NODE")
	require.NotContains(t, text, "DRAINING")
	require.Zero(t, figure(t, front, "fluent_gateway_nodes_ready"))
	b.peer(t, "a", "127.0.0.1:1", "READY")
	status, _ = reasons()
	require.Equal(t, http.StatusOK, status)
	front.Drain()
	status, text = reasons()
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "DRAINING")
	require.NotContains(t, text, "NO_READY_NODE")
}

// TestThePageForBrowsersIsAtOneAddress, whatever else could be read as it.
func TestThePageForBrowsersIsAtOneAddress(t *testing.T) {
	t.Parallel()
	front, _ := counting(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent on") })
	s := httptest.NewServer(front)
	t.Cleanup(s.Close)
	for first, status := range map[string]int{"GET /": 200, "GET http://acme.localhost/": 400, "GET /?x": 404, "POST /": 404} {
		require.Equal(t, []int{status}, ask(t, s.URL, first+" HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n"), first)
	}
}
