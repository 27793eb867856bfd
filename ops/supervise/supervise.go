// Package supervise keeps child processes running: it starts them, restarts them with growing pauses when they end, writes what they
// print to log files, and stops them layer by layer. It knows nothing of what they do.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	Name string // unique in its group; names the log file
	// Command makes the command for one start; a restart asks again, so that one-time tokens can be fresh. It must not be started.
	Command func(ctx context.Context) (*exec.Cmd, error)
	// Grace is how long the process may take to end after SIGTERM before it is killed; default 10 s.
	Grace time.Duration
	// Layer orders the end of a group: children of a higher layer, which need those of lower ones, are stopped first.
	Layer int
}

// Group is a set of children that are stopped together.
type Group struct {
	logs string // folder of the log files
	log  *slog.Logger

	mu       sync.Mutex
	stopped  bool // nothing is started any more
	children []*Child
}

// NewGroup makes an empty group whose children's output goes to files in the folder logs.
func NewGroup(logs string, log *slog.Logger) (*Group, error) {
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for logs: %w", err)
	}
	return &Group{logs: logs, log: log}, nil
}

// ErrStopped says that the group starts nothing any more.
var ErrStopped = errors.New("supervise: the group was stopped")

// Start runs a child. An error of the first start is returned; later ones lead to restarts and are seen in Child.Status.
func (g *Group) Start(spec Spec) (*Child, error) {
	if spec.Grace == 0 {
		spec.Grace = 10 * time.Second
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return nil, ErrStopped
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Child{spec: spec, logFile: filepath.Join(g.logs, spec.Name+".log"), log: g.log.With("process", spec.Name), cancel: cancel, done: make(chan struct{})}
	var err error
	if c.output, err = OpenLog(c.logFile); err != nil {
		cancel()
		return nil, err
	}
	first, err := c.launch(ctx)
	if err != nil {
		cancel()
		return nil, errors.Join(err, c.output.Close())
	}
	g.children = append(g.children, c)
	go c.keep(ctx, first)
	return c, nil
}

// Stop ends all children and waits for them: the highest layer first, the children of one layer together.
func (g *Group) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
	for len(g.children) > 0 {
		top := slices.MaxFunc(g.children, func(a, b *Child) int { return a.spec.Layer - b.spec.Layer }).spec.Layer
		var ending sync.WaitGroup
		g.children = slices.DeleteFunc(g.children, func(c *Child) bool {
			if c.spec.Layer == top {
				ending.Go(c.Stop)
			}
			return c.spec.Layer == top
		})
		ending.Wait()
	}
}

// Forget stops a child and takes it out of the group.
func (g *Group) Forget(c *Child) {
	c.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.children {
		if other == c {
			g.children = append(g.children[:i], g.children[i+1:]...)
			return
		}
	}
}

// restartable is the death signal of supervised processes: nothing that they do may depend on a graceful end, and a new supervisor
// must find their ports free.
const restartable = syscall.SIGKILL
