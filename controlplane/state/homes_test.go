package state_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// abroad adds a second region with an environment to what found makes.
func (l *log) abroad() {
	l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "there", Jurisdictions: []string{"EU", "CH"}}})
	l.must(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "other", Region: "there"}})
}

// create makes an account as an operator asks for it.
func (l *log) create(a *cpv1.Account) state.Result {
	return l.apply(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: a, FirstRetailer: &cpv1.Retailer{Ref: a.GetName()}, Administrator: &statev1.Administrator{Username: "admin", PasswordHash: "p"},
	}})
}

func (l *log) accountOf(name string) *cpv1.Account {
	record, _ := state.Accounts.Get(l.store.View(), name)
	return record.GetAccount()
}

// TestAnAccountIsWhereItMayBe asks for accounts with and without jurisdictions, regions and environments.
func TestAnAccountIsWhereItMayBe(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.abroad()
	for name, c := range map[string]struct {
		account *cpv1.Account
		refused string // field
		region  string // of what was made
	}{
		"ANYWHERE": {account: &cpv1.Account{}},
		"REGION":   {account: &cpv1.Account{Region: "there"}, region: "there"}, // without a jurisdiction: any will do, so this one
		"BOTH":     {account: &cpv1.Account{Region: "there", Jurisdictions: []string{"US", "CH"}}, region: "there"},
		"ENV":      {account: &cpv1.Account{Environment: "other"}, region: "there"},
		"ENVBOTH":  {account: &cpv1.Account{Environment: "other", Region: "there", Jurisdictions: []string{"EU"}}, region: "there"},
		"LATER":    {account: &cpv1.Account{Jurisdictions: []string{"US"}}}, // its region may yet come
		"NOREGION": {account: &cpv1.Account{Region: "nowhere"}, refused: "account.region"},
		"NOENV":    {account: &cpv1.Account{Environment: "missing"}, refused: "account.environment"},
		"APART":    {account: &cpv1.Account{Environment: "other", Region: "here"}, refused: "account.region"},
		"LAW":      {account: &cpv1.Account{Region: "there", Jurisdictions: []string{"AU"}}, refused: "account.jurisdictions"},
		"ENVLAW":   {account: &cpv1.Account{Environment: "other", Jurisdictions: []string{"AU"}}, refused: "account.jurisdictions"},
	} {
		c.account.Name = name
		err := l.create(c.account).Err
		if c.refused == "" {
			require.NoError(t, err, name)
			require.Equal(t, c.region, l.accountOf(name).GetRegion(), name)
			continue
		}
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", name, err)
		require.Equal(t, c.refused, fault.Of(err).Field, name)
		require.Nil(t, l.accountOf(name), name)
	}
}

// TestAHostLeadsToOneAccount gives hosts to accounts that have them already, and that others have.
func TestAHostLeadsToOneAccount(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	require.NoError(t, l.create(&cpv1.Account{Name: "ACME", Hosts: []string{"a.example", "b.example"}}).Err)
	taken := l.create(&cpv1.Account{Name: "BETA", Hosts: []string{"c.example", "b.example"}})
	require.True(t, fault.Is(taken.Err, fault.Exists), "%v", taken.Err)
	require.Equal(t, "account.hosts", fault.Of(taken.Err).Field)
	require.NoError(t, l.create(&cpv1.Account{Name: "BETA", Hosts: []string{"c.example"}}).Err)
	update := func(name string, hosts ...string) error {
		wanted := &cpv1.Account{Name: name, Hosts: hosts, State: l.accountOf(name).GetState()}
		return l.apply(&statev1.UpdateAccount{Account: wanted}).Err
	}
	require.True(t, fault.Is(update("BETA", "a.example"), fault.Exists))
	require.Equal(t, []string{"c.example"}, l.accountOf("BETA").GetHosts())
	require.NoError(t, update("ACME", "a.example", "d.example"), "it keeps its own")
	require.NoError(t, update("BETA", "b.example"), "which is nobody's any more")
}

