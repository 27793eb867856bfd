package state

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Desired lists all that a node of an environment must know, in an order in which each thing comes after what it refers to.
func Desired(v View, environment string) []*nodev1.Resource {
	e, found := Environments.Get(v, environment)
	if !found {
		return nil
	}
	out := []*nodev1.Resource{environmentResource(e)}
	nodes, _ := Nodes.Group(v, InEnvironment(environment))
	for _, n := range nodes {
		out = append(out, peerResource(n))
	}
	accounts, _ := Accounts.Group(v, InEnvironment(environment))
	for _, a := range accounts {
		out = append(out, accountResource(a))
		out = append(out, configurations(v, a.GetAccount().GetName())...)
	}
	return out
}

func configurations(v View, account string) []*nodev1.Resource {
	var out []*nodev1.Resource
	active, _ := Activations.List(v, Page{Prefix: account + "/"})
	for _, a := range active {
		out = append(out, configurationResource(v, a))
	}
	return out
}

func environmentResource(e *cpv1.Environment) *nodev1.Resource {
	return &nodev1.Resource{Kind: &nodev1.Resource_Environment{Environment: &nodev1.Environment{
		Name: e.GetName(), Region: e.GetRegion(), DatabaseUrl: e.GetDatabaseUrl(), Etag: e.GetEtag(),
	}}}
}

func peerResource(n *cpv1.Node) *nodev1.Resource {
	kind := "node"
	if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_GATEWAY {
		kind = "gateway"
	}
	return &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{
		NodeId: n.GetId(), Kind: kind, Address: n.GetAddress(), State: strings.TrimPrefix(n.GetState().String(), "NODE_STATE_"),
	}}}
}

// accountResource shows clients only while they are open and not revoked. When they expire nodes see by their clocks.
func accountResource(r *statev1.AccountRecord) *nodev1.Resource {
	a := r.GetAccount()
	out := &nodev1.Account{
		Name: a.GetName(), State: strings.TrimPrefix(a.GetState().String(), "ACCOUNT_STATE_"), Hosts: a.GetHosts(), Etag: a.GetEtag(),
	}
	for _, c := range a.GetClients() {
		if c.GetOpen() && c.GetRevokeTime() == nil {
			out.Clients = append(out.Clients, clientResource(r, c))
		}
	}
	return &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: out}}
}

// clientResource puts the newest secret of a client from before roles where older nodes look for it, and where it says as what the client
// acts. Nodes that know of no roles find no secret of the others.
func clientResource(r *statev1.AccountRecord, c *cpv1.ApiClient) *nodev1.ApiClient {
	version, _ := strconv.ParseUint(c.GetEtag(), 10, 64) // 0: never changed since clients have versions
	out := &nodev1.ApiClient{
		ClientId: c.GetClientId(), RefreshTokens: c.GetRefreshTokens(), ExpireTime: unix(c.GetExpireTime()), Version: version, Generation: c.GetGeneration(),
	}
	for _, s := range r.GetSecrets() {
		if s.GetClientId() == c.GetClientId() {
			out.Secrets = append(out.Secrets, &nodev1.ApiSecret{Hash: s.GetHash(), EndTime: unix(s.GetEndTime())})
		}
	}
	if last := len(out.GetSecrets()) - 1; len(c.GetRoles()) == 0 && last >= 0 {
		out.SecretHash, out.Secrets = out.Secrets[last].GetHash(), out.Secrets[:last]
	}
	for _, role := range c.GetRoles() {
		out.Roles = append(out.Roles, RoleOf(role))
	}
	return out
}

// RoleOf is a client's role as nodes know it.
func RoleOf(role *cpv1.ClientRole) *nodev1.ApiRole {
	out := &nodev1.ApiRole{Role: role.GetRole()}
	for _, at := range role.GetContexts() {
		out.Contexts = append(out.Contexts, &nodev1.ApiContext{Type: at.GetType(), Id: at.GetId()})
	}
	return out
}

// unix is a time in seconds; 0 where there is none.
func unix(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.GetSeconds()
}

func configurationResource(v View, a *statev1.Activation) *nodev1.Resource {
	return &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: ConfigurationOf(v, a)}}
}

// ConfigurationOf spells out an activation as nodes know it.
func ConfigurationOf(v View, a *statev1.Activation) *nodev1.Configuration {
	version, _ := Versions.Get(v, a.GetVersion())
	return &nodev1.Configuration{
		Account: a.GetAccount(), Retailer: a.GetRetailer(), Version: a.GetVersion(), Artefacts: version.GetArtefacts(), Index: a.GetIndex(),
	}
}

// desiredChanges turns what a command wrote into what nodes must hear, by environment.
func desiredChanges(tx *Tx, index Index) published {
	p := published{index: index, changes: map[string][]*nodev1.Change{}}
	add := func(environment string, r *nodev1.Resource, deleted bool) {
		if environment != "" {
			p.changes[environment] = append(p.changes[environment], &nodev1.Change{Index: uint64(index), Resource: r, Deleted: deleted})
		}
	}
	for _, c := range tx.txn.Changes() {
		before, after := rowMessage(c.Before), rowMessage(c.After)
		switch c.Table {
		case Environments.name:
			changed(before, after, add, (*cpv1.Environment).GetName, environmentResource)
		case Nodes.name:
			changed(before, after, add, (*cpv1.Node).GetEnvironment, peerResource)
		case Accounts.name:
			changed(before, after, add, homeOf, accountResource)
			moved(tx, before, after, add)
		case Activations.name:
			changed(before, after, add, func(a *statev1.Activation) string {
				account, _ := Accounts.Get(tx.View, a.GetAccount())
				return homeOf(account)
			}, func(a *statev1.Activation) *nodev1.Resource { return configurationResource(tx.View, a) })
		}
	}
	return p
}

func homeOf(r *statev1.AccountRecord) string { return r.GetAccount().GetEnvironment() }

// moved tells an account's new environment its configurations.
func moved(tx *Tx, before, after proto.Message, add func(string, *nodev1.Resource, bool)) {
	was, _ := before.(*statev1.AccountRecord)
	is, _ := after.(*statev1.AccountRecord)
	if is == nil || homeOf(was) == homeOf(is) {
		return
	}
	for _, c := range configurations(tx.View, is.GetAccount().GetName()) {
		add(homeOf(is), c, false)
	}
}

// changed tells the home of what a row was that it left, and the home of what it is that it is there.
func changed[T proto.Message](before, after proto.Message, add func(string, *nodev1.Resource, bool), home func(T) string, resource func(T) *nodev1.Resource) {
	is, exists := after.(T)
	was, existed := before.(T)
	if exists && existed && home(was) == home(is) && proto.Equal(resource(was), resource(is)) {
		return // what changed is nothing that nodes know of
	}
	if existed && (!exists || home(was) != home(is)) {
		add(home(was), resource(was), true)
	}
	if exists {
		add(home(is), resource(is), false)
	}
}

func rowMessage(raw any) proto.Message {
	if r, ok := raw.(*row); ok {
		return r.message
	}
	return nil
}
