package token_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
)

func TestAKnownTokenStillExpiresAndLosesItsKey(t *testing.T) {
	t.Parallel()
	f := setUp(t)
	now := start
	v := token.NewVerifier("cluster-1", f.keys, func() time.Time { return now })
	raw, _, err := f.issuer.Tenant(token.Tenant{Account: "ACME", UserID: "7"}, time.Hour)
	require.NoError(t, err)
	for range 3 {
		got, err := v.Tenant(raw)
		require.NoError(t, err)
		require.Equal(t, "7", got.UserID)
		_, err = v.Refresh(raw)
		requireReason(t, err, "TOKEN_INVALID")
	}
	_, err = v.Tenant(raw[:len(raw)-4] + "AAAA")
	requireReason(t, err, "TOKEN_INVALID")

	now = start.Add(2 * time.Hour)
	_, err = v.Tenant(raw)
	requireReason(t, err, "TOKEN_EXPIRED")

	now = start
	other, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	require.NoError(t, f.keys.Replace(other.Key()))
	_, err = v.Tenant(raw)
	requireReason(t, err, "TOKEN_INVALID")
}
