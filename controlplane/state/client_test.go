package state_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

func acting(role string) []*cpv1.ClientRole {
	return []*cpv1.ClientRole{{Role: role, Contexts: []*cpv1.ClientContext{{Type: "ACCOUNT", Id: "0"}}}}
}

// clients takes API clients of ACME through their lives.
func (l *log) clients() {
	l.must(&statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account:       &cpv1.Account{Name: "NEW", Clients: []*cpv1.ApiClient{{ClientId: "NEW", Roles: acting("INTEGRATION")}}},
		Secrets:       []*statev1.ClientSecret{{ClientId: "NEW", Hash: []byte("n")}},
		FirstRetailer: &cpv1.Retailer{Ref: "R1"},
	}})
	l.must(&statev1.CreateApiClient{
		Client: &cpv1.ApiClient{ClientId: "ACME-erp", Description: "ERP", Roles: acting("INTEGRATION"), ExpireTime: at(5000)}, SecretHash: []byte("one"),
	})
	l.must(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-old", Roles: acting("ADMIN")}, SecretHash: []byte("old")})
	l.must(&statev1.RotateApiClient{ClientId: "ACME-erp", SecretHash: []byte("two"), OverlapEnd: at(4000)})
	l.must(&statev1.UpdateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME", Roles: acting("IMPLEMENTER")}})
	l.must(&statev1.RevokeApiClient{ClientId: "ACME-old"})
}

// known is what nodes are told of an account's clients, by id.
func (l *log) known(account string) map[string]*nodev1.ApiClient {
	out := map[string]*nodev1.ApiClient{}
	for _, r := range state.Desired(l.store.View(), "shared") {
		if a := r.GetAccount(); a.GetName() == account {
			for _, c := range a.GetClients() {
				out[c.GetClientId()] = c
			}
		}
	}
	return out
}

func (l *log) client(id string) *cpv1.ApiClient {
	l.t.Helper()
	record, c, found := state.ClientRecord(l.store.View(), id)
	require.True(l.t, found)
	return state.PublicClient(record, c, at(int(l.index)))
}

// TestClientsOfOldKeepWhatTheyActAs: a client out of a snapshot from before roles is told to nodes as it was, is listed as over-privileged, and
// is narrowed by one command.
func TestClientsOfOldKeepWhatTheyActAs(t *testing.T) {
	t.Parallel()
	_, name := golden(3)
	old, err := os.ReadFile(name)
	require.NoError(t, err)
	l := newLog(t)
	require.NoError(t, l.store.Restore(bytes.NewReader(old)))
	l.index = l.store.View().Index()
	before := l.known("ACME")["ACME"]
	require.Equal(t, []byte("h"), before.GetSecretHash(), "where nodes of before roles look for it")
	require.Empty(t, before.GetRoles())
	require.True(t, l.client("ACME").GetOverPrivileged())
	require.Len(t, l.client("ACME").GetSecrets(), 1)

	l.must(&statev1.RotateApiClient{ClientId: "ACME", SecretHash: []byte("new"), OverlapEnd: at(4000)})
	rotated := l.known("ACME")["ACME"]
	require.Equal(t, []byte("new"), rotated.GetSecretHash())
	require.Equal(t, []byte("h"), rotated.GetSecrets()[0].GetHash())
	require.Equal(t, at(4000).GetSeconds(), rotated.GetSecrets()[0].GetEndTime())

	narrowed := l.must(&statev1.UpdateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME", Roles: acting("INTEGRATION")}})
	require.False(t, narrowed.Message.(*cpv1.ApiClient).GetOverPrivileged())
	after := l.known("ACME")["ACME"]
	require.Empty(t, after.GetSecretHash(), "a node that knows of no roles must not find a secret")
	require.Len(t, after.GetSecrets(), 2)
	require.Equal(t, "INTEGRATION", after.GetRoles()[0].GetRole())
	require.Zero(t, after.GetGeneration(), "its tokens go on, by the new roles")
	widened := l.apply(&statev1.UpdateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME"}})
	require.True(t, fault.Is(widened.Err, fault.Invalid), "nothing leads back to a client without roles")
}

func TestSecretsRotate(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	l.must(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-erp", Roles: acting("INTEGRATION")}, SecretHash: []byte("one")})
	born := l.known("ACME")["ACME-erp"]
	rotate := func(secret string, minute int) state.Result {
		c := &statev1.RotateApiClient{ClientId: "ACME-erp", SecretHash: []byte(secret)}
		if minute > 0 {
			c.OverlapEnd = at(minute)
		}
		return l.apply(c)
	}
	end := int(l.index) + 3
	require.NoError(t, rotate("two", end).Err)
	require.Len(t, l.client("ACME-erp").GetSecrets(), 2)
	require.True(t, fault.Is(rotate("three", end).Err, fault.Unprocessable), "two are good, and one of them is in use")
	require.Equal(t, born.GetGeneration(), l.known("ACME")["ACME-erp"].GetGeneration(), "tokens go on")
	l.must(&statev1.Heartbeat{})
	require.NoError(t, rotate("three", end+100).Err, "the first has ended by now")
	secrets := l.known("ACME")["ACME-erp"].GetSecrets()
	require.Equal(t, [][]byte{[]byte("two"), []byte("three")}, [][]byte{secrets[0].GetHash(), secrets[1].GetHash()})
	require.NoError(t, rotate("four", 0).Err)
	secrets = l.known("ACME")["ACME-erp"].GetSecrets()
	require.Len(t, secrets, 1)
	require.Equal(t, []byte("four"), secrets[0].GetHash())
	require.Greater(t, l.known("ACME")["ACME-erp"].GetGeneration(), born.GetGeneration(), "and so have the tokens")
	require.Len(t, l.known("ACME")["ACME"].GetSecretHash(), 1, "others' secrets stay")
}

func TestRevokedClientsAreGone(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	create := func(name string) state.Result {
		return l.apply(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-" + name, Roles: acting("ADMIN")}, SecretHash: []byte("s")})
	}
	require.NoError(t, create("a").Err)
	require.True(t, fault.Is(create("a").Err, fault.Exists))
	first := l.known("ACME")["ACME-a"].GetGeneration()
	l.must(&statev1.RevokeApiClient{ClientId: "ACME-a"})
	require.NotContains(t, l.known("ACME"), "ACME-a")
	require.Empty(t, l.client("ACME-a").GetSecrets())
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_REVOKED, l.client("ACME-a").GetState())
	for _, again := range []state.Result{
		l.apply(&statev1.UpdateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-a", Roles: acting("ADMIN")}}),
		l.apply(&statev1.RotateApiClient{ClientId: "ACME-a", SecretHash: []byte("x")}),
		l.apply(&statev1.RevokeApiClient{ClientId: "ACME-a"}),
	} {
		require.True(t, fault.Is(again.Err, fault.Unprocessable), "%v", again.Err)
	}
	require.True(t, fault.Is(create("a").Err, fault.Exists), "an id that is remembered is not given out again")

	// With no place left the revoked one is forgotten, and its id may come back: as another generation, for which old tokens are none.
	for i := range 48 {
		require.NoError(t, create(fmt.Sprintf("c%d", i)).Err)
	}
	require.NoError(t, create("more").Err)
	l.must(&statev1.RevokeApiClient{ClientId: "ACME-c0"})
	require.NoError(t, create("a").Err)
	require.Greater(t, l.known("ACME")["ACME-a"].GetGeneration(), first)
	full := create("one-too-many")
	require.True(t, fault.Is(full.Err, fault.Limited), "%v", full.Err)
}

// TestExpiredClientsCanBeDescribedAndProlonged changes a client whose end has come: only a new end must lie ahead.
func TestExpiredClientsCanBeDescribedAndProlonged(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	end := int(l.index) + 2
	client := &cpv1.ApiClient{ClientId: "ACME-x", Roles: acting("INTEGRATION"), ExpireTime: at(end)}
	l.must(&statev1.CreateApiClient{Client: client, SecretHash: []byte("s")})
	l.must(&statev1.Heartbeat{})
	l.must(&statev1.Heartbeat{})
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_EXPIRED, l.client("ACME-x").GetState())
	client.Description = "the old till"
	l.must(&statev1.UpdateApiClient{Client: client})
	require.Equal(t, "the old till", l.client("ACME-x").GetDescription())
	client.ExpireTime = at(end + 1)
	require.True(t, fault.Is(l.apply(&statev1.UpdateApiClient{Client: client}).Err, fault.Invalid), "another end that has come")
	client.ExpireTime = at(end + 1000)
	l.must(&statev1.UpdateApiClient{Client: client})
	require.Equal(t, cpv1.ApiClientState_API_CLIENT_STATE_ACTIVE, l.client("ACME-x").GetState())
}

// TestClientsActAsSomethingThatExists names what a client cannot act as.
func TestClientsActAsSomethingThatExists(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.found()
	l.provision(l.account("ACME"))
	in := func(kind, id string) []*cpv1.ClientRole {
		return []*cpv1.ClientRole{{Role: "INTEGRATION", Contexts: []*cpv1.ClientContext{{Type: kind, Id: id}}}}
	}
	for name, c := range map[string]*cpv1.ApiClient{
		"no role":             {ClientId: "ACME-x"},
		"nowhere":             {ClientId: "ACME-x", Roles: []*cpv1.ClientRole{{Role: "INTEGRATION"}}},
		"account 1":           {ClientId: "ACME-x", Roles: in("ACCOUNT", "1")},
		"no such retailer":    {ClientId: "ACME-x", Roles: in("RETAILER", "2")},
		"retailer beyond int": {ClientId: "ACME-x", Roles: in("RETAILER", "4294967297")},
		"location 0":          {ClientId: "ACME-x", Roles: in("AGENT", "0")},
		"no such context":     {ClientId: "ACME-x", Roles: in("PLANET", "1")},
		"past":                {ClientId: "ACME-x", Roles: in("ACCOUNT", "0"), ExpireTime: at(0)},
		"no such account":     {ClientId: "OTHER-x", Roles: in("ACCOUNT", "0")},
	} {
		result := l.apply(&statev1.CreateApiClient{Client: c, SecretHash: []byte("s")})
		require.Error(t, result.Err, name)
		require.False(t, fault.Is(result.Err, fault.Internal), "%s: %v", name, result.Err)
	}
	require.Len(t, l.known("ACME"), 1)
	l.must(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME-x", Roles: in("RETAILER", "1")}, SecretHash: []byte("s")})
}

func TestClientsNeedTheUpgrade(t *testing.T) {
	t.Parallel()
	command, err := state.Command(&statev1.Meta{}, &statev1.CreateAccount{Record: &statev1.AccountRecord{
		Account: &cpv1.Account{Name: "ACME", Clients: []*cpv1.ApiClient{{ClientId: "ACME"}}},
	}})
	require.NoError(t, err)
	require.EqualValues(t, 4, command.GetSchema(), "servers that know of no roles would make an administrator of it")
	command, err = state.Command(&statev1.Meta{}, &statev1.RevokeApiClient{ClientId: "ACME"})
	require.NoError(t, err)
	require.EqualValues(t, 4, command.GetSchema())
}
