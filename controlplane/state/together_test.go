package state_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestStepsTogetherComeToTheSame makes one account step by step and another with as few commands as there can be.
func TestStepsTogetherComeToTheSame(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	artefacts := map[string]string{"workflow/A": "1"}
	create := func(name, in string) string {
		return l.must(&statev1.CreateAccount{PlaceIn: in, Record: &statev1.AccountRecord{
			Account:       &cpv1.Account{Name: name, Clients: []*cpv1.ApiClient{{ClientId: name}}},
			Secrets:       []*statev1.ClientSecret{{ClientId: name, Hash: []byte("h")}},
			FirstRetailer: &cpv1.Retailer{Ref: "R1"},
		}}).Message.(*statev1.AccountCreated).GetOperation().GetId()
	}
	long := create("LONG", "")
	require.Equal(t, state.StepPlace, l.step(long))
	l.must(&statev1.PlaceAccount{Operation: long, Environment: "shared"})
	l.must(&statev1.AccountPrepared{Operation: long})
	l.must(&statev1.RetailerPrepared{Operation: long, Artefacts: artefacts})
	require.Equal(t, state.StepActivateWorkflows, l.step(long))
	l.must(&statev1.ActivateWorkflows{Operation: long})
	l.must(&statev1.OpenClient{Operation: long})

	short := create("SHORT", "shared")
	require.Equal(t, state.StepPrepareAccount, l.step(short))
	late := l.apply(&statev1.PlaceAccount{Operation: short, Environment: "shared"})
	require.True(t, fault.Is(late.Err, fault.Conflict), "it has its place")
	l.must(&statev1.AccountPrepared{Operation: short})
	l.must(&statev1.RetailerPrepared{Operation: short, Artefacts: artefacts, Through: true})

	for name, operation := range map[string]string{"LONG": long, "SHORT": short} {
		o, _ := state.Operations.Get(l.store.View(), operation)
		require.Equal(t, state.StepReady, l.step(operation), name)
		require.InDelta(t, 5.0/6, o.GetProgress(), 1e-9, name)
		require.Equal(t, "shared", o.GetEnvironment(), name)
		for _, s := range o.GetSteps()[:5] {
			require.Equal(t, cpv1.StepState_STEP_STATE_DONE, s.GetState(), "%s %s", name, s.GetName())
			require.NotNil(t, s.GetEndTime(), "%s %s", name, s.GetName())
		}
		account := l.accountOf(name)
		require.Equal(t, cpv1.AccountState_ACCOUNT_STATE_ACTIVE, account.GetState(), name)
		require.Equal(t, "shared", account.GetEnvironment(), name)
		require.Equal(t, "here", account.GetRegion(), name)
		require.True(t, account.GetClients()[0].GetOpen(), name)
		active, found := state.Activations.Get(l.store.View(), state.RetailerKey(name, 1))
		require.True(t, found, name)
		require.Equal(t, o.GetResult()[state.ResultVersion], active.GetStable(), name)
	}
	o, _ := state.Operations.Get(l.store.View(), short)
	require.Equal(t, index(l), o.GetResult()[state.ResultOpenedIndex], "nodes must know of what the command has done")
}

// TestARetailerAloneIsTakenThrough has no client to open.
func TestARetailerAloneIsTakenThrough(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	made := l.must(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Ref: "R2"}})
	operation := made.Message.(*statev1.RetailerCreated).GetOperation().GetId()
	l.must(&statev1.RetailerPrepared{Operation: operation, Artefacts: map[string]string{"workflow/A": "1"}, Through: true})
	require.Equal(t, state.StepReady, l.step(operation))
	_, found := state.Activations.Get(l.store.View(), state.RetailerKey("ACME", 2))
	require.True(t, found)
}

// TestAPlaceThatIsGoneIsChosenAnew deletes the environment between the leader's choice and its command.
func TestAPlaceThatIsGoneIsChosenAnew(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	made := l.must(&statev1.CreateAccount{PlaceIn: "gone", Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME"}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
	}}).Message.(*statev1.AccountCreated)
	require.Equal(t, state.StepPlace, l.step(made.GetOperation().GetId()))
	require.Empty(t, made.GetAccount().GetEnvironment())
}

// TestCommandsOfSeveralStepsNameTheirSchema keeps servers that would do only the first of the steps from applying them.
func TestCommandsOfSeveralStepsNameTheirSchema(t *testing.T) {
	t.Parallel()
	schema := func(c *statev1.Command, err error) uint32 {
		require.NoError(t, err)
		return c.GetSchema()
	}
	require.Equal(t, uint32(1), schema(state.Command(nil, &statev1.CreateAccount{})))
	require.Equal(t, state.StepsTogether, schema(state.Command(nil, &statev1.CreateAccount{PlaceIn: "e"})))
	require.Equal(t, uint32(1), schema(state.Command(nil, &statev1.RetailerPrepared{})))
	require.Equal(t, state.StepsTogether, schema(state.Command(nil, &statev1.RetailerPrepared{Through: true})))
}

// step is the name of the step that an operation is at.
func (l *log) step(operation string) string {
	o, _ := state.Operations.Get(l.store.View(), operation)
	return state.CurrentStep(o).GetName()
}
