package desired_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/desired"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

func change(t *testing.T, s *desired.State, r *nodev1.Resource, deleted bool) *desired.View {
	t.Helper()
	s.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Resource: r, Deleted: deleted}}})
	return s.View()
}

func TestAViewFindsAccountsClientsAndPeersOfItsOwnIndex(t *testing.T) {
	t.Parallel()
	s, err := desired.Open("")
	require.NoError(t, err)
	require.Equal(t, "SHOP", s.View().AccountByHost("shop.example.com"))
	acme := &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{
		Name: "ACME", Hosts: []string{"shop.example.com"}, Clients: []*nodev1.ApiClient{{ClientId: "acme-1"}},
	}}}
	with := change(t, s, acme, false)
	require.Equal(t, "ACME", with.AccountByHost("shop.example.com:8080"))
	require.Equal(t, "ACME", with.AccountByHost("acme.localhost"))
	account, client := with.Client("acme-1")
	require.Equal(t, "ACME", account.GetName())
	require.Equal(t, "acme-1", client.GetClientId())

	peers := change(t, s, &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: "n1", Kind: "node", State: "READY"}}}, false)
	require.Len(t, peers.Peers("node"), 1)
	require.Empty(t, peers.Peers("gateway"))
	require.Empty(t, with.Peers("node"), "an older view stays as it was")

	without := change(t, s, acme, true)
	require.Equal(t, "SHOP", without.AccountByHost("shop.example.com"))
	account, client = without.Client("acme-1")
	require.Nil(t, account)
	require.Nil(t, client)
}
