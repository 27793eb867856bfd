package identity_test

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// setOff makes the database's clock differ from this machine's by so much, and opens it anew.
func (s *site) setOff(by time.Duration) {
	s.t.Helper()
	storetest.SetClock(s.t, s.dsn, by)
	var err error
	s.db, err = store.Open(context.Background(), s.dsn, store.Options{Catalogue: domain.Catalogue(), AcquireWait: time.Minute, WriteAttempts: 1000, WriteBudget: time.Minute})
	require.NoError(s.t, err)
	s.t.Cleanup(s.db.Close)
	require.WithinDuration(s.t, time.Now().Add(by), s.db.Time(), time.Minute)
}

// TestOnlyTheDatabasesClockCounts has nodes whose clocks are an hour behind their database's, and an hour ahead of it: what tokens say, how long
// they and clients are good, and what was revoked when, is by the database's.
func TestOnlyTheDatabasesClockCounts(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"an hour behind": time.Hour, "an hour ahead": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 0)
			s.setOff(by)
			s.node()
			s.node()
			now := s.db.Time()
			given := func(id string, at time.Time) string {
				raw, _, err := s.issuerAt(func() time.Time { return at }).Tenant(token.Tenant{Account: "ACME", UserID: "2", ID: id}, time.Minute)
				require.NoError(t, err)
				return raw
			}
			require.Equal(t, []int{200, 200}, s.whether(given("new", now)))
			require.Equal(t, []int{200, 200}, s.whether(given("a moment ago", now.Add(-time.Minute))), "clocks may be apart by so much")
			require.Equal(t, []int{401, 401}, s.whether(given("old", now.Add(-time.Minute-token.Leeway-time.Second))))

			own := s.login("192.0.2.1", "ann", right).field("access_token")
			known, err := token.NewKeySet()
			require.NoError(t, err)
			keys, err := access.Keys(t.Context(), s.db)
			require.NoError(t, err)
			require.WithinDuration(t, now, keys[0].CreatedOn, time.Minute)
			require.NoError(t, known.Replace(token.Key{ID: keys[0].ID, Public: keys[0].Public}))
			read, err := token.NewVerifier("fluent", known, s.db.Time).Tenant(own)
			require.NoError(t, err)
			require.WithinDuration(t, now.Add(24*time.Hour), read.ExpiresAt, time.Minute)

			s.checkRevocations(now)
			s.checkClient(now)
		})
	}
}

// checkRevocations has a token revoked that has just expired. A node keeps it in mind for as long as tokens are taken, whatever it reads later.
func (s *site) checkRevocations(now time.Time) {
	s.t.Helper()
	revoked := func(id string, on, expires time.Time) {
		c, err := pgx.Connect(s.t.Context(), s.dsn)
		require.NoError(s.t, err)
		_, err = c.Exec(s.t.Context(), "INSERT INTO revoked_tokens (account_id, token_id, revoked_on, expires_on) VALUES ('ACME', $1, $2, $3)", id, on, expires)
		require.NoError(s.t, err)
		require.NoError(s.t, c.Close(s.t.Context()))
	}
	reads := func() {
		require.NoError(s.t, s.nodes[1].ReadRevocations(s.t.Context()))
	}
	revoked("early", now.Add(-time.Minute), now.Add(-time.Second))
	reads()
	require.True(s.t, s.nodes[1].Refuses("ACME", "early"))
	revoked("late", now, now.Add(time.Hour))
	for range 2 {
		reads()
		require.True(s.t, s.nodes[1].Refuses("ACME", "late"))
		require.True(s.t, s.nodes[1].Refuses("ACME", "early"), "it was taken in, and may still be shown")
	}
}

// checkClient has a client that ends in ten minutes, and one that ended a moment ago.
func (s *site) checkClient(now time.Time) {
	s.t.Helper()
	hash := sha256.Sum256([]byte("secret of ACME"))
	ends := func(at time.Time) {
		s.put(&nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: "ACME", State: "ACTIVE",
			Clients: []*nodev1.ApiClient{{ClientId: "ACME", SecretHash: hash[:], ExpireTime: at.Unix()}}}}})
	}
	ends(now.Add(10 * time.Minute))
	own := s.login("192.0.2.1", "ann", right)
	require.Equal(s.t, 200, own.Status, own.Body)
	seconds, err := time.ParseDuration(own.field("expires_in") + "s")
	require.NoError(s.t, err)
	require.LessOrEqual(s.t, seconds, 10*time.Minute, "a token lives no longer than its client")
	require.Greater(s.t, seconds, 8*time.Minute)
	require.Equal(s.t, []int{200, 200}, s.whether(own.field("access_token")))
	ends(now.Add(-time.Second))
	require.Equal(s.t, []int{401, 401}, s.whether(own.field("access_token")))
	require.Equal(s.t, 401, s.login("192.0.2.1", "ann", right).Status)
}
