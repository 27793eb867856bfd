package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/api"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/operation"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/reconcile"
	"github.com/fluent-oms/fluent/controlplane/state"
)

const (
	hashesAtOnce = 2               // argon2id takes 19 MiB each
	maxGuesses   = 10_000          // what is remembered of failed logins: pairs, operators and sources each
	gracePeriod  = 5 * time.Second // for calls that are under way when the server is told to end
)

// Run runs one server until ctx ends (then it returns nil) or it cannot go on.
func Run(ctx context.Context, config Config) error {
	if err := config.Validate(); err != nil {
		return err
	}
	config = config.withDefaults()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	listener, err := config.Listen("tcp", config.APIListen)
	if err != nil {
		return fmt.Errorf("listen for the API: %w", err)
	}
	parts, err := assemble(ctx, config, cancel)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	err = serve(ctx, config, listener, parts)
	err = errors.Join(err, parts.cluster.Close())
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// parts are what a running server consists of.
type parts struct {
	cluster     *cluster.Cluster
	api         *api.API
	store       *state.Store
	authorities *keyring.Authorities
	self        *door.SelfCall
	guard       *memory.Guard
}

func assemble(ctx context.Context, config Config, fatal func(error)) (*parts, error) {
	store, err := state.New()
	if err != nil {
		return nil, err
	}
	rules, err := policy.New(ctx)
	if err != nil {
		return nil, err
	}
	authorities, err := openAuthorities(store, config)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := authorities.Keep(ctx); err != nil {
			fatal(err)
		}
	}()
	keys := keyring.New(store, config.Now)
	heard, guesses := presence.New(), guess.NewBook(maxGuesses)
	hasher := password.NewHasher(password.Standard(), hashesAtOnce)
	shared := &committer{ready: make(chan struct{}), hold: config.Hold}
	work := reconcile.Deps{
		Store: store, Committer: shared, Presence: heard, Logger: config.Logger, Now: config.Now,
		Failures: guesses,
	}
	operations := operation.Deps{Deps: work, Nodes: operation.NewNodeClient(authorities.Party())}
	first := &initialiser{store: store, committer: shared, hasher: hasher, config: config, authorities: authorities}
	members, err := openCluster(config, cluster.Deps{Store: store, Logger: config.Logger, Now: config.Now, Fatal: fatal, Trust: authorities.Party()},
		shared.bound(cluster.Duty{Name: "initialise", Run: first.run}),
		shared.bound(duty("machines", reconcile.Machines, work)),
		shared.bound(duty("operations", operation.Drive, operations)),
		shared.bound(duty("housekeeping", reconcile.Housekeep, work)),
		shared.bound(duty("logins", reconcile.Logins(config.AuditLogins), work)),
	)
	if err != nil {
		return nil, err
	}
	shared.bind(members)
	self := callSelf(ctx, config, members)
	guard := memory.NewGuard(memory.Limit(), config.Logger, nil)
	handlers, err := api.New(api.Deps{
		Store: store, Consensus: members, Keys: keys, Authorities: authorities, Presence: heard, Passwords: hasher, Policy: rules, Logger: config.Logger, Now: config.Now,
		Deaf: func() string { return cmp.Or(self.Deaf(), guard.Short()) }, Guesses: guesses,
	})
	if err != nil {
		return nil, errors.Join(err, members.Close())
	}
	return &parts{cluster: members, api: handlers, store: store, authorities: authorities, self: self, guard: guard}, nil
}

// openCluster joins the servers that config names.
func openCluster(config Config, deps cluster.Deps, duties ...cluster.Duty) (*cluster.Cluster, error) {
	return cluster.Open(deps, cluster.Config{
		ID: config.ID, Dir: config.Dir, RaftListen: config.RaftListen, Peers: config.Peers, Bootstrap: config.Bootstrap,
		HeartbeatTimeout: config.HeartbeatTimeout, ApplyDeadline: config.ApplyDeadline,
	}, duties...)
}

// callSelf prepares the server's calls to its own ports. While they fail it is no leader: others could not reach it.
func callSelf(ctx context.Context, config Config, members *cluster.Cluster) *door.SelfCall {
	raft, speak := members.Port()
	return door.NewSelfCall(config.Times, config.Logger, func(deaf string, _ bool) {
		if deaf != "" {
			members.StepDown(ctx, deaf)
		}
	}).Add(raft, speak)
}

func duty[D any](name string, run func(context.Context, D) error, work D) cluster.Duty {
	return cluster.Duty{Name: name, Run: func(ctx context.Context) error { return run(ctx, work) }}
}

// fromServer reports whether a call comes from another server of the cluster, which passes on what the leader must answer.
func fromServer(r *http.Request, _ netip.Addr) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	id, err := trust.IdentityOf(r.TLS.PeerCertificates[0])
	return err == nil && id.Kind == trust.ServerKind
}

// serve answers until ctx ends. Streams hear of it first, so that a stop does not wait for them.
func serve(ctx context.Context, config Config, listener net.Listener, p *parts) error {
	others, err := forOthers(config)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	believed := door.Proxies{Networks: config.Proxies, Known: fromServer}
	port := trust.Listen(listener, p.authorities.Party().Open(others), door.Port{
		Name: "api", Limits: config.Limits, Shared: believed.Shared, Refusal: full.unannounced(), Log: config.Logger,
	})
	p.self.Add(port, nil)
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	ports, _ := p.cluster.Port()
	crowd := door.NewCrowd(believed, config.Limits.PerAddress)
	failures := door.NewFailures(config.Failures, config.Logger)
	handler := withMetrics(p.api.Handler(), newCollector(p.cluster, p.store), door.NewCollector(p.self, port, ports), crowd, p.guard, failures)
	handler = failures.Handler(handler, failing, believed, known)
	handler = crowd.Handler(believed.Handler(trust.Handler(handler, config.Now)), crowded)
	handler = p.guard.Handler(handler, short, spared)
	web := door.NewServer(handler, config.Times, true, config.Logger)
	web.BaseContext = func(net.Listener) context.Context { return streams }
	go p.guard.Run(ctx)
	ended := make(chan error, 2)
	go func() { ended <- web.Serve(port) }()
	go func() {
		if err := p.self.Run(ctx); err != nil {
			ended <- err
		}
	}()
	if config.Ready != nil {
		config.Ready(listener.Addr().String())
	}
	select {
	case err := <-ended:
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	p.cluster.Leave()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
	defer cancel()
	time.AfterFunc(200*time.Millisecond, endStreams) // short calls end by themselves before that
	if err := web.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("stop the API: %w", err), web.Close())
	}
	return nil
}
