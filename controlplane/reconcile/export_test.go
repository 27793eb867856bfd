package reconcile

import "context"

// ForgetOperations is one round of the leader's removing of operations.
func ForgetOperations(ctx context.Context, d Deps) error {
	return d.forgetOperations(ctx, d.Store.View(), d.Now())
}