// TestAccountsGoBetweenStates tries each change of an account's state, and deletes one that is still being provisioned.
func TestAccountsGoBetweenStates(t *testing.T) {
	t.Parallel()
	const provisioning, active, suspended, deleting = cpv1.AccountState_ACCOUNT_STATE_PROVISIONING, cpv1.AccountState_ACCOUNT_STATE_ACTIVE,
		cpv1.AccountState_ACCOUNT_STATE_SUSPENDED, cpv1.AccountState_ACCOUNT_STATE_DELETING
	l := newLog(t)
	l.found()
	running, other := l.account("ACME"), l.account("BETA")
	to := func(name string, wanted cpv1.AccountState) error {
		return l.apply(&statev1.UpdateAccount{Account: &cpv1.Account{Name: name, State: wanted}}).Err
	}
	require.NoError(t, to("ACME", provisioning), "nothing changes")
	for _, wanted := range []cpv1.AccountState{active, suspended} {
		require.True(t, fault.Is(to("ACME", wanted), fault.Unprocessable), "not before it is provisioned: %s", wanted)
	}
	l.provision(other)
	require.NoError(t, to("BETA", suspended))
	require.True(t, fault.Is(to("BETA", provisioning), fault.Unprocessable))
	require.NoError(t, to("BETA", active))

	require.NoError(t, to("ACME", deleting))
	o, _ := state.Operations.Get(l.store.View(), running)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_FAILED, o.GetState(), "nothing provisions it any more")
	require.Equal(t, "ACCOUNT_DELETED", o.GetError().GetCode())
	require.Equal(t, cpv1.StepState_STEP_STATE_FAILED, o.GetSteps()[0].GetState())
	require.True(t, fault.Is(l.apply(&statev1.PlaceAccount{Operation: running, Environment: "shared"}).Err, fault.Conflict))
	record, _ := state.Accounts.Get(l.store.View(), "ACME")
	require.Nil(t, record.GetAdministrator(), "its administrator's hash goes")
	o, _ = state.Operations.Get(l.store.View(), other)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, o.GetState(), "another account's operation stays")
	require.NoError(t, to("BETA", deleting))
	o, _ = state.Operations.Get(l.store.View(), other)
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, o.GetState(), "what has ended stays as it ended")
	for _, wanted := range []cpv1.AccountState{active, suspended, provisioning} {
		require.True(t, fault.Is(to("BETA", wanted), fault.Unprocessable), "it is gone for good: %s", wanted)
	}
}

// TestPlacesThatAreInUseStay deletes regions and environments with something in them, and moves an environment.
func TestPlacesThatAreInUseStay(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.abroad()
	region := func(name string) error {
		return l.apply(&statev1.DeleteRegion{Name: name}).Err
	}
	environment := func(name string) error {
		return l.apply(&statev1.DeleteEnvironment{Name: name}).Err
	}
	require.True(t, fault.Is(region("here"), fault.Unprocessable), "it has one environment")
	e, _ := state.Environments.Get(l.store.View(), "shared")
	moved := l.apply(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "shared", Region: "there"}, Etag: e.GetEtag()})
	require.True(t, fault.Is(moved.Err, fault.Invalid), "%v", moved.Err)
	nowhere := l.apply(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "third", Region: "nowhere"}})
	require.True(t, fault.Is(nowhere.Err, fault.Invalid), "%v", nowhere.Err)

	require.NoError(t, l.create(&cpv1.Account{Name: "ACME", Environment: "other"}).Err)
	require.True(t, fault.Is(environment("other"), fault.Unprocessable), "an account is in it")
	require.NoError(t, environment("shared"))
	_, found := state.Nodes.Get(l.store.View(), "n1")
	require.False(t, found, "its nodes go with it")
	require.NoError(t, region("here"))
	require.True(t, fault.Is(region("here"), fault.NotFound))
}

// TestOnlyNodesThatServeAreReady puts a gateway and nodes in each state into an environment.
func TestOnlyNodesThatServeAreReady(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found() // n1 is ready
	l.join("g1", cpv1.MachineKind_MACHINE_KIND_GATEWAY, "shared")
	l.join("n2", cpv1.MachineKind_MACHINE_KIND_NODE, "shared")
	for _, id := range []string{"g1", "n2"} {
		l.must(&statev1.JudgeNode{Id: id, State: cpv1.NodeState_NODE_STATE_READY})
	}
	ids := func() (out []string) {
		ready, _ := state.ReadyNodes(l.store.View(), "shared")
		for _, n := range ready {
			out = append(out, n.GetId())
		}
		return out
	}
	require.Equal(t, []string{"n1", "n2"}, ids(), "gateways prepare nobody")
	for _, s := range []cpv1.NodeState{cpv1.NodeState_NODE_STATE_DRAINING, cpv1.NodeState_NODE_STATE_JOINING, cpv1.NodeState_NODE_STATE_GONE} {
		l.must(&statev1.JudgeNode{Id: "n1", State: s})
		require.Equal(t, []string{"n2"}, ids(), s)
	}
}

