package identity_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/security"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

type assertCollect = assert.CollectT

// change asks for another password.
func (s *site) change(username, old, chosen string) answer {
	s.t.Helper()
	form := grant("", "username", username, "password", old, "new_password", chosen)
	form.Del("grant_type")
	return s.send(ask{path: "/oauth/password", form: form})
}

func TestAUserChangesHisPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	before, other := s.login("", "ann", right), s.login("", "bob", right)
	require.Equal(t, []int{200, 200}, s.whether(before.field("access_token")), "both nodes have it in memory now")
	for chosen, reason := range map[string]string{"short": "at least 8", "ann": "at least 8", right: "is the old one", strings.Repeat("x", 200): "at most 128"} {
		refused := s.change("ann", right, chosen)
		require.Equal(t, 400, refused.Status)
		require.Contains(t, refused.Body, reason)
	}
	require.Equal(t, 401, s.change("ann", "wrong password", "another good one").Status)
	require.Equal(t, 400, s.send(ask{path: "/oauth/password?password=x", form: url.Values{}}).Status, "not in the address")
	require.Equal(t, []int{200, 200}, s.whether(before.field("access_token")))

	changed := s.change("ann", right, "another good one")
	require.Equal(t, 200, changed.Status, changed.Body)
	require.Equal(t, []int{401, 401}, s.whether(before.field("access_token")), "at every node, at once")
	require.Equal(t, 400, s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", before.field("refresh_token"))}).Status)
	require.Equal(t, []int{200, 200}, s.whether(other.field("access_token")), "other users' tokens stay")
	require.Equal(t, 401, s.login("", "ann", right).Status)
	after := s.login("", "ann", "another good one")
	require.Equal(t, []int{200, 200}, s.whether(after.field("access_token")))
	require.Equal(t, 200, s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", after.field("refresh_token"))}).Status)
}

// TestTokensOfAnOlderReleaseEndWithThePassword uses a token that names no password.
func TestTokensOfAnOlderReleaseEndWithThePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	keys, err := access.Keys(t.Context(), s.db)
	require.NoError(t, err)
	signer, err := token.NewSigner(keys[0].Private)
	require.NoError(t, err)
	issuer := token.NewIssuer("fluent", signer, time.Now)
	access, _, err := issuer.Tenant(token.Tenant{Account: "ACME", UserID: "2"}, time.Hour)
	require.NoError(t, err)
	refresh, _, err := issuer.Refresh(token.Tenant{Account: "ACME", UserID: "2"}, time.Hour)
	require.NoError(t, err)
	require.Equal(t, []int{200}, s.whether(access))
	require.Equal(t, 200, s.change("ann", right, "another good one").Status)
	require.Equal(t, []int{401}, s.whether(access))
	require.Equal(t, 400, s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", refresh)}).Status)
}

func TestAnAdministratorResetsAPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	before, admin := s.login("", "ann", right), s.login("", "admin", right).field("access_token")
	reset := func(token, username string) answer {
		return s.send(ask{path: "/api/v4.1/user/password/reset", token: token, json: `{"username":"` + username + `"}`})
	}
	require.Equal(t, 404, reset(admin, "zoe").Status)
	require.Equal(t, 422, reset(admin, "api").Status, "a client's user gets no password")
	for range 8 { // she is locked out by her own attempts
		s.login("192.0.2.1", "ann", "forgotten it")
	}
	done := reset(admin, "ann")
	require.Equal(t, 200, done.Status, done.Body)
	require.Equal(t, "no-store", done.Header.Get("Cache-Control"))
	once := done.field("password")
	require.Equal(t, []int{401, 401}, s.whether(before.field("access_token")))
	require.Equal(t, 401, s.login("", "ann", right).Status)

	must := s.login("192.0.2.1", "ann", once)
	require.Equal(t, 403, must.Status, must.Body)
	require.Equal(t, "password_change_required", must.field("error"))
	require.Contains(t, must.field("error_description"), "/oauth/password")
	require.Equal(t, 200, s.change("ann", once, "her own choice").Status)
	require.Equal(t, 401, s.login("", "ann", once).Status)
	require.Equal(t, 200, s.login("", "ann", "her own choice").Status)
	require.NotContains(t, s.log.String(), once)
}

// TestNobodyResetsThePasswordOfWhoMayMore has a manager of one retailer try.
func TestNobodyResetsThePasswordOfWhoMayMore(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	mia := s.login("", "mia", right).field("access_token")
	for username, want := range map[string]int{"admin": 403, "ann": 403, "api": 403, "bob": 200} { // ann is a clerk of the whole account, bob of mia's retailer
		got := s.send(ask{path: "/api/v4.1/user/password/reset", token: mia, json: `{"username":"` + username + `"}`})
		require.Equal(t, want, got.Status, "%s: %s", username, got.Body)
	}
	require.Equal(t, 403, s.send(ask{path: "/api/v4.1/user/password/reset", token: s.login("", "ann", right).field("access_token"), json: `{"username":"ann"}`}).Status)
}

