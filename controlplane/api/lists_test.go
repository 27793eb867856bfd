package api_test

import (
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// all walks a list by pages of one and gives the names on them, in their order.
func all[T any](t *testing.T, page func(token string) (list []T, next string, err error), name func(T) string) (out []string) {
	t.Helper()
	for token := ""; ; {
		list, next, err := page(token)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list), 1)
		for _, one := range list {
			out = append(out, name(one))
		}
		if next == "" {
			return out
		}
		token = next
	}
}

// lists are the lists that limited roles see their part of, by name.
func lists(t *testing.T) map[string]func(over *connect.Client) []string {
	return map[string]func(over *connect.Client) []string{
		"regions": func(over *connect.Client) []string {
			return all(t, func(token string) ([]*cpv1.Region, string, error) {
				out, err := cpc.NewRegionServiceClient(over).ListRegions(t.Context(), &cpv1.ListRegionsRequest{PageSize: 1, PageToken: token})
				return out.GetRegions(), out.GetNextPageToken(), err
			}, (*cpv1.Region).GetName)
		},
		"environments": func(over *connect.Client) []string { return environmentsOf(t, over, &cpv1.ListEnvironmentsRequest{}) },
		"environments of there": func(over *connect.Client) []string {
			return environmentsOf(t, over, &cpv1.ListEnvironmentsRequest{Region: "there"})
		},
		"accounts": func(over *connect.Client) []string { return accountsOf(t, over, &cpv1.ListAccountsRequest{}) },
		"accounts of other": func(over *connect.Client) []string {
			return accountsOf(t, over, &cpv1.ListAccountsRequest{Environment: "other"})
		},
		"nodes": func(over *connect.Client) []string { return nodesOf(t, over, &cpv1.ListNodesRequest{}) },
		"nodes of other": func(over *connect.Client) []string {
			return nodesOf(t, over, &cpv1.ListNodesRequest{Environment: "other"})
		},
		"hosts": func(over *connect.Client) []string {
			return all(t, func(token string) ([]*cpv1.Host, string, error) {
				out, err := cpc.NewNodeAdminServiceClient(over).ListHosts(t.Context(), &cpv1.ListHostsRequest{PageSize: 1, PageToken: token})
				return out.GetHosts(), out.GetNextPageToken(), err
			}, (*cpv1.Host).GetId)
		},
		"operations": func(over *connect.Client) []string { return operationsOf(t, over, &cpv1.ListOperationsRequest{}) },
		"operations of BETA": func(over *connect.Client) []string {
			return operationsOf(t, over, &cpv1.ListOperationsRequest{Account: "BETA"})
		},
		"operations that run": func(over *connect.Client) []string {
			return operationsOf(t, over, &cpv1.ListOperationsRequest{State: cpv1.OperationState_OPERATION_STATE_RUNNING})
		},
	}
}

func environmentsOf(t *testing.T, over *connect.Client, r *cpv1.ListEnvironmentsRequest) []string {
	return all(t, func(token string) ([]*cpv1.Environment, string, error) {
		r.PageSize, r.PageToken = 1, token
		out, err := cpc.NewEnvironmentServiceClient(over).ListEnvironments(t.Context(), r)
		return out.GetEnvironments(), out.GetNextPageToken(), err
	}, (*cpv1.Environment).GetName)
}

func accountsOf(t *testing.T, over *connect.Client, r *cpv1.ListAccountsRequest) []string {
	return all(t, func(token string) ([]*cpv1.Account, string, error) {
		r.PageSize, r.PageToken = 1, token
		out, err := cpc.NewAccountServiceClient(over).ListAccounts(t.Context(), r)
		return out.GetAccounts(), out.GetNextPageToken(), err
	}, (*cpv1.Account).GetName)
}

func nodesOf(t *testing.T, over *connect.Client, r *cpv1.ListNodesRequest) []string {
	return all(t, func(token string) ([]*cpv1.Node, string, error) {
		r.PageSize, r.PageToken = 1, token
		out, err := cpc.NewNodeAdminServiceClient(over).ListNodes(t.Context(), r)
		return out.GetNodes(), out.GetNextPageToken(), err
	}, (*cpv1.Node).GetId)
}

func operationsOf(t *testing.T, over *connect.Client, r *cpv1.ListOperationsRequest) []string {
	return all(t, func(token string) ([]*cpv1.Operation, string, error) {
		r.PageSize, r.PageToken = 1, token
		out, err := cpc.NewOperationServiceClient(over).ListOperations(t.Context(), r)
		return out.GetOperations(), out.GetNextPageToken(), err
	}, (*cpv1.Operation).GetAccount)
}

// twoPlaces has two regions with an environment each, of each two accounts, one of which is still being provisioned.
func twoPlaces(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.place("there", "other", "o1")
	d.host("h1", "here")
	d.host("h2", "there")
	d.active("ACME", "shared")
	d.active("BETA", "other")
	d.account("ASTRA", "shared")
	d.account("BOLT", "other")
	return d
}