// TestAMachineComesBackAsWhatItWas: a token for gateways makes no gateway of a node, nor of another environment's.
func TestAMachineComesBackAsWhatItWas(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found() // n1 is a node of shared
	l.abroad()
	for name, token := range map[string]*statev1.JoinToken{
		"another kind":        {Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Environment: "shared"},
		"another environment": {Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: "other"},
	} {
		token.Hash, token.ExpireTime = []byte(name), at(1000)
		l.must(&statev1.CreateJoinToken{Token: token})
		err := l.apply(&statev1.JoinNode{TokenHash: token.GetHash(), Node: &cpv1.Node{Id: "n1", Kind: token.GetKind(), Address: "n1:81"}}).Err
		require.True(t, fault.Is(err, fault.Conflict), "%s: %v", name, err)
	}
	n, _ := state.Nodes.Get(l.store.View(), "n1")
	require.Equal(t, []any{cpv1.MachineKind_MACHINE_KIND_NODE, "shared"}, []any{n.GetKind(), n.GetEnvironment()})
	require.NotEqual(t, "n1:81", n.GetAddress())
}

// TestTokensGoWithTheirNode, and a host of the same name keeps its own.
func TestTokensGoWithTheirNode(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.join("n7", cpv1.MachineKind_MACHINE_KIND_NODE, "shared") // by a token that is bound to it now
	for _, kind := range []cpv1.MachineKind{cpv1.MachineKind_MACHINE_KIND_NODE, cpv1.MachineKind_MACHINE_KIND_HOST} {
		l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
			Hash: []byte(kind.String()), Kind: kind, Environment: "shared", Region: "here", Machine: "n7", ExpireTime: at(1000),
		}})
	}
	l.must(&statev1.DeleteNode{Id: "n7"})
	tokens, _ := state.JoinTokens.List(l.store.View(), state.Page{})
	var left []cpv1.MachineKind
	for _, token := range tokens {
		if token.GetMachine() == "n7" {
			left = append(left, token.GetKind())
		}
	}
	require.Equal(t, []cpv1.MachineKind{cpv1.MachineKind_MACHINE_KIND_HOST}, left)
}

func (l *log) join(id string, kind cpv1.MachineKind, environment string) {
	l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{
		Hash: []byte(id), Kind: kind, Environment: environment, ExpireTime: at(1000),
	}})
	l.must(&statev1.JoinNode{TokenHash: []byte(id), Node: &cpv1.Node{Id: id, Kind: kind, Address: id + ":80"}})
}

// heard are an environment's changes since an index, in short.
func (l *log) heard(environment string, since state.Index) (out []string) {
	l.t.Helper()
	l.join("mark", cpv1.MachineKind_MACHINE_KIND_GATEWAY, environment)
	defer l.must(&statev1.DeleteNode{Id: "mark"})
	feed, err := l.store.View().Follow(environment, since)
	require.NoError(l.t, err)
	for {
		_, changes, err := feed.Next(l.t.Context())
		require.NoError(l.t, err)
		for _, c := range changes {
			if told(c) == "peer mark" {
				return out
			}
			out = append(out, told(c))
		}
	}
}

func told(c *nodev1.Change) string {
	text := map[bool]string{true: "-"}[c.GetDeleted()]
	switch r := c.GetResource(); {
	case r.GetAccount() != nil:
		text += r.GetAccount().GetName() + " " + r.GetAccount().GetState()
		for _, client := range r.GetAccount().GetClients() {
			text += " " + client.GetClientId()
		}
	case r.GetConfiguration() != nil:
		text += "configuration of " + r.GetConfiguration().GetAccount()
	case r.GetPeer() != nil:
		text += "peer " + r.GetPeer().GetNodeId()
	}
	return text
}

