package state_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

func TestRepeatedRequestsDoNothing(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	first := l.account("ACME")
	count := len(audit(l.store))
	require.Equal(t, first, l.account("ACME"))
	require.Len(t, audit(l.store), count)
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	before := snapshot(t, l.store)
	command, err := state.Command(&statev1.Meta{Time: at(1), Actor: "operator/ann"}, &statev1.PutRegion{Region: &cpv1.Region{Name: "there"}})
	require.NoError(t, err)
	made, err := l.store.DryRun(command)
	require.NoError(t, err)
	require.Equal(t, "there", made.(*cpv1.Region).GetName())
	require.Equal(t, before, snapshot(t, l.store))
	l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "there"}})
	_, err = l.store.DryRun(command)
	require.True(t, fault.Is(err, fault.Exists))
}

func TestACommandThatPanicsIsRefused(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	require.True(t, fault.Is(l.apply(&statev1.PutRegion{}).Err, fault.Internal), "no region in it: a handler's mistake")
	l.must(&statev1.Heartbeat{})
}

func TestARequestIDIsForOneRequest(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "here"}}, "r1")
	command, err := state.Command(&statev1.Meta{Time: at(9), Actor: "operator/ann", RequestId: "r1", Fingerprint: []byte("something else")},
		&statev1.PutRegion{Region: &cpv1.Region{Name: "there"}})
	require.NoError(t, err)
	result := l.raw(command)
	require.True(t, fault.Is(result.Err, fault.Conflict), "%v", result.Err)
	command.Meta.Actor = "operator/bob"
	require.NoError(t, l.raw(command).Err, "another's ids are another's")
}

func (l *log) raw(command *statev1.Command) state.Result {
	l.t.Helper()
	l.index++
	result, err := l.store.Apply(l.index, marshal(l.t, command))
	require.NoError(l.t, err)
	return result
}

func TestEtagsGuardChanges(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	made := l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "here"}}).Message.(*cpv1.Region)
	created, firstEtag := made.GetCreateTime().AsTime(), made.GetEtag()
	require.True(t, fault.Is(l.apply(&statev1.PutRegion{Region: &cpv1.Region{Name: "here"}}).Err, fault.Exists))
	changed := l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "here", Country: "AU"}, Etag: firstEtag}).Message.(*cpv1.Region)
	require.Equal(t, created, changed.GetCreateTime().AsTime())
	require.NotEqual(t, firstEtag, changed.GetEtag())
	stale := l.apply(&statev1.PutRegion{Region: &cpv1.Region{Name: "here"}, Etag: firstEtag})
	require.True(t, fault.Is(stale.Err, fault.Conflict))
	require.Equal(t, changed.GetEtag(), fault.Of(stale.Err).Meta["etag"])
	require.True(t, fault.Is(l.apply(&statev1.DeleteRegion{Name: "here", Etag: firstEtag}).Err, fault.Conflict))
}

func TestRefusedCommandsLeaveNothing(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.account("ACME")
	before := l.store.View()
	refused := l.apply(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "OTHER", Environment: "missing"}, FirstRetailer: &cpv1.Retailer{Ref: "R"},
	}})
	require.True(t, fault.Is(refused.Err, fault.Invalid))
	require.Equal(t, "account.environment", fault.Of(refused.Err).Field)
	require.Len(t, audit(l.store), int(before.Cluster().GetAuditSequence()))
	_, found := state.Accounts.Get(l.store.View(), "OTHER")
	require.False(t, found)
	require.Equal(t, l.index, l.store.View().Index(), "the index moves on")
}

func TestStepsEndOnceAndInOrder(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	id := l.account("ACME")
	early := l.apply(&statev1.AccountPrepared{Operation: id})
	require.True(t, fault.Is(early.Err, fault.Conflict))
	l.provision(id)
	late := l.apply(&statev1.RetailerPrepared{Operation: id, Artefacts: map[string]string{"x": "y"}})
	require.True(t, fault.Is(late.Err, fault.Conflict), "a deposed leader comes too late")
	o, _ := state.Operations.Get(l.store.View(), id)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, o.GetState())
	record, _ := state.Accounts.Get(l.store.View(), "ACME")
	require.Nil(t, record.GetAdministrator(), "the administrator's hash is not kept")
	require.Equal(t, cpv1.AccountState_ACCOUNT_STATE_ACTIVE, record.GetAccount().GetState())
	active, _ := state.Activations.Get(l.store.View(), state.RetailerKey("ACME", 1))
	version, found := state.Versions.Get(l.store.View(), active.GetStable())
	require.True(t, found)
	require.Equal(t, map[string]string{"workflow/A": "1", "workflow/B": "2"}, version.GetArtefacts())
}

func TestOnlyEndedOperationsAreRemoved(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	ended, running := l.account("ACME"), l.account("OTHER")
	l.provision(ended)
	records := len(audit(l.store))
	for range 2 {
		l.must(&statev1.RemoveOperations{Operations: []string{ended, running, "op-unheard-of"}})
	}
	_, found := state.Operations.Get(l.store.View(), ended)
	require.False(t, found)
	_, found = state.Operations.Get(l.store.View(), running)
	require.True(t, found)
	require.Len(t, audit(l.store), records)
	l.provision(running)
}

