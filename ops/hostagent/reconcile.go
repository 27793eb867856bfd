package hostagent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/supervise"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// nodeGrace is how long a node may drain before it is killed.
const nodeGrace = 20 * time.Second

// want keeps a new list of desired processes and sees to it that it becomes true.
func (a *Agent) want(processes []*cpv1.NodeProcess) error {
	a.mu.Lock()
	a.desired = processes
	a.mu.Unlock()
	a.nudge()
	raw, err := proto.Marshal(&cpv1.WatchResponse{Processes: processes})
	if err != nil {
		return fmt.Errorf("encode the list of nodes: %w", err)
	}
	return login.WritePrivate(a.path("desired"), raw)
}

func (a *Agent) readDesired() ([]*cpv1.NodeProcess, error) {
	raw, err := os.ReadFile(a.path("desired"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the list of nodes: %w", err)
	}
	var kept cpv1.WatchResponse
	if err := proto.Unmarshal(raw, &kept); err != nil {
		return nil, fmt.Errorf("read the list of nodes in %s: %w", a.path("desired"), err)
	}
	return kept.GetProcesses(), nil
}

// reconcileLoop compares desired and running processes after each change, and every second for starts that failed.
func (a *Agent) reconcileLoop(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		a.reconcile()
		select {
		case <-ctx.Done():
			return
		case <-a.changed:
		case <-tick.C:
		}
	}
}

func (a *Agent) reconcile() {
	start, stop := a.compare()
	var wait sync.WaitGroup
	for id, child := range stop { // together: each may take its grace to drain
		wait.Go(func() {
			if child != nil {
				a.deps.Group.Forget(child)
			}
			a.clear(id)
		})
	}
	for _, p := range start {
		child, err := a.deps.Group.Start(supervise.Spec{
			Name: p.GetNodeId(), Grace: nodeGrace, Layer: 1, // above control-plane servers of the same machine
			Command: func(ctx context.Context) (*exec.Cmd, error) { return a.command(ctx, p) },
		})
		a.started(p.GetNodeId(), child, err)
	}
	wait.Wait()
}

// clear removes the folder of a node that is no more. Its log, which is not in there, stays.
func (a *Agent) clear(id string) {
	if err := os.RemoveAll(a.folder(id)); err != nil {
		a.deps.Logger.Warn("cannot remove a node's folder", "node", id, "error", err)
	}
}

func (a *Agent) folder(id string) string { return filepath.Join(a.config.Dir, "nodes", id) }

// compare returns what is to be started, and what is to be stopped and is not this agent's from now on: by id, nil if it runs no more.
func (a *Agent) compare() (start []*cpv1.NodeProcess, stop map[string]*supervise.Child) {
	a.mu.Lock()
	defer a.mu.Unlock()
	wanted := map[string]bool{}
	stop = map[string]*supervise.Child{}
	for _, p := range a.desired {
		if p.GetDrain() {
			if _, err := os.Stat(a.folder(p.GetNodeId())); err == nil {
				stop[p.GetNodeId()] = nil
			}
			continue
		}
		wanted[p.GetNodeId()] = true
		if a.running[p.GetNodeId()] == nil {
			start = append(start, p)
		}
	}
	for id, child := range a.running {
		if !wanted[id] {
			stop[id] = child
			delete(a.running, id)
		}
	}
	for id := range a.failed {
		if !wanted[id] {
			delete(a.failed, id)
		}
	}
	slices.SortFunc(start, func(x, y *cpv1.NodeProcess) int { return strings.Compare(x.GetNodeId(), y.GetNodeId()) })
	return start, stop
}

func (a *Agent) started(id string, child *supervise.Child, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if a.failed[id] != err.Error() {
			a.deps.Logger.Warn("cannot start a node", "node", id, "error", err)
		}
		a.failed[id] = err.Error()
		return
	}
	delete(a.failed, id)
	a.running[id] = child
}

// command prepares one start of a node.
func (a *Agent) command(ctx context.Context, p *cpv1.NodeProcess) (*exec.Cmd, error) {
	dir := a.folder(p.GetNodeId())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the node's folder: %w", err)
	}
	listen, err := a.address(dir)
	if err != nil {
		return nil, err
	}
	start := Start{NodeID: p.GetNodeId(), Environment: p.GetEnvironment(), Kind: p.GetKind(), Dir: dir, Listen: listen}
	if !trust.Usable(filepath.Join(dir, trust.File), time.Now()) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		answer, err := a.client.CreateNodeToken(ctx, &cpv1.CreateNodeTokenRequest{NodeId: p.GetNodeId()})
		if err != nil {
			return nil, fmt.Errorf("get a join token for the node: %w", err)
		}
		start.JoinToken = answer.GetToken()
	}
	return a.config.Command(start), nil
}

// address gives a node the same address at each start: gateways know it by that before it has told them anything.
func (a *Agent) address(dir string) (string, error) {
	path := filepath.Join(dir, "address")
	kept, err := os.ReadFile(path)
	if err == nil {
		return string(kept), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the node's address: %w", err)
	}
	address, err := supervise.FreeAddress(a.config.Address)
	if err != nil {
		return "", err
	}
	return address, login.WritePrivate(path, []byte(address))
}