// TestAnAccountThatMovesTakesItsConfigurationAlong places an account elsewhere than it was asked for.
func TestAnAccountThatMovesTakesItsConfigurationAlong(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.abroad()
	since := l.index
	made := l.create(&cpv1.Account{Name: "ACME", Environment: "other", Clients: []*cpv1.ApiClient{{ClientId: "ACME"}, {ClientId: "ACME-erp"}}})
	require.NoError(t, made.Err)
	l.must(&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "1"}})
	require.Equal(t, []string{"ACME PROVISIONING", "configuration of ACME"}, l.heard("other", since))
	since = l.index
	operation := made.Message.(*statev1.AccountCreated).GetOperation().GetId()
	l.must(&statev1.PlaceAccount{Operation: operation, Environment: "shared"})
	require.Equal(t, []string{"-ACME PROVISIONING", "-configuration of ACME"}, l.heard("other", since))
	require.Equal(t, []string{"ACME PROVISIONING", "configuration of ACME"}, l.heard("shared", since))
	require.Equal(t, "here", l.accountOf("ACME").GetRegion())
	o, _ := state.Operations.Get(l.store.View(), operation)
	require.Equal(t, "shared", o.GetEnvironment())
}

// TestTheAuditSaysWhereAnAccountHasCome when it moves: whoever may see that place sees the record, and what was written before stays where it was.
func TestTheAuditSaysWhereAnAccountHasCome(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.abroad()
	l.must(&statev1.RaiseSchemaFloor{Schema: state.Schema})
	place := func(r *cpv1.AuditRecord) []string { return []string{r.GetRegion(), r.GetEnvironment(), r.GetAccount()} }
	before := len(audit(l.store))
	made := l.create(&cpv1.Account{Name: "ACME", Environment: "other"})
	require.NoError(t, made.Err)
	l.must(&statev1.PlaceAccount{Operation: made.Message.(*statev1.AccountCreated).GetOperation().GetId(), Environment: "shared"})
	records := audit(l.store)[before:]
	require.Len(t, records, 2)
	require.Equal(t, []string{"there", "other", "ACME"}, place(records[0]))
	require.Equal(t, []string{"here", "shared", "ACME"}, place(records[1]))
}

// TestWhatTenantsActivateWhileTheyAreProvisionedStays commits a configuration between the steps of an operation.
func TestWhatTenantsActivateWhileTheyAreProvisionedStays(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"before its own is made": true, "after it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t)
			l.found()
			operation := l.account("ACME")
			commit := func() *statev1.ConfigurationCommitted {
				return l.must(&statev1.CommitConfiguration{
					Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "own"}, Author: "ann",
				}).Message.(*statev1.ConfigurationCommitted)
			}
			l.must(&statev1.PlaceAccount{Operation: operation, Environment: "shared"})
			l.must(&statev1.AccountPrepared{Operation: operation})
			var own *statev1.ConfigurationCommitted
			if early {
				own = commit()
			}
			l.must(&statev1.RetailerPrepared{Operation: operation, Artefacts: map[string]string{"workflow/A": "1"}})
			if !early {
				own = commit()
			}
			active := func() string {
				a, _ := state.Activations.Get(l.store.View(), state.RetailerKey("ACME", 1))
				return a.GetStable()
			}
			require.Equal(t, own.GetVersion().GetId(), active())
			l.must(&statev1.ActivateWorkflows{Operation: operation})
			require.Equal(t, own.GetVersion().GetId(), active(), "the tenant's own stays")
			o, _ := state.Operations.Get(l.store.View(), operation)
			require.NotEqual(t, own.GetVersion().GetId(), o.GetResult()[state.ResultVersion])
			require.Equal(t, index(l), o.GetResult()[state.ResultOpenedIndex], "nodes must know of it by then")
			again := l.apply(&statev1.ActivateWorkflows{Operation: operation})
			require.True(t, fault.Is(again.Err, fault.Conflict), "a deposed leader comes too late")

			require.Equal(t, cpv1.AccountState_ACCOUNT_STATE_PROVISIONING, l.accountOf("ACME").GetState())
			l.must(&statev1.OpenClient{Operation: operation})
			require.Equal(t, cpv1.AccountState_ACCOUNT_STATE_ACTIVE, l.accountOf("ACME").GetState())
			o, _ = state.Operations.Get(l.store.View(), operation)
			require.Equal(t, index(l), o.GetResult()[state.ResultOpenedIndex])
			require.InDelta(t, 5.0/6, o.GetProgress(), 1e-9)
			l.must(&statev1.FinishOperation{Operation: operation})
			require.Equal(t, own.GetVersion().GetId(), active())
		})
	}
}

func index(l *log) string { return strconv.FormatUint(uint64(l.index), 10) }

