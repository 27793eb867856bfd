package server

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/memory"
)

// TestAServerShortOfMemoryRefusesOperatorsAndNoMachine gives the server a limit that it is over.
func TestAServerShortOfMemoryRefusesOperatorsAndNoMachine(t *testing.T) {
	t.Parallel()
	g := memory.NewGuard(1, slog.New(slog.DiscardHandler), nil)
	g.Look()
	reached := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ask := func(path string, with *tls.ConnectionState) *httptest.ResponseRecorder {
		answer, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, nil)
		r.TLS = with
		g.Handler(reached, short, spared).ServeHTTP(answer, r)
		return answer
	}
	const method = "/fluent.controlplane.v1.AccountService/ListAccounts"
	for _, plain := range []*tls.ConnectionState{nil, {}} {
		answer := ask(method, plain)
		require.Equal(t, http.StatusServiceUnavailable, answer.Code)
		require.Equal(t, "1", answer.Header().Get("Retry-After"))
		require.Contains(t, answer.Body.String(), `"code":"unavailable"`)
	}
	require.Equal(t, http.StatusTeapot, ask(method, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}).Code)
	require.Equal(t, http.StatusTeapot, ask("/readyz", nil).Code)
	require.Equal(t, http.StatusTeapot, ask("/metrics", nil).Code)
}
