package webapp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/webapp"
)

func TestThePageShowsTextAndNothingElse(t *testing.T) {
	t.Parallel()
	page := webapp.Welcome{
		Title: "A server <of ours>", Text: "It answers.", Paths: []webapp.Path{{Address: "POST /graphql", Use: "Queries & mutations"}},
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	body := w.Body.String()
	require.Contains(t, body, "<h1>A server &lt;of ours&gt;</h1>")
	require.Contains(t, body, "<code>POST /graphql</code>")
	require.Contains(t, body, "Queries &amp; mutations")
}
