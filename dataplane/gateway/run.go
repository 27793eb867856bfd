package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/uplink"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Config is what a gateway process is started with.
type Config struct {
	Listen    string   // host:port
	Operators string   // host:port for /metrics and /readyz; empty: not served
	Dir       string   // keeps the certificate and the last desired state
	ID        string   // name of this gateway within its environment
	Servers   []string // base URLs of the control plane
	JoinToken string
	Release   string
	DrainTime time.Duration  // how long requests under way may take after a stop was asked for
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed
	Limits    door.Limits    // of tenants' connections
	Bodies    door.BodyLimits
	Failures  int      // as in Settings
	Hosts     []string // as in Settings
	Paths     []string // as in Settings
}

// Run serves until ctx ends, then drains. ready is called with the address once requests are taken.
func Run(ctx context.Context, config Config, log *slog.Logger, ready func(address string)) error {
	if err := config.Limits.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return fmt.Errorf("make the gateway's folder: %w", err)
	}
	state, err := desired.Open(filepath.Join(config.Dir, "desired"))
	if err != nil {
		return err
	}
	proxies := door.Proxies{Networks: config.Proxies}
	inner, err := door.ListenAgain(config.Listen, filepath.Join(config.Dir, "port"), log)
	if err != nil {
		return err
	}
	listener := door.New(inner, door.Port{Name: "tenants", Limits: config.Limits, Shared: proxies.Shared, Refusal: TooManyConnections(), Log: log})
	link, err := uplink.New(uplink.Config{
		Servers: config.Servers, JoinToken: config.JoinToken, NodeID: config.ID, Kind: "gateway",
		Address: listener.Addr().String(), Release: config.Release, Dir: config.Dir,
	}, state, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	g := New(state, Settings{Proxies: proxies, Bodies: config.Bodies, Failures: config.Failures, Hosts: config.Hosts, Paths: config.Paths}, log)
	g.self = door.NewSelfCall(door.StandardTimes(), log, func(_ string, changed bool) {
		if changed {
			link.ReportNow()
		}
	}).Add(listener, nil)
	g.guard = memory.NewGuard(memory.Limit(), log, link.ReportNow)
	g.figures.registry.MustRegister(g.guard)
	operators, err := g.openOperators(config.Operators, listener)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	crowd := door.NewCrowd(proxies, config.Limits.PerAddress)
	g.figures.registry.MustRegister(crowd)
	server := door.NewServer(g.door(crowd), door.StandardTimes(), false, log)
	return g.run(ctx, process{server: server, listener: listener, link: link, operators: operators, drain: config.DrainTime}, ready)
}

// process is what a gateway runs.
type process struct {
	server    *http.Server
	listener  *door.Listener
	link      *uplink.Uplink
	operators *door.Listener // nil: there is no port for them
	drain     time.Duration
}

// run serves until ctx ends or a part fails.
func (g *Gateway) run(ctx context.Context, p process, ready func(address string)) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := p.server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		err := p.link.Run(groupCtx, g.report, g.Drain)
		if ctx.Err() != nil {
			return nil
		}
		return err
	})
	if p.operators != nil {
		group.Go(func() error { return g.serveOperators(groupCtx, p.operators) })
	}
	group.Go(func() error { return g.self.Run(groupCtx) })
	group.Go(func() error { g.guard.Run(groupCtx); return nil })
	group.Go(func() error {
		<-groupCtx.Done()
		return g.stop(p.server, p.drain)
	})
	ready(p.listener.Addr().String())
	return group.Wait()
}

func (g *Gateway) report() *nodev1.ReportRequest {
	state, problem := "READY", g.self.Deaf()
	if problem != "" {
		problem = ownPort + ": " + problem
	}
	if short := g.guard.Short(); problem == "" && short != "" {
		problem = memory.Code + ": " + short
	}
	switch {
	case g.draining.Load():
		state = "DRAINING"
	case problem != "":
		state = "JOINING"
	}
	return &nodev1.ReportRequest{
		State: state, AppliedIndex: g.state.View().Index, Load: &nodev1.Load{Requests: g.Requests()}, Problem: problem,
	}
}

func (g *Gateway) stop(server *http.Server, patience time.Duration) error {
	g.Drain()
	g.AwaitQuiet()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were still under way after %v: %w", patience, err), server.Close())
	}
	return nil
}

// While a gateway drains, quietTime without a request is taken for a sign that its clients have turned away. It waits for that only so long.
const (
	quietTime   = 250 * time.Millisecond
	longestWait = 3 * time.Second
)

// AwaitQuiet returns when clients of a draining gateway have turned away, or are not going to: a connection that is closed before could take a
// request with it, of which its client cannot know whether it was carried out.
func (g *Gateway) AwaitQuiet() {
	for began := time.Now(); time.Since(began) < longestWait; {
		seen := g.requests.Load()
		time.Sleep(quietTime)
		if g.requests.Load() == seen {
			return
		}
	}
}
