package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/tenancy"
)

// TestTheIntegrationClientIsEveryAccounts: whose it is, the host says or the header fluent.account; of neither, or of two that differ, it is nobody's.
// It is the account's first client by another name: one's secret is nothing at the other, and its refresh tokens are those of either name.
func TestTheIntegrationClientIsEveryAccounts(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.lists("ACME", "acme.shop.example")
	by := func(host, header, secret string) answer {
		return s.send(ask{path: "/oauth/token", host: host, account: header, form: grant("password", "client_id", tenancy.IntegrationClient, "client_secret", "secret of "+secret,
			"username", "ann", "password", right)})
	}
	for name, c := range map[string]struct {
		host, header, secret string
		status               int
		says                 string
	}{
		"by the host":            {"acme.shop.example", "", "ACME", 200, ""},
		"by the header":          {"", "ACME", "ACME", 200, ""},
		"by small letters":       {"", "acme", "ACME", 200, ""},
		"by both":                {"other.fluent.example", "OTHER", "OTHER", 200, ""},
		"by neither":             {"", "", "ACME", 400, "fluent.account"},
		"host against header":    {"acme.shop.example", "OTHER", "ACME", 401, "another account"},
		"another's secret":       {"", "OTHER", "ACME", 401, "Client id or client secret is wrong"},
		"an account there's not": {"", "NOBODY", "ACME", 401, "Client id or client secret is wrong"},
	} {
		got := by(c.host, c.header, c.secret)
		require.Equal(t, c.status, got.Status, "%s: %s", name, got.Body)
		require.Contains(t, got.field("error_description"), c.says, name)
		if c.status == 400 {
			require.Equal(t, "invalid_request", got.field("error"))
		}
	}
	first := by("", "ACME", "ACME")
	refresh := func(id, header, token string) answer {
		return s.send(ask{path: "/oauth/token", account: header, form: grant("refresh_token", "client_id", id, "refresh_token", token)})
	}
	second := refresh(tenancy.IntegrationClient, "ACME", first.field("refresh_token"))
	require.Equal(t, 200, second.Status, second.Body)
	require.Equal(t, 200, refresh("ACME", "", second.field("refresh_token")).Status)
	require.Equal(t, 200, s.send(ask{path: "/oauth/revoke", account: "ACME", form: grant("", "client_id", tenancy.IntegrationClient, "token", second.field("access_token"))}).Status)
	require.Equal(t, 401, s.send(ask{path: "/graphql", token: second.field("access_token"), json: "{}"}).Status)
	require.Equal(t, 200, s.send(ask{path: "/oauth/token", account: "OTHER", form: grant("password", "username", "ann", "password", right)}).Status, "other clients are not asked for a header")
	_, err := tenancy.ParseAccountID(tenancy.IntegrationClient)
	require.Error(t, err, "no account takes the name")
}
