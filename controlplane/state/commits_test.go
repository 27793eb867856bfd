package state_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// commits is the story of configurations as they were before committing and activating came apart: each commit activates, in every way in which that
// could be asked for. What it leaves of log and state is testdata/commits-5, which was written by the last release of schema 5.
func commits(t *testing.T) *log {
	t.Helper()
	l := newLog(t)
	l.found()
	l.must(&statev1.RaiseSchemaFloor{Schema: 5})
	l.provision(l.account("ACME"))
	first := &statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "3", "workflow/B": ""}, Author: "ann", Message: "one less"}
	l.must(first, "first")
	l.must(first, "first") // repeated: nothing is done
	active, _ := state.Activations.Get(l.store.View(), state.RetailerKey("ACME", 1))
	onBase := &statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/C": "4"}, BaseVersion: parent(t, l, active)}
	l.apply(onBase) // refused: another is active
	onBase.BaseVersion = newest(t, l, 1)
	l.must(onBase)
	l.apply(onBase) // refused: it was active
	l.must(&statev1.CommitConfiguration{Account: "ACME", Artefacts: map[string]string{"setting/S": "5"}})
	l.must(&statev1.CommitConfiguration{Account: "ACME", Artefacts: map[string]string{"setting/S": "", "setting/T": "6"}}, "settings")
	l.apply(&statev1.CommitConfiguration{Account: "ACME", Retailer: 9, Artefacts: map[string]string{"a": "b"}}) // refused: no such retailer
	second := l.must(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Ref: "R2"}}).Message.(*statev1.RetailerCreated).GetOperation().GetId()
	l.must(&statev1.CommitConfiguration{Account: "ACME", Retailer: 2, Artefacts: map[string]string{"workflow/A": "early"}}) // before its own is made
	l.must(&statev1.RetailerPrepared{Operation: second, Artefacts: map[string]string{"workflow/A": "1"}, Through: true})
	l.must(&statev1.FinishOperation{Operation: second})
	l.provision(l.account("BETA"))
	l.must(&statev1.CommitConfiguration{Account: "BETA", Retailer: 1, Artefacts: map[string]string{"workflow/A": "3", "workflow/B": ""}, Author: "ann", Message: "one less"})
	l.must(&statev1.UpdateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Number: 1, TradingName: "Acme"}})
	return l
}

// newest is the version that a retailer of ACME works by; parent is the one before an activation's.
func newest(t *testing.T, l *log, retailer int32) string {
	t.Helper()
	a, found := state.Activations.Get(l.store.View(), state.RetailerKey("ACME", retailer))
	require.True(t, found)
	return a.GetStable()
}

func parent(t *testing.T, l *log, a *statev1.Activation) string {
	t.Helper()
	v, found := state.Versions.Get(l.store.View(), a.GetStable())
	require.True(t, found)
	return v.GetParent()
}

// TestTheCommitsOfSchemaFiveLoad: log and snapshot of the release before load and say the same; and who commits today as it did appends the same entries.
func TestTheCommitsOfSchemaFiveLoad(t *testing.T) {
	t.Parallel()
	const log, snap = "testdata/commits-5.log", "testdata/commits-5.snapshot"
	loads(t, log, snap)
	today := commits(t)
	require.Equal(t, entries(t, log), today.entries)
	was, err := os.ReadFile(snap)
	require.NoError(t, err)
	require.Equal(t, was, snapshot(t, today.store))
}
