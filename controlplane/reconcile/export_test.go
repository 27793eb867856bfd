package reconcile

import (
	"context"
	"time"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
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

// Lanes are lanes that no provisioner has.
type Lanes struct{ lanes }

// NewLanes makes lanes that tell freed when there is room.
func NewLanes(freed chan<- struct{}) *Lanes {
	return &Lanes{lanes{freed: freed, busy: map[string]int{}}}
}

// Enter is lanes.enter.
func (l *Lanes) Enter(ready []*cpv1.Node, attempt int) (*cpv1.Node, func()) {
	return l.enter(ready, attempt)
}

// Room is lanes.room.
func (l *Lanes) Room(ready []*cpv1.Node) bool { return l.room(ready) }

// Busy is how many nodes have preparations under way.
func (l *Lanes) Busy() int { return len(l.busy) }
