package reconcile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// TestEndedOperationsAreBounded ends more operations than are kept, then lets a hundred days pass.
func TestEndedOperationsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running := w.Account("RUNNING")
	const ended = 1030
	var ids []string
	for i := range ended {
		ids = append(ids, w.Account(fmt.Sprintf("A%d", i)))
		w.Do(&statev1.FinishOperation{Operation: ids[i], Error: &cpv1.OperationError{Code: "REFUSED"}})
	}
	all := func() int {
		list, _ := state.Operations.List(w.Store.View(), state.Page{})
		return len(list)
	}
	keep := func(now time.Time) {
		deps := w.deps()
		deps.Now = func() time.Time { return now }
		require.NoError(t, reconcile.ForgetOperations(t.Context(), deps))
	}
	keep(time.Now())
	require.Equal(t, ended+1, all(), "older servers could not follow before the upgrade is finalised")
	w.Do(&statev1.RaiseSchemaFloor{Schema: state.Schema})
	keep(time.Now())
	require.Equal(t, 1000+1, all())
	require.Nil(t, w.Operation(ids[ended-1001]))
	require.NotNil(t, w.Operation(ids[ended-1000]), "the newest are kept")
	before := w.Store.View().Index()
	keep(time.Now())
	require.Equal(t, before, w.Store.View().Index(), "nothing to do is no command")
	keep(time.Now().Add(100 * 24 * time.Hour))
	require.Equal(t, 1, all())
	require.NotNil(t, w.Operation(running), "what goes on is kept")
}
