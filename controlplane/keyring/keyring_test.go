package keyring_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

func TestTokensOutliveARotation(t *testing.T) {
	t.Parallel()
	store, err := state.New()
	require.NoError(t, err)
	now := time.Now()
	ring := keyring.New(store, func() time.Time { return now })
	_, err = ring.Issuer()
	require.True(t, fault.Is(err, fault.Unavailable), "there is no key yet")
	_, err = ring.Verifier()
	require.True(t, fault.Is(err, fault.Unavailable))

	first, err := keyring.NewKey(now)
	require.NoError(t, err)
	apply(t, store, &statev1.Initialise{ClusterId: "c", Key: first})
	old := sign(t, ring)
	second, err := keyring.NewKey(now.Add(time.Minute))
	require.NoError(t, err)
	apply(t, store, &statev1.AddSigningKey{Key: second})
	verify(t, ring, old)
	set, err := ring.JWKS()
	require.NoError(t, err)
	require.Contains(t, string(set), first.GetKeyId())
	require.Contains(t, string(set), second.GetKeyId(), "verifiers know a key before it signs")
	now = now.Add(2 * time.Minute)
	verify(t, ring, sign(t, ring))
	apply(t, store, &statev1.RemoveSigningKey{KeyId: first.GetKeyId()})
	verifier, err := ring.Verifier()
	require.NoError(t, err)
	_, err = verifier.Operator(old)
	require.True(t, fault.Is(err, fault.Unauthenticated), "its key is gone")
}

func sign(t *testing.T, ring *keyring.Keyring) string {
	t.Helper()
	issuer, err := ring.Issuer()
	require.NoError(t, err)
	raw, _, err := issuer.Operator(token.Operator{Username: "ann"}, time.Hour)
	require.NoError(t, err)
	return raw
}

func verify(t *testing.T, ring *keyring.Keyring, raw string) {
	t.Helper()
	verifier, err := ring.Verifier()
	require.NoError(t, err)
	operator, err := verifier.Operator(raw)
	require.NoError(t, err)
	require.Equal(t, "ann", operator.Username)
}

func apply(t *testing.T, store *state.Store, body proto.Message) {
	t.Helper()
	command, err := state.Command(&statev1.Meta{Time: timestamppb.New(time.Now().Add(time.Hour)), Actor: "test"}, body)
	require.NoError(t, err)
	encoded, err := proto.Marshal(command)
	require.NoError(t, err)
	result, err := store.Apply(store.View().Index()+1, encoded)
	require.NoError(t, err)
	require.NoError(t, result.Err)
}