// TestListsShowWhatARoleCovers reads each list as an operator of each kind, page by page.
func TestListsShowWhatARoleCovers(t *testing.T) {
	t.Parallel()
	d := twoPlaces(t)
	root := d.root()
	region := d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"there"}})
	account := d.operator("ida", &cpv1.RoleBinding{Role: auth.Implementer, Accounts: []string{"BETA"}})
	both := d.operator("bo", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"here"}}, &cpv1.RoleBinding{Role: auth.Implementer, Accounts: []string{"BETA"}})
	for name, wanted := range map[string]struct{ root, region, both []string }{
		"regions":               {[]string{"here", "there"}, []string{"here", "there"}, []string{"here", "there"}}, // no secret among operators
		"environments":          {[]string{"other", "shared"}, []string{"other"}, []string{"shared"}},
		"environments of there": {[]string{"other"}, []string{"other"}, nil},
		"accounts":              {[]string{"ACME", "ASTRA", "BETA", "BOLT"}, []string{"BETA", "BOLT"}, []string{"ACME", "ASTRA", "BETA"}},
		"accounts of other":     {[]string{"BETA", "BOLT"}, []string{"BETA", "BOLT"}, []string{"BETA"}},
		"nodes":                 {[]string{"n1", "o1"}, []string{"o1"}, []string{"n1"}},
		"nodes of other":        {[]string{"o1"}, []string{"o1"}, nil},
		"hosts":                 {[]string{"h1", "h2"}, []string{"h2"}, []string{"h1"}},
		"operations":            {[]string{"BOLT", "ASTRA", "BETA", "ACME"}, []string{"BOLT", "BETA"}, []string{"ASTRA", "BETA", "ACME"}},
		"operations of BETA":    {[]string{"BETA"}, []string{"BETA"}, []string{"BETA"}},
		"operations that run":   {[]string{"BOLT", "ASTRA"}, []string{"BOLT"}, []string{"ASTRA"}},
	} {
		read := lists(t)[name]
		require.Equal(t, wanted.root, read(root), name)
		require.Equal(t, wanted.region, read(region), name)
		require.Equal(t, wanted.both, read(both), name)
	}
	require.Equal(t, []string{"BETA"}, lists(t)["accounts"](account))
	require.Equal(t, []string{"BETA"}, lists(t)["operations"](account))
	_, err := cpc.NewNodeAdminServiceClient(account).ListNodes(t.Context(), &cpv1.ListNodesRequest{})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "nodes are shared by accounts")
}

// TestTheAuditShowsWhatARoleCovers makes a record of each kind in two places.
func TestTheAuditShowsWhatARoleCovers(t *testing.T) {
	t.Parallel()
	d := twoPlaces(t)
	root := d.root()
	for _, name := range []string{"ACME", "BETA"} {
		_, err := cpc.NewApiClientServiceClient(root).CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: name + "-erp", Roles: acting("ADMIN")}})
		require.NoError(t, err)
		_, err = cpc.NewRetailerServiceClient(root).CreateRetailer(t.Context(), &cpv1.CreateRetailerRequest{Retailer: &cpv1.Retailer{Account: name, Ref: "SECOND"}})
		require.NoError(t, err)
		d.do(&statev1.CommitConfiguration{Account: name, Retailer: 1, Artefacts: map[string]string{"a": "b"}})
	}
	seen := func(over *connect.Client, r *cpv1.ListAuditRecordsRequest) (out []string) {
		return all(t, func(token string) ([]*cpv1.AuditRecord, string, error) {
			r.PageSize, r.PageToken = 1, token
			out, err := cpc.NewAuditServiceClient(over).ListAuditRecords(t.Context(), r)
			return out.GetRecords(), out.GetNextPageToken(), err
		}, func(r *cpv1.AuditRecord) string { return r.GetResource() })
	}
	ofAccount := func(name string, operations ...string) []string {
		return append([]string{"account/" + name, "client/" + name + "-erp", "retailer/" + state.RetailerKey(name, 2), "configuration/" + state.RetailerKey(name, 1)}, operations...)
	}
	operation := func(name string) string {
		out, err := cpc.NewOperationServiceClient(root).ListOperations(t.Context(), &cpv1.ListOperationsRequest{Account: name})
		require.NoError(t, err)
		return "operation/" + out.GetOperations()[len(out.GetOperations())-1].GetId()
	}
	set := func(list []string) map[string]bool {
		out := map[string]bool{}
		for _, name := range list {
			out[name] = true
		}
		return out
	}
	tokens := seen(root, &cpv1.ListAuditRecordsRequest{Resource: "join_token/"}) // newest first: of h2, h1, o1, n1
	require.Len(t, tokens, 4)
	region := d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"there"}})
	account := d.operator("ida", &cpv1.RoleBinding{Role: auth.Implementer, Accounts: []string{"BETA"}})
	require.Equal(t, set(ofAccount("BETA", operation("BETA"))), set(seen(account, &cpv1.ListAuditRecordsRequest{})))
	require.Equal(t, set(append(ofAccount("BETA", operation("BETA"), "account/BOLT", "region/there", "environment/other", "node/o1", "host/h2"), tokens[0], tokens[2])),
		set(seen(region, &cpv1.ListAuditRecordsRequest{})))
	require.Contains(t, seen(root, &cpv1.ListAuditRecordsRequest{}), "cluster/one")
	require.Equal(t, []string{"client/BETA-erp", "client/ACME-erp"}, seen(root, &cpv1.ListAuditRecordsRequest{Resource: "client/"}))
	require.Equal(t, []string{"retailer/" + state.RetailerKey("BETA", 2), "client/BETA-erp", "retailer/" + state.RetailerKey("ACME", 2), "client/ACME-erp"},
		seen(root, &cpv1.ListAuditRecordsRequest{Actor: "operator/root"}))
}

