// Package statetest gives tests of the leader's work a state that commands change as they would through raft.
package statetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// World is a store with one committer.
type World struct {
	T     *testing.T
	Store *state.Store
	Heard *presence.Tracker

	mu sync.Mutex
}

// Empty makes a world without a cluster.
func Empty(t *testing.T) *World {
	t.Helper()
	store, err := state.New()
	require.NoError(t, err)
	return &World{T: t, Store: store, Heard: presence.New()}
}

// New makes a world with the regions au and eu and a shared environment in each, au-1 and eu-1.
func New(t *testing.T) *World {
	t.Helper()
	w := Empty(t)
	w.Do(&statev1.Initialise{ClusterId: "c", Key: &statev1.SigningKey{KeyId: "k", ActiveTime: timestamppb.New(time.Now().Add(-40 * 24 * time.Hour))}})
	for region, jurisdiction := range map[string]string{"au": "AU", "eu": "EU"} {
		w.Do(&statev1.PutRegion{Region: &cpv1.Region{Name: region, Jurisdictions: []string{jurisdiction}}})
		w.Do(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: region + "-1", Region: region, Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED}})
	}
	return w
}

// Apply commits as raft would.
func (w *World) Apply(_ context.Context, command *statev1.Command) (state.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	encoded, err := proto.Marshal(command)
	if err != nil {
		return state.Result{}, err
	}
	result, err := w.Store.Apply(w.Store.View().Index()+1, encoded)
	return result, errors.Join(err, result.Err)
}

// Do has a command done, and gives its answer.
func (w *World) Do(body proto.Message) proto.Message {
	w.T.Helper()
	command, err := state.Command(&statev1.Meta{Time: timestamppb.Now(), Actor: "test"}, body)
	require.NoError(w.T, err)
	result, err := w.Apply(context.Background(), command)
	require.NoError(w.T, err)
	return result.Message
}

// Node lets a node join an environment that is ready, and has heard of all there is.
func (w *World) Node(id, environment string) {
	w.T.Helper()
	hash := []byte(id)
	w.Do(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: hash, Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: environment, ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
	}})
	w.Do(&statev1.JoinNode{TokenHash: hash, Node: &cpv1.Node{Id: id, Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Address: id + ":80"}})
	w.Judge(id, cpv1.NodeState_NODE_STATE_READY)
	w.Heard.Note(presence.NodeKey(id), presence.Report{Seen: time.Now(), State: "READY", AppliedIndex: 1 << 40})
}

// Judge says which state a node is in.
func (w *World) Judge(id string, to cpv1.NodeState) {
	w.T.Helper()
	w.Do(&statev1.JudgeNode{Id: id, State: to})
}

// Account makes an account; the answer is the operation that provisions it.
func (w *World) Account(name string, jurisdictions ...string) string {
	w.T.Helper()
	made := w.Do(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: name, Jurisdictions: jurisdictions}, FirstRetailer: &cpv1.Retailer{Ref: name},
	}})
	return made.(*statev1.AccountCreated).GetOperation().GetId()
}

// Operation reads an operation; nil if there is none.
func (w *World) Operation(id string) *cpv1.Operation {
	o, _ := state.Operations.Get(w.Store.View(), id)
	return o
}
