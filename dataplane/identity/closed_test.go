package identity_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
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
	revoked("since", "-1 minute") // and was set back a while ago
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

// TestOldRevocationsAreKept: what was revoked long ago is read once, and holds until the token ends.
func TestOldRevocationsAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.sql("INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on) VALUES ('ACME', 'old', now() - INTERVAL '10 minutes', now() + INTERVAL '30 minutes'), ('ACME', 'new', now(), now() + INTERVAL '30 minutes')")
	for range 3 {
		require.NoError(t, s.nodes[0].ReadRevocations(t.Context()))
		require.True(t, s.nodes[0].Refuses("ACME", "old"))
		require.True(t, s.nodes[0].Refuses("ACME", "new"))
	}
}

// TestKeysFollowEachOther: a key signs until it has 45 days left; what it signed is taken beside what its successor signs.
func TestKeysFollowEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	before := s.login("", "ann", right).field("access_token")
	keys := func() []access.Key {
		list, err := access.Keys(t.Context(), s.db)
		require.NoError(t, err)
		return list
	}
	s.sql("UPDATE environment_keys SET created_on = now() - INTERVAL '44 days', expires_on = now() + INTERVAL '45 days 1 hour'")
	s.node()
	require.Len(t, keys(), 1)
	s.sql("UPDATE environment_keys SET expires_on = now() + INTERVAL '44 days 23 hours'")
	s.node()
	after := keys()
	require.Len(t, after, 2)
	require.Greater(t, time.Until(after[1].ExpiresOn), 89*24*time.Hour)
	_, err := s.nodes[2].Authenticate(t.Context(), before, "")
	require.NoError(t, err)
	raw := s.send(ask{to: s.urls[2], path: "/oauth/token", form: grant("password", "username", "ann", "password", right)}).field("access_token")
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	require.NoError(t, err)
	require.Contains(t, string(head), after[1].ID)
	_, err = s.nodes[2].Authenticate(t.Context(), raw, "")
	require.NoError(t, err)
}

// TestSettingsGovernTokens: how long they live, at most thirty days, and whether they can be renewed. What cannot be read locks nobody out: the usual
// life holds, and no renewal.
func TestSettingsGovernTokens(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for i, c := range []struct {
		seconds, refresh, life string
		renewed                bool
	}{{"", "", "86400", true}, {"1", "true", "1", true}, {"0", "false", "86400", false}, {"-5", "yes", "86400", false}, {"1h", "TRUE", "86400", true}, {"2592000", "true", "2592000", true}, {"2592001", "true", "2592000", true}} {
		s.sql("DELETE FROM settings WHERE account_id = 'ACME'")
		for n, setting := range []struct{ name, value string }{{"fc.oauth.access.token.seconds", c.seconds}, {"fc.oauth.refresh.tokens", c.refresh}} {
			if setting.value == "" {
				continue
			}
			require.NoError(t, s.db.Write(t.Context(), scope(t, "ACME"), func(tx *store.Tx) error {
				tx.Insert(&foundation.Setting{Row: catalogue.Row{ID: catalogue.ID(fmt.Sprint(10*i + n + 1))}, Name: setting.name, Context: "ACCOUNT", ValueType: "STRING", Value: setting.value})
				return nil
			}))
		}
		got := s.login("192.0.2.1", "ann", right)
		require.Contains(t, got.Body, `"expires_in":`+c.life+`,`, "%+v", c)
		require.Equal(t, c.renewed, got.field("refresh_token") != "", "%+v", c)
	}
}

// sql runs a statement as the database's owner.
func (s *site) sql(statement string) {
	s.t.Helper()
	c, err := pgx.Connect(s.t.Context(), s.dsn)
	require.NoError(s.t, err)
	defer func() { _ = c.Close(context.WithoutCancel(s.t.Context())) }()
	_, err = c.Exec(s.t.Context(), statement)
	require.NoError(s.t, err)
}
