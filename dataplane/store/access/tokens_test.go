package access_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// TestOfTwoNodesWithoutAKeyOneMakesIt: the other one, which had read that there is none, begins anew.
func TestOfTwoNodesWithoutAKeyOneMakesIt(t *testing.T) {
	t.Parallel()
	dsn := dbtest.Template(t, "store", storetest.Migrate)
	hooks := storetest.New(t)
	one, two := storetest.Open(t, dsn, store.Options{Hook: hooks.Hook}), storetest.Open(t, dsn, store.Options{})
	now := one.Now(t.Context())
	made := 0
	ensure := func(db *store.DB, id string, after time.Time) ([]access.Key, error) {
		return access.EnsureKey(context.Background(), db, after, func() (access.Key, error) {
			made++
			return access.Key{ID: id, Public: []byte("p"), Private: []byte("s"), CreatedOn: now, ExpiresOn: now.Add(time.Hour)}, nil
		})
	}
	stop := hooks.Stop(storetest.At{Point: store.Decided})
	var late []access.Key
	first := storetest.Go(func() (err error) { late, err = ensure(one, "late", now); return err })
	stop.Arrived()
	keys, err := ensure(two, "early", now)
	require.NoError(t, err)
	require.Len(t, keys, 1)
	stop.Release()
	require.NoError(t, first.Wait())
	require.Len(t, late, 1)
	require.Equal(t, "early", late[0].ID)
	require.Equal(t, 2, made)
	keys, err = ensure(two, "next", now.Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, keys, 2, "one that ends at that moment is not valid after it")
}

// TestASpentTokenIsSpent, where the answer was lost, too: the repetition finds it spent.
func TestASpentTokenIsSpent(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	later := s.DB.Now(t.Context()).Add(time.Hour)
	spend := func(account, id, family string) bool {
		first, err := access.SpendToken(t.Context(), s.DB, storetest.ScopeOf(t, account), access.Spent{TokenID: id, Family: family, ExpiresOn: later})
		require.NoError(t, err)
		return first
	}
	require.True(t, spend("ACME", "1", "f"))
	require.False(t, spend("ACME", "1", "f"))
	require.True(t, spend("OTHER", "1", "f"))
	s.Hooks.Fail(storetest.At{Point: store.Sent, Statement: "tokens.spend"}, 1, store.ErrCut)
	require.False(t, spend("ACME", "2", "f"))
	require.NoError(t, access.RevokeToken(t.Context(), s.DB, s.Scope, "f", later))
	require.False(t, spend("ACME", "3", "f"), "a revoked family's tokens are worth nothing")
	require.True(t, spend("OTHER", "3", "f"))
	found, err := access.RevokedTokens(t.Context(), s.DB, later.Add(-2*time.Hour))
	require.NoError(t, err)
	require.Len(t, found, 5)
	last := found[0].RevokedOn
	for _, r := range found {
		if r.RevokedOn.After(last) {
			last = r.RevokedOn
		}
	}
	found, err = access.RevokedTokens(t.Context(), s.DB, last)
	require.NoError(t, err)
	require.Len(t, found, 1, "from that moment on")
	require.NoError(t, access.ForgetTokens(t.Context(), s.DB, later))
	found, err = access.RevokedTokens(t.Context(), s.DB, time.Time{})
	require.NoError(t, err)
	require.Len(t, found, 5, "what expires at that moment has not expired before it")
	s.SQL("UPDATE revoked_tokens SET expires_on = now() - INTERVAL '1 second'")
	found, err = access.RevokedTokens(t.Context(), s.DB, time.Time{})
	require.NoError(t, err)
	require.Len(t, found, 5, "tokens are taken for a while after they have expired")
	s.SQL("UPDATE revoked_tokens SET expires_on = now() - INTERVAL '1 hour'")
	found, err = access.RevokedTokens(t.Context(), s.DB, time.Time{})
	require.NoError(t, err)
	require.Empty(t, found, "what expired long ago needs no telling")
	require.NoError(t, access.ForgetTokens(t.Context(), s.DB, later))
	require.Empty(t, s.Texts("SELECT token_id FROM revoked_tokens"))
}
