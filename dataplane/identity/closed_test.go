package identity_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

func idOf(id string) catalogue.ID { return catalogue.ID(id) }

// TestWhoIsClosedIsOut closes users who have signed in: their tokens, and the client that acts as one of them.
func TestWhoIsClosedIsOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	ann := s.login("", "ann", right)
	for _, status := range []string{"INACTIVE", "ARCHIVED"} {
		for _, id := range []string{"2", "5"} {
			s.edit("ACME", id, func(u *security.User) { u.Status = status })
		}
		refused := s.send(ask{path: "/oauth/token", form: grant("client_credentials")})
		require.Equal(t, 401, refused.Status, refused.Body)
		require.Equal(t, "invalid_grant", refused.field("error"))
		require.Equal(t, 401, s.login("192.0.2.1", "ann", right).Status)
	}
	_, err := s.nodes[0].Authenticate(t.Context(), ann.field("access_token"), "")
	require.True(t, fault.Is(err, fault.Unauthenticated), "%v", err)
	require.Equal(t, "USER_CLOSED", fault.Of(err).Meta["reason"])
	nobody, err := s.nodes[0].Principal(t.Context(), "ACME", "2")
	require.NoError(t, err)
	require.Nil(t, nobody)
	refused := s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", ann.field("refresh_token"))})
	require.Equal(t, 400, refused.Status, refused.Body)
}

// TestAPlaceThatCannotBeReadGivesNothing has roles in contexts that name no retailer, or a location that is not there.
func TestAPlaceThatCannotBeReadGivesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for _, c := range []security.RoleContext{
		{ContextType: "RETAILER", ContextID: ""}, {ContextType: "RETAILER", ContextID: "one"}, {ContextType: "RETAILER", ContextID: "0"},
		{ContextType: "RETAILER", ContextID: "-1"}, {ContextType: "RETAILER", ContextID: "4294967297"}, {ContextType: "RETAILER", ContextID: "1x"},
		{ContextType: "AGENT", ContextID: "999"}, {ContextType: "AGENT", ContextID: "1"}, {ContextType: "account", ContextID: "0"},
	} {
		for user, role := range map[string]string{"2": "2", "1": "1"} { // a clerk, an administrator
			s.edit("ACME", user, func(u *security.User) {
				u.Roles = []security.UserRole{{RoleID: idOf(role), Contexts: []security.RoleContext{c}}}
			})
		}
		s.nodes[0].Forget()
		for _, user := range []string{"1", "2"} {
			p, err := s.nodes[0].Principal(t.Context(), "ACME", user)
			require.NoError(t, err)
			require.Error(t, p.CanSomewhere("ORDER_VIEW"), "%+v", c)
			for _, retailer := range []tenancy.RetailerID{-1, 0, 1} {
				require.Error(t, p.Can("ORDER_VIEW", retailer), "%+v at %d", c, retailer)
			}
			require.False(t, p.Scope().Allows(0), "%+v", c)
			require.False(t, p.Scope().Allows(1), "%+v", c)
			require.NotNil(t, p.Scope().Retailers(), "%+v", c)
		}
	}
}

// TestNodesHearOfRevocations has one node revoke, and another read what was revoked: in order, late, and while the clock goes back.
func TestNodesHearOfRevocations(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	here, there := s.nodes[0], s.nodes[1]
	given := func(id string, life time.Duration) string {
		raw, _, err := s.issuer().Tenant(token.Tenant{Account: "ACME", UserID: "2", ID: id}, life)
		require.NoError(t, err)
		return raw
	}
	hears := func(raw string) bool {
		require.NoError(t, there.ReadRevocations(t.Context()))
		_, err := there.Authenticate(t.Context(), raw, "")
		return err != nil
	}
	first := given("first", 30*time.Minute)
	require.False(t, hears(first))
	require.Equal(t, 200, s.send(ask{to: s.urls[0], path: "/oauth/revoke", form: grant("", "token", first)}).Status)
	_, err := here.Authenticate(t.Context(), first, "")
	require.Equal(t, "TOKEN_REVOKED", fault.Of(err).Meta["reason"], "where it was revoked at once")
	require.True(t, hears(first))

	c, err := pgx.Connect(t.Context(), s.dsn)
	require.NoError(t, err)
	defer func() { _ = c.Close(t.Context()) }()
	revoked := func(id, on string) {
		_, err := c.Exec(t.Context(), "INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on) VALUES ('ACME', $1, now() + $2::INTERVAL, now() + INTERVAL '2 hours')", id, on)
		require.NoError(t, err)
	}
	revoked("late", "-5 seconds") // by a transaction that began before the one above, and was committed after it
	require.True(t, hears(given("late", time.Hour)))
	revoked("ahead", "1 hour") // by a database whose clock was ahead
	require.True(t, hears(given("ahead", time.Hour)))
	revoked("since", "0 seconds") // and is set back now
	require.True(t, hears(given("since", time.Hour)))
	revoked("next", "0 seconds")
	require.True(t, hears(given("next", time.Hour)))
	revoked("on", "20 seconds")
	for range 2 { // what was read long ago is kept for as long as the token lives
		require.True(t, hears(given("on", time.Hour)))
		require.True(t, hears(first))
	}

	// A token is taken until a little after it has expired, for clocks may be apart; a node that starts then must hear of it, too.
	_, err = c.Exec(t.Context(), "INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on) VALUES ('ACME', 'just expired', now(), now() - INTERVAL '5 seconds')")
	require.NoError(t, err)
	s.node()
	require.NoError(t, s.nodes[2].ReadRevocations(t.Context()))
	require.True(t, s.nodes[2].Refuses("ACME", "just expired"))
}
