package server_test

import (
	"context"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

const (
	aNode    = cpv1.MachineKind_MACHINE_KIND_NODE
	aGateway = cpv1.MachineKind_MACHINE_KIND_GATEWAY
	aHost    = cpv1.MachineKind_MACHINE_KIND_HOST
)

// neighbour makes a second environment, beside the one of makeEnvironment, in a second region.
func (c *trio) neighbour() {
	ctx := context.Background()
	eventually(c.t, func() (*cpv1.CreateRegionResponse, error) {
		return controlplanev1connect.NewRegionServiceClient(c.operator()).CreateRegion(ctx, &cpv1.CreateRegionRequest{
			RequestId: "r2", Region: &cpv1.Region{Name: "there", Country: "NZ", Jurisdictions: []string{"NZ"}},
		})
	})
	eventually(c.t, func() (*cpv1.CreateEnvironmentResponse, error) {
		return controlplanev1connect.NewEnvironmentServiceClient(c.operator()).CreateEnvironment(ctx, &cpv1.CreateEnvironmentRequest{
			RequestId: "e2", Environment: &cpv1.Environment{Name: "other", Region: "there", DatabaseUrl: "postgres://other"},
		})
	})
}

// invite makes a join token; for hosts, place is a region, else an environment.
func (c *trio) invite(kind cpv1.MachineKind, place string, lifetime time.Duration) string {
	r := &cpv1.CreateJoinTokenRequest{Kind: kind, Environment: place, Lifetime: durationpb.New(lifetime)}
	if kind == aHost {
		r.Environment, r.Region = "", place
	}
	out := eventually(c.t, func() (*cpv1.CreateJoinTokenResponse, error) {
		return controlplanev1connect.NewNodeAdminServiceClient(c.operator()).CreateJoinToken(context.Background(), r)
	})
	return out.GetToken()
}

// seen is the snapshot that who is at the end of a line gets to see.
func (c *trio) seen(line *connect.Client) ([]*nodev1.Resource, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := nodev1connect.NewNodeServiceClient(line).Watch(ctx, &nodev1.WatchRequest{})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var all []*nodev1.Resource
	for {
		frame, err := stream.Receive()
		if err != nil || frame.GetSnapshotEnd() != nil {
			return all, err
		}
		all = append(all, frame.GetSnapshot())
	}
}

// TestMachinesStayInTheirPlace tries every call that some machine is let near as every other machine.
func TestMachinesStayInTheirPlace(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	cp.neighbour()
	startNode(t, cp, "n1")
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, cp.await(cp.create("ACME").GetOperation().GetId()).GetState())
	lines := map[string]*connect.Client{
		"node":    cp.line(cp.machine(aNode, "n2", "shared")),
		"gateway": cp.line(cp.machine(aGateway, "g1", "shared")),
		"foreign": cp.line(cp.machine(aNode, "o1", "other")),
		"host":    cp.line(cp.machine(aHost, "h1", "here")),
		"nobody":  client(cp.anyone(), ""), "operator": cp.operator(),
	}
	artefacts := map[string]string{"workflow/ORDER::HD/1": strings.Repeat("cd", 32)}
	calls := map[string]func(line *connect.Client) error{
		"report": func(line *connect.Client) error {
			_, err := nodev1connect.NewNodeServiceClient(line).Report(t.Context(), &nodev1.ReportRequest{State: "JOINING"})
			return err
		},
		"commit": func(line *connect.Client) error {
			_, err := nodev1connect.NewNodeServiceClient(line).CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{Account: "ACME", Retailer: 1, Artefacts: artefacts})
			return err
		},
		"retailer": func(line *connect.Client) error {
			_, err := nodev1connect.NewNodeServiceClient(line).CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{RequestId: "x", Account: "ACME", Ref: "SECOND"})
			return err
		},
		"host report": func(line *connect.Client) error {
			_, err := controlplanev1connect.NewHostServiceClient(line).Report(t.Context(), &cpv1.ReportRequest{})
			return err
		},
		"host token": func(line *connect.Client) error {
			_, err := controlplanev1connect.NewHostServiceClient(line).CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: "n1"})
			return err
		},
		"invite": func(line *connect.Client) error {
			_, err := controlplanev1connect.NewNodeAdminServiceClient(line).CreateJoinToken(t.Context(), &cpv1.CreateJoinTokenRequest{Kind: aNode, Environment: "other"})
			return err
		},
		"accounts": func(line *connect.Client) error {
			_, err := controlplanev1connect.NewAccountServiceClient(line).ListAccounts(t.Context(), &cpv1.ListAccountsRequest{})
			return err
		},
	}
	maps.Copy(calls, clientCalls(t))
	const ok, no, absent, nobody = connect.Code(0), connect.CodePermissionDenied, connect.CodeNotFound, connect.CodeUnauthenticated
	wanted := map[string]map[string]connect.Code{
		"report":                {"node": ok, "gateway": ok, "foreign": ok, "host": no, "operator": no, "nobody": nobody},
		"commit":                {"node": ok, "gateway": no, "foreign": absent, "host": no, "operator": no, "nobody": nobody},
		"retailer":              {"node": ok, "gateway": no, "foreign": absent, "host": no, "operator": no, "nobody": nobody},
		"client list":           {"node": ok, "gateway": no, "foreign": absent, "host": no, "operator": no, "nobody": nobody},
		"client create":         {"node": ok, "gateway": no, "foreign": absent, "host": no, "operator": no, "nobody": nobody},
		"another's client":      {"node": absent},
		"another's new client":  {"node": absent},
		"another's secret":      {"node": absent},
		"another's last moment": {"node": absent},
		"host report":           {"node": no, "gateway": no, "foreign": no, "host": ok, "operator": no, "nobody": nobody},
		"host token":            {"node": no, "gateway": no, "foreign": no, "host": absent, "operator": no, "nobody": nobody}, // n1 is none of h1's
		"invite":                {"node": no, "gateway": no, "foreign": no, "host": no, "operator": ok, "nobody": nobody},
		"accounts":              {"node": no, "gateway": no, "foreign": no, "host": no, "operator": ok, "nobody": nobody},
	}
	for name, call := range calls {
		for who, code := range wanted[name] {
			err := settled(t, func() error { return call(lines[who]) })
			if code == ok {
				require.NoError(t, err, "%s by %s", name, who)
				continue
			}
			require.Equal(t, code, connect.CodeOf(err), "%s by %s: %v", name, who, err)
		}
	}
	cp.whatTheySee(lines)
}