// TestTheAuditRemembersWhereThingsWere deletes a node of one region and has another join under its name in the other; and removes an account's operation.
// Who may see the records of what is gone still sees them, and whoever has the name now gets none of them.
func TestTheAuditRemembersWhereThingsWere(t *testing.T) {
	t.Parallel()
	d := twoPlaces(t)
	there := d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"there"}})
	here := d.operator("hana", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"here"}})
	account := d.operator("ida", &cpv1.RoleBinding{Role: auth.Implementer, Accounts: []string{"BETA"}})
	seen := func(over *connect.Client, resource string) (out []string) {
		return all(t, func(token string) ([]*cpv1.AuditRecord, string, error) {
			out, err := cpc.NewAuditServiceClient(over).ListAuditRecords(t.Context(), &cpv1.ListAuditRecordsRequest{Resource: resource, PageSize: 1, PageToken: token})
			return out.GetRecords(), out.GetNextPageToken(), err
		}, func(r *cpv1.AuditRecord) string {
			return r.GetAction() + " " + r.GetRegion() + " " + r.GetEnvironment() + " " + r.GetAccount()
		})
	}
	d.do(&statev1.JudgeNode{Id: "o1", State: cpv1.NodeState_NODE_STATE_GONE})
	d.do(&statev1.DeleteNode{Id: "o1"})
	d.join(aNode, "o1", "shared")
	was := []string{"DELETE_NODE there other ", "JUDGE_NODE there other ", "JUDGE_NODE there other ", "JOIN_NODE there other "}
	require.Equal(t, was, seen(there, "node/o1"))
	require.Equal(t, []string{"JOIN_NODE here shared "}, seen(here, "node/o1"))
	require.Equal(t, append([]string{"JOIN_NODE here shared "}, was...), seen(d.root(), "node/o1"))

	operations, _ := state.Operations.List(d.store.View(), state.Page{})
	var ended []string
	for _, o := range operations {
		if o.GetState() == cpv1.OperationState_OPERATION_STATE_DONE {
			ended = append(ended, o.GetId())
		}
	}
	before := seen(account, "operation/")
	require.Contains(t, before, "FINISH_OPERATION there other BETA")
	d.do(&statev1.RemoveOperations{Operations: ended})
	require.Equal(t, before, seen(account, "operation/"))
	for _, record := range seen(here, "") {
		require.NotContains(t, record, "there")
	}
	require.NoError(t, state.VerifyAudit(d.store.View()))
}

// TestClientsAreListedOnce, page by page; of those that act as administrators only the ones that can.
func TestClientsAreListedOnce(t *testing.T) {
	t.Parallel()
	d := twoPlaces(t)
	for id, role := range map[string]string{"ACME-a": "ADMIN", "ACME-b": "INTEGRATION", "BETA-a": "ADMIN", "BETA-gone": "ADMIN", "BOLT-a": "ADMIN"} {
		d.do(&statev1.CreateApiClient{Client: &cpv1.ApiClient{ClientId: id, Roles: acting(role)}, SecretHash: []byte("s")})
	}
	d.do(&statev1.RevokeApiClient{ClientId: "BETA-gone"})
	listed := func(over *connect.Client, r *cpv1.ListApiClientsRequest) []string {
		return all(t, func(token string) ([]*cpv1.ApiClient, string, error) {
			r.PageSize, r.PageToken = 1, token
			out, err := cpc.NewApiClientServiceClient(over).ListApiClients(t.Context(), r)
			return out.GetClients(), out.GetNextPageToken(), err
		}, (*cpv1.ApiClient).GetClientId)
	}
	root := d.root()
	require.Equal(t, []string{"ACME", "ACME-a", "ACME-b", "ASTRA", "BETA", "BETA-a", "BETA-gone", "BOLT", "BOLT-a"}, listed(root, &cpv1.ListApiClientsRequest{}))
	require.Equal(t, []string{"BETA", "BETA-a", "BETA-gone"}, listed(root, &cpv1.ListApiClientsRequest{Account: "BETA"}))
	require.Equal(t, []string{"ACME-a", "BETA-a"}, listed(root, &cpv1.ListApiClientsRequest{OverPrivileged: true}), "BOLT-a is not open yet, and BETA-gone was revoked")
	require.Empty(t, listed(root, &cpv1.ListApiClientsRequest{Account: "NONE"}))
	there := d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"there"}})
	require.Equal(t, []string{"BETA", "BETA-a", "BETA-gone", "BOLT", "BOLT-a"}, listed(there, &cpv1.ListApiClientsRequest{}))
}
