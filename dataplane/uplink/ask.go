package uplink

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/domain/fault"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

const (
	commitTime   = 10 * time.Second // for one server to commit a change, an election included
	retailerTime = 30 * time.Second // for one server to make a retailer, which is longer than it waits for that itself
	seenTime     = 10 * time.Second // for this process to hear of a change that was made
	newsTime     = 500 * time.Millisecond

	electionTime  = 5 * time.Second // for servers that answer to find a leader among them
	electionPause = 200 * time.Millisecond
)

// Commit makes and activates a configuration version, and waits until this process has seen it. The error is Unavailable when no server
// answers, Conflict when base_version is not the active one any more.
func (u *Uplink) Commit(ctx context.Context, req *nodev1.CommitConfigurationRequest) (*nodev1.Configuration, error) {
	var active *nodev1.Configuration
	changed := u.state.Changed()
	err := u.ask(ctx, commitTime, func(ctx context.Context, c *plane) error {
		answer, err := c.CommitConfiguration(ctx, req)
		active = answer.GetConfiguration()
		return err
	})
	if connect.CodeOf(err) == connect.CodeAborted { // the change that came between is about to be heard of here
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(newsTime):
		}
	}
	if err != nil {
		return nil, asFault(ctx, "The configuration cannot be changed now", err)
	}
	return active, u.waitFor(ctx, active.GetIndex())
}

// CreateRetailer makes a retailer with all that a new one begins with, and waits until this process works by it. It returns the number
// that the control plane allotted. The error is Unavailable when no server answers (a repeat with the same request id goes on from
// there), Exists when the account has a retailer of that ref.
func (u *Uplink) CreateRetailer(ctx context.Context, req *nodev1.CreateRetailerRequest) (int32, error) {
	var made *nodev1.CreateRetailerResponse
	err := u.ask(ctx, retailerTime, func(ctx context.Context, c *plane) error {
		var err error
		made, err = c.CreateRetailer(ctx, req)
		return err
	})
	if err != nil {
		return 0, asFault(ctx, "The retailer cannot be made now", err)
	}
	return made.GetRetailer(), u.waitFor(ctx, made.GetIndex())
}

// asFault says what became of a call in terms of its caller, who has nothing to do with this process's own standing. What the control
// plane says of the request itself stays: kind, text, place and facts.
func asFault(ctx context.Context, what string, err error) error {
	answered, _ := wire.Verdict(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case answered != nil && answered.Code() == connect.CodeOutOfRange: // said here, before it was sent, or there
		return wire.ToFault(answered).Wrap(err)
	case answered == nil || !answered.IsRemote():
		return fault.New(fault.Unavailable, "%s: the control plane does not answer; try again", what).Wrap(err)
	case elsewhere(err):
		f := wire.ToFault(answered)
		f.Kind, f.Detail = fault.Unavailable, what+": "+answered.Message()
		return f.Wrap(err)
	case answered.Code() == connect.CodeUnauthenticated, answered.Code() == connect.CodePermissionDenied:
		return fault.New(fault.Unavailable, "%s: the control plane does not let this node in", what).Wrap(err)
	}
	return wire.ToFault(answered).Wrap(err)
}

// waitFor blocks until the desired state has reached an index, for a bounded time.
func (u *Uplink) waitFor(ctx context.Context, index uint64) error {
	bound := time.NewTimer(seenTime)
	defer bound.Stop()
	for {
		changed := u.state.Changed()
		if u.state.View().Index >= index {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for desired state %d: %w", index, ctx.Err())
		case <-bound.C:
			return fault.New(fault.Unavailable, "The change was made, but this node has not heard of it yet")
		case <-changed:
		}
	}
}
