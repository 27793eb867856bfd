// Package node is the life of a data-plane node: it joins the control plane, learns what its environment is, opens the database,
// serves tenants, runs the engine, reports, drains and stops. It wires the packages beside it; none of them knows it.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/auth/seal"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/metrics"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/dataplane/uplink"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Config is what a node's process is started with.
type Config struct {
	ID        string // unique within the environment
	Dir       string // keeps the certificate and the last desired state
	Listen    string // host:port
	Servers   []string
	JoinToken string // needed at the first start only
	Release   string
	DrainTime time.Duration // how long requests under way may take after a stop was asked for
	Bodies    door.BodyLimits
	Failures  int            // how many requests of a source may fail in a minute before it is known who calls; 0: any number, for gateways count
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed besides that of the environment's gateways
	Limits    door.Limits    // of connections
	Outbound  []netip.Prefix // networks, not public, in which servers may be that tenants name, such as identity providers
	Door      Door

	SealingKeys []seal.Key // the operator's, which seal those of the environment, the newest last; none: those lie open in the database

	WorkflowMemory int64 // bytes for parsed workflows; 0: a share of the process's memory limit
}

// Node is a running node.
type Node struct {
	config  Config
	log     *slog.Logger
	state   *desired.State
	link    *uplink.Uplink
	handler swap // what answers requests: starting, serving, draining

	services  atomic.Pointer[services] // nil until the database is open
	draining  atomic.Bool
	ending    chan struct{} // closed when the node begins to drain
	requests  atomic.Int64
	refused   atomic.Int64 // while draining
	health    health
	self      *door.SelfCall
	crowd     *door.Crowd
	guard     *memory.Guard
	measured  *metrics.Requests
	registry  *prometheus.Registry
	bodies    *door.Bodies
	strangers http.Handler // handler, for requests whose callers must show who they are before they may send much
	operators http.Handler // /healthz, /readyz, /metrics: in all states of the node
	atDoor    http.Handler // see here
	front     *frontDoor   // nil: there is none
	passers   atomic.Pointer[passers]
}

// Run serves until ctx ends, then drains and stops. ready is called with the address when the node takes work.
func Run(ctx context.Context, config Config, log *slog.Logger, ready func(address string)) error {
	if err := config.Limits.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return fmt.Errorf("make the node's folder: %w", err)
	}
	state, err := desired.Open(filepath.Join(config.Dir, "desired"))
	if err != nil {
		return err
	}
	listener, err := door.ListenAgain(config.Listen, filepath.Join(config.Dir, "port"), log)
	if err != nil {
		return err
	}
	n := &Node{config: config, log: log, state: state, registry: metrics.NewRegistry(), ending: make(chan struct{})}
	n.measured = metrics.NewRequests(n.registry, rest.Paths())
	n.self = door.NewSelfCall(door.StandardTimes(), log, func(_ string, changed bool) {
		if changed {
			n.link.ReportNow()
		}
	})
	n.guard = memory.NewGuard(memory.Limit(), log, func() { n.link.ReportNow() })
	n.registry.MustRegister(n.readiness(), problemCollector{&n.health}, n.guard)
	n.operators = n.operate()
	n.bodies = door.NewBodies(config.Bodies)
	failures := door.NewFailures(config.Failures, log)
	n.strangers = failures.Handler(n.bodies.Handler(&n.handler), http.HandlerFunc(n.failing), n.believed(), httpapi.SignsIn)
	n.registry.MustRegister(n.bodies, failures)
	if n.front, err = n.openDoor(); err != nil {
		return errors.Join(err, listener.Close())
	}
	n.link, err = uplink.New(uplink.Config{
		Servers: config.Servers, JoinToken: config.JoinToken, NodeID: config.ID, Kind: "node",
		Address: listener.Addr().String(), Door: n.front.address(), Release: config.Release, Dir: config.Dir,
	}, state, log)
	if err != nil {
		return errors.Join(err, listener.Close(), n.front.abandon())
	}
	port := trust.Listen(listener, n.link.Trust().Open(nil), door.Port{
		Name: "node", Limits: config.Limits, Shared: n.shared, Refusal: full(), Log: log,
	})
	n.self.Add(port, nil)
	n.crowd = door.NewCrowd(n.believed(), config.Limits.PerAddress)
	n.registry.MustRegister(door.NewCollector(n.self, append(n.front.ports(n.self), port)...), n.crowd)
	return n.run(ctx, port, func() { ready(listener.Addr().String()) })
}

