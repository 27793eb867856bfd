package token_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
)

func privateKey(seed []byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seed) }

func TestSignersAreMadeFromSeeds(t *testing.T) {
	t.Parallel()
	seed := token.NewSeed()
	a, err := token.NewSigner(seed)
	require.NoError(t, err)
	b, err := token.NewSigner(seed)
	require.NoError(t, err)
	require.Equal(t, a.Key(), b.Key())
	require.Equal(t, token.KeyID(a.Key().Public), a.Key().ID)
	require.NotContains(t, fmt.Sprintf("%v %+v %s", a, a, a), fmt.Sprintf("%x", seed))
	_, err = token.NewSigner(seed[:31])
	require.Error(t, err)
}

func TestKeySetsRefuseAmbiguousKeys(t *testing.T) {
	t.Parallel()
	a, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	b, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	_, err = token.NewKeySet(a.Key(), a.Key())
	require.NoError(t, err, "the same key twice is harmless")
	_, err = token.NewKeySet(a.Key(), token.Key{ID: a.Key().ID, Public: b.Key().Public})
	require.ErrorContains(t, err, "two keys")
	_, err = token.NewKeySet(token.Key{Public: b.Key().Public})
	require.ErrorContains(t, err, "needs an id")
}
