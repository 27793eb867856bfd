package reconcile

import (
	"context"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// place puts an account into the environment that was asked for, or chooses one. Accounts come here for which there was none when they were made.
func (p *provisioner) place(ctx context.Context, v state.View, o *cpv1.Operation) (*hold, error) {
	record, _ := state.Accounts.Get(v, o.GetAccount())
	chosen := state.ChooseEnvironment(v, record.GetAccount())
	if chosen == "" {
		_, nodes := state.Nodes.All(v)
		return &hold{
			reason: noEnvironment, resource: "account/" + o.GetAccount(), wake: nodes,
			detail: "No shared environment with a ready node is where the account may be.",
		}, nil
	}
	return nil, p.commit(ctx, provision, &statev1.PlaceAccount{Operation: o.GetId(), Environment: chosen})
}