// TestNobodyComesInBeforeTheClientIsOpened follows what an account's nodes hear of its clients.
func TestNobodyComesInBeforeTheClientIsOpened(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	since := l.index
	made := l.create(&cpv1.Account{Name: "ACME", Environment: "shared", Clients: []*cpv1.ApiClient{{ClientId: "ACME"}}})
	require.NoError(t, made.Err)
	l.provision(made.Message.(*statev1.AccountCreated).GetOperation().GetId())
	require.Equal(t, []string{"ACME PROVISIONING", "ACME PROVISIONING", "configuration of ACME", "ACME ACTIVE ACME"}, l.heard("shared", since))
}

// TestAnOperationThatWaitsSaysSinceWhen notes the same reason twice, and then another one.
func TestAnOperationThatWaitsSaysSinceWhen(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	operation := l.account("ACME")
	note := func(reason, detail string, failed bool) *cpv1.Operation {
		body := &statev1.NoteOperation{Operation: operation, Step: state.StepPlace, FailedAttempt: failed}
		if reason != "" {
			body.WaitingFor = &cpv1.WaitingFor{Reason: reason, Detail: detail}
		}
		return l.must(body).Message.(*cpv1.Operation)
	}
	first := note("NODE_ERROR", "one", true).GetWaitingFor()
	require.Equal(t, at(int(l.index)).AsTime(), first.GetSince().AsTime())
	second := note("NODE_ERROR", "two", true)
	require.Equal(t, first.GetSince().AsTime(), second.GetWaitingFor().GetSince().AsTime(), "it has waited for that all the time")
	require.Equal(t, "two", second.GetWaitingFor().GetDetail())
	require.EqualValues(t, 2, second.GetSteps()[0].GetAttempts())
	third := note("NODE_BEHIND", "", false)
	require.Equal(t, at(int(l.index)).AsTime(), third.GetWaitingFor().GetSince().AsTime())
	require.EqualValues(t, 2, third.GetSteps()[0].GetAttempts())
	require.Nil(t, note("", "", false).GetWaitingFor())
	wrong := l.apply(&statev1.NoteOperation{Operation: operation, Step: state.StepReady})
	require.True(t, fault.Is(wrong.Err, fault.Conflict))

	// One that has ended does not end again, neither well nor badly.
	fail := &statev1.FinishOperation{Operation: operation, Error: &cpv1.OperationError{Code: "FIRST"}}
	ended := l.must(fail).Message.(*cpv1.Operation)
	fail.Error = &cpv1.OperationError{Code: "SECOND"}
	again := l.must(fail).Message.(*cpv1.Operation)
	require.Equal(t, "FIRST", again.GetError().GetCode())
	require.Equal(t, ended.GetEndTime().AsTime(), again.GetEndTime().AsTime())
	require.True(t, fault.Is(l.apply(&statev1.FinishOperation{Operation: operation}).Err, fault.Conflict))
}

// TestTheSecretOfBeforeIsTheOnlyOne sets one as servers of an earlier release do, for a client with two, beside another client.
func TestTheSecretOfBeforeIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	secret := func(id, hash string) *statev1.ClientSecret {
		return &statev1.ClientSecret{ClientId: id, Hash: []byte(hash)}
	}
	l.must(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME", Clients: []*cpv1.ApiClient{{ClientId: "ACME"}, {ClientId: "ACME-erp"}}}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
		Secrets: []*statev1.ClientSecret{secret("ACME-erp", "e1"), secret("ACME", "a1"), secret("ACME-erp", "e2"), secret("ACME", "a2")},
	}})
	l.must(&statev1.SetClientSecret{Account: "ACME", Secret: secret("ACME", "a3")})
	record, _ := state.Accounts.Get(l.store.View(), "ACME")
	var have []string
	for _, s := range record.GetSecrets() {
		have = append(have, string(s.GetHash()))
	}
	require.Equal(t, []string{"e1", "a3", "e2"}, have)
	for _, c := range record.GetAccount().GetClients() {
		require.Equal(t, c.GetClientId() == "ACME", c.GetRotateTime().AsTime().Equal(at(int(l.index)).AsTime()), c.GetClientId())
	}
	unknown := l.apply(&statev1.SetClientSecret{Account: "ACME", Secret: secret("ACME-pos", "p1")})
	require.True(t, fault.Is(unknown.Err, fault.NotFound))
}