// run keeps five things going: the HTTP server, the calls to itself, the line to the control plane, the services once the environment is known, and the
// stop in the right order: refuse new requests, finish those under way, end the engine, and only then the line.
func (n *Node) run(ctx context.Context, listener net.Listener, ready func()) error {
	n.handler.set(http.HandlerFunc(n.notReady))
	server := n.server()
	background, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	group, groupCtx := errgroup.WithContext(background)
	working, endWork := context.WithCancel(groupCtx)
	defer endWork()
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		if err := n.link.Run(groupCtx, n.report, n.drain); groupCtx.Err() == nil {
			return err
		}
		return nil
	})
	if n.front != nil {
		group.Go(n.front.serve)
	}
	group.Go(func() error { return n.self.Run(groupCtx) })
	group.Go(func() error { n.guard.Run(groupCtx); return nil })
	group.Go(func() error { return n.work(working, ready) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
		case <-groupCtx.Done():
		}
		n.drain()
		return n.stop(server, endWork, end)
	})
	return group.Wait()
}

// work opens the services when the environment is known and runs the engine until ctx ends.
func (n *Node) work(ctx context.Context, ready func()) error {
	environment, err := n.environment(ctx)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	s, err := n.open(ctx, environment)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	n.services.Store(s)
	n.handler.set(s.handler)
	n.link.ReportNow()
	ready()
	return ignoreEnd(ctx, s.run(ctx))
}

// ignoreEnd drops errors that only say that the node was asked to stop.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

// environment waits until the desired state says what the node's environment is.
func (n *Node) environment(ctx context.Context) (*nodev1.Environment, error) {
	for {
		changed := n.state.Changed()
		if e := n.state.View().Environment(); e.GetDatabaseUrl() != "" {
			return e, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// drain makes the node refuse new requests in a way that gateways understand.
func (n *Node) drain() {
	if n.draining.CompareAndSwap(false, true) {
		n.log.Info("draining")
		close(n.ending)
		if n.front != nil {
			n.front.gateway.Drain()
		}
		n.link.ReportNow()
	}
}

// quietTime without a request is what a draining node takes for a sign that every gateway has heard of it; it waits for that only
// so long.
const (
	quietTime   = 250 * time.Millisecond
	longestWait = 3 * time.Second
)

// awaitQuiet goes on refusing requests until gateways send none. Connections closed before that could take a request with them, of
// which the gateway cannot know whether it was carried out.
func (n *Node) awaitQuiet() {
	for began := time.Now(); time.Since(began) < longestWait; {
		seen := n.refused.Load()
		time.Sleep(quietTime)
		if n.refused.Load() == seen {
			return
		}
	}
}

// stop ends the HTTP server when no request is under way, then the work, which those requests need, and then the rest.
func (n *Node) stop(server *http.Server, endWork, end func()) error {
	n.awaitQuiet()
	ctx, cancel := context.WithTimeout(context.Background(), n.config.DrainTime)
	defer cancel()
	var atDoor error
	if n.front != nil {
		atDoor = n.front.close(ctx)
	}
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests were still under way after %v: %w", n.config.DrainTime, err), server.Close())
	}
	endWork()
	if s := n.services.Load(); s != nil {
		<-s.ended
		s.db.Close()
	}
	end()
	return errors.Join(err, atDoor)
}

// reportPatience is how long a report waits for the database's clock.
const reportPatience = 300 * time.Millisecond

func (n *Node) report() *nodev1.ReportRequest {
	r := &nodev1.ReportRequest{AppliedIndex: n.state.View().Index, Load: &nodev1.Load{Requests: n.requests.Load()}}
	r.State, r.Problem = n.standing()
	if s := n.services.Load(); s != nil {
		r.Load.Turns = s.engine.Stats().Turns.Load()
		ctx, cancel := context.WithTimeout(context.Background(), reportPatience)
		defer cancel() // a database that hangs must not keep the node from saying so
		_, oldest := s.engine.Backlog(ctx)
		r.Load.OldestEventSeconds = oldest.Seconds()
		r.Load.CpuShare = s.cpu.share()
	}
	return r
}
