// Package reconcile is the leader's own work: it compares what should be with what is and takes small steps, each a command of its own.
// It holds no truth: everything that it goes by is in the replicated state or said anew by machines, so it may be killed between any two
// steps and carry on on another server.
package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Committer commits commands. Its errors are faults.
type Committer interface {
	Apply(ctx context.Context, command *statev1.Command) (state.Result, error)
}

// Deps is what reconcilers work with.
type Deps struct {
	Store     *state.Store
	Committer Committer
	Presence  *presence.Tracker
	Failures  Failures // of logins
	Logger    *slog.Logger
	Now       func() time.Time
}

// Commit makes one command in the name of a reconciler.
func (d Deps) Commit(ctx context.Context, who string, body proto.Message) error {
	meta := &statev1.Meta{Time: timestamppb.New(d.Now()), Actor: "system/" + who}
	command, err := state.Command(meta, body)
	if err != nil {
		return err
	}
	if _, err := d.Committer.Apply(ctx, command); err != nil {
		return fmt.Errorf("%s: %w", command.GetKind(), err)
	}
	return nil
}

// Wait waits for the first of some wake-ups, for a time at most.
func Wait(ctx context.Context, most time.Duration, wakes ...<-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	woken := make(chan struct{}, len(wakes))
	for _, w := range wakes {
		go func() {
			select {
			case <-w:
				woken <- struct{}{}
			case <-ctx.Done():
			}
		}()
	}
	select {
	case <-woken:
	case <-ctx.Done():
	}
}
