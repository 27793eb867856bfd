package reconcile_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestFailedLoginsWaitForTheUpgrade: servers of before there were records of them could not go on; and none are no record.
func TestFailedLoginsWaitForTheUpgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := guess.NewBook(100)
	deps := w.deps()
	deps.Failures = book
	w.Do(&statev1.RaiseSchemaFloor{Schema: 3})
	index := w.Store.View().Index()
	for i := range 25 {
		book.Note("rita", string(rune('a'+i)))
	}
	require.NoError(t, reconcile.NoteLoginsOnce(t.Context(), deps))
	require.Equal(t, index, w.Store.View().Index())
	w.Do(&statev1.RaiseSchemaFloor{Schema: 4})
	require.NoError(t, reconcile.NoteLoginsOnce(t.Context(), deps))
	require.Equal(t, index+2, w.Store.View().Index(), "they have waited")
	records, _ := state.Audit.List(w.Store.View(), state.Page{Reverse: true, Limit: 1})
	require.Contains(t, records[0].GetDetail(), "; others: 5", "twenty are listed")
	require.NoError(t, reconcile.NoteLoginsOnce(t.Context(), deps))
	require.Equal(t, index+2, w.Store.View().Index(), "nothing to say is no command")
}

// TestANewTermForgetsWhatWasHeard: a report of an earlier term is no sign of life in this one.
func TestANewTermForgetsWhatWasHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Node("a1", "au-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, reconcile.Machines(ctx, w.deps()))
	_, known := w.Heard.Last("node/a1")
	require.False(t, known)
}

// TestANodeIsReplacedOnlyWithItsHost: one that is gone is started again where it was, and one that answers is there, whatever its host says.
func TestANodeIsReplacedOnlyWithItsHost(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.host("h1", "au", 0)
	f.host("h2", "au", 0)
	f.host("e1", "eu", 0)
	e, _ := state.Environments.Get(f.Store.View(), "eu-1")
	f.Do(&statev1.PutEnvironment{Etag: e.GetEtag(), Environment: &cpv1.Environment{
		Name: "eu-1", Region: "eu", Driver: cpv1.NodeDriver_NODE_DRIVER_STATIC, NodeCount: 3, // whose nodes are somebody else's to start
	}})
	f.wants(1)
	f.look(0)
	f.Do(&statev1.JudgeNode{Id: "au-1-1", State: isReady})
	n, _ := state.Nodes.Get(f.Store.View(), "au-1-1")
	looks := func(wanted map[string]cpv1.NodeState) {
		t.Helper()
		for range 3 { // what one look finds the next one acts on
			f.look(2 * time.Hour)
		}
		require.Equal(t, wanted, f.nodes())
	}
	for _, id := range []string{"h1", "h2", "e1"} {
		f.says("host/"+id, "READY", 2*time.Hour)
	}
	f.says("node/au-1-1", "READY", time.Hour)
	looks(map[string]cpv1.NodeState{"au-1-1": gone})
	f.says("node/au-1-1", "READY", 2*time.Hour)
	f.says("host/"+n.GetHost(), "READY", time.Hour)
	looks(map[string]cpv1.NodeState{"au-1-1": isReady})
	f.says("node/au-1-1", "READY", time.Hour)
	looks(map[string]cpv1.NodeState{"au-1-1": gone, "au-1-2": planned})
	replaced, _ := state.Nodes.Get(f.Store.View(), "au-1-2")
	require.NotEqual(t, n.GetHost(), replaced.GetHost())
}

// TestOperationsAreKeptForNinetyDays, to the moment, and go five hundred at once.
func TestOperationsAreKeptForNinetyDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(&statev1.RaiseSchemaFloor{Schema: state.Schema})
	last := ""
	for i := range 501 {
		last = w.Account("A" + strconv.Itoa(i))
		w.Do(&statev1.FinishOperation{Operation: last, Error: &cpv1.OperationError{Code: "REFUSED"}})
	}
	index := w.Store.View().Index()
	keep := func(after time.Duration) {
		deps := w.deps()
		deps.Now = func() time.Time { return w.Operation(last).GetEndTime().AsTime().Add(after) }
		require.NoError(t, reconcile.ForgetOperations(t.Context(), deps))
	}
	keep(90 * 24 * time.Hour)
	require.NotNil(t, w.Operation(last))
	require.Equal(t, index+1, w.Store.View().Index(), "the 500 before it are a moment older")
	keep(90*24*time.Hour + 1)
	require.Nil(t, w.Operation(last))

	w = newWorld(t)
	w.Do(&statev1.RaiseSchemaFloor{Schema: state.Schema})
	for i := range 501 {
		last = w.Account("A" + strconv.Itoa(i))
		w.Do(&statev1.FinishOperation{Operation: last, Error: &cpv1.OperationError{Code: "REFUSED"}})
	}
	index = w.Store.View().Index()
	keep(100 * 24 * time.Hour)
	require.Equal(t, index+2, w.Store.View().Index(), "501 take two commands")
}
