// Package hostagent is the process driver's hand on one machine: it asks the control plane which nodes should run here, starts and
// watches them as child processes, and reports what became of them. The last answer is kept on disk, so that nodes come up again
// after a restart of the machine while no control-plane server answers.
package hostagent

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/ops/supervise"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// reportEvery is how often the control plane hears of this host.
const reportEvery = time.Second

// Start says what a node process is started with.
type Start struct {
	NodeID      string
	Environment string
	Kind        cpv1.MachineKind
	Dir         string // the node's own state folder; it exists
	Listen      string // host:port, the same at each start
	JoinToken   string // empty when the node has a certificate in its folder that is still good
}

// Config says who this host is.
type Config struct {
	Dir       string // state folder: certificate, last answer, the nodes' folders
	HostID    string // empty: the control plane chooses
	Address   string // IP address or name under which nodes of this host are reached, without port
	Capacity  int32  // most processes; 0: no limit
	JoinToken func(ctx context.Context) (string, error)
	Command   func(Start) *exec.Cmd
}

// Deps are the agent's collaborators.
type Deps struct {
	// Transport makes a transport to the control plane's servers over a client: of the first call, and of those with the certificate.
	Transport func(*http.Client) connect.Transport
	Group     *supervise.Group // runs the nodes
	Logger    *slog.Logger
}

// Agent runs the nodes of one host. Run does the work; the other methods may be called from any goroutine.
type Agent struct {
	config Config
	deps   Deps
	client controlplanev1connect.HostServiceClient
	holder *trust.Holder

	changed chan struct{} // has room for one: the desired list changed
	mu      sync.Mutex
	desired []*cpv1.NodeProcess
	running map[string]*supervise.Child // by node id
	failed  map[string]string           // node id → why its first start failed
}

// New prepares an agent; Run makes it work.
func New(config Config, deps Deps) (*Agent, error) {
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the host's folder: %w", err)
	}
	a := &Agent{
		config: config, deps: deps, changed: make(chan struct{}, 1),
		running: map[string]*supervise.Child{}, failed: map[string]string{},
	}
	var err error
	if a.holder, err = trust.Open(a.path(trust.File), time.Now); err != nil {
		return nil, err
	}
	if a.desired, err = a.readDesired(); err != nil {
		return nil, err
	}
	a.client = a.over(trust.NewClient(a.holder.Party(), trust.Kinds(trust.ServerKind)))
	return a, nil
}

func (a *Agent) over(client *http.Client) controlplanev1connect.HostServiceClient {
	return controlplanev1connect.NewHostServiceClient(connect.NewClient(a.deps.Transport(client)))
}

// Run works until ctx ends. It leaves the nodes running: whoever stops their group stops them.
func (a *Agent) Run(ctx context.Context) {
	var wait sync.WaitGroup
	wait.Go(func() { a.reconcileLoop(ctx) })
	if a.join(ctx) {
		wait.Go(func() { a.watchLoop(ctx) })
		wait.Go(func() { a.reportLoop(ctx) })
	}
	wait.Wait()
}

// Processes lists the node processes of this host as they are now: node id → process id, 0 while it is down.
func (a *Agent) Processes() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	pids := make(map[string]int, len(a.running))
	for id, child := range a.running {
		pids[id] = 0
		if s := child.Status(); s.Running {
			pids[id] = s.PID
		}
	}
	return pids
}

func (a *Agent) path(name string) string { return filepath.Join(a.config.Dir, name) }

func (a *Agent) nudge() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}
