package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/engine/enginetest"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// unreadable gives every workflow but an account's, as long as that is broken.
type unreadable struct {
	*enginetest.Shelf
	account tenancy.AccountID
	broken  atomic.Bool
	asked   atomic.Int64
}

func (u *unreadable) Get(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, f workflow.Following) (*workflow.Workflow, string, error) {
	if account == u.account && u.broken.Load() {
		u.asked.Add(1)
		return nil, "", fault.New(fault.Unavailable, "Workflow %s cannot be used. Upload it again", f.Name)
	}
	return u.Shelf.Get(ctx, account, retailer, f)
}

// TestEventsWaitForAWorkflowThatCannotBeRead: they are tried again until it can be, and others' events do not wait with them.
func TestEventsWaitForAWorkflowThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := scopeOf(t, "OTHER")
	for _, account := range []tenancy.AccountID{"ACME", "OTHER"} {
		b.flow(account, on("Ping", "ORDER", "", do("SetState", "status", "PINGED")))
	}
	flows := &unreadable{Shelf: b.shelf, account: "ACME"}
	flows.broken.Store(true)
	e := b.new("n1", func(d *engine.Deps, _ *engine.Config) { d.Workflows = flows })
	b.run(e)
	ours, theirs := b.orders(b.scope, 1)[0], b.orders(other, 1)[0]
	require.NoError(t, e.Submit(b.ctx, b.scope, event(ours, "Ping")))
	require.Eventually(t, func() bool { return flows.asked.Load() > 1 }, time.Minute, 5*time.Millisecond, "it is tried again")
	require.NoError(t, e.Submit(b.ctx, other, event(theirs, "Ping")))
	require.Eventually(t, func() bool { return b.reload(other, theirs).Status == "PINGED" }, time.Minute, 5*time.Millisecond)
	require.Equal(t, "CREATED", b.reload(b.scope, ours).Status)

	flows.broken.Store(false)
	require.Eventually(t, func() bool { return b.reload(b.scope, ours).Status == "PINGED" }, time.Minute, 5*time.Millisecond)
}