func TestConfigurationIsAChainOfVersions(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	before, _ := state.Activations.Get(l.store.View(), state.RetailerKey("ACME", 1))
	change := &statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/B": "", "workflow/C": "9"}, BaseVersion: before.GetStable()}
	done := l.must(change).Message.(*statev1.ConfigurationCommitted)
	require.Equal(t, map[string]string{"workflow/A": "1", "workflow/C": "9"}, done.GetVersion().GetArtefacts())
	require.Equal(t, before.GetStable(), done.GetVersion().GetParent())
	require.Equal(t, uint64(l.index), done.GetActivation().GetIndex())
	require.True(t, fault.Is(l.apply(change).Err, fault.Conflict), "the base has moved on")
}

func TestAuditIsAChain(t *testing.T) {
	t.Parallel()
	l := story(t)
	require.NoError(t, state.VerifyAudit(l.store.View()))
	records := audit(l.store)
	require.Equal(t, "INITIALISE", records[0].GetAction())
	require.Equal(t, records[0].GetHash(), records[1].GetPreviousHash())
	for i, r := range records {
		require.Equal(t, uint64(i+1), r.GetSequence())
	}
	records[2].Actor = "nobody" // a shared message, changed behind the store's back: the chain shows it
	require.ErrorContains(t, state.VerifyAudit(l.store.View()), "audit record 3 was changed")
}

func audit(store *state.Store) []*cpv1.AuditRecord {
	records, _ := state.Audit.List(store.View(), state.Page{})
	return records
}

func TestJoinTokensAreForOneMachine(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found() // n1 has used the token "n"
	join := func(id, token string, kind cpv1.MachineKind) error {
		return l.apply(&statev1.JoinNode{TokenHash: []byte(token), Node: &cpv1.Node{Id: id, Kind: kind}}).Err
	}
	require.NoError(t, join("n1", "n", cpv1.MachineKind_MACHINE_KIND_NODE), "again, for the same node")
	require.True(t, fault.Is(join("n2", "n", cpv1.MachineKind_MACHINE_KIND_NODE), fault.Forbidden))
	require.True(t, fault.Is(join("n1", "n", cpv1.MachineKind_MACHINE_KIND_GATEWAY), fault.Forbidden))
	require.True(t, fault.Is(join("n2", "wrong", cpv1.MachineKind_MACHINE_KIND_NODE), fault.Unauthenticated))
	l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("old"), Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: "shared", ExpireTime: at(1),
	}})
	require.True(t, fault.Is(join("n3", "old", cpv1.MachineKind_MACHINE_KIND_NODE), fault.Unauthenticated), "expired")
	l.must(&statev1.RemoveJoinTokens{})
	tokens, _ := state.JoinTokens.List(l.store.View(), state.Page{})
	require.Len(t, tokens, 1)
}

func TestFeedsCarryOnlyTheirEnvironmentsChanges(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "other", Region: "here"}})
	v := l.store.View()
	shared, err := v.Follow("shared", v.Index())
	require.NoError(t, err)
	other, err := v.Follow("other", v.Index())
	require.NoError(t, err)
	l.provision(l.account("ACME"))
	var kinds []string
	for range 3 { // placed, activated, opened
		_, changes, err := shared.Next(context.Background())
		require.NoError(t, err)
		for _, c := range changes {
			switch {
			case c.GetResource().GetAccount() != nil:
				kinds = append(kinds, "account "+c.GetResource().GetAccount().GetState())
			case c.GetResource().GetConfiguration() != nil:
				kinds = append(kinds, "configuration")
			}
		}
	}
	require.Equal(t, []string{"account PROVISIONING", "configuration", "account ACTIVE"}, kinds)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = other.Next(ended)
	require.ErrorIs(t, err, context.Canceled, "the other environment slept on")
}

func TestKeysRetireInTurn(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(&statev1.AddSigningKey{Key: key("k2", 40)})
	v := l.store.View()
	now, _ := state.CurrentKey(v, at(39))
	require.Equal(t, "k1", now.GetKeyId())
	now, _ = state.CurrentKey(v, at(40))
	require.Equal(t, "k2", now.GetKeyId())
	require.True(t, fault.Is(l.apply(&statev1.RemoveSigningKey{KeyId: "k2"}).Err, fault.Unprocessable))
	require.Empty(t, l.must(&statev1.AddSigningKey{Key: key("k3", 50)}).Message.(*statev1.SigningKey).GetSeed(), "answers carry no private key")
}

// TestHistoriesThatPartedAreTold: two servers go on from one backup; the same index has another name in each.
func TestHistoriesThatPartedAreTold(t *testing.T) {
	t.Parallel()
	one := newLog(t)
	one.found()
	require.Equal(t, "c1", one.store.View().Incarnation(one.index), "nobody has named anything yet")
	one.must(&statev1.RaiseSchemaFloor{Schema: 2})
	one.must(&statev1.BeginTerm{Incarnation: "first"})
	one.account("ACME")
	backup, parted := snapshot(t, one.store), one.index

	two := newLog(t)
	require.NoError(t, two.store.Restore(bytes.NewReader(backup)))
	two.index = parted
	for l, name := range map[*log]string{one: "second", two: "restored"} {
		l.must(&statev1.BeginTerm{Incarnation: name})
		l.account("BETA")
		v := l.store.View()
		require.Equal(t, []string{"c1", "first", name, name}, []string{v.Incarnation(1), v.Incarnation(parted), v.Incarnation(parted + 1), v.Incarnation(l.index)})
	}
	for range 100 {
		one.must(&statev1.BeginTerm{Incarnation: "again"})
	}
	require.Empty(t, one.store.View().Incarnation(parted), "long forgotten")
	require.Equal(t, "again", one.store.View().Incarnation(one.index))
}
