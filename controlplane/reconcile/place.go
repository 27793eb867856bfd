package reconcile

import (
	"context"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// place puts an account into the environment that was asked for, or chooses one: residency first, then the fewest accounts per ready node.
func (p *provisioner) place(ctx context.Context, v state.View, o *cpv1.Operation) (*hold, error) {
	record, _ := state.Accounts.Get(v, o.GetAccount())
	chosen := record.GetAccount().GetEnvironment()
	if chosen == "" {
		chosen = choose(v, record.GetAccount())
	}
	if chosen == "" {
		_, nodes := state.Nodes.All(v)
		return &hold{
			reason: noEnvironment, resource: "account/" + o.GetAccount(), wake: nodes,
			detail: "No shared environment with a ready node is where the account may be.",
		}, nil
	}
	return nil, p.commit(ctx, provision, statev1.Kind_KIND_PLACE_ACCOUNT, &statev1.PlaceAccount{Operation: o.GetId(), Environment: chosen})
}

func choose(v state.View, account *cpv1.Account) string {
	all, _ := state.Environments.List(v, state.Page{})
	best, least := "", 0.0
	for _, e := range all {
		region, _ := state.Regions.Get(v, e.GetRegion())
		elsewhere := account.GetRegion() != "" && account.GetRegion() != e.GetRegion()
		if e.GetKind() != cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED || elsewhere || !state.Resides(region, account.GetJurisdictions()) {
			continue
		}
		ready, _ := state.ReadyNodes(v, e.GetName())
		accounts, _ := state.Accounts.Group(v, state.InEnvironment(e.GetName()))
		if len(ready) == 0 {
			continue
		}
		if load := float64(len(accounts)) / float64(len(ready)); best == "" || load < least {
			best, least = e.GetName(), load
		}
	}
	return best
}
