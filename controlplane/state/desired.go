package state

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/domain/limit"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// The functions here show what the state holds as nodes know it; which of it they hear of says the projection.

func environmentResource(_ View, e *cpv1.Environment) *nodev1.Resource {
	return &nodev1.Resource{Kind: &nodev1.Resource_Environment{Environment: &nodev1.Environment{
		Name: e.GetName(), Region: e.GetRegion(), DatabaseUrl: e.GetDatabaseUrl(), Etag: e.GetEtag(),
	}}}
}

func peerResource(_ View, n *cpv1.Node) *nodev1.Resource {
	kind := "node"
	if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_GATEWAY {
		kind = "gateway"
	}
	return &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{
		NodeId: n.GetId(), Kind: kind, Address: n.GetAddress(), State: strings.TrimPrefix(n.GetState().String(), "NODE_STATE_"),
		Door: n.GetDoor(),
	}}}
}

// PlanOf is what decides on the limits of an environment's accounts that have no quotas of them.
func PlanOf(e *cpv1.Environment) limit.Plan {
	return limit.Plan(strings.TrimPrefix(e.GetKind().String(), "ENVIRONMENT_KIND_"))
}

// accountResource shows clients only while they are open and not revoked. When they expire nodes see by their clocks. Quotas are the account's with
// those of its environment's plan.
func accountResource(v View, r *statev1.AccountRecord) *nodev1.Resource {
	a := r.GetAccount()
	home, _ := Environments.Get(v, a.GetEnvironment())
	out := &nodev1.Account{
		Name: a.GetName(), State: strings.TrimPrefix(a.GetState().String(), "ACCOUNT_STATE_"), Hosts: a.GetHosts(), Etag: a.GetEtag(),
		Quotas: PlanOf(home).Quotas(a.GetQuotas()),
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

// ConfigurationOf spells out an activation as nodes know it. Where those of a release before candidates look, there is what is stable.
func ConfigurationOf(v View, a *statev1.Activation) *nodev1.Configuration {
	stable, _ := Versions.Get(v, a.GetStable())
	out := &nodev1.Configuration{
		Account: a.GetAccount(), Retailer: a.GetRetailer(), Version: a.GetStable(), Artefacts: stable.GetArtefacts(), Index: a.GetIndex(),
	}
	if candidate, found := Versions.Get(v, a.GetCandidate()); found {
		out.Candidate = &nodev1.Candidate{Version: candidate.GetId(), Artefacts: candidate.GetArtefacts(), Share: a.GetShare()}
	}
	return out
}
