package password_test

import (
	"context"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/password"
)

// cheap keeps the tests quick; the form is the same.
func cheap() *password.Hasher {
	return password.NewHasher(password.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}, 2)
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := cheap()
	hash, err := h.Hash(t.Context(), "correct horse")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$`, hash)

	for given, want := range map[string]bool{"correct horse": true, "Correct horse": false, "": false, "correct horse ": false} {
		ok, err := h.Verify(t.Context(), hash, given)
		require.NoError(t, err)
		require.Equal(t, want, ok, "password %q", given)
	}
	again, err := h.Hash(t.Context(), "correct horse")
	require.NoError(t, err)
	require.NotEqual(t, hash, again, "each hash has its own salt")
}

func TestVerifyFollowsTheStoredParameters(t *testing.T) {
	t.Parallel()
	old, err := password.NewHasher(password.Params{MemoryKiB: 32, Passes: 3, Lanes: 2}, 1).Hash(t.Context(), "secret")
	require.NoError(t, err)
	ok, err := cheap().Verify(t.Context(), old, "secret")
	require.NoError(t, err)
	require.True(t, ok)
}

func TestVerifyRefusesForeignForms(t *testing.T) {
	t.Parallel()
	const tail = "$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"
	for _, hash := range []string{
		"", "plain", "$2a$10$abcdefghijklmnopqrstuv",
		"$argon2i$v=19$m=64,t=1,p=1" + tail,
		"$argon2id$v=16$m=64,t=1,p=1" + tail,
		"$argon2id$v=19$m=4294967295,t=1,p=1" + tail,
		"$argon2id$v=19$m=64,t=0,p=1" + tail,
		"$argon2id$v=19$m=64,t=1000,p=1" + tail,
		"$argon2id$v=19$m=64,t=1,p=0" + tail,
		"$argon2id$v=19$m=64,t=1,p=1$***$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$",
	} {
		_, err := cheap().Verify(t.Context(), hash, "x")
		require.ErrorIs(t, err, password.ErrMalformed, hash)
	}
}

func TestLongPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	h, long := cheap(), strings.Repeat("x", 1025)
	_, err := h.Hash(t.Context(), long)
	require.ErrorIs(t, err, password.ErrTooLong)
	hash, err := h.Hash(t.Context(), "short")
	require.NoError(t, err)
	ok, err := h.Verify(t.Context(), hash, long)
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, h.Dummy(t.Context(), long))
	require.NoError(t, h.Dummy(t.Context(), "short"))
}

func TestChecksShareSlots(t *testing.T) {
	t.Parallel()
	h := cheap()
	hash, err := h.Hash(t.Context(), "secret")
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			ok, err := h.Verify(context.Background(), hash, "secret")
			if err != nil || !ok {
				t.Errorf("verify: %v %v", ok, err)
			}
		})
	}
	all.Wait()
}

func TestSecret(t *testing.T) {
	t.Parallel()
	form, seen := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]+$`), map[string]bool{}
	for range 1000 {
		s := password.Secret(32)
		require.Regexp(t, form, s)
		require.Len(t, s, 43)
		require.False(t, seen[s])
		seen[s] = true
	}
}

func BenchmarkVerify(b *testing.B) {
	h := password.NewHasher(password.Standard(), 1)
	hash, err := h.Hash(b.Context(), "secret")
	require.NoError(b, err)
	for b.Loop() {
		_, err := h.Verify(b.Context(), hash, "secret")
		require.NoError(b, err)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := password.NewHasher(password.Standard(), 1)
	var all sync.WaitGroup
	for range 4 { // with an ended context either the slot or the end is taken, and nothing hangs
		all.Go(func() { _, _ = h.Hash(ctx, "secret") })
	}
	all.Wait()
}

// Each argon2 takes its memory from the heap, so bytes tell how much work was done, where time would not on a busy machine.
func TestMadeSecretsAreHashedCheaplyAndCheckedAtTheFullPrice(t *testing.T) {
	h := password.NewHasher(password.Standard(), 1)
	secret := password.Secret(24)
	var hash string
	cheap := allocated(func() {
		var err error
		hash, err = h.HashSecret(t.Context(), secret)
		require.NoError(t, err)
	})
	require.Less(t, cheap, uint64(1<<20))
	check := allocated(func() {
		ok, err := h.Verify(t.Context(), hash, secret)
		require.NoError(t, err)
		require.True(t, ok)
	})
	require.GreaterOrEqual(t, check, uint64(19<<20), "as much as for any other user, and for one that does not exist")
	ok, err := h.Verify(t.Context(), hash, secret+"x")
	require.NoError(t, err)
	require.False(t, ok)
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
