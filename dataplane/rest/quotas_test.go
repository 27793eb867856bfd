package rest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

// held are quotas that refuse with an error each; nil lets pass.
type held struct {
	body        int64
	admit, room error
}

func (h held) Body(tenancy.AccountID) int64                   { return h.body }
func (h held) Admit(context.Context, tenancy.AccountID) error { return h.admit }
func (h held) Room(tenancy.AccountID) error                   { return h.room }

// TestQuotasRefuseSoThatClientsDoWhatIsRight: 503 is sent again by the official client, 429 is final to it.
func TestQuotasRefuseSoThatClientsDoWhatIsRight(t *testing.T) {
	t.Parallel()
	who := tenant.New(tenant.Identity{Account: "ACME", UserID: "7"}, tenant.Grant{Role: tenant.AdminRole, Contexts: []tenant.Context{{Type: tenant.AccountContext}}})
	rate := limit.Rate.Reached(fault.Unavailable, 50, "slower").WithCode(fault.CodeLimited).With("retryAfter", "3")
	abuse := limit.Rate.Reached(fault.Limited, 50, "much slower").WithCode(fault.CodeLimited).With("retryAfter", "60")
	for name, c := range map[string]struct {
		quotas held
		path   string
		body   string
		status int
		after  string
		want   string
	}{
		"a burst":          {held{httpapi.MaxBody, rate, nil}, "/api/v4.1/event/async", "{}", 503, "3", `"code":"C0011E","message":"slower","meta":{"figure":"50","limit":"requests-per-second","retryAfter":"3","scope":"ACCOUNT"}`},
		"abuse":            {held{httpapi.MaxBody, abuse, nil}, "/api/v4.1/job", "{}", 429, "60", `"code":"C0011E","message":"much slower"`},
		"a body":           {held{body: 10}, "/api/v4.1/job", `{"name": "too long"}`, 413, "", `"field":"body","meta":{"figure":"10","limit":"body","scope":"ACCOUNT"}`},
		"a body that fits": {held{body: 10}, "/api/v4.1/job", `{"name":1}`, 400, "", `A JSON number cannot stand here`},
	} {
		api := New(Deps{Identity: known{who: who}, Quotas: c.quotas, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, http.NotFoundHandler())
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, strings.NewReader(c.body))
		r.Header.Set("Authorization", "Bearer x")
		got := httptest.NewRecorder()
		api.ServeHTTP(got, r)
		require.Equal(t, []any{c.status, c.after}, []any{got.Code, got.Header().Get("Retry-After")}, "%s: %s", name, got.Body)
		require.Contains(t, got.Body.String(), c.want, name)
	}
}

// TestTheProofOfATokenIsNoRequestOfItsAccount: gateways ask for it.
func TestTheProofOfATokenIsNoRequestOfItsAccount(t *testing.T) {
	t.Parallel()
	api := New(Deps{Identity: known{who: tenant.New(tenant.Identity{Account: "ACME"})}, Quotas: held{httpapi.MaxBody, limit.Rate.Reached(fault.Limited, 1, "no"), nil},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, http.NotFoundHandler())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/internal/token", nil)
	r.Header.Set("Authorization", "Bearer x")
	got := httptest.NewRecorder()
	api.Proof().ServeHTTP(got, r)
	require.Equal(t, http.StatusNoContent, got.Code)
}