// clientCalls are those about API clients. The account OTHER is one of the neighbour's, and n2 asks in the name of ACME.
func clientCalls(t *testing.T) map[string]func(line *connect.Client) error {
	service, hash := nodev1connect.NewClientServiceClient, make([]byte, 32)
	roles := []*cpv1.ClientRole{{Role: "INTEGRATION", Contexts: []*cpv1.ClientContext{{Type: "ACCOUNT", Id: "0"}}}}
	return map[string]func(line *connect.Client) error{
		"client list": func(line *connect.Client) error {
			_, err := service(line).ListClients(t.Context(), &nodev1.ListClientsRequest{Account: "ACME"})
			return err
		},
		"client create": func(line *connect.Client) error {
			_, err := service(line).CreateClient(t.Context(), &nodev1.CreateClientRequest{
				RequestId: "c", Account: "ACME", SecretHash: hash, Client: &cpv1.ApiClient{ClientId: "ACME-erp", Roles: roles},
			})
			return err
		},
		"another's client": func(line *connect.Client) error {
			_, err := service(line).UpdateClient(t.Context(), &nodev1.UpdateClientRequest{Account: "ACME", Client: &cpv1.ApiClient{ClientId: "OTHER", Roles: roles}})
			return err
		},
		"another's new client": func(line *connect.Client) error {
			_, err := service(line).CreateClient(t.Context(), &nodev1.CreateClientRequest{
				Account: "ACME", SecretHash: hash, Client: &cpv1.ApiClient{ClientId: "OTHER-erp", Roles: roles},
			})
			return err
		},
		"another's secret": func(line *connect.Client) error {
			_, err := service(line).RotateClient(t.Context(), &nodev1.RotateClientRequest{Account: "ACME", ClientId: "OTHER", SecretHash: hash})
			return err
		},
		"another's last moment": func(line *connect.Client) error {
			_, err := service(line).RevokeClient(t.Context(), &nodev1.RevokeClientRequest{Account: "ACME", ClientId: "OTHER"})
			return err
		},
	}
}

