package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/controlplane/state/statetest"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// house is a store, without a region, whose leader keeps house when the test says so, at the time that it says.
type house struct {
	*world
	began time.Time
}

func newHouse(t *testing.T, first *statev1.Initialise) *house {
	t.Helper()
	h := &house{world: &world{statetest.Empty(t)}, began: time.Now().Truncate(time.Second)}
	require.NoError(t, h.keep(0), "there is no cluster yet")
	require.Zero(t, h.Store.View().Index())
	first.ClusterId, first.Key = "c", &statev1.SigningKey{KeyId: "k1", ActiveTime: h.at(0)}
	h.Do(first)
	return h
}

func (h *house) at(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(h.began.Add(d)) }

// keep keeps house at a time.
func (h *house) keep(at time.Duration) error {
	deps := h.deps()
	deps.Now = func() time.Time { return h.began.Add(at) }
	return reconcile.HousekeepOnce(h.T.Context(), deps)
}

// quiet keeps house at times at which nothing is to be done.
func (h *house) quiet(times ...time.Duration) {
	h.T.Helper()
	for _, at := range times {
		before := h.Store.View().Index()
		require.NoError(h.T, h.keep(at))
		require.Equal(h.T, before, h.Store.View().Index(), "nothing to do at %v is no command", at)
	}
}

const day = 24 * time.Hour

// TestKeysGoStepByStep steps through the lives of two keys, a nanosecond before each step and at it.
func TestKeysGoStepByStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, &statev1.Initialise{SchemaFloor: state.Schema})
	keys := func() (out []*statev1.SigningKey) {
		out, _ = state.SigningKeys.List(h.Store.View(), state.Page{})
		return out
	}
	h.quiet(0, 30*day-1)
	require.NoError(t, h.keep(30*day))
	require.Len(t, keys(), 2)
	var second *statev1.SigningKey
	for _, k := range keys() {
		if k.GetKeyId() != "k1" {
			second = k
		}
	}
	signs := 30*day + 5*time.Minute // five minutes from now, so that everybody knows it by then
	require.Equal(t, h.at(signs).AsTime(), second.GetActiveTime().AsTime())
	for at, wanted := range map[time.Duration]string{signs - 1: "k1", signs: second.GetKeyId()} {
		current, _ := state.CurrentKey(h.Store.View(), h.at(at))
		require.Equal(t, wanted, current.GetKeyId())
	}
	h.quiet(30*day, signs, signs+2*day) // what it signed is good for a while
	require.NoError(t, h.keep(signs+2*day+1))
	require.Len(t, keys(), 1)
	require.Equal(t, second.GetKeyId(), keys()[0].GetKeyId())
	h.quiet(signs + 30*day - 1)
	require.NoError(t, h.keep(signs+30*day))
	require.Len(t, keys(), 2)
}

// TestAuthoritiesGoStepByStep does that with authorities: one is known before it signs, and trusted until all that it signed has ended.
func TestAuthoritiesGoStepByStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, &statev1.Initialise{SchemaFloor: state.Schema, Authority: &statev1.Authority{Fingerprint: "a1", ActiveTime: timestamppb.New(time.Now().Truncate(time.Second))}})
	authorities := func() map[string]*statev1.Authority {
		list, _ := state.Authorities.List(h.Store.View(), state.Page{})
		out := map[string]*statev1.Authority{}
		for _, a := range list {
			out[a.GetFingerprint()] = a
		}
		return out
	}
	first := authorities()["a1"].GetActiveTime().AsTime().Sub(h.began)
	keep := func(at time.Duration) {
		t.Helper()
		require.NoError(t, h.keep(at)) // keys come and go besides
	}
	keep(first + 365*day - 1)
	require.Len(t, authorities(), 1)
	keep(first + 365*day)
	require.Len(t, authorities(), 2)
	keep(first + 365*day + 1)
	require.Len(t, authorities(), 2, "one is enough")
	signs := first + 365*day + 25*time.Hour // longer than a certificate lives: whoever has one that is good trusts it by then
	second := ""
	for name := range authorities() {
		if name != "a1" {
			second = name
		}
	}
	require.Equal(t, h.at(signs).AsTime(), authorities()[second].GetActiveTime().AsTime())
	require.Equal(t, h.at(signs).AsTime(), authorities()["a1"].GetRetireTime().AsTime())
	for _, at := range []time.Duration{signs - 1, signs, signs + 2*day} {
		keep(at)
		require.Contains(t, authorities(), "a1", "certificates that it signed are good for a day, and machines' clocks differ: %v", at)
	}
	keep(signs + 2*day + 1)
	require.NotContains(t, authorities(), "a1")
	require.Contains(t, authorities(), second)

	// A third one comes in its time, and none before it.
	keep(signs + 365*day - 1)
	require.Len(t, authorities(), 1)
	keep(signs + 365*day)
	require.Len(t, authorities(), 2)
}

// TestHouseIsKeptOfWhatIsThere has a cluster without an authority, as one of before there were any, and join tokens that end.
func TestHouseIsKeptOfWhatIsThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, &statev1.Initialise{SchemaFloor: state.Schema})
	h.quiet(0)
	h.Do(&statev1.PutRegion{Region: &cpv1.Region{Name: "au"}})
	for _, hours := range []int{1, 2} {
		h.Do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
			Hash: []byte{byte(hours)}, Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: "au", ExpireTime: h.at(time.Duration(hours) * time.Hour),
		}})
	}
	tokens := func() int {
		list, _ := state.JoinTokens.List(h.Store.View(), state.Page{})
		return len(list)
	}
	h.quiet(time.Hour)
	require.NoError(t, h.keep(time.Hour+1))
	require.Equal(t, 1, tokens())
	require.NoError(t, h.keep(3*time.Hour))
	require.Zero(t, tokens())
	require.Empty(t, func() []*statev1.Authority {
		list, _ := state.Authorities.List(h.Store.View(), state.Page{})
		return list
	}())
}
