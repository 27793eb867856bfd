package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/controlplane/api"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// site is what there is of each kind in one region.
type site struct{ region, environment, node, account, operation string }

// placed are the calls about one thing, and who may make them where his role holds besides whoever may do anything: r the operator of a
// region, a the implementer of an account.
var placed = map[string]struct {
	who  string
	call func(ctx context.Context, over *connect.Client, at site) error
}{
	"UpdateRegion": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewRegionServiceClient(over).UpdateRegion(ctx, &cpv1.UpdateRegionRequest{Region: &cpv1.Region{Name: at.region, DisplayName: "x"}})
		return err
	}},
	"CreateEnvironment": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewEnvironmentServiceClient(over).CreateEnvironment(ctx, &cpv1.CreateEnvironmentRequest{Environment: &cpv1.Environment{Name: "another", Region: at.region}})
		return err
	}},
	"GetEnvironment": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewEnvironmentServiceClient(over).GetEnvironment(ctx, &cpv1.GetEnvironmentRequest{Name: at.environment})
		return err
	}},
	"UpdateEnvironment": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewEnvironmentServiceClient(over).UpdateEnvironment(ctx, &cpv1.UpdateEnvironmentRequest{Environment: &cpv1.Environment{Name: at.environment, DisplayName: "x"}})
		return err
	}},
	"DeleteEnvironment": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewEnvironmentServiceClient(over).DeleteEnvironment(ctx, &cpv1.DeleteEnvironmentRequest{Name: at.environment, ValidateOnly: true})
		if connect.CodeOf(err) == connect.CodeFailedPrecondition { // it has accounts
			return nil
		}
		return err
	}},
	"CreateAccount in an environment": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewAccountServiceClient(over).CreateAccount(ctx, &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "NEW", Environment: at.environment}})
		return err
	}},
	"CreateAccount in a region": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewAccountServiceClient(over).CreateAccount(ctx, &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: "NEW", Region: at.region}})
		return err
	}},
	"GetAccount": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewAccountServiceClient(over).GetAccount(ctx, &cpv1.GetAccountRequest{Name: at.account})
		return err
	}},
	"UpdateAccount": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewAccountServiceClient(over).UpdateAccount(ctx, &cpv1.UpdateAccountRequest{Account: &cpv1.Account{Name: at.account, DisplayName: "x"}})
		return err
	}},
	"DeleteAccount": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewAccountServiceClient(over).DeleteAccount(ctx, &cpv1.DeleteAccountRequest{Name: at.account})
		return err
	}},
	"RotateClientSecret": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewAccountServiceClient(over).RotateClientSecret(ctx, &cpv1.RotateClientSecretRequest{Account: at.account})
		return err
	}},
	"CreateApiClient": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewApiClientServiceClient(over).CreateApiClient(ctx, &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: at.account + "-new", Roles: acting("ADMIN")}})
		return err
	}},
	"ListApiClients": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewApiClientServiceClient(over).ListApiClients(ctx, &cpv1.ListApiClientsRequest{Account: at.account})
		return err
	}},
	"UpdateApiClient": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewApiClientServiceClient(over).UpdateApiClient(ctx, &cpv1.UpdateApiClientRequest{Client: &cpv1.ApiClient{ClientId: at.account, Description: "x"}})
		return err
	}},
	"RotateApiClientSecret": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewApiClientServiceClient(over).RotateApiClientSecret(ctx, &cpv1.RotateApiClientSecretRequest{ClientId: at.account})
		return err
	}},
	"RevokeApiClient": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewApiClientServiceClient(over).RevokeApiClient(ctx, &cpv1.RevokeApiClientRequest{ClientId: at.account})
		return err
	}},
	"CreateRetailer": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewRetailerServiceClient(over).CreateRetailer(ctx, &cpv1.CreateRetailerRequest{Retailer: &cpv1.Retailer{Account: at.account, Ref: "NEW"}})
		return err
	}},
	"GetRetailer": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewRetailerServiceClient(over).GetRetailer(ctx, &cpv1.GetRetailerRequest{Account: at.account, Number: 1})
		return err
	}},
	"ListRetailers": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewRetailerServiceClient(over).ListRetailers(ctx, &cpv1.ListRetailersRequest{Account: at.account})
		return err
	}},
	"UpdateRetailer": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewRetailerServiceClient(over).UpdateRetailer(ctx, &cpv1.UpdateRetailerRequest{Retailer: &cpv1.Retailer{Account: at.account, Number: 1, TradingName: "x"}})
		return err
	}},
	"GetNode": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewNodeAdminServiceClient(over).GetNode(ctx, &cpv1.GetNodeRequest{Id: at.node})
		return err
	}},
	"DrainNode": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewNodeAdminServiceClient(over).DrainNode(ctx, &cpv1.DrainNodeRequest{Id: at.node})
		return err
	}},
	"DeleteNode": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewNodeAdminServiceClient(over).DeleteNode(ctx, &cpv1.DeleteNodeRequest{Id: at.node})
		if connect.CodeOf(err) == connect.CodeFailedPrecondition { // it is ready
			return nil
		}
		return err
	}},
	"CreateJoinToken of an environment": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewNodeAdminServiceClient(over).CreateJoinToken(ctx, &cpv1.CreateJoinTokenRequest{Kind: aGateway, Environment: at.environment})
		return err
	}},
	"CreateJoinToken of a region": {"r", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewNodeAdminServiceClient(over).CreateJoinToken(ctx, &cpv1.CreateJoinTokenRequest{Kind: aHost, Region: at.region})
		return err
	}},
	"GetOperation": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewOperationServiceClient(over).GetOperation(ctx, &cpv1.GetOperationRequest{Id: at.operation})
		return err
	}},
	"WaitOperation": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		_, err := cpc.NewOperationServiceClient(over).WaitOperation(ctx, &cpv1.WaitOperationRequest{Id: at.operation, Timeout: durationpb.New(time.Minute)})
		return err
	}},
	"WatchOperation": {"ra", func(ctx context.Context, over *connect.Client, at site) error {
		stream, err := cpc.NewOperationServiceClient(over).WatchOperation(ctx, &cpv1.WatchOperationRequest{Id: at.operation})
		if err != nil {
			return err
		}
		defer stream.Close()
		_, err = stream.Receive()
		return err
	}},
}

