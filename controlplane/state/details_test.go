package state_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// now moves the minute of the next command, which is that of its index.
func (l *log) now(minute int) { l.index = max(state.Index(minute)-1, l.store.View().Index()) }

// TestClientsOpenWithTheirAccount makes clients of an account that is being made, of one that is there and of one that is closed.
func TestClientsOpenWithTheirAccount(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	operation := l.account("ACME")
	create := func(id string) error {
		return l.apply(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: id, Roles: acting("ADMIN")}, SecretHash: []byte("s")}).Err
	}
	require.NoError(t, create("ACME-early"))
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_CLOSED, l.client("ACME-early").GetState())
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_CLOSED, l.client("ACME").GetState())
	l.provision(operation)
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_ACTIVE, l.client("ACME-early").GetState())
	require.NoError(t, create("ACME-late"))
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_ACTIVE, l.client("ACME-late").GetState())
	record, _ := state.Accounts.Get(l.store.View(), "ACME")
	require.Empty(t, state.FirstRoles(record), "those of the first client, which is from before roles, and of no other")
	l.must(&statev1.UpdateAccount{Account: &cpv1.Account{Name: "ACME", State: cpv1.AccountState_ACCOUNT_STATE_DELETING}})
	require.True(t, fault.Is(create("ACME-never"), fault.Unprocessable))

	made := l.must(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "NEW", Clients: []*cpv1.ApiClient{{ClientId: "NEW", Roles: acting("INTEGRATION")}, {ClientId: "NEW-b", Roles: acting("ADMIN")}}},
		Secrets: []*statev1.ClientSecret{{ClientId: "NEW", Hash: []byte("n")}}, FirstRetailer: &cpv1.Retailer{Ref: "R1"},
	}})
	require.NotNil(t, made)
	record, _ = state.Accounts.Get(l.store.View(), "NEW")
	require.Len(t, state.FirstRoles(record), 1)
	require.Equal(t, "INTEGRATION", state.FirstRoles(record)[0].GetRole())
}

// TestSecretsAndClientsEndToTheMoment looks at a client at its end and before it, and at one of two secrets that ends.
func TestSecretsAndClientsEndToTheMoment(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	l.must(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-x", Roles: acting("ADMIN"), ExpireTime: at(200)}, SecretHash: []byte("one")})
	l.now(50)
	l.must(&statev1.RotateApiClient{ClientId: "ACME-x", SecretHash: []byte("two"), OverlapEnd: at(100)})
	seen := func(minute int) *cpv1.ApiClient {
		record, c, _ := state.ClientRecord(l.store.View(), "ACME-x")
		return state.PublicClient(record, c, at(minute))
	}
	require.Len(t, seen(99).GetSecrets(), 2)
	require.Len(t, seen(100).GetSecrets(), 1)
	require.Equal(t, at(50).AsTime(), seen(100).GetSecrets()[0].GetCreateTime().AsTime())
	require.Equal(t, at(50).AsTime(), seen(100).GetRotateTime().AsTime())
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_ACTIVE, seen(199).GetState())
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_EXPIRED, seen(200).GetState())
	at200 := func(minute int) error {
		l.now(minute)
		return l.apply(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-y", Roles: acting("ADMIN"), ExpireTime: at(200)}, SecretHash: []byte("y")}).Err
	}
	require.True(t, fault.Is(at200(200), fault.Invalid), "it would have ended already")
	l.must(&statev1.RevokeApiClient{ClientId: "ACME-x"})
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_REVOKED, seen(300).GetState(), "before anything else")

	// One of before roles has a secret without a time: it was made when the client last rotated.
	born := l.client("ACME").GetRotateTime()
	l.now(400)
	l.must(&statev1.RotateApiClient{ClientId: "ACME", SecretHash: []byte("new"), OverlapEnd: at(500)})
	require.Equal(t, born.AsTime(), l.client("ACME").GetSecrets()[0].GetCreateTime().AsTime())
}

