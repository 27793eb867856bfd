package state_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// TestAuthoritiesRetireInTurn adds a second and a third one before the second has begun to sign, and removes them.
func TestAuthoritiesRetireInTurn(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.must(&statev1.Initialise{ClusterId: "c", Key: key("k1", 0), Authority: authority("a1", 0), SchemaFloor: state.Schema})
	add := func(name string, minute int) *statev1.Authority {
		return l.must(&statev1.AddAuthority{Authority: authority(name, minute)}).Message.(*statev1.Authority)
	}
	retires := func(name string) int {
		a, _ := state.Authorities.Get(l.store.View(), name)
		if a.GetRetireTime() == nil {
			return -1
		}
		return int(a.GetRetireTime().AsTime().Sub(at(0).AsTime()).Minutes())
	}
	require.Empty(t, add("a2", 10).GetKey(), "answers carry no private key")
	require.True(t, fault.Is(l.apply(&statev1.AddAuthority{Authority: authority("a2", 10)}).Err, fault.Exists))
	require.Equal(t, []int{10, -1}, []int{retires("a1"), retires("a2")})
	add("a3", 20)
	require.Equal(t, []int{10, 20, -1}, []int{retires("a1"), retires("a2"), retires("a3")}, "who retires already does not do it later")
	remove := func(name string, minute int) error {
		l.index = state.Index(minute) - 1 // the minute of the command that follows is that of its index
		l.index = max(l.index, l.store.View().Index())
		return l.apply(&statev1.RemoveAuthority{Fingerprint: name}).Err
	}
	require.True(t, fault.Is(remove("a1", 9), fault.Unprocessable), "it signs")
	require.NoError(t, remove("a1", 10), "it does not sign any more")
	require.True(t, fault.Is(remove("a1", 11), fault.NotFound))
	require.True(t, fault.Is(remove("a3", 30), fault.Unprocessable), "it is the last")
	require.NoError(t, remove("a2", 31))
}
