package reconcile

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Operations that have ended are kept for a while, but no more than so many; those that go on are always kept.
const (
	operationAge     = 90 * 24 * time.Hour
	keptOperations   = 1000
	removedAtOnce    = 500 // operations that one command removes
	operationsSchema = 3   // since which they can be removed
)

// forgetOperations removes old operations that have ended. The leader names them in the command, so that all servers remove the same.
func (d Deps) forgetOperations(ctx context.Context, v state.View, now time.Time) error {
	if v.Cluster().GetSchemaFloor() < operationsSchema {
		return nil
	}
	ended, _ := state.Operations.Filter(v, state.Page{Reverse: true}, func(o *cpv1.Operation) bool {
		return o.GetState() != cpv1.OperationState_OPERATION_STATE_RUNNING
	})
	var old []string
	for i, o := range ended { // the newest come first
		if i >= keptOperations || now.Sub(o.GetEndTime().AsTime()) > operationAge {
			old = append(old, o.GetId())
		}
	}
	for len(old) > 0 {
		some := old[:min(len(old), removedAtOnce)]
		old = old[len(some):]
		if err := d.Commit(ctx, housekeeping, &statev1.RemoveOperations{Operations: some}); err != nil {
			return err
		}
	}
	return nil
}
