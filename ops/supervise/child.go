package supervise

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/fluent-oms/fluent/ops/process"
)

// The pause before a restart doubles from shortest to longest, and begins anew after a run of at least settled.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
	settled       = 10 * time.Second
)

// lastWords is how long what a child printed may take to come after it has ended, when others that it started hold its output open.
const lastWords = time.Second

// Child is a supervised process. All methods may be called from any goroutine.
type Child struct {
	spec    Spec
	logFile string
	output  *LogFile
	log     *slog.Logger
	cancel  context.CancelFunc
	done    chan struct{} // closed when the child has ended for good

	mu     sync.Mutex
	proc   *process.Process // nil between runs
	status Status
}

// Status is how a child does.
type Status struct {
	Running  bool
	PID      int    // of the current or last run
	Restarts int    // since Start
	Detail   string // why the last run ended, or could not begin; empty if it never did
}

// Name is the name that the child was started by.
func (c *Child) Name() string { return c.spec.Name }

// Log is the path of the file with the child's output.
func (c *Child) Log() string { return c.logFile }

// Status tells how the child does now.
func (c *Child) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Stop ends the child gracefully, by force after its grace, and waits for it. It is not started again.
func (c *Child) Stop() {
	c.cancel()
	<-c.done
}

// launch starts one run.
func (c *Child) launch(ctx context.Context) (*process.Process, error) {
	cmd, err := c.spec.Command(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", c.spec.Name, err)
	}
	cmd.Stdout, cmd.Stderr = c.output, c.output
	cmd.WaitDelay = lastWords
	proc, err := process.Start(cmd, restartable)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proc = proc
	c.status.Running, c.status.PID = true, proc.PID()
	return proc, nil
}

// keep waits for the current run's end and starts the next, until ctx ends.
func (c *Child) keep(ctx context.Context, proc *process.Process) {
	defer close(c.done)
	defer func() { _ = c.output.Close() }() // what could not be written was counted when it was
	pause := shortestPause
	for {
		if proc != nil {
			if lasted := c.wait(ctx, proc); lasted >= settled {
				pause = shortestPause
			}
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, longestPause)
		var err error
		if proc, err = c.launch(ctx); err != nil {
			c.log.Error("cannot start the process again", "error", err)
		}
		c.restarted(err)
	}
}

// wait returns how long the run lasted; it ends the run when ctx ends.
func (c *Child) wait(ctx context.Context, proc *process.Process) time.Duration {
	start := time.Now()
	select {
	case <-proc.Exited():
		c.log.Warn("the process ended; starting it again", "how", describe(proc.Err()), "log", c.logFile)
	case <-ctx.Done():
		proc.Stop(process.Step{Signal: syscall.SIGTERM, Grace: c.spec.Grace})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proc = nil
	c.status.Running, c.status.Detail = false, describe(proc.Err())
	return time.Since(start)
}

func (c *Child) restarted(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Restarts++
	if err != nil {
		c.status.Detail = err.Error()
	}
}

func describe(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// sleep reports whether the pause passed before ctx ended.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
