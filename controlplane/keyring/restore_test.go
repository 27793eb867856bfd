package keyring_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// ofOne are the authorities of a server whose file has some, with a clock that the test moves.
func ofOne(t *testing.T, now *time.Time, filed ...*trust.Authority) (*keyring.Authorities, *state.Store, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "authority.pem")
	raw, err := trust.EncodeAuthorities(filed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	store, err := state.New()
	require.NoError(t, err)
	a, err := keyring.OpenAuthorities(store, keyring.AuthorityConfig{Server: "cp1", File: file}, func() time.Time { return *now })
	require.NoError(t, err)
	return a, store, file
}

func authority(t *testing.T, cluster string, now time.Time) *trust.Authority {
	t.Helper()
	a, err := trust.NewAuthority(cluster, now)
	require.NoError(t, err)
	return a
}

// backup is a snapshot of a cluster that has keys and authorities of its own.
func backup(t *testing.T, cluster string, key *statev1.SigningKey, first *statev1.Authority) []byte {
	t.Helper()
	store, err := state.New()
	require.NoError(t, err)
	apply(t, store, &statev1.Initialise{ClusterId: cluster, Key: key, Authority: first, SchemaFloor: state.Schema})
	var out bytes.Buffer
	require.NoError(t, state.Persist(store.View(), &out))
	return out.Bytes()
}

// TestWhatIsKnownIsOfThePresentState puts a backup back below a keyring and authorities that have read what was there before.
func TestWhatIsKnownIsOfThePresentState(t *testing.T) {
	t.Parallel()
	now := time.Now()
	authorities, store, file := ofOne(t, &now, authority(t, "one", now))
	keys := keyring.New(store, func() time.Time { return now })
	key, err := keyring.NewKey(now)
	require.NoError(t, err)
	first, err := authorities.First(now)
	require.NoError(t, err)
	apply(t, store, &statev1.Initialise{ClusterId: "one", Key: key, Authority: first, SchemaFloor: state.Schema})
	before, err := authorities.Fingerprint()
	require.NoError(t, err)
	token := sign(t, keys)
	verify(t, keys, token)
	ctx, cancel := context.WithCancel(t.Context())
	kept := make(chan error, 1)
	go func() { kept <- authorities.Keep(ctx) }()

	second, err := keyring.NewAuthority("one", now, now)
	require.NoError(t, err)
	another, err := keyring.NewKey(now)
	require.NoError(t, err)
	require.NoError(t, store.Restore(bytes.NewReader(backup(t, "one", another, second))))
	after, err := authorities.Fingerprint()
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	require.Equal(t, second.GetFingerprint(), after)
	known, err := authorities.Trusted()
	require.NoError(t, err)
	require.Equal(t, [][]byte{second.GetCertificate()}, known)
	verifier, err := keys.Verifier()
	require.NoError(t, err)
	_, err = verifier.Operator(token)
	require.Error(t, err, "its key is not of this state")
	verify(t, keys, sign(t, keys))
	require.Eventually(t, func() bool {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		list, err := trust.DecodeAuthorities(raw)
		return err == nil && len(list) == 1 && list[0].Fingerprint() == after
	}, time.Minute, 5*time.Millisecond, "the file follows")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	foreign, err := keyring.NewAuthority("two", now, now)
	require.NoError(t, err)
	require.NoError(t, store.Restore(bytes.NewReader(backup(t, "two", another, foreign))))
	require.ErrorContains(t, <-kept, "of the cluster two", "a server does not go on with another cluster's state")
	cancel()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	list, err := trust.DecodeAuthorities(raw)
	require.NoError(t, err)
	require.Equal(t, after, list[0].Fingerprint(), "nor does its file")
}

// TestAServersCertificateIsMadeAnewInTime: after two thirds of its life, by the authority that signs then.
func TestAServersCertificateIsMadeAnewInTime(t *testing.T) {
	t.Parallel()
	began := time.Now()
	now := began
	authorities, _, _ := ofOne(t, &now, authority(t, "one", began.Add(-time.Hour)))
	own := func() []byte {
		t.Helper()
		c, err := authorities.Party().Certificate("")
		require.NoError(t, err)
		return c.Certificate[0]
	}
	first := own()
	require.Equal(t, first, own())
	c, err := authorities.Party().Certificate("")
	require.NoError(t, err)
	due := c.Leaf.NotAfter.Add(-trust.Lifetime / 3)
	now = due.Add(-time.Second)
	require.Equal(t, first, own())
	now = due
	second := own()
	require.NotEqual(t, first, second)
	now = began.Add(-time.Hour + time.Minute) // the clock was put back to before it is good
	require.NotEqual(t, second, own())
	_, err = authorities.Party().Certificate("0123456789")
	require.Error(t, err, "there is no such authority")
}

// TestBeforeThereIsAStateTheLastOfTheFileSigns: who can prove nothing else goes by the file, in the order in which it was written.
func TestBeforeThereIsAStateTheLastOfTheFileSigns(t *testing.T) {
	t.Parallel()
	now := time.Now()
	old, signs := authority(t, "one", now), authority(t, "one", now)
	authorities, store, file := ofOne(t, &now, old, signs)
	fingerprint, err := authorities.Fingerprint()
	require.NoError(t, err)
	require.Equal(t, signs.Fingerprint(), fingerprint)
	known, err := authorities.Trusted()
	require.NoError(t, err)
	require.Len(t, known, 2)
	first, err := authorities.First(now)
	require.NoError(t, err)
	require.Equal(t, signs.Fingerprint(), first.GetFingerprint())

	// A cluster of before there were authorities goes on by the file, which stays as it is.
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	key, err := keyring.NewKey(now)
	require.NoError(t, err)
	apply(t, store, &statev1.Initialise{ClusterId: "one", Key: key})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, authorities.Keep(ctx))
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, os.Remove(file))
	apply(t, store, &statev1.AddAuthority{Authority: first})
	require.NoError(t, authorities.Keep(ctx), "a file that is gone is made anew")
	require.FileExists(t, file)
}
