package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Environments are the environments, by their names.
var Environments = Table[*cpv1.Environment]{name: "environments", key: (*cpv1.Environment).GetName,
	groups: func(e *cpv1.Environment) []string {
		return []string{InRegion(e.GetRegion()), InEnvironment(e.GetName())}
	}}

// InEnvironment names the group of what is in an environment.
func InEnvironment(environment string) string { return "environment/" + environment }

// environmentCommands are about environments.
var environmentCommands = []command{
	{statev1.Kind_KIND_PUT_ENVIRONMENT, 1, handle(putEnvironment)},
	{statev1.Kind_KIND_DELETE_ENVIRONMENT, 1, handle(deleteEnvironment)},
}

func putEnvironment(tx *Tx, c *statev1.PutEnvironment) (proto.Message, error) {
	e := c.GetEnvironment()
	before, found := Environments.Get(tx.View, e.GetName())
	isNew, err := create("environment", e.GetName(), c.GetEtag(), before, found)
	if err != nil {
		return nil, err
	}
	if _, ok := Regions.Get(tx.View, e.GetRegion()); !ok {
		return nil, fault.Invalidf("environment.region", "There is no region %q.", e.GetRegion())
	}
	if !isNew && before.GetRegion() != e.GetRegion() {
		return nil, fault.Invalidf("environment.region", "An environment stays in its region.")
	}
	e.ReadyNodes, e.Accounts = 0, 0 // counted when read
	stamp(tx, e, before)
	tx.touch("environment", e.GetName())
	return e, Environments.put(tx, e)
}

func deleteEnvironment(tx *Tx, c *statev1.DeleteEnvironment) (proto.Message, error) {
	name := c.GetName()
	before, found := Environments.Get(tx.View, name)
	if !found {
		return nil, notFound("environment", name)
	}
	if err := checkEtag("environment", name, c.GetEtag(), before.GetEtag()); err != nil {
		return nil, err
	}
	if accounts, _ := Accounts.Group(tx.View, InEnvironment(name)); len(accounts) > 0 {
		return nil, fault.New(fault.Unprocessable, "The environment %s has accounts.", name).With("account", accounts[0].GetAccount().GetName())
	}
	nodes, _ := Nodes.Group(tx.View, InEnvironment(name))
	for _, n := range nodes {
		if err := Nodes.remove(tx, n.GetId()); err != nil {
			return nil, err
		}
	}
	if err := tx.endJoinTokens(func(t *statev1.JoinToken) bool { return t.GetEnvironment() == name }); err != nil {
		return nil, err
	}
	tx.touch("environment", name)
	return nil, Environments.remove(tx, name)
}

// ChooseEnvironment is the environment that an account names, or else the best one for it: residency first, then the fewest accounts per ready
// node. Empty when no shared environment with a ready node is where the account may be.
func ChooseEnvironment(v View, account *cpv1.Account) string {
	if account.GetEnvironment() != "" {
		return account.GetEnvironment()
	}
	all, _ := Environments.List(v, Page{})
	best, least := "", 0.0
	for _, e := range all {
		region, _ := Regions.Get(v, e.GetRegion())
		elsewhere := account.GetRegion() != "" && account.GetRegion() != e.GetRegion()
		if e.GetKind() != cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED || elsewhere || !Resides(region, account.GetJurisdictions()) {
			continue
		}
		ready, _ := ReadyNodes(v, e.GetName())
		accounts, _ := Accounts.Group(v, InEnvironment(e.GetName()))
		if len(ready) == 0 {
			continue
		}
		if load := float64(len(accounts)) / float64(len(ready)); best == "" || load < least {
			best, least = e.GetName(), load
		}
	}
	return best
}
