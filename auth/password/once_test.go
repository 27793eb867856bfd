package password_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/domain/fault"
)

var cheapest = password.Params{MemoryKiB: 8, Passes: 1, Lanes: 1}

func TestOneTimePasswordsAreMarked(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(cheapest, 1)
	hash, err := h.Hash(t.Context(), "once only")
	require.NoError(t, err)
	until := time.Unix(1_764_234_000, 0)
	marked := password.Once(hash, until)
	require.Equal(t, password.Stored{Hash: hash, Once: true, Until: until}, password.ParseStored(marked))
	require.Equal(t, password.Stored{Hash: hash}, password.ParseStored(hash))
	for _, broken := range []string{"", "$once=", "$once=x" + hash, "$once=5"} {
		ok, err := h.Verify(t.Context(), password.ParseStored(broken).Hash, "once only")
		require.ErrorIs(t, err, password.ErrMalformed, broken)
		require.False(t, ok)
	}
	_, err = h.Verify(t.Context(), marked, "once only")
	require.ErrorIs(t, err, password.ErrMalformed, "a release that does not know the mark lets nobody in")
	require.NotEqual(t, password.Mark(hash), password.Mark(marked))
	require.Len(t, password.Mark(""), 16)
}

func TestPasswordsThatPeopleChoose(t *testing.T) {
	t.Parallel()
	for chosen, reason := range map[string]string{
		"": "PASSWORD_TOO_SHORT", "sévénch": "PASSWORD_TOO_SHORT", strings.Repeat("x", 129): "PASSWORD_TOO_LONG", "ANN@acme.example": "PASSWORD_IS_NAME",
		"ann@acme.example!": "", "eight ch": "", strings.Repeat("x", 128): "",
	} {
		err := password.Acceptable("ann@acme.example", chosen, "new_password")
		if reason == "" {
			require.NoError(t, err, chosen)
			continue
		}
		require.True(t, fault.Is(err, fault.Invalid))
		require.Equal(t, reason, fault.Of(err).Meta["reason"], chosen)
		require.Equal(t, "new_password", fault.Of(err).Field)
	}
}

func TestCrowdsAreTurnedAway(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(cheapest, 2)
	var leave []func()
	for {
		l, err := h.Admit()
		if err != nil {
			require.True(t, fault.Is(err, fault.Unavailable))
			break
		}
		leave = append(leave, l)
	}
	require.Len(t, leave, 2*65)
	leave[0]()
	again, err := h.Admit()
	require.NoError(t, err)
	again()
	require.Zero(t, h.Work(), "who only waits costs no work")
}
