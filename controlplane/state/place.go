package state

import (
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

func putRegion(tx *Tx, c *statev1.PutRegion) (proto.Message, error) {
	region := c.GetRegion()
	before, found := Regions.Get(tx.View, region.GetName())
	if _, err := create("region", region.GetName(), c.GetEtag(), before, found); err != nil {
		return nil, err
	}
	stamp(tx, region, before)
	tx.touch("region", region.GetName())
	return region, Regions.put(tx, region)
}

func deleteRegion(tx *Tx, c *statev1.DeleteRegion) (proto.Message, error) {
	before, found := Regions.Get(tx.View, c.GetName())
	if !found {
		return nil, notFound("region", c.GetName())
	}
	if err := checkEtag("region", c.GetName(), c.GetEtag(), before.GetEtag()); err != nil {
		return nil, err
	}
	if environments, _ := Environments.Group(tx.View, InRegion(c.GetName())); len(environments) > 0 {
		return nil, fault.New(fault.Unprocessable, "The region %s has environments; delete them first.", c.GetName()).
			With("environment", environments[0].GetName())
	}
	if err := tx.endJoinTokens(func(t *statev1.JoinToken) bool { return t.GetRegion() == c.GetName() }); err != nil {
		return nil, err
	}
	tx.touch("region", c.GetName())
	return nil, Regions.remove(tx, c.GetName())
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

// tokensEndWithTheirPlace is the schema since which they do.
const tokensEndWithTheirPlace = 5

// endJoinTokens removes the join tokens of a place that is deleted: they would open another one that is given its name.
func (tx *Tx) endJoinTokens(of func(*statev1.JoinToken) bool) error {
	if tx.Cluster().GetSchemaFloor() < tokensEndWithTheirPlace {
		return nil // servers of the release before would keep them
	}
	tokens, _ := JoinTokens.List(tx.View, Page{})
	for _, t := range tokens {
		if !of(t) {
			continue
		}
		if err := JoinTokens.remove(tx, t.GetId()); err != nil {
			return err
		}
	}
	return nil
}

// ReadyNodes lists the nodes of an environment that serve (gateways are not among them).
func ReadyNodes(v View, environment string) ([]*cpv1.Node, <-chan struct{}) {
	all, changed := Nodes.Group(v, InEnvironment(environment))
	var ready []*cpv1.Node
	for _, n := range all {
		if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_NODE && n.GetState() == cpv1.NodeState_NODE_STATE_READY {
			ready = append(ready, n)
		}
	}
	return ready, changed
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
