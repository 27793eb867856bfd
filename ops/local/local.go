// Package local runs a whole installation on this machine as real processes: control-plane servers, a database, a gateway, a host
// agent with its nodes, and a demo account. It is what `fluent up` does; it holds no rules of the product.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/ops/embedded"
	"github.com/fluent-oms/fluent/ops/hostagent"
	"github.com/fluent-oms/fluent/ops/supervise"
)

// Config is what the options of `fluent up` say.
type Config struct {
	Dir           string // state folder
	Listen        string // host:port of the gateway; port 0 takes a free one, and keeps it over restarts
	ControlPlanes int
	Nodes         int
	Database      string // auto, postgres, cockroach, or a URL
	Demo          bool
	ReadyFile     string        // written when everything answers; empty: none
	Memory        memory.Option // of all processes together, but for the database; nothing: memory.Together of the machine's
	Outbound      string        // networks, not public, in which servers may be that tenants name; see `fluent node --outbound-networks`
	Program       string        // the fluent binary
	Release       string
}

// Validate reports all that is wrong with the options.
func (c Config) Validate() error {
	var problems []error
	if c.ControlPlanes < 1 || c.ControlPlanes > 7 {
		problems = append(problems, fmt.Errorf("--control-planes %d: want 1 to 7, best an odd number", c.ControlPlanes))
	}
	if c.Nodes < 1 || c.Nodes > 64 {
		problems = append(problems, fmt.Errorf("--nodes %d: want 1 to 64", c.Nodes))
	}
	if _, _, err := splitAddress(c.Listen); err != nil {
		problems = append(problems, fmt.Errorf("--listen: %w", err))
	}
	return errors.Join(problems...)
}

// Installation is a running one.
type Installation struct {
	config Config
	out    io.Writer
	log    *slog.Logger
	began  time.Time

	state    *state
	group    *supervise.Group
	servers  []*supervise.Child
	gateway  *supervise.Child
	agent    *hostagent.Agent
	memory   map[string]int64 // limits in bytes, by the first argument of a process
	database *database
}

// Run starts everything, tells of its progress on out, and keeps it running until ctx ends. Then it stops everything in order.
func Run(ctx context.Context, config Config, out io.Writer) (err error) {
	if err := config.Validate(); err != nil {
		return err
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return fmt.Errorf("find the state folder: %w", err)
	}
	config.Dir = dir
	lock, err := supervise.LockFolder(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if err := config.removeReadyFiles(); err != nil {
		return err
	}
	logFile, err := supervise.OpenLog(filepath.Join(dir, "up.log"))
	if err != nil {
		return err
	}
	defer func() { _ = logFile.Close() }()
	i := &Installation{config: config, out: out, began: time.Now(), log: slog.New(slog.NewTextHandler(logFile, &slog.HandlerOptions{ReplaceAttr: door.CutAttr}))}
	return i.run(ctx)
}

func (i *Installation) run(ctx context.Context) error {
	var err error
	if i.state, err = openState(i.config); err != nil {
		return err
	}
	if err := i.divideMemory(len(i.state.Servers)); err != nil {
		return err
	}
	if i.group, err = supervise.NewGroup(filepath.Join(i.config.Dir, "logs"), i.log); err != nil {
		return err
	}
	// Background work ends before the processes do, and those before the database.
	workCtx, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	defer func() {
		i.say("stopping")
		stopWork()
		work.Wait()
		i.group.Stop()
		if i.database != nil {
			i.database.stop()
		}
		i.say("stopped")
	}()
	if err := i.start(ctx, workCtx, &work); err != nil {
		if ctx.Err() != nil {
			return nil // stopped while starting, as asked
		}
		return err
	}
	<-ctx.Done()
	return i.config.removeReadyFiles()
}

// start brings everything up in the order of its needs. What goes on afterwards runs in workCtx and is counted in work.
func (i *Installation) start(ctx, workCtx context.Context, work *sync.WaitGroup) error {
	choice, err := embedded.Choose(i.config.Database)
	if err != nil {
		return err
	}
	if err := i.startServers(); err != nil {
		return err
	}
	if i.database, err = openDatabase(ctx, i, choice); err != nil {
		return err
	}
	work.Go(func() { i.database.keep(workCtx) })
	cp, err := i.signIn(ctx)
	if err != nil {
		return err
	}
	if err := i.prepareEnvironment(ctx, cp); err != nil {
		return err
	}
	if err := i.startDataPlane(workCtx, work, cp); err != nil {
		return err
	}
	work.Go(func() { i.keepProcessList(workCtx) })
	if err := i.awaitDataPlane(ctx, cp); err != nil {
		return err
	}
	if i.config.Demo {
		if err := i.prepareDemo(ctx, cp); err != nil {
			return err
		}
	}
	return i.announce()
}

// say prints a line of progress with the time since the start.
func (i *Installation) say(format string, args ...any) {
	_, _ = fmt.Fprintf(i.out, "%6.1fs  %s\n", time.Since(i.began).Seconds(), fmt.Sprintf(format, args...))
}
