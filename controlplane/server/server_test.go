package server_test

import (
	"context"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// create makes an account and says which operation provisions it. It repeats the call, as a client does when a leader goes away.
func (c *trio) create(name string) *cpv1.CreateAccountResponse {
	return eventually(c.t, func() (*cpv1.CreateAccountResponse, error) {
		return controlplanev1connect.NewAccountServiceClient(c.operator()).CreateAccount(context.Background(), &cpv1.CreateAccountRequest{
			Account: &cpv1.Account{Name: name}, RequestId: "create-" + name,
		})
	})
}

func (c *trio) await(operation string) *cpv1.Operation {
	var out *cpv1.Operation
	require.Eventually(c.t, func() bool {
		r, err := controlplanev1connect.NewOperationServiceClient(c.operator()).WaitOperation(context.Background(), &cpv1.WaitOperationRequest{
			Id: operation, Timeout: durationpb.New(5 * time.Second),
		})
		out = r.GetOperation()
		return err == nil && out.GetState() != cpv1.OperationState_OPERATION_STATE_RUNNING
	}, time.Minute, 20*time.Millisecond, "operation %s: %v", operation, out)
	return out
}

func TestAnAccountFromLoginToReady(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	begin := time.Now()
	made := cp.create("ACME")
	require.NotEmpty(t, made.GetCredentials().GetPassword())
	done := cp.await(made.GetOperation().GetId())
	t.Logf("account ready after %s", time.Since(begin))
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, done.GetState(), "%v", done)
	require.InDelta(t, 1, done.GetProgress(), 0)

	account := node.get("account/ACME").GetAccount()
	require.Equal(t, "ACTIVE", account.GetState())
	require.Len(t, account.GetClients(), 1)
	require.Equal(t, "ACME", account.GetClients()[0].GetClientId())
	require.Contains(t, node.get("configuration/ACME").GetConfiguration().GetArtefacts(), "workflow/ORDER::HD")
	require.Equal(t, "postgres://fluent:geheim@db/x", node.get("environment").GetEnvironment().GetDatabaseUrl())

	for _, p := range cp.peers { // the same answer from leader and followers, by way of forwarding
		got, err := controlplanev1connect.NewAccountServiceClient(client(cp.api(p.ID), cp.token)).GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: "ACME"})
		require.NoError(t, err)
		require.Equal(t, cpv1.AccountState_ACCOUNT_STATE_ACTIVE, got.GetAccount().GetState())
		require.Equal(t, "shared", got.GetAccount().GetEnvironment())
	}
	again := cp.create("ACME")
	require.Equal(t, made.GetOperation().GetId(), again.GetOperation().GetId(), "a repeated request answers with the first result")
	require.Nil(t, again.GetCredentials())
	_, err := controlplanev1connect.NewAccountServiceClient(cp.operator()).CreateAccount(t.Context(), &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "ACME"}})
	require.Equal(t, connect.CodeAlreadyExists, connect.CodeOf(err))
}

func TestTheLeaderMayDieAtAnyStep(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, quick)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	for _, step := range []string{"place", "prepare_account", "create_retailer", "activate_workflows", "open_client", "ready"} {
		name := "DIES-AT-" + map[string]string{"place": "PLACE", "prepare_account": "PREPARE", "create_retailer": "RETAILER",
			"activate_workflows": "ACTIVATE", "open_client": "OPEN", "ready": "READY"}[step]
		victim := cp.leader()
		dead := make(chan struct{})
		node.mu.Lock()
		node.before = nil
		if step == "prepare_account" || step == "create_retailer" { // in the middle of the step: the node has done its part
			node.before = func(at, account string) {
				if at == step && account == name {
					select {
					case <-dead:
					default:
						go func() { cp.kill(victim); close(dead) }()
						<-dead
					}
				}
			}
		}
		node.mu.Unlock()
		made := cp.create(name)
		if node.before == nil {
			cp.killAt(victim, made.GetOperation().GetId(), step)
			close(dead)
		}
		done := cp.await(made.GetOperation().GetId())
		require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, done.GetState(), "%s: %v", step, done)
		<-dead
		cp.start(victim)
		list := eventually(t, func() (*cpv1.ListRetailersResponse, error) {
			return controlplanev1connect.NewRetailerServiceClient(cp.operator()).ListRetailers(t.Context(), &cpv1.ListRetailersRequest{Account: name})
		})
		require.Len(t, list.GetRetailers(), 1, "exactly one first retailer")
		require.Equal(t, cpv1.RetailerState_RETAILER_STATE_ACTIVE, list.GetRetailers()[0].GetState())
		require.Eventually(t, func() bool { return node.get("account/"+name).GetAccount().GetState() == "ACTIVE" }, time.Minute, 10*time.Millisecond)
	}
}

// killAt ends a server as soon as an operation is at a step, or beyond it.
func (c *trio) killAt(victim, operation, step string) {
	defer c.kill(victim)
	stream, err := controlplanev1connect.NewOperationServiceClient(client(c.api(victim), c.token)).WatchOperation(context.Background(), &cpv1.WatchOperationRequest{Id: operation})
	for err == nil {
		var frame *cpv1.WatchOperationResponse
		if frame, err = stream.Receive(); err != nil {
			return
		}
		for _, s := range frame.GetOperation().GetSteps() {
			if s.GetName() == step && s.GetState() != cpv1.StepState_STEP_STATE_PENDING {
				return
			}
		}
	}
}