// TestASpentRefreshTokenEndsItsFamily lets a thief and the owner use the same one.
func TestASpentRefreshTokenEndsItsFamily(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	refresh := func(raw string) answer {
		return s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", raw)})
	}
	first, another := s.login("", "ann", right), s.login("", "ann", right)
	second := refresh(first.field("refresh_token"))
	require.Equal(t, 200, second.Status)
	third := refresh(second.field("refresh_token"))
	require.Equal(t, 200, third.Status)
	require.Equal(t, []int{200}, s.whether(third.field("access_token")))

	require.Equal(t, 400, refresh(first.field("refresh_token")).Status, "spent")
	require.Equal(t, 400, refresh(third.field("refresh_token")).Status, "and with it all that came from it")
	for _, a := range []answer{first, second, third} {
		require.Equal(t, []int{401}, s.whether(a.field("access_token")))
	}
	require.Equal(t, []int{200}, s.whether(another.field("access_token")), "another sign-in's tokens stay")
	require.Equal(t, 200, refresh(another.field("refresh_token")).Status)
	revoked, err := access.RevokedTokens(t.Context(), s.db, time.Time{})
	require.NoError(t, err)
	families := 0
	for _, r := range revoked {
		if strings.HasPrefix(r.TokenID, "family/") {
			families++
			require.Greater(t, r.ExpiresOn.Sub(r.RevokedOn), 30*24*time.Hour, "it outlives what was given out of it a moment before")
		}
	}
	require.Equal(t, 1, families)
}

// TestAOneTimePasswordEnds uses one whose time has come, and one of a user who was closed.
func TestAOneTimePasswordEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	once := func(until time.Duration) {
		hash, err := s.hasher.Hash(t.Context(), "serves once")
		require.NoError(t, err)
		require.NoError(t, s.db.Write(t.Context(), scope(t, "ACME"), func(tx *store.Tx) error {
			found, err := store.Get[security.User](t.Context(), tx.Reader, "2")
			if err != nil {
				return err
			}
			found[0].PasswordHash = password.Once(hash, s.db.Now(t.Context()).Add(until))
			tx.Update(found[0], store.TypeOf[security.User](s.db).Field("passwordHash"))
			return nil
		}))
	}
	once(time.Hour)
	require.Equal(t, 403, s.login("192.0.2.1", "ann", "serves once").Status, "it must be changed")
	once(-time.Second)
	require.Equal(t, 401, s.login("192.0.2.1", "ann", "serves once").Status)
	require.Equal(t, 401, s.change("ann", "serves once", "another good one").Status)
}

// TestOfManyChangesAtOnceOneIsMade has four people who know a password change it.
func TestOfManyChangesAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	known := right
	for round := range 3 {
		statuses := make([]int, 4)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() {
				form := grant("", "username", "ann", "password", known, "new_password", fmt.Sprintf("choice %d of %d", i, round))
				statuses[i] = s.send(ask{path: "/oauth/password", form: form, source: fmt.Sprintf("192.0.2.%d", 10*round+i)}).Status
			})
		}
		all.Wait()
		made := slices.Index(statuses, 200)
		require.GreaterOrEqual(t, made, 0, "%v", statuses)
		require.NotContains(t, statuses[made+1:], 200, "%v", statuses)
		known = fmt.Sprintf("choice %d of %d", made, round)
	}
	require.Equal(t, 200, s.login("", "ann", known).Status)
}

// TestRevokingARefreshTokenEndsWhatCameOfIt revokes one, and one of another sign-in stays.
func TestRevokingARefreshTokenEndsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	first, another := s.login("", "ann", right), s.login("", "ann", right)
	second := s.send(ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", first.field("refresh_token"))})
	require.Equal(t, 200, second.Status)
	require.Equal(t, 200, s.send(ask{path: "/oauth/revoke", form: grant("", "token", second.field("refresh_token"))}).Status)
	require.Equal(t, []int{401}, s.whether(first.field("access_token")))
	require.Equal(t, []int{401}, s.whether(second.field("access_token")))
	require.Equal(t, []int{200}, s.whether(another.field("access_token")))
}

// TestNobodyEntersWhoWasClosed has the right password, and clients the right secret.
func TestNobodyEntersWhoWasClosed(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	require.Equal(t, 401, s.login("", "eve", right).Status)
	before := s.login("", "ann", right)
	require.Equal(t, []int{200}, s.whether(before.field("access_token")))
	acting := func() bool { // work in the name of a user whose token is not at hand
		p, err := s.nodes[0].Principal(t.Context(), "ACME", "2")
		require.NoError(t, err)
		return p != nil
	}
	require.True(t, acting())
	account := proto.CloneOf(s.state.View().Account("ACME"))
	account.State = "SUSPENDED"
	s.put(&nodev1.Resource{Kind: &nodev1.Resource_Account{Account: account}})
	for _, form := range []url.Values{grant("client_credentials"), grant("password", "username", "ann", "password", right),
		grant("refresh_token", "refresh_token", before.field("refresh_token"))} {
		refused := s.send(ask{path: "/oauth/token", form: form})
		require.Equal(t, 401, refused.Status, refused.Body)
		require.Equal(t, "invalid_client", refused.field("error"))
	}
	require.Equal(t, []int{401}, s.whether(before.field("access_token")))
	require.False(t, acting())
}
