package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/fault"
)

// answer lets the route of a request's method and a pattern answer a caller.
func answer(t *testing.T, a *API, pattern string, r *http.Request, who *tenant.Principal) (any, error) {
	t.Helper()
	for _, route := range a.routes() {
		if route.method == r.Method && route.pattern == pattern {
			return route.answer(&call{w: httptest.NewRecorder(), r: r, caller: who, permission: route.permission})
		}
	}
	t.Fatalf("there is no route %s %s", r.Method, pattern)
	return nil, nil
}

// known lets everybody in as one principal.
type known struct {
	Identity
	who *tenant.Principal
}

func (k known) Authenticate(context.Context, string, string) (*tenant.Principal, error) {
	return k.who, nil
}

// unread is a body that must not be asked for.
type unread struct{ asked bool }

func (u *unread) Read([]byte) (int, error) {
	u.asked = true
	return 0, errors.New("nobody should read this")
}

// TestARoutesPermissionComesBeforeItsBody calls each route that names a permission as someone who may do all but that, and looks whether the
// service behind the others is one that decides by what is asked for.
func TestARoutesPermissionComesBeforeItsBody(t *testing.T) {
	t.Parallel()
	all := map[string]bool{}
	for _, route := range new(API).routes() {
		all[route.permission] = true
	}
	for _, route := range new(API).routes() {
		if route.permission == "" {
			require.Regexp(t, `^/api/v4\.1/(workflow|transition|user/.*|client(/.*)?)$`, route.pattern, "such a route needs a permission, or a reason why it has none")
			continue
		}
		var others []string
		for p := range all {
			if p != route.permission {
				others = append(others, p)
			}
		}
		who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"},
			tenant.Grant{Role: "R", Permissions: others, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
		api := New(Deps{Identity: known{who: who}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, http.NotFoundHandler())
		body := &unread{}
		target := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.pattern, "1")
		r := httptest.NewRequestWithContext(t.Context(), route.method, target, body)
		r.Header.Set("Authorization", "Bearer x")
		got := httptest.NewRecorder()
		api.ServeHTTP(got, r)
		require.Equal(t, http.StatusForbidden, got.Code, "%s %s: %s", route.method, route.pattern, got.Body)
		require.Contains(t, got.Body.String(), route.permission)
		require.False(t, body.asked, "%s %s", route.method, route.pattern)
	}
	_, err := route{permission: "EVENT_VIEW", handler: func(*call) (any, error) { return nil, nil }}.answer(&call{caller: tenant.New(tenant.Identity{})})
	require.True(t, fault.Is(err, fault.Forbidden))
}

// TestTheExplorerIsFoundWithoutItsSlash, as people write addresses.
func TestTheExplorerIsFoundWithoutItsSlash(t *testing.T) {
	t.Parallel()
	api := New(Deps{Log: slog.New(slog.DiscardHandler)}, http.NotFoundHandler())
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/explorer", http.NoBody))
	require.Contains(t, []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect}, w.Code)
	require.Equal(t, "/explorer/", w.Header().Get("Location"))
}
