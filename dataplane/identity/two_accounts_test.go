package identity_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// The accounts ACME and OTHER of a site have users of the same ids, names and passwords. What follows uses one account's credentials where
// the other's are wanted, and one's events where the other must not notice.

// grantOther is a form for a token of OTHER.
func grantOther(kind string, more ...string) url.Values {
	form := grant(kind, more...)
	form.Set("client_id", "OTHER")
	form.Set("client_secret", "secret of OTHER")
	return form
}

// issuer signs as the site's nodes do.
func (s *site) issuer() *token.Issuer { return s.issuerAt(time.Now) }

// issuerAt is issuer with another clock.
func (s *site) issuerAt(now func() time.Time) *token.Issuer {
	s.t.Helper()
	keys, err := access.Keys(s.t.Context(), s.db)
	require.NoError(s.t, err)
	signer, err := token.NewSigner(keys[len(keys)-1].Private)
	require.NoError(s.t, err)
	return token.NewIssuer("fluent", signer, now)
}

// edit changes a user.
func (s *site) edit(account tenancy.AccountID, id string, change func(u *security.User)) {
	s.t.Helper()
	require.NoError(s.t, s.db.Write(s.t.Context(), scope(s.t, account), func(tx *store.Tx) error {
		found, err := tx.ByID(s.t.Context(), store.TypeOf[security.User](s.db), idOf(id))
		if err != nil {
			return err
		}
		change(found[0].(*security.User))
		tx.Update(found[0])
		return nil
	}))
}

func TestUsersOfEqualIDsInTwoAccountsAreTwo(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.edit("OTHER", "3", func(u *security.User) {
		u.Username, u.Roles[0].RoleID, u.Roles[0].Contexts[0].ContextID = "rob", "1", "2"
	})
	bob := s.login("", "bob", right).field("access_token")
	rob := s.send(ask{path: "/oauth/token", form: grantOther("password", "username", "rob", "password", right)}).field("access_token")
	for range 2 { // loaded, then remembered
		for raw, want := range map[string]struct {
			account tenancy.AccountID
			name    string
			update  bool
			at      tenancy.RetailerID
		}{bob: {"ACME", "bob", false, 1}, rob: {"OTHER", "rob", true, 2}} {
			p, err := s.nodes[0].Authenticate(t.Context(), raw, "")
			require.NoError(t, err)
			require.Equal(t, want.account, p.Account)
			require.Equal(t, want.name, p.Username)
			require.Equal(t, []tenancy.RetailerID{want.at}, p.Scope().Retailers())
			require.Equal(t, want.update, p.Can("ORDER_UPDATE", want.at) == nil)
		}
	}
	for _, c := range []struct {
		account tenancy.AccountID
		name    string
	}{{"ACME", "bob"}, {"OTHER", "rob"}} { // work that goes on in a user's name
		p, err := s.nodes[0].Principal(t.Context(), c.account, "3")
		require.NoError(t, err)
		require.Equal(t, c.name, p.Username)
	}
}

func TestATokenServesOneAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	mine := s.login("", "ann", right)
	bearer := mine.field("access_token")
	require.Equal(t, 200, s.send(ask{path: "/graphql", host: "acme.localhost", token: bearer, json: "{}"}).Status)
	require.Equal(t, 401, s.send(ask{path: "/graphql", host: "other.localhost", token: bearer, json: "{}"}).Status)
	for _, a := range []ask{
		{path: "/oauth/token", form: grant("client_credentials")},
		{path: "/oauth/token", form: grant("password", "username", "ann", "password", right)},
		{path: "/oauth/token", form: grant("refresh_token", "refresh_token", mine.field("refresh_token"))},
		{path: "/oauth/password", form: grant("", "username", "ann", "password", right, "new_password", "another good one")},
	} {
		a.host = "other.localhost"
		refused := s.send(a)
		require.Equal(t, 401, refused.Status, "%s: %s", a.path, refused.Body)
		require.Equal(t, "invalid_client", refused.field("error"))
		require.Contains(t, refused.Body, "not one of the account that this host names")
	}

	atOther := grantOther("refresh_token", "refresh_token", mine.field("refresh_token"))
	require.Equal(t, 400, s.send(ask{path: "/oauth/token", form: atOther}).Status)
	require.Equal(t, 200, s.send(ask{path: "/oauth/revoke", form: grantOther("", "token", bearer)}).Status, "a token that is not OTHER's is unknown there")
	require.Equal(t, []int{200}, s.whether(bearer))
	require.Equal(t, 200, s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", mine.field("refresh_token"))}).Status, "it was not spent there either")

	// Even if a token of one account named a client of another, it would not open the other.
	crossed, _, err := s.issuer().Refresh(token.Tenant{Account: "ACME", UserID: "2", ID: "crossed", Given: token.Given{Client: "OTHER"}}, time.Hour)
	require.NoError(t, err)
	refused := s.send(ask{path: "/oauth/token", form: grantOther("refresh_token", "refresh_token", crossed)})
	require.Equal(t, 400, refused.Status, refused.Body)
	before, err := access.RevokedTokens(t.Context(), s.db, time.Time{})
	require.NoError(t, err)
	require.Equal(t, 200, s.send(ask{path: "/oauth/revoke", form: grantOther("", "token", crossed)}).Status)
	after, err := access.RevokedTokens(t.Context(), s.db, time.Time{})
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestRevocationsAreOneAccountsOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	var tokens []string
	for _, account := range []tenancy.AccountID{"ACME", "OTHER"} { // of a release that named neither password nor client, under the same id
		raw, _, err := s.issuer().Tenant(token.Tenant{Account: account, UserID: "2", ID: "same"}, time.Hour)
		require.NoError(t, err)
		other, _, err := s.issuer().Tenant(token.Tenant{Account: account, UserID: "2", ID: "another"}, time.Hour)
		require.NoError(t, err)
		tokens = append(tokens, raw, other)
	}
	taken := func() (out []bool) {
		for _, raw := range tokens {
			_, err := s.nodes[0].Authenticate(t.Context(), raw, "")
			out = append(out, err == nil)
		}
		return out
	}
	require.Equal(t, []bool{true, true, true, true}, taken())
	require.Equal(t, 200, s.send(ask{path: "/oauth/revoke", form: grant("", "token", tokens[0])}).Status)
	require.Equal(t, []bool{false, true, true, true}, taken())
	require.Equal(t, 200, s.change("ann", right, "another good one").Status)
	require.Equal(t, []bool{false, false, true, true}, taken())
}

func TestFailuresInOneAccountDelayNobodyInAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.untilRefused("203.0.113.9", func(int) string { return "ann" })
	form := grantOther("password", "username", "ann", "password", right)
	require.Equal(t, 200, s.send(ask{path: "/oauth/token", source: "203.0.113.9", form: form}).Status)
	admin := s.send(ask{path: "/oauth/token", form: grantOther("password", "username", "admin", "password", right)}).field("access_token")
	list := s.send(ask{path: "/api/v4.1/user/sign-in-failures?username=ann", method: "GET", token: admin})
	require.Equal(t, 200, list.Status)
	require.NotContains(t, list.Body, "203.0.113.9")
}
