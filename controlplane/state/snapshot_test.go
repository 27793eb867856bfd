package state_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

func snapshot(t *testing.T, store *state.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, state.Persist(store.View(), &b))
	return b.Bytes()
}

// rows reads a whole table for comparison.
func rows[T proto.Message](t *testing.T, table state.Table[T], store *state.Store) []string {
	t.Helper()
	list, _ := table.List(store.View(), state.Page{})
	require.NotEmpty(t, list, "the story says nothing of %s", table.Name())
	var out []string
	for _, m := range list {
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		require.NoError(t, err)
		out = append(out, string(encoded))
	}
	return out
}

func roundTrip[T proto.Message](table state.Table[T]) func(*testing.T) {
	return func(t *testing.T) {
		l := story(t)
		restored, err := state.New()
		require.NoError(t, err)
		require.NoError(t, restored.Restore(bytes.NewReader(snapshot(t, l.store))))
		require.Equal(t, rows(t, table, l.store), rows(t, table, restored))
	}
}

func TestSnapshotsHoldEveryTable(t *testing.T) {
	t.Parallel()
	t.Run("cluster", roundTrip(state.Clusters))
	t.Run("regions", roundTrip(state.Regions))
	t.Run("environments", roundTrip(state.Environments))
	t.Run("accounts", roundTrip(state.Accounts))
	t.Run("retailers", roundTrip(state.Retailers))
	t.Run("operations", roundTrip(state.Operations))
	t.Run("nodes", roundTrip(state.Nodes))
	t.Run("hosts", roundTrip(state.Hosts))
	t.Run("join tokens", roundTrip(state.JoinTokens))
	t.Run("versions", roundTrip(state.Versions))
	t.Run("activations", roundTrip(state.Activations))
	t.Run("operators", roundTrip(state.Operators))
	t.Run("signing keys", roundTrip(state.SigningKeys))
	t.Run("audit", roundTrip(state.Audit))
}

func TestTheSameLogGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	l := story(t)
	other, err := state.New()
	require.NoError(t, err)
	for i, entry := range l.entries {
		_, err := other.Apply(state.Index(i+1), entry)
		require.NoError(t, err)
	}
	require.Equal(t, snapshot(t, l.store), snapshot(t, other))
	restored, err := state.New()
	require.NoError(t, err)
	require.NoError(t, restored.Restore(bytes.NewReader(snapshot(t, l.store))))
	require.Equal(t, snapshot(t, l.store), snapshot(t, restored), "a restored store is the same store")
	require.Equal(t, l.store.View().Index(), restored.View().Index())
}

func TestRestoredRequestsAreStillKnown(t *testing.T) {
	t.Parallel()
	l := story(t)
	require.NoError(t, l.store.Restore(bytes.NewReader(snapshot(t, l.store))))
	again := l.account("ACME")
	operations, _ := state.Operations.List(l.store.View(), state.Page{})
	require.Equal(t, operations[0].GetId(), again)
}

func TestDamagedSnapshotsChangeNothing(t *testing.T) {
	t.Parallel()
	l := story(t)
	whole := snapshot(t, l.store)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, damaged := range map[string][]byte{"empty": {}, "cut short": whole[:len(whole)-10], "flipped": flipped, "foreign": []byte("not a snapshot at all")} {
		require.ErrorIs(t, l.store.Restore(bytes.NewReader(damaged)), state.ErrSnapshot, name)
	}
	require.Equal(t, whole, snapshot(t, l.store))
}

func TestRestoreWakesThoseWhoWait(t *testing.T) {
	t.Parallel()
	l := story(t)
	view := l.store.View()
	changes, err := view.Follow("shared", view.Index())
	require.NoError(t, err)
	require.NoError(t, l.store.Restore(bytes.NewReader(snapshot(t, l.store))))
	<-view.Abandoned()
	_, _, err = changes.Next(context.Background())
	require.ErrorIs(t, err, state.ErrReset)
	_, err = l.store.View().Follow("shared", l.store.View().Index()-1)
	require.ErrorIs(t, err, state.ErrReset, "changes before the snapshot are not known")
	_, err = l.store.View().Follow("shared", l.store.View().Index())
	require.NoError(t, err)
}

func TestNewerCommandsStopTheStore(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	for _, c := range []*statev1.Command{{Kind: 9999, Schema: 1}, {Kind: statev1.Kind_KIND_HEARTBEAT, Schema: state.Schema + 1}} {
		encoded, err := proto.Marshal(c)
		require.NoError(t, err)
		_, err = l.store.Apply(1, encoded)
		require.ErrorIs(t, err, state.ErrUnknownCommand)
	}
}
