package keyring_test

import (
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

// TestCertificatesOutliveARotation: who trusts only the old authority is still understood while the new one is known, and the file follows.
func TestCertificatesOutliveARotation(t *testing.T) {
	t.Parallel()
	now := time.Now()
	clock := func() time.Time { return now }
	file := filepath.Join(t.TempDir(), "authority.pem")
	raw, err := keyring.MakeAuthority("one", now)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	store, err := state.New()
	require.NoError(t, err)
	authorities, err := keyring.OpenAuthorities(store, keyring.AuthorityConfig{Server: "cp1", File: file}, clock)
	require.NoError(t, err)
	require.Equal(t, "one", authorities.Cluster())
	before, err := authorities.Fingerprint()
	require.NoError(t, err, "the file is enough before there is a state")

	key, err := keyring.NewKey(now)
	require.NoError(t, err)
	first, err := authorities.First(now)
	require.NoError(t, err)
	apply(t, store, &statev1.Initialise{ClusterId: "one", Key: key, Authority: first, SchemaFloor: state.Schema})
	second, err := keyring.NewAuthority("one", now, now.Add(time.Hour))
	require.NoError(t, err)
	apply(t, store, &statev1.AddAuthority{Authority: second})
	ctx, cancel := context.WithCancel(t.Context())
	kept := make(chan error, 1)
	go func() { kept <- authorities.Keep(ctx) }()
	require.Eventually(t, func() bool {
		list, err := os.ReadFile(file)
		require.NoError(t, err)
		both, err := trust.DecodeAuthorities(list)
		return err == nil && len(both) == 2 && both[1].Fingerprint() == before // the one that signs is the last
	}, time.Minute, 5*time.Millisecond)

	still, err := authorities.Fingerprint()
	require.NoError(t, err)
	require.Equal(t, before, still, "it is known before it signs")
	known, err := authorities.Trusted()
	require.NoError(t, err)
	require.Len(t, known, 2)
	cancel()
	require.NoError(t, <-kept)
	now = now.Add(2 * time.Hour)
	signs, err := authorities.Fingerprint()
	require.NoError(t, err)
	require.Equal(t, second.GetFingerprint(), signs)
	pinned, err := authorities.Party().Certificate(before[:32])
	require.NoError(t, err, "who has an older join token is shown the authority that it names")
	current, err := authorities.Party().Certificate("")
	require.NoError(t, err)
	require.NotEqual(t, pinned.Certificate[1], current.Certificate[1])

	apply(t, store, &statev1.RemoveAuthority{Fingerprint: before})
	_, err = authorities.Party().Certificate(before[:32])
	require.Error(t, err, "it is gone")
}
