package state_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestTenantsWaitForRetailersBeforeOthersDoForAccounts: who waits for others says for how many, and those are of the same environment.
func TestTenantsWaitForRetailersBeforeOthersDoForAccounts(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found() // one ready node, which prepares two at a time
	l.abroad()
	l.provision(l.account("ACME"))
	place := func(name, environment string) string {
		id := l.account(name)
		l.must(&statev1.PlaceAccount{Operation: id, Environment: environment})
		return id
	}
	elsewhere := place("FAR", "other")
	accounts := []string{place("A1", "shared"), place("A2", "shared"), place("A3", "shared")}
	waits := func(id string) *cpv1.WaitingFor {
		o, _ := state.Operations.Get(l.store.View(), id)
		return state.WithTurn(l.store.View(), o).GetWaitingFor()
	}
	require.Nil(t, waits(accounts[1]), "two are prepared at a time")
	require.Equal(t, "Waits for 2 others: the nodes of shared prepare 2 at a time.", waits(accounts[2]).GetDetail(), "those elsewhere are in nobody's way")
	retailer := l.must(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Ref: "R2"}}).Message.(*statev1.RetailerCreated).GetOperation().GetId()
	require.Nil(t, waits(retailer), "it goes before the accounts")
	require.Equal(t, "QUEUED", waits(accounts[1]).GetReason())
	require.Equal(t, "Waits for 3 others: the nodes of shared prepare 2 at a time.", waits(accounts[2]).GetDetail())
	running, _ := state.RunningInTurn(l.store.View())
	var order []string
	for _, o := range running {
		order = append(order, o.GetId())
	}
	require.Equal(t, append([]string{retailer, elsewhere}, accounts...), order)
	l.must(&statev1.NoteOperation{Operation: accounts[2], Step: state.StepPrepareAccount, WaitingFor: &cpv1.WaitingFor{Reason: "NODE_ERROR"}})
	require.Equal(t, "NODE_ERROR", waits(accounts[2]).GetReason(), "what is in its way stands before whom it waits for")
	l.must(&statev1.JudgeNode{Id: "n1", State: cpv1.NodeState_NODE_STATE_GONE})
	require.Nil(t, waits(accounts[1]), "without a node it waits for one, and not for others")
}

// TestEnvironmentsAreCountedWhenTheyAreRead: what a caller says of counts is not stored; and a change decided on another version is refused.
func TestEnvironmentsAreCountedWhenTheyAreRead(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	made := l.must(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "e2", Region: "here", ReadyNodes: 7, Accounts: 8}}).Message.(*cpv1.Environment)
	require.Equal(t, []int32{0, 0}, []int32{made.GetReadyNodes(), made.GetAccounts()})
	remove := func(etag string) error {
		return l.apply(&statev1.DeleteEnvironment{Name: "e2", Etag: etag}).Err
	}
	require.True(t, fault.Is(remove("1"), fault.Conflict))
	require.NoError(t, remove(made.GetEtag()))
}

// TestSnapshotsOfNewerReleasesAreRefused, and those of this one say the schema that the oldest server still has to understand.
func TestSnapshotsOfNewerReleasesAreRefused(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	whole := snapshot(t, l.store)
	header := func(change func(*statev1.SnapshotHeader)) []byte {
		size := int(whole[0]) // a header is shorter than 128 bytes
		h := &statev1.SnapshotHeader{}
		require.NoError(t, proto.Unmarshal(whole[1:1+size], h))
		require.EqualValues(t, 1, h.GetSchema())
		change(h)
		raw, err := proto.Marshal(h)
		require.NoError(t, err)
		changed := append(append([]byte{byte(len(raw))}, raw...), whole[1+size:]...)
		return edited(t, changed, "no table", nil) // with a checksum that fits
	}
	require.NoError(t, l.store.Restore(bytes.NewReader(header(func(h *statev1.SnapshotHeader) { h.Schema = state.Schema }))))
	require.ErrorIs(t, l.store.Restore(bytes.NewReader(header(func(h *statev1.SnapshotHeader) { h.Schema = state.Schema + 1 }))), state.ErrSnapshot)
	require.ErrorIs(t, l.store.Restore(bytes.NewReader(header(func(h *statev1.SnapshotHeader) { h.Format++ }))), state.ErrSnapshot)
}
