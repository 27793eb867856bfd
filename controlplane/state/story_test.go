package state_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// log makes commands at successive indexes and minutes, and applies them to a store.
type log struct {
	t       *testing.T
	store   *state.Store
	index   state.Index
	entries [][]byte
}

func newLog(t *testing.T) *log {
	t.Helper()
	store, err := state.New()
	require.NoError(t, err)
	return &log{t: t, store: store}
}

func at(minute int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 3, 1, 12, minute, 0, 0, time.UTC))
}

func (l *log) meta(requestID string) *statev1.Meta {
	return &statev1.Meta{Time: at(int(l.index)), Actor: "operator/ann", RequestId: requestID, Fingerprint: []byte(requestID)}
}

// apply applies a command; requestID is optional.
func (l *log) apply(body proto.Message, requestID ...string) state.Result {
	l.t.Helper()
	l.index++
	meta := l.meta("")
	if len(requestID) > 0 {
		meta = l.meta(requestID[0])
	}
	command, err := state.Command(meta, body)
	require.NoError(l.t, err)
	encoded, err := proto.Marshal(command)
	require.NoError(l.t, err)
	l.entries = append(l.entries, encoded)
	result, err := l.store.Apply(l.index, encoded)
	require.NoError(l.t, err)
	return result
}

func (l *log) must(body proto.Message, requestID ...string) state.Result {
	l.t.Helper()
	result := l.apply(body, requestID...)
	require.NoError(l.t, result.Err, "%T", body)
	return result
}

func key(id string, minute int) *statev1.SigningKey {
	return &statev1.SigningKey{KeyId: id, Seed: []byte("seed of " + id), Public: []byte("public of " + id), ActiveTime: at(minute)}
}

// found makes a cluster with a region, an environment and a ready node n1.
func (l *log) found() {
	l.must(&statev1.Initialise{
		ClusterId: "c1", Key: key("k1", 0), Operator: &statev1.OperatorRecord{Operator: &cpv1.Operator{Username: "root"}, PasswordHash: "hash"},
	})
	l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "here", Jurisdictions: []string{"AU"}}})
	l.must(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "shared", Region: "here"}})
	l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("n"), Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: "shared", ExpireTime: at(1000),
	}})
	l.must(&statev1.JoinNode{TokenHash: []byte("n"), Node: &cpv1.Node{Id: "n1", Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Address: "n1:80"}})
	l.must(&statev1.JudgeNode{Id: "n1", State: cpv1.NodeState_NODE_STATE_READY})
}

// account makes an account and returns the id of its operation.
func (l *log) account(name string) string {
	result := l.must(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: name}, Secrets: []*statev1.ClientSecret{{ClientId: name, Hash: []byte("h")}},
		Administrator: &statev1.Administrator{Username: "admin", PasswordHash: "p"}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
	}}, "create "+name)
	return result.Message.(*statev1.AccountCreated).GetOperation().GetId()
}

// provision takes an account's operation to its end.
func (l *log) provision(operation string) {
	l.must(&statev1.PlaceAccount{Operation: operation, Environment: "shared"})
	l.must(&statev1.AccountPrepared{Operation: operation})
	l.must(&statev1.RetailerPrepared{Operation: operation, Artefacts: map[string]string{"workflow/A": "1", "workflow/B": "2"}})
	l.must(&statev1.ActivateWorkflows{Operation: operation})
	l.must(&statev1.OpenClient{Operation: operation})
	l.must(&statev1.FinishOperation{Operation: operation})
}

// story puts something into every table.
func story(t *testing.T) *log {
	t.Helper()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	l.must(&statev1.CommitConfiguration{
		Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "3", "workflow/B": ""}, Author: "ann",
	})
	l.must(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Ref: "R2"}})
	l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte("h"), Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: "here", ExpireTime: at(1000),
	}})
	l.must(&statev1.JoinHost{TokenHash: []byte("h"), Host: &cpv1.Host{Id: "h1"}})
	l.must(&statev1.PlanNode{Node: &cpv1.Node{Id: "shared-1", Environment: "shared", Host: "h1"}})
	l.must(&statev1.AddSigningKey{Key: key("k2", 30)})
	l.apply(&statev1.DeleteRegion{Name: "nowhere"}) // refused, and still an entry
	l.must(&statev1.Heartbeat{})
	return l
}
