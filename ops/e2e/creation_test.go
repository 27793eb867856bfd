package e2e_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/ops/apiclient"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// created is an account that is being made.
type created struct {
	request *cpv1.CreateAccountRequest
	answer  *cpv1.CreateAccountResponse
}

// create asks for an account and does not wait for it.
func (f *faults) create(t *testing.T, name string) created {
	t.Helper()
	c := created{request: &cpv1.CreateAccountRequest{
		Account: &cpv1.Account{Name: name}, FirstRetailer: &cpv1.Retailer{Ref: "FIRST"}, RequestId: "create-" + name,
	}}
	c.answer = insist(t, func() (*cpv1.CreateAccountResponse, error) {
		return controlplanev1connect.NewAccountServiceClient(f.operator).CreateAccount(context.Background(), c.request)
	})
	require.NotNil(t, c.answer.GetCredentials(), "an earlier try was carried out, and its answer with the secrets lost")
	return c
}

// insist repeats a call while the control plane is not to be had.
func insist[R any](t *testing.T, call func() (R, error)) (answer R) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var err error
		answer, err = call()
		require.NoError(c, err)
	}, 2*time.Minute, 100*time.Millisecond)
	return answer
}

// ended waits for the end of the account's operation, and wants success.
func (f *faults) ended(t *testing.T, c created) *cpv1.Operation {
	t.Helper()
	var o *cpv1.Operation
	require.EventuallyWithT(t, func(ct *assert.CollectT) {
		answer, err := controlplanev1connect.NewOperationServiceClient(f.operator).GetOperation(context.Background(),
			&cpv1.GetOperationRequest{Id: c.answer.GetOperation().GetId()})
		require.NoError(ct, err)
		o = answer.GetOperation()
		require.NotEqual(ct, cpv1.OperationState_OPERATION_STATE_RUNNING, o.GetState(), "%v", o)
	}, 2*time.Minute, 20*time.Millisecond)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, o.GetState(), "%v", o)
	return o
}

// once wants the account to be there, whole and once: in the control plane, in the API with the secrets of the first answer, and in the
// database, where it has as many rows of each kind as an account that was made in peace.
func (f *faults) once(t *testing.T, c created) {
	t.Helper()
	ctx, name := context.Background(), c.request.GetAccount().GetName()
	again := insist(t, func() (*cpv1.CreateAccountResponse, error) { // the same request once more
		return controlplanev1connect.NewAccountServiceClient(f.operator).CreateAccount(ctx, c.request)
	})
	require.Equal(t, c.answer.GetOperation().GetId(), again.GetOperation().GetId())
	retailers := insist(t, func() (*cpv1.ListRetailersResponse, error) {
		return controlplanev1connect.NewRetailerServiceClient(f.operator).ListRetailers(ctx, &cpv1.ListRetailersRequest{Account: name})
	})
	require.Len(t, retailers.GetRetailers(), 1)
	account := insist(t, func() (*cpv1.GetAccountResponse, error) {
		return controlplanev1connect.NewAccountServiceClient(f.operator).GetAccount(ctx, &cpv1.GetAccountRequest{Name: name})
	})
	require.Equal(t, cpv1.AccountState_ACCOUNT_STATE_ACTIVE, account.GetAccount().GetState())
	require.Len(t, account.GetAccount().GetClients(), 1)

	credentials := apiclient.Credentials{
		ClientID: c.answer.GetCredentials().GetClientId(), ClientSecret: c.answer.GetCredentials().GetClientSecret(),
		Username: c.answer.GetCredentials().GetUsername(), Password: c.answer.GetCredentials().GetPassword(),
	}
	f.answers(t, credentials)
	found := ask[struct {
		Me        struct{ Username string }
		Retailers list[struct{ Ref string }]
	}](t, apiclient.New(f.stack.Ready.Gateway, credentials), `{ me { username } retailers { edges { node { ref } } } }`, nil)
	require.Equal(t, credentials.Username, found.Me.Username)
	require.Equal(t, []struct{ Ref string }{{"FIRST"}}, found.Retailers.nodes())

	conn := (&system{dsn: f.dsn(t)}).connect(t)
	rows := rowsOf(t, conn, name)
	require.Equal(t, rowsOf(t, conn, "PEACE"), rows)
	require.Equal(t, [2]int{2, 1}, [2]int{rows["users"], rows["retailers"]})
}

