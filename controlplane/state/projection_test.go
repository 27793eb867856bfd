package state_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// known is what a node knows, by kind and name.
type known map[string]*nodev1.Resource

// hear takes note of a resource, or that it is gone.
func (k known) hear(t *testing.T, r *nodev1.Resource, deleted bool) {
	t.Helper()
	name := nameOf(t, r)
	if !deleted {
		k[name] = r
		return
	}
	require.Contains(t, k, name, "it was told of before")
	delete(k, name)
}

func nameOf(t *testing.T, r *nodev1.Resource) string {
	t.Helper()
	switch kind := r.GetKind().(type) {
	case *nodev1.Resource_Environment:
		return "environment " + kind.Environment.GetName()
	case *nodev1.Resource_Peer:
		return "peer " + kind.Peer.GetNodeId()
	case *nodev1.Resource_Account:
		return "account " + kind.Account.GetName()
	case *nodev1.Resource_Configuration:
		return fmt.Sprintf("configuration %s %d", kind.Configuration.GetAccount(), kind.Configuration.GetRetailer())
	default:
		require.Fail(t, "a kind of resource that the test does not know", "%T", kind)
		return ""
	}
}

// TestSnapshotAndChangesTellTheSame lets nodes of two environments hear of all changes from the beginning. After each command they know what a
// snapshot would tell them. In the end each kind of resource was among it.
func TestSnapshotAndChangesTellTheSame(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	nodes := map[string]known{"shared": {}, "other": {}}
	kinds := map[string]bool{}
	step := func(body proto.Message) proto.Message {
		t.Helper()
		before := l.store.View()
		result := l.must(body)
		for environment, node := range nodes {
			changes, err := before.Follow(environment, before.Index())
			require.NoError(t, err)
			for _, c := range changes.There() {
				node.hear(t, c.GetResource(), c.GetDeleted())
			}
			told := known{}
			for _, r := range state.Desired(l.store.View(), environment) {
				told[nameOf(t, r)] = r
				kinds[fmt.Sprintf("%T", r.GetKind())] = true
			}
			require.Len(t, node, len(told), "%s after %T", environment, body)
			for name, r := range told {
				require.True(t, proto.Equal(r, node[name]), "%s: %s after %T: %v, and not %v", environment, name, body, node[name], r)
			}
		}
		return result.Message
	}
	step(&statev1.Initialise{ClusterId: "c1", Key: key("k1", 0)})
	for _, in := range [][2]string{{"here", "shared"}, {"there", "other"}} {
		step(&statev1.PutRegion{Region: &cpv1.Region{Name: in[0]}})
		step(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: in[1], Region: in[0]}})
		step(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
			Hash: []byte(in[1]), Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: in[1], ExpireTime: at(1000),
		}})
		step(&statev1.JoinNode{TokenHash: []byte(in[1]), Node: &cpv1.Node{Id: "n-" + in[1], Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Address: "n:80"}})
	}
	made := step(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME"}, Secrets: []*statev1.ClientSecret{{ClientId: "ACME", Hash: []byte("h")}}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
	}}).(*statev1.AccountCreated)
	operation := made.GetOperation().GetId()
	step(&statev1.PlaceAccount{Operation: operation, Environment: "shared"})
	step(&statev1.AccountPrepared{Operation: operation})
	step(&statev1.RetailerPrepared{Operation: operation, Artefacts: map[string]string{"workflow/A": "1"}, Through: true})
	step(&statev1.CommitConfiguration{Account: "ACME", Artefacts: map[string]string{"setting/B": "2"}})
	step(&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "3"}})
	tried := step(&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "4"}, CommitOnly: true}).(*statev1.ConfigurationCommitted).GetVersion()
	step(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: tried.GetParent(), Candidate: tried.GetId(), Share: 1})
	step(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: tried.GetParent(), Candidate: tried.GetId(), Share: 2})
	step(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-erp", Roles: acting("ADMIN")}, SecretHash: []byte("s")})
	step(&statev1.JudgeNode{Id: "n-shared", State: cpv1.NodeState_NODE_STATE_GONE})
	step(&statev1.DeleteNode{Id: "n-shared"})
	e, _ := state.Environments.Get(l.store.View(), "other")
	step(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "other", Region: "there", DatabaseUrl: "postgres://db"}, Etag: e.GetEtag()})
	step(&statev1.UpdateAccount{Account: &cpv1.Account{Name: "ACME", State: cpv1.AccountState_ACCOUNT_STATE_SUSPENDED}})
	step(&statev1.UpdateAccount{Account: &cpv1.Account{Name: "ACME", State: cpv1.AccountState_ACCOUNT_STATE_SUSPENDED, Quotas: map[string]int64{"page": 70}}})
	require.Equal(t, map[string]int64{"page": 70}, nodes["shared"]["account ACME"].GetAccount().GetQuotas())
	s, _ := state.Environments.Get(l.store.View(), "shared")
	step(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "shared", Region: "here", Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SANDBOX}, Etag: s.GetEtag()})
	require.Equal(t, map[string]int64{"page": 70, "requests-per-second": 100, "stored-rows": 1_000_000}, nodes["shared"]["account ACME"].GetAccount().GetQuotas(), "by the plan, too")
	moves := step(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "MOVES", Environment: "other"}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
	}}).(*statev1.AccountCreated)
	step(&statev1.CommitConfiguration{Account: "MOVES", Artefacts: map[string]string{"setting/B": "2"}})
	tried = step(&statev1.CommitConfiguration{Account: "MOVES", Artefacts: map[string]string{"setting/B": "3"}, CommitOnly: true}).(*statev1.ConfigurationCommitted).GetVersion()
	step(&statev1.ActivateConfiguration{Account: "MOVES", Stable: tried.GetParent(), Candidate: tried.GetId()})
	step(&statev1.PlaceAccount{Operation: moves.GetOperation().GetId(), Environment: "shared"})
	step(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: l.works("ACME").GetCandidate()})
	step(&statev1.DeleteEnvironment{Name: "other"})
	all := (&nodev1.Resource{}).ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields().Len()
	require.Len(t, kinds, all, "%v", kinds)
}
