package node

import (
	"context"
	"fmt"
	"sync"

	"github.com/fluent-oms/fluent/auth/outbound"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/dataplane/batching"
	"github.com/fluent-oms/fluent/dataplane/clients"
	"github.com/fluent-oms/fluent/dataplane/configuration"
	"github.com/fluent-oms/fluent/dataplane/engine"
	"github.com/fluent-oms/fluent/dataplane/graphql"
	"github.com/fluent-oms/fluent/dataplane/identity/rights"
	business "github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/inventory"
	"github.com/fluent-oms/fluent/dataplane/modules/ordering"
	"github.com/fluent-oms/fluent/dataplane/provision"
	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/dataplane/signon"
	"github.com/fluent-oms/fluent/dataplane/workflows"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// modules are the business modules as the engine sees them.
type modules struct {
	library *engine.Library
	readers rule.Modules
}

func (s *services) modules() modules {
	places := availability.NewDirectory(s.db, 0, settings.Names()...)
	stock := inventory.New(s.db, places)
	return modules{
		library: rule.NewLibrary(business.Rules()),
		readers: rule.NewModules(places, batching.NewRecords(s.db), stock, ordering.New(s.db, places, stock)),
	}
}

// serveTenants puts the tenants' APIs and the control plane's service over the modules.
func (s *services) serveTenants(ctx context.Context, m modules, hasher *password.Hasher) error {
	n := s.node
	signOn, err := signon.New(signon.Deps{DB: s.db, Keys: s.keys, State: n.state, Identity: s.identity, Outbound: outbound.Policy{Allowed: n.config.Outbound}, Log: n.log})
	if err != nil {
		return err
	}
	executor, err := graphql.New(graphql.Deps{
		Catalogue: s.db.Catalogue(), DB: s.db, Workflows: s.configurations, Engine: nudger{s.engine},
		Retailers: retailers{n.link}, Checks: settings.Checks(s.db.Catalogue()), Guards: business.Guards(s.db.Catalogue(), rights.Guards(s.db.Catalogue(), hasher)),
		Operations: business.Operations(), Quotas: s.quotas, CreatesForOthers: business.CreatesForOthers(), Logger: n.log,
	})
	if err != nil {
		return fmt.Errorf("make the GraphQL executor: %w", err)
	}
	nudge := func(ctx context.Context, scope tenancy.Scope, list ...*workflow.Event) {
		s.engine.Nudge(ctx, scope, list...)
	}
	api := rest.New(rest.Deps{
		Identity: s.identity, Policies: s.identity, SignOn: signOn, Privacy: s.privacy, Feed: s.feed(), Clients: clients.New(n.link, s.identity), Configurations: s.configurations, Control: n.link, Rules: m.library.Names(), Library: m.library.Rules(),
		Engine: events{s.engine}, History: s.engine.History(), Batching: batching.New(s.db, business.Loads(), nudge).Writing(executor), Store: s.db, Log: n.log, GraphQL: executor, Release: n.config.Release,
		Quotas: s.quotas,
	}, executor.Handler())
	s.handler = n.mux(s, api, n.tenants(provision.New(s.db, provision.NewBudget(n.measured.OfTenants), defaults)))
	return nil
}

// defaultNames are the names of the default artefacts. They don't depend on the retailer, so the files are parsed once.
var defaultNames = sync.OnceValues(func() ([]string, error) {
	list, err := workflows.Default(1)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, w := range list {
		version, err := workflow.VersionNumber(w.Flow.Version)
		if err != nil {
			return nil, fmt.Errorf("default workflow %s: %w", w.Name, err)
		}
		names[i] = configuration.ArtefactName(w.Name, version)
	}
	return names, nil
})

// defaults are the artefacts of a new retailer.
func defaults(retailer tenancy.RetailerID) ([]provision.Artefact, error) {
	names, err := defaultNames()
	if err != nil {
		return nil, err
	}
	bodies, err := workflows.Bodies(int32(retailer))
	if err != nil {
		return nil, err
	}
	artefacts := make([]provision.Artefact, len(bodies))
	for i := range bodies {
		artefacts[i] = provision.Artefact{Name: names[i], Content: bodies[i]}
	}
	return artefacts, nil
}
