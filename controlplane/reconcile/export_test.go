package reconcile

import (
	"context"
	"time"
)

// ForgetOperations is one round of the leader's removing of operations.
func ForgetOperations(ctx context.Context, d Deps) error {
	return d.forgetOperations(ctx, d.Store.View(), d.Now())
}

// HousekeepOnce is one round of Housekeep.
func HousekeepOnce(ctx context.Context, d Deps) error { return d.housekeep(ctx) }

// LookAtMachines is one look of Machines in a term that began at a time.
func LookAtMachines(ctx context.Context, d Deps, since time.Time) error {
	return (&keeper{Deps: d, since: since}).step(ctx, d.Store.View())
}