// TestALimitedRoleEndsWhereItsPlaceEnds has each call about one thing made by an operator of a region and by an implementer of an account,
// for their own place and for the other one, which must be refused before anything is said of it.
func TestALimitedRoleEndsWhereItsPlaceEnds(t *testing.T) {
	t.Parallel()
	for name, c := range placed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.place("here", "shared", "n1")
			d.place("there", "other", "o1")
			here := site{"here", "shared", "n1", "ACME", d.active("ACME", "shared")}
			there := site{"there", "other", "o1", "BETA", d.active("BETA", "other")}
			region := d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"here"}})
			account := d.operator("ida", &cpv1.RoleBinding{Role: auth.Implementer, Accounts: []string{"ACME"}})
			before := d.store.View().Index()
			for who, over := range map[string]*connect.Client{"r": region, "a": account} {
				require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(c.call(t.Context(), over, there)), who)
			}
			require.Equal(t, before, d.store.View().Index(), "what is refused changes nothing")
			if c.who == "r" {
				require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(c.call(t.Context(), account, here)))
				require.NoError(t, c.call(t.Context(), region, here))
				return
			}
			require.NoError(t, c.call(t.Context(), account, here))
			nobody := d.operator("nora", &cpv1.RoleBinding{Role: auth.Implementer, Accounts: []string{"BETA"}})
			require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(c.call(t.Context(), nobody, here)), "of another account")
		})
	}
}

// TestNoCallForgetsItsPlace asks the policy which calls are open to limited roles. Each of them declares in its .proto which fields of its request
// say where it is, or that it is a list that shows what the caller may see; and each that says where is tried by the test above, by those who may.
func TestNoCallForgetsItsPlace(t *testing.T) {
	t.Parallel()
	rules, err := theRules()
	require.NoError(t, err)
	tried := map[string]string{}
	for name, c := range placed {
		method, _, _ := strings.Cut(name, " ")
		tried[method] = c.who
	}
	open := 0
	for procedure, permission := range api.Permissions() {
		who := limited(t, rules, permission)
		if who == "" {
			continue
		}
		open++
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(procedure[1:], "/", ".")))
		require.NoError(t, err)
		at, _ := proto.GetExtension(found.Options(), cpv1.E_Place).(*cpv1.Place)
		bare := proto.CloneOf(at)
		if bare != nil {
			bare.Filtered = false
		}
		switch name := string(found.Name()); {
		case proto.Size(bare) > 0:
			require.Equal(t, who, tried[name], "%s is open to others than those who try it", procedure)
		case !at.GetFiltered() || !strings.HasPrefix(name, "List"):
			t.Errorf("%s says of no place: declare it beside its permission", procedure)
		}
	}
	require.Greater(t, open, 30)
}

// limited says which of the limited roles a permission is open to, as placed does.
func limited(t *testing.T, rules *policy.Engine, permission string) string {
	t.Helper()
	who := ""
	for _, role := range []auth.Role{{Name: auth.RegionOperator, Regions: []string{"here"}}, {Name: auth.Implementer, Accounts: []string{"ACME"}}} {
		decision, err := rules.Decide(t.Context(), &auth.Principal{Kind: auth.OperatorKind, Subject: "x", Roles: []auth.Role{role}}, permission, nil)
		require.NoError(t, err)
		if decision.Answer == policy.AllowWhere {
			who += map[string]string{auth.RegionOperator: "r", auth.Implementer: "a"}[role.Name]
		}
	}
	return who
}

// TestARequestThatNamesTwoRegionsIsInNeither invites a host to another region under cover of an environment of one's own.
func TestARequestThatNamesTwoRegionsIsInNeither(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.place("there", "other", "o1")
	region := d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"here"}})
	for _, r := range []*cpv1.CreateJoinTokenRequest{
		{Kind: aHost, Environment: "shared", Region: "there"}, {Kind: aHost, Environment: "other", Region: "here"},
	} {
		_, err := cpc.NewNodeAdminServiceClient(region).CreateJoinToken(t.Context(), r)
		require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "%v", err)
	}
	_, err := cpc.NewNodeAdminServiceClient(region).CreateJoinToken(t.Context(), &cpv1.CreateJoinTokenRequest{Kind: aHost, Environment: "shared", Region: "here"})
	require.NoError(t, err)
}