// TestTheFirstToBeRevokedMakesRoom fills an account's clients and revokes two.
func TestTheFirstToBeRevokedMakesRoom(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	create := func(id string) {
		l.must(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: id, Roles: acting("ADMIN")}, SecretHash: []byte("s")})
	}
	for i := range 49 {
		create("ACME-c" + string(rune('a'+i/7)) + string(rune('a'+i%7)))
	}
	for _, id := range []string{"ACME-cc", "ACME-ca"} { // not the order in which they were made
		id += "a"
		l.must(&statev1.RevokeApiClient{ClientId: id})
	}
	create("ACME-more")
	_, _, found := state.ClientRecord(l.store.View(), "ACME-cca")
	require.False(t, found, "it was revoked first")
	_, _, found = state.ClientRecord(l.store.View(), "ACME-caa")
	require.True(t, found)
}

// TestAClusterIsFoundedOnce, and its floor only rises; without one it is that of the first release.
func TestAClusterIsFoundedOnce(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(&statev1.Initialise{ClusterId: "c2", Key: key("k9", 0), Operator: &statev1.OperatorRecord{Operator: &cpv1.Operator{Username: "eve"}, PasswordHash: "h"}})
	c := l.store.View().Cluster()
	require.Equal(t, []any{"c1", uint32(1)}, []any{c.GetId(), c.GetSchemaFloor()})
	_, found := state.Operators.Get(l.store.View(), "eve")
	require.False(t, found)
	_, found = state.SigningKeys.Get(l.store.View(), "k9")
	require.False(t, found)
	l.must(&statev1.RaiseSchemaFloor{Schema: 3})
	l.must(&statev1.RaiseSchemaFloor{Schema: 3})
	require.True(t, fault.Is(l.apply(&statev1.RaiseSchemaFloor{Schema: 2}).Err, fault.Unprocessable))
	require.EqualValues(t, 3, l.store.View().Cluster().GetSchemaFloor())
	for range 70 {
		l.must(&statev1.BeginTerm{Incarnation: "x"})
	}
	require.Len(t, l.store.View().Cluster().GetTerms(), 64)
}

// TestSigningKeysRetireOnce adds a third key before the second signs, and removes them when they sign no more.
func TestSigningKeysRetireOnce(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(&statev1.AddSigningKey{Key: key("k2", 20)})
	l.must(&statev1.AddSigningKey{Key: key("k3", 30)})
	require.True(t, fault.Is(l.apply(&statev1.AddSigningKey{Key: key("k3", 40)}).Err, fault.Exists))
	first, _ := state.SigningKeys.Get(l.store.View(), "k1")
	require.Equal(t, at(20).AsTime(), first.GetRetireTime().AsTime(), "who retires already does not do it later")
	remove := func(id string, minute int) error {
		l.now(minute)
		return l.apply(&statev1.RemoveSigningKey{KeyId: id}).Err
	}
	require.True(t, fault.Is(remove("k1", 19), fault.Unprocessable), "it signs")
	require.NoError(t, remove("k1", 20))
	require.True(t, fault.Is(remove("k1", 21), fault.NotFound))
	require.True(t, fault.Is(remove("k3", 31), fault.Unprocessable), "it is the last")
}

// TestTheSameConfigurationIsTheSameVersion commits one that has been before, and looks at an account whose name begins like another's.
func TestTheSameConfigurationIsTheSameVersion(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	l.provision(l.account("ACME-2"))
	commit := func(base string) *statev1.ConfigurationCommitted {
		return l.must(&statev1.CommitConfiguration{
			Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/A": "9"}, BaseVersion: base,
		}).Message.(*statev1.ConfigurationCommitted)
	}
	first := commit("")
	created := first.GetVersion().GetCreateTime().AsTime()
	again := commit(first.GetVersion().GetId())
	require.NotEqual(t, first.GetVersion().GetId(), again.GetVersion().GetId(), "on another parent it is another")
	kept, _ := state.Versions.Get(l.store.View(), first.GetVersion().GetId())
	require.Equal(t, created, kept.GetCreateTime().AsTime())
	require.Len(t, l.configurations("shared"), 2, "one of each account")
	for name, c := range map[string]*statev1.CommitConfiguration{
		"no such retailer": {Account: "ACME", Retailer: 9, Artefacts: map[string]string{"a": "b"}},
		"no such account":  {Account: "NONE", Artefacts: map[string]string{"a": "b"}},
	} {
		require.True(t, fault.Is(l.apply(c).Err, fault.NotFound), name)
	}
}

