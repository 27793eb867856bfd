package node

import (
	"context"
	"fmt"
	"net/http"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/seal"
	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/feed"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/janitor"
	business "github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/dataplane/sealing"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/store/retention"
	"github.com/fluent-oms/fluent/domain"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// services are what a node runs once its database is open.
type services struct {
	node           *Node
	db             *store.DB
	identity       *identity.Service
	configurations *configuration.Configurations
	engine         *engine.Engine
	handler        http.Handler
	forwarder      *forwarder
	janitor        *janitor.Janitor
	privacy        *privacy.Service
	quotas         quotas
	peers          peers
	cpu            cpuMeter
	keys           []seal.Key    // by which nodes of the environment seal
	ended          chan struct{} // closed when run has returned
}

// storeOptions are what a node opens its database with: among it what modules keep of entities and must hear of.
func (n *Node) storeOptions() (store.Options, error) {
	figures, err := business.Figures(domain.Catalogue())
	return store.Options{Catalogue: domain.Catalogue(), Figures: figures, Logger: n.log, Metrics: store.NewMetrics(n.registry)}, err
}

// open connects to the environment's database, brings its schema up to date, and wires the services over it.
func (n *Node) open(ctx context.Context, environment *nodev1.Environment) (*services, error) {
	options, err := n.storeOptions()
	if err != nil {
		return nil, err
	}
	s := &services{node: n, ended: make(chan struct{}), peers: peers{clients: map[string]*http.Client{}}}
	options.Stored = s.stored
	db, err := store.Open(ctx, environment.GetDatabaseUrl(), options)
	if err != nil {
		return nil, fmt.Errorf("open the database of environment %s: %w", environment.GetName(), err)
	}
	s.db = db
	s.forwarder = newForwarder(s.post, n.log)
	if err := s.wire(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func (s *services) wire(ctx context.Context) error {
	n := s.node
	err := s.db.Migrate(ctx, func(p store.Progress) {
		n.log.Info("migrated the database", "migration", p.Name, "done", p.Done, "of", p.Total, "took", p.Took)
	})
	if err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	// Half of the processors: guesses cannot take them all from those who are in.
	hasher := password.NewHasher(password.Standard(), max(1, runtime.NumCPU()/2))
	if s.identity, err = identity.New(ctx, s.db, n.state, hasher, n.log); err != nil {
		return err
	}
	if s.keys, err = sealing.Keys(ctx, s.db, n.config.SealingKeys...); err != nil {
		return err
	}
	s.configurations = configuration.New(n.state, artefacts.Of(s.db), configuration.Options{Memory: n.config.WorkflowMemory, Logger: n.log})
	modules := s.modules()
	s.engine, err = engine.New(engine.Deps{
		DB: s.db, Library: modules.library, Workflows: s.configurations, Starts: business.Starts(), Modules: modules.readers, Checks: settings.Checks(s.db.Catalogue()), Callers: s.identity, Under: s.configurations.Index, Logger: n.log,
		Nudge: s.forwarder.take,
	}, engine.Config{Node: n.link.NodeID()})
	if err != nil {
		return err
	}
	n.registry.MustRegister(s.db.PoolCollector(), engineCollector{s.engine})
	n.registry.MustRegister(parsedWorkflows(s.configurations)...)
	s.janitor = janitor.New(janitor.Deps{
		Store: retention.Of(s.db), Accounts: s.accounts, Mine: s.first, Settings: s.settings, Logger: n.log, Registerer: n.registry,
	}, janitor.Config{})
	s.privacy, err = privacy.New(privacy.Deps{DB: s.db, Keys: s.keys, Accounts: s.accounts, Mine: s.first, Settings: s.settings, Workflows: s.configurations, Log: n.log})
	if err != nil {
		return err
	}
	s.holdToQuotas()
	return s.serveTenants(ctx, modules, hasher)
}

// feed tells followers what changes, until the node drains.
func (s *services) feed() *feed.Service {
	return feed.New(feed.Deps{DB: s.db, Ending: s.node.ending, Log: s.node.log, Registerer: s.node.registry}, feed.Config{})
}

// run works until ctx ends: the engine, the keys and revocations, the cleaning up, and the look at the database.
func (s *services) run(ctx context.Context) error {
	defer close(s.ended)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.engine.Run(ctx) })
	group.Go(func() error { s.identity.Run(ctx); return nil })
	group.Go(func() error { s.janitor.Run(ctx); return nil })
	group.Go(func() error { s.privacy.Run(ctx); return nil })
	group.Go(func() error { s.quotas.Run(ctx); return nil })
	group.Go(func() error { s.node.health.watch(ctx, s.node, s.db.Probe()); return nil })
	return group.Wait()
}