// rowsOf counts an account's rows by table.
func rowsOf(t *testing.T, conn *pgx.Conn, account string) map[string]int {
	t.Helper()
	ctx := context.Background()
	answer, err := conn.Query(ctx, `SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'account_id'`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(answer, pgx.RowTo[string])
	require.NoError(t, err)
	rows := map[string]int{}
	for _, name := range names {
		// Numbers that were set aside and not used are no loss; refresh tokens and where a user was last seen come with each sign-in; rows are counted later.
		if name == "id_blocks" || name == "refresh_tokens" || name == "sign_ins" || name == "account_rows" {
			continue
		}
		var n int
		require.NoError(t, conn.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM %s WHERE account_id = $1`, pgx.Identifier{name}.Sanitize()), account).Scan(&n), name)
		if n > 0 {
			rows[name] = n
		}
	}
	return rows
}

// leaderDiesAtEachStep kills the leader when it has done the work of a step and is about to commit that it is done: the next leader does the
// step again. So it goes with each command of one operation but the first, which is the operator's own call and ends the step place, too.
func (f *faults) leaderDiesAtEachStep(t *testing.T) {
	f.ended(t, f.create(t, "PEACE"))
	steps := []statev1.Kind{statev1.Kind_KIND_ACCOUNT_PREPARED, statev1.Kind_KIND_RETAILER_PREPARED, statev1.Kind_KIND_FINISH_OPERATION}
	f.hold(t, steps[0].String())
	c := f.create(t, "LEADERLESS")
	for i, step := range steps {
		leader := f.held(t, step.String())
		f.awaitServers(t)
		require.NoError(t, syscall.Kill(leader, syscall.SIGKILL))
		if i+1 < len(steps) {
			f.hold(t, steps[i+1].String())
		}
		f.release(t, step.String())
	}
	o := f.ended(t, c)
	inCompany := []string{state.StepPlace, state.StepActivateWorkflows, state.StepOpenClient} // steps that are ended by the command of another one
	require.Len(t, o.GetSteps(), len(steps)+len(inCompany), "there is a step at which no leader was killed")
	f.awaitServers(t)
	f.once(t, c)
}

// during stands in the way of the node that prepares an account: it waits inside its transaction until the function that is returned is called.
func (f *faults) during(t *testing.T, table string) (proceed func()) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, f.dsn(t))
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `BEGIN`)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, `LOCK TABLE `+table+` IN SHARE MODE`)
	require.NoError(t, err)
	return func() { _ = conn.Close(ctx) } // the database may be gone
}

// awaitBlocked waits until a transaction waits for the lock on a table.
func (f *faults) awaitBlocked(t *testing.T, table string) {
	t.Helper()
	conn := (&system{dsn: f.dsn(t)}).connect(t)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var waiting int
		require.NoError(c, conn.QueryRow(context.Background(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::regclass`, table).Scan(&waiting))
		require.Positive(c, waiting)
	}, time.Minute, 10*time.Millisecond)
}

// nodeDiesDuringAStep kills the node that is in the middle of preparing an account, and another in the middle of preparing a retailer.
func (f *faults) nodeDiesDuringAStep(t *testing.T) {
	for table, name := range map[string]string{"users": "NODELESS", "retailers": "NODELESS2"} {
		proceed := f.during(t, table)
		c := f.create(t, name)
		f.awaitBlocked(t, table)
		// The first attempt of a step goes to the first of the ready nodes.
		require.NoError(t, syscall.Kill(f.process(t, "node", "shared-1"), syscall.SIGKILL))
		f.awaitAttempt(t, c)
		proceed()
		f.ended(t, c)
		f.awaitNodes(t)
		f.once(t, c)
	}
}

// awaitAttempt waits until an attempt at a step has failed.
func (f *faults) awaitAttempt(t *testing.T, c created) {
	t.Helper()
	require.EventuallyWithT(t, func(ct *assert.CollectT) {
		answer, err := controlplanev1connect.NewOperationServiceClient(f.operator).GetOperation(context.Background(),
			&cpv1.GetOperationRequest{Id: c.answer.GetOperation().GetId()})
		require.NoError(ct, err)
		var failed int32
		for _, s := range answer.GetOperation().GetSteps() {
			failed += s.GetAttempts()
		}
		require.Positive(ct, failed, "%v", answer.GetOperation())
	}, time.Minute, 10*time.Millisecond)
}

// databaseDiesDuringAStep kills the database while a node prepares an account.
func (f *faults) databaseDiesDuringAStep(t *testing.T) {
	proceed := f.during(t, "users")
	c := f.create(t, "BASELESS")
	f.awaitBlocked(t, "users")
	_, err := f.stack.Kill("postgres", 0)
	require.NoError(t, err)
	proceed()
	f.ended(t, c)
	f.awaitNodes(t)
	f.once(t, c)
}