func (l *log) configurations(environment string) (out []string) {
	for _, r := range state.Desired(l.store.View(), environment) {
		if c := r.GetConfiguration(); c != nil {
			out = append(out, c.GetAccount())
		}
	}
	return out
}

// TestANodeThatJoinsAgainStaysWhatItIs: on its host, and draining; only where it answers is new, and that it has yet to become ready.
func TestANodeThatJoinsAgainStaysWhatItIs(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{Hash: []byte("h"), Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: "here", ExpireTime: at(1000)}})
	l.must(&statev1.JoinHost{TokenHash: []byte("h"), Host: &cpv1.Host{Id: "h1"}})
	plan := func(environment, host string) error {
		return l.apply(&statev1.PlanNode{Node: &cpv1.Node{Id: "p1", Environment: environment, Host: host, Kind: cpv1.MachineKind_MACHINE_KIND_NODE}}).Err
	}
	require.True(t, fault.Is(plan("nowhere", "h1"), fault.NotFound))
	require.True(t, fault.Is(plan("shared", "h9"), fault.NotFound))
	require.NoError(t, plan("shared", "h1"))
	require.True(t, fault.Is(plan("shared", "h1"), fault.Exists))
	l.must(&statev1.DrainNode{Id: "p1"})
	planned, _ := state.Nodes.Get(l.store.View(), "p1")
	l.must(&statev1.JudgeNode{Id: "p1", State: cpv1.NodeState_NODE_STATE_READY})
	again := &cpv1.Node{Id: "p1", Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: "shared", Address: "p1:9", Release: "r2"}
	joined := l.must(&statev1.JoinNode{Node: again}).Message.(*cpv1.Node)
	require.Equal(t, []any{"h1", true, "p1:9", "r2", cpv1.NodeState_NODE_STATE_JOINING}, []any{joined.GetHost(), joined.GetDrain(), joined.GetAddress(), joined.GetRelease(), joined.GetState()})
	require.Equal(t, planned.GetCreateTime().AsTime(), joined.GetCreateTime().AsTime())
	stale := l.apply(&statev1.JudgeNode{Id: "p1", State: cpv1.NodeState_NODE_STATE_READY, Etag: planned.GetEtag()})
	require.True(t, fault.Is(stale.Err, fault.Conflict), "it has changed since")
	host, _ := state.Hosts.Get(l.store.View(), "h1")
	l.must(&statev1.JudgeHost{Id: "h1", State: cpv1.NodeState_NODE_STATE_GONE, Etag: host.GetEtag()})
	stale = l.apply(&statev1.JudgeHost{Id: "h1", State: cpv1.NodeState_NODE_STATE_READY, Etag: host.GetEtag()})
	require.True(t, fault.Is(stale.Err, fault.Conflict))

	remove := func(s cpv1.NodeState, etag string) error {
		l.must(&statev1.JudgeNode{Id: "p1", State: s})
		return l.apply(&statev1.DeleteNode{Id: "p1", Etag: etag}).Err
	}
	for _, s := range []cpv1.NodeState{cpv1.NodeState_NODE_STATE_READY, cpv1.NodeState_NODE_STATE_DRAINING} {
		require.True(t, fault.Is(remove(s, ""), fault.Unprocessable), s)
	}
	require.True(t, fault.Is(remove(cpv1.NodeState_NODE_STATE_GONE, "1"), fault.Conflict))
	require.NoError(t, remove(cpv1.NodeState_NODE_STATE_GONE, ""))
	require.True(t, fault.Is(l.apply(&statev1.JoinNode{Node: again}).Err, fault.Unauthenticated), "it is not known any more")
}