// settled gives the outcome of a call that is repeated while servers say that they have no leader, as clients do.
func settled(t *testing.T, call func() error) error {
	t.Helper()
	_, err := answered(t, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// whatTheySee checks the desired state that each kind of machine is shown.
func (c *trio) whatTheySee(lines map[string]*connect.Client) {
	seen := func(line *connect.Client) (list []*nodev1.Resource, err error) {
		err = settled(c.t, func() error { list, err = c.seen(line); return err })
		return list, err
	}
	names := func(list []*nodev1.Resource) map[string]*nodev1.Resource {
		out := map[string]*nodev1.Resource{}
		for _, r := range list {
			out[resourceKey(r)] = r
		}
		return out
	}
	list, err := seen(lines["node"])
	require.NoError(c.t, err)
	own := names(list)
	require.NotEmpty(c.t, own["environment"].GetEnvironment().GetDatabaseUrl())
	mine := own["account/ACME"].GetAccount().GetClients()[0]
	require.Empty(c.t, mine.GetSecretHash(), "a node that knows of no roles must not let it in")
	require.NotEmpty(c.t, mine.GetSecrets()[0].GetHash())
	require.Equal(c.t, "INTEGRATION", mine.GetRoles()[0].GetRole())
	require.NotContains(c.t, own, "peer/o1")

	list, err = seen(lines["gateway"])
	require.NoError(c.t, err)
	front := names(list)
	require.Equal(c.t, "shared", front["environment"].GetEnvironment().GetName())
	require.Empty(c.t, front["environment"].GetEnvironment().GetDatabaseUrl())
	require.Equal(c.t, "ACME", front["account/ACME"].GetAccount().GetClients()[0].GetClientId())
	for _, at := range front["account/ACME"].GetAccount().GetClients() {
		require.Empty(c.t, at.GetSecretHash())
		require.Empty(c.t, at.GetSecrets())
		require.Empty(c.t, at.GetRoles())
	}

	list, err = seen(lines["foreign"])
	require.NoError(c.t, err)
	foreign := names(list)
	require.Equal(c.t, "other", foreign["environment"].GetEnvironment().GetName())
	require.NotContains(c.t, foreign, "account/ACME")
	require.NotContains(c.t, foreign, "configuration/ACME")
	require.NotContains(c.t, foreign, "peer/n1")

	for _, who := range []string{"host", "operator"} {
		_, err = seen(lines[who])
		require.Equal(c.t, connect.CodePermissionDenied, connect.CodeOf(err), who)
	}
}

// TestJoinTokensAndCertificatesEnd covers what tokens are bound to, and certificates that outlive what they were for.
func TestJoinTokensAndCertificatesEnd(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	cp.neighbour()
	refused := func(code connect.Code, kind cpv1.MachineKind, id, token string) {
		t.Helper()
		_, err := cp.enter(kind, id, token)
		require.Equal(t, code, connect.CodeOf(err), "%v", err)
	}
	used := cp.invite(aNode, "shared", time.Hour)
	old, err := cp.enter(aNode, "n1", used)
	require.NoError(t, err)
	refused(connect.CodePermissionDenied, aNode, "n2", used)
	refused(connect.CodePermissionDenied, aGateway, "g1", cp.invite(aNode, "shared", time.Hour))
	refused(connect.CodePermissionDenied, aHost, "h1", cp.invite(aNode, "shared", time.Hour))
	refused(connect.CodePermissionDenied, aNode, "n3", cp.invite(aHost, "here", time.Hour))
	refused(connect.CodeAborted, aNode, "n1", cp.invite(aNode, "other", time.Hour))
	refused(connect.CodeUnauthenticated, aNode, "n3", used+"x")
	refused(connect.CodeUnauthenticated, aNode, "n3", "")
	refused(connect.CodeInvalidArgument, aNode, "../n3", cp.invite(aNode, "shared", time.Hour))
	cp.machine(aHost, "h1", "here")
	refused(connect.CodeAborted, aHost, "h1", cp.invite(aHost, "there", time.Hour))
	brief := cp.invite(aNode, "shared", time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := cp.enter(aNode, "n4", brief)
		return connect.CodeOf(err) == connect.CodeUnauthenticated
	}, time.Minute, 10*time.Millisecond, "an expired token still works")

	// The node is deleted, and one of its name made elsewhere: the old certificate and the old token open nothing, there or here.
	require.Eventually(t, func() bool {
		_, err := controlplanev1connect.NewNodeAdminServiceClient(cp.operator()).DeleteNode(t.Context(), &cpv1.DeleteNodeRequest{Id: "n1"})
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	refused(connect.CodeUnauthenticated, aNode, "n1", used)
	cp.machine(aNode, "n1", "other")
	_, err = cp.seen(cp.line(old))
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	line := nodev1connect.NewNodeServiceClient(cp.line(old))
	_, err = line.Report(t.Context(), &nodev1.ReportRequest{State: "READY"})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, err = line.CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{Account: "ACME", Retailer: 1})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, err = line.Join(t.Context(), &nodev1.JoinRequest{NodeId: "n1", Kind: "node", CertificateRequest: cp.request()})
	require.Equal(t, connect.CodeAborted, connect.CodeOf(err))
}

// TestTheAuditNamesTheUser: what a tenant's user does comes through a node, and the audit tells both.
func TestTheAuditNamesTheUser(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, cp.await(cp.create("ACME").GetOperation().GetId()).GetState())
	eventually(t, func() (*nodev1.CommitConfigurationResponse, error) {
		return node.client().CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{RequestId: "upload", Account: "ACME", Retailer: 1, Author: "ann@acme",
			Artefacts: map[string]string{"workflow/ORDER::HD/1": strings.Repeat("cd", 32)}})
	})
	list, err := controlplanev1connect.NewAuditServiceClient(cp.operator()).ListAuditRecords(t.Context(),
		&cpv1.ListAuditRecordsRequest{Actor: "user/ACME/ann@acme via node/n1"})
	require.NoError(t, err)
	require.Len(t, list.GetRecords(), 1)
	require.Equal(t, "COMMIT_CONFIGURATION", list.GetRecords()[0].GetAction())
}

