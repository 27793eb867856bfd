package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// followLeadership begins and ends terms. Raft reports the latest change only, so a second "you lead" means that leadership was lost and
// won again in between: the old term's work ends before the new one's begins.
func (c *Cluster) followLeadership(ctx context.Context) {
	end := func() {}
	defer func() { end() }()
	for {
		select {
		case <-ctx.Done():
			return
		case leads := <-c.raft.LeaderCh():
			end()
			end = func() {}
			if leads {
				end = c.beginTerm(ctx)
			}
		}
	}
}

// beginTerm runs the duties until the function that it returns is called, which waits for them.
func (c *Cluster) beginTerm(ctx context.Context) func() {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if !c.establish(ctx) {
			return
		}
		for _, d := range c.duties {
			running.Go(func() { c.run(ctx, d) })
		}
	})
	return func() {
		c.setLeading(false)
		cancel()
		running.Wait()
	}
}

// establish waits until everything that was committed before this term is applied here and the term has its name; only then may this server
// answer as leader.
func (c *Cluster) establish(ctx context.Context) bool {
	for ctx.Err() == nil {
		err := c.barrier(ctx)
		if err == nil {
			err = c.nameTerm(ctx)
		}
		if ctx.Err() != nil {
			break
		}
		if err == nil {
			c.setLeading(true)
			c.deps.Logger.Info("leading", "server", c.config.ID, "term", c.raft.CurrentTerm())
			return true
		}
		c.giveUp(ctx, err)
		select {
		case <-ctx.Done():
		case <-time.After(c.config.ApplyDeadline / 10):
		}
	}
	return false
}

// barrier waits until all that was committed before it is applied here. Raft never answers one that was on its way to the state machine when
// it shut down, so the wait ends with ctx as well.
func (c *Cluster) barrier(ctx context.Context) error {
	answer := make(chan error, 1)
	go func() { answer <- c.raft.Barrier(c.config.ApplyDeadline).Error() }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-answer:
		return err
	}
}

// nameTerm commits the term's name before anything else is: two leaders that began at the same index, as when a backup was put back, gave it
// different ones. A cluster that is new, or whose upgrade is not finalised, goes without.
func (c *Cluster) nameTerm(ctx context.Context) error {
	if c.deps.Store.View().Cluster().GetSchemaFloor() < termSchema {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.ApplyDeadline)
	defer cancel()
	return c.apply(ctx, "term", &statev1.BeginTerm{Incarnation: strings.ToLower(rand.Text())})
}

// termSchema is the schema since which terms have names.
const termSchema = 2

// apply commits one of the cluster's own commands.
func (c *Cluster) apply(ctx context.Context, who string, body proto.Message) error {
	command, err := state.Command(&statev1.Meta{Time: timestamppb.New(c.deps.Now()), Actor: "system/" + who}, body)
	if err != nil {
		return err
	}
	_, err = c.Apply(ctx, command)
	return err
}

func (c *Cluster) setLeading(leading bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leading = leading
}

// run keeps a duty going for a term.
func (c *Cluster) run(ctx context.Context, d Duty) {
	for ctx.Err() == nil {
		err := d.Run(ctx)
		if ctx.Err() != nil || c.files.leaving.Load() { // others are leaving, too, so that nothing can be committed
			return
		}
		c.deps.Logger.Error("leader duty ended early; it begins again", "duty", d.Name, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// watchdog commits a heartbeat every so often. Raft's own heartbeats say nothing of the disk: a leader whose disk stalls would keep
// its place and commit nothing.
func (c *Cluster) watchdog(ctx context.Context) error {
	tick := time.NewTicker(c.config.ApplyDeadline)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := c.heartbeat(ctx)
		if c.files.leaving.Load() { // whoever could take over may be leaving, too
			return nil
		}
		if err != nil && ctx.Err() == nil {
			c.giveUp(ctx, err)
			return fmt.Errorf("heartbeat: %w", err)
		}
	}
}

func (c *Cluster) heartbeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.ApplyDeadline)
	defer cancel()
	return c.apply(ctx, "watchdog", &statev1.Heartbeat{})
}

// giveUp hands leadership to another server. Raft's own loop writes the log, so if raft does not even answer, its disk has stalled: it
// would keep its place by heartbeats and commit nothing, and only the end of the process lets others elect a leader. An answer, even a
// refusal, shows that the disk is not the cause (followers are missing, say); then there is nothing better than to try again.
func (c *Cluster) giveUp(ctx context.Context, cause error) {
	c.deps.Logger.Error("cannot commit in time; handing leadership over", "server", c.config.ID, "error", cause)
	answered, err := c.transfer(ctx)
	switch {
	case !answered && ctx.Err() == nil:
		c.deps.Fatal(fmt.Errorf("the leader cannot commit and cannot hand over; its disk seems to have stalled: %w", cause))
	case errors.Is(err, raft.ErrEnqueueTimeout):
		c.deps.Fatal(fmt.Errorf("the leader cannot commit, and an earlier hand-over still hangs: %w", cause))
	}
}

// transfer asks raft to hand leadership over. Not answered means that raft did not say anything in time.
func (c *Cluster) transfer(ctx context.Context) (answered bool, err error) {
	if len(c.config.Peers) == 1 {
		return true, nil // nobody to hand it to
	}
	answer := make(chan error, 1)
	go func() { answer <- c.raft.LeadershipTransfer().Error() }()
	select {
	case err := <-answer:
		return true, err
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(2 * c.config.ApplyDeadline):
		return false, nil
	}
}

// StepDown hands leadership over if this server leads: it commits, but is of no use to callers. It may be elected again; then it must be told again.
func (c *Cluster) StepDown(ctx context.Context, why string) {
	if c.raft.State() != raft.Leader || c.files.leaving.Load() {
		return
	}
	c.deps.Logger.Error("handing leadership over", "server", c.config.ID, "because", why)
	if _, err := c.transfer(ctx); err != nil && ctx.Err() == nil {
		c.deps.Logger.Warn("cannot hand leadership over; trying again", "server", c.config.ID, "error", err)
	}
}