// TestJoinTokensEndToTheMoment, are of places that are there, and keep their hash to themselves.
func TestJoinTokensEndToTheMoment(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	create := func(token *statev1.JoinToken) (*statev1.JoinToken, error) {
		token.Hash, token.ExpireTime = []byte("t"), at(100)
		result := l.apply(&statev1.CreateJoinToken{Token: token})
		out, _ := result.Message.(*statev1.JoinToken)
		return out, result.Err
	}
	_, err := create(&statev1.JoinToken{Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Environment: "nowhere", Region: "here"})
	require.True(t, fault.Is(err, fault.Invalid))
	_, err = create(&statev1.JoinToken{Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Environment: "shared", Region: "nowhere"})
	require.True(t, fault.Is(err, fault.Invalid))
	made, err := create(&statev1.JoinToken{Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: "shared"})
	require.NoError(t, err)
	require.Empty(t, made.GetHash(), "answers are remembered")
	join := func(minute int) error {
		l.now(minute)
		return l.apply(&statev1.JoinNode{TokenHash: []byte("t"), Node: &cpv1.Node{Id: "n7", Kind: cpv1.MachineKind_MACHINE_KIND_NODE}}).Err
	}
	require.NoError(t, join(100))
	require.True(t, fault.Is(join(101), fault.Unauthenticated))
	tokens := func() int {
		list, _ := state.JoinTokens.List(l.store.View(), state.Page{})
		return len(list)
	}
	require.Equal(t, 2, tokens())
	l.must(&statev1.RemoveJoinTokens{})
	require.Equal(t, 1, tokens(), "the one that goes on stays")
}

// TestJoinTokensEndWithTheirPlace deletes an environment and a region and makes them again: who holds a token of old does not come in.
func TestJoinTokensEndWithTheirPlace(t *testing.T) {
	t.Parallel()
	for floor, want := range map[uint32]int{4: 3, 5: 1} {
		l := newLog(t)
		l.found()
		l.must(&statev1.RaiseSchemaFloor{Schema: floor})
		l.must(&statev1.PutRegion{Region: &cpv1.Region{Name: "there"}})
		l.must(&statev1.PutEnvironment{Environment: &cpv1.Environment{Name: "other", Region: "there"}})
		l.must(&statev1.RemoveJoinTokens{})
		for hash, token := range map[string]*statev1.JoinToken{
			"a": {Kind: cpv1.MachineKind_MACHINE_KIND_NODE, Environment: "other"}, "b": {Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: "there"},
		} {
			token.Hash, token.ExpireTime = []byte(hash), at(1000)
			l.must(&statev1.CreateJoinToken{Token: token})
		}
		l.must(&statev1.DeleteEnvironment{Name: "other"})
		l.must(&statev1.DeleteRegion{Name: "there"})
		left, _ := state.JoinTokens.List(l.store.View(), state.Page{})
		require.Len(t, left, want, "floor %d", floor) // that of the environment "shared" stays
	}
}

// TestAHostStaysInItsRegion: by its certificate it comes back to where it was, and by a token of elsewhere it does not move.
func TestAHostStaysInItsRegion(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.abroad()
	for _, region := range []string{"here", "there"} {
		l.must(&statev1.CreateJoinToken{Token: &statev1.JoinToken{Hash: []byte(region), Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: region, ExpireTime: at(1000)}})
	}
	join := func(token string, capacity int32) (*cpv1.Host, error) {
		result := l.apply(&statev1.JoinHost{TokenHash: []byte(token), Host: &cpv1.Host{Id: "h1", Capacity: capacity}})
		out, _ := result.Message.(*cpv1.Host)
		return out, result.Err
	}
	_, err := join("", 1)
	require.True(t, fault.Is(err, fault.Unauthenticated))
	first, err := join("there", 2)
	require.NoError(t, err)
	l.must(&statev1.JudgeHost{Id: "h1", State: cpv1.NodeState_NODE_STATE_GONE})
	again, err := join("", 3)
	require.NoError(t, err)
	require.Equal(t, []any{"there", int32(3), cpv1.NodeState_NODE_STATE_READY}, []any{again.GetRegion(), again.GetCapacity(), again.GetState()})
	require.Equal(t, first.GetCreateTime().AsTime(), again.GetCreateTime().AsTime())
	_, err = join("here", 4)
	require.True(t, fault.Is(err, fault.Conflict))
	h, _ := state.Hosts.Get(l.store.View(), "h1")
	require.Equal(t, "there", h.GetRegion())
}