// TestNodesAskForRetailers: a node's call makes the retailer that an operator's would, once per request id.
func TestNodesAskForRetailers(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, cp.await(cp.create("ACME").GetOperation().GetId()).GetState())
	ask := &nodev1.CreateRetailerRequest{RequestId: "second", Account: "ACME", Ref: "SECOND", TradingName: "The second"}
	made := eventually(t, func() (*nodev1.CreateRetailerResponse, error) { return node.client().CreateRetailer(t.Context(), ask) })
	require.Equal(t, int32(2), made.GetRetailer())
	require.NotZero(t, made.GetIndex())
	again := eventually(t, func() (*nodev1.CreateRetailerResponse, error) { return node.client().CreateRetailer(t.Context(), ask) })
	require.True(t, proto.Equal(made, again))
	_, err := node.client().CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{RequestId: "third", Account: "ACME", Ref: "SECOND"})
	require.Equal(t, connect.CodeAlreadyExists, connect.CodeOf(err))
	_, err = node.client().CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{RequestId: "fourth", Account: "ACME", Ref: "a b"})
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	got := eventually(t, func() (*cpv1.GetRetailerResponse, error) {
		return controlplanev1connect.NewRetailerServiceClient(cp.operator()).GetRetailer(t.Context(), &cpv1.GetRetailerRequest{Account: "ACME", Number: 2})
	})
	require.Equal(t, cpv1.RetailerState_RETAILER_STATE_ACTIVE, got.GetRetailer().GetState())
	require.Equal(t, "The second", got.GetRetailer().GetTradingName())
	node.mu.Lock()
	defer node.mu.Unlock()
	require.Equal(t, 2, node.prepared["create_retailer/ACME"], "one for the account's own, one for the second")
}

// TestCertificatesRenew: a report brings a new certificate when it is asked to, and the old one ends in its time.
func TestCertificatesRenew(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	cp := newTrioAt(t, calm, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	cp.makeEnvironment()
	holder := cp.machine(aNode, "n1", "shared")
	first, line := *holder.Current(), cp.line(holder)
	report := func() (*nodev1.ReportResponse, error) {
		wish, err := holder.Renewal()
		require.NoError(t, err)
		out, err := nodev1connect.NewNodeServiceClient(line).Report(t.Context(), &nodev1.ReportRequest{
			State: "JOINING", CertificateRequest: wish.Bytes(), Trusted: holder.Trusted(),
		})
		if err == nil {
			err = holder.Renewed(wish, out.GetCertificate(), out.GetAuthorities())
		}
		return out, err
	}
	early := eventually(t, report)
	require.Empty(t, early.GetCertificate())
	require.Empty(t, early.GetAuthorities(), "it knows them")
	ahead.Store(int64(17 * time.Hour))
	eventually(t, report)
	require.True(t, holder.Current().NotAfter.After(first.NotAfter))
	ahead.Store(int64(25 * time.Hour))
	eventually(t, report)
	list, err := cp.seen(line)
	require.NoError(t, err)
	require.NotEmpty(t, list)
	ahead.Store(int64(60 * time.Hour))
	_, err = report()
	require.Error(t, err, "its time is over")
	_, err = cp.seen(line)
	require.Error(t, err)
}