// TestAnOperationThatEndsWaitsForNothing, whether it ends well, badly or is a step further.
func TestAnOperationThatEndsWaitsForNothing(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	note := func(id, step string) {
		l.must(&statev1.NoteOperation{Operation: id, Step: step, WaitingFor: &cpv1.WaitingFor{Reason: "NODE_ERROR"}})
	}
	failing, going := l.account("ACME"), l.account("BETA")
	note(failing, state.StepPlace)
	failed := l.must(&statev1.FinishOperation{Operation: failing, Error: &cpv1.OperationError{Code: "X"}}).Message.(*cpv1.Operation)
	require.Nil(t, failed.GetWaitingFor())
	require.Nil(t, state.CurrentStep(failed))
	note(going, state.StepPlace)
	placed := l.must(&statev1.PlaceAccount{Operation: going, Environment: "shared"}).Message.(*cpv1.Operation)
	require.Nil(t, placed.GetWaitingFor())
	require.InDelta(t, 1.0/6, placed.GetProgress(), 1e-9)
	require.Equal(t, state.StepPrepareAccount, state.CurrentStep(placed).GetName())
	require.Equal(t, at(int(l.index)).AsTime(), state.CurrentStep(placed).GetStartTime().AsTime())
}

// TestAnOperatorsPasswordIsNoPartOfItsRecord: who changes an operator changes no password, and the other way round.
func TestAnOperatorsPasswordIsNoPartOfItsRecord(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	of := func() *statev1.OperatorRecord { o, _ := state.Operators.Get(l.store.View(), "root"); return o }
	l.must(&statev1.PutOperator{Operator: &cpv1.Operator{Username: "root", DisplayName: "Root"}, PasswordHash: "another", Etag: of().GetOperator().GetEtag()})
	require.Equal(t, []string{"hash", "Root"}, []string{of().GetPasswordHash(), of().GetOperator().GetDisplayName()})
	l.must(&statev1.SetPassword{Username: "root", PasswordHash: "third"})
	require.Equal(t, []string{"third", "Root"}, []string{of().GetPasswordHash(), of().GetOperator().GetDisplayName()})
	require.True(t, fault.Is(l.apply(&statev1.SetPassword{Username: "none", PasswordHash: "x"}).Err, fault.NotFound))
	_, found := state.Operators.Get(l.store.View(), "none")
	require.False(t, found)
	l.must(&statev1.NoteFailedLogins{Others: 1, Failures: []*statev1.FailedLogin{{Username: "eve", Source: "192.0.2.1", Times: 2}}})
	records := audit(l.store)
	last := records[len(records)-1]
	require.Equal(t, []string{"login/failed", `"eve" from 192.0.2.1: 2; others: 1`}, []string{last.GetResource(), last.GetDetail()})
}

// TestRetailersAreOfOneAccount: their refs and numbers are, also beside an account whose name begins alike.
func TestRetailersAreOfOneAccount(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	operation := l.account("ACME")
	create := func(account, ref string) (*cpv1.Retailer, error) {
		result := l.apply(&statev1.CreateRetailer{Retailer: &cpv1.Retailer{Account: account, Ref: ref, Version: "made up"}})
		out, _ := result.Message.(*statev1.RetailerCreated)
		return out.GetRetailer(), result.Err
	}
	_, err := create("ACME", "R2")
	require.True(t, fault.Is(err, fault.Unprocessable), "not before the account is ready")
	l.provision(operation)
	l.provision(l.account("ACME-2"))
	second, err := create("ACME-2", "R2")
	require.NoError(t, err)
	require.Equal(t, []any{int32(2), "", cpv1.RetailerState_RETAILER_STATE_PROVISIONING}, []any{second.GetNumber(), second.GetVersion(), second.GetState()})
	own, err := create("ACME", "R2")
	require.NoError(t, err, "another account's ref is another's")
	require.EqualValues(t, 2, own.GetNumber())
	_, err = create("ACME", "R2")
	require.True(t, fault.Is(err, fault.Exists))
	third, err := create("ACME", "R3")
	require.NoError(t, err)
	require.EqualValues(t, 3, third.GetNumber(), "what was refused has taken no number")
	stale := l.apply(&statev1.UpdateRetailer{Retailer: &cpv1.Retailer{Account: "ACME", Number: 3}, Etag: "1"})
	require.True(t, fault.Is(stale.Err, fault.Conflict))
	l.must(&statev1.UpdateAccount{Account: &cpv1.Account{Name: "ACME", State: cpv1.AccountState_ACCOUNT_STATE_SUSPENDED}})
	_, err = create("ACME", "R4")
	require.True(t, fault.Is(err, fault.Unprocessable))
}
