package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

func (c *trio) follower() string {
	if leader := c.leader(); leader != "cp1" {
		return "cp1"
	}
	return "cp2"
}

var protocols = map[string][]connecthttp.Option{
	"connect": nil, "json": {connecthttp.WithProtoJSON()}, "grpc": {connecthttp.WithGRPC()}, "grpc-web": {connecthttp.WithGRPCWeb()},
}

// TestWhatComesThroughAFollower is what callers see of the leader when they ask another server.
func TestWhatComesThroughAFollower(t *testing.T) {
	t.Parallel()
	cp := newTrio(t, calm)
	cp.makeEnvironment()
	follower := cp.follower()
	t.Run("errors keep code, text and details", func(t *testing.T) { cp.checkErrors(t, follower) })
	t.Run("misspelt words are refused", func(t *testing.T) {
		status, body, _ := cp.post(t, follower, controlplanev1connect.EnvironmentServiceCreateEnvironmentProcedure,
			`{"environment":{"name":"x","region":"here","kind":"ENVIRONMENT_KIND_SANDBOKS"}}`, nil)
		require.Equal(t, http.StatusBadRequest, status)
		require.Equal(t, "invalid_argument", body["code"])
		require.Contains(t, body["message"], `environment.kind: "ENVIRONMENT_KIND_SANDBOKS" is no EnvironmentKind; there are: ENVIRONMENT_KIND_UNSPECIFIED, `)
		status, body, _ = cp.post(t, follower, controlplanev1connect.RegionServiceGetRegionProcedure, `{"nam":"here"}`, nil)
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, body["message"], "nam: There is no such field; there are: name.")
	})
	t.Run("requests over the limit are refused with the reason", func(t *testing.T) {
		for _, server := range []string{follower, cp.leader()} {
			status, body, _ := cp.post(t, server, controlplanev1connect.RegionServiceGetRegionProcedure, `{"name":"`+strings.Repeat("x", wire.MaxRequest)+`"}`, nil)
			require.Equal(t, http.StatusBadRequest, status, "%v", body)
			require.Contains(t, body["message"], "The request is too large")
		}
		status, body, _ := cp.post(t, cp.leader(), controlplanev1connect.AuthServiceLoginProcedure, `{"username":"`+strings.Repeat("x", wire.MaxStranger)+`"}`, nil)
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, body["message"], "The request is too large")
	})
	t.Run("large lists come in pages", func(t *testing.T) { cp.checkLargeLists(t, follower) })
}

// checkErrors lets the leader refuse an operator and a node by way of a follower, in every protocol, and compares what comes with what the
// leader itself says.
func (c *trio) checkErrors(t *testing.T, follower string) {
	machine := c.machine(aNode, "n1", "shared")
	ask := map[string]func(operator, node *connect.Client) error{
		"a fault with a place": func(operator, _ *connect.Client) error {
			_, err := controlplanev1connect.NewEnvironmentServiceClient(operator).CreateEnvironment(t.Context(), &cpv1.CreateEnvironmentRequest{Environment: &cpv1.Environment{Name: "x", Region: "nowhere"}})
			return err
		},
		"violations of validation": func(operator, _ *connect.Client) error {
			_, err := controlplanev1connect.NewRegionServiceClient(operator).CreateRegion(t.Context(), &cpv1.CreateRegionRequest{Region: &cpv1.Region{Name: "NOT GOOD"}})
			return err
		},
		"a fault with facts": func(operator, _ *connect.Client) error {
			_, err := controlplanev1connect.NewRegionServiceClient(operator).DeleteRegion(t.Context(), &cpv1.DeleteRegionRequest{Name: "here", Etag: "old"})
			return err
		},
		"a node's": func(_, node *connect.Client) error {
			_, err := nodev1connect.NewNodeServiceClient(node).CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{RequestId: "1", Account: "NOBODY", Ref: "X"})
			return err
		},
	}
	for name, options := range protocols {
		at := func(server string) (operator, node *connect.Client) {
			operator = connect.NewClient(wire.NewTransport(web(), c.api(server), options...), interceptor.StaticBearer(c.token))
			node = connect.NewClient(wire.NewTransport(trust.NewClient(machine.Party(), trust.Kinds(trust.ServerKind)), trust.URL(c.api(server)), options...))
			return operator, node
		}
		for what, call := range ask {
			direct, passed := said(t, call(at(c.leader()))), said(t, call(at(follower)))
			require.Equal(t, direct, passed, "%s over %s", what, name)
			require.NotEmpty(t, passed.text, "%s over %s", what, name)
			require.NotEmpty(t, passed.details, "%s over %s", what, name)
			require.NotEqual(t, connect.CodeInternal, passed.code)
		}
	}
}

// saying is what an error tells its receiver.
type saying struct {
	code    connect.Code
	text    string
	details []string
}

func said(t *testing.T, err error) saying {
	t.Helper()
	var call *connect.Error
	require.ErrorAs(t, err, &call)
	require.True(t, call.IsRemote(), "%v", err)
	s := saying{code: call.Code(), text: call.Message()}
	for _, d := range call.Details() {
		s.details = append(s.details, d.Type+" "+string(d.Value))
	}
	return s
}

// checkLargeLists fills a list with more than fits one answer and reads it, in binary and in JSON.
func (c *trio) checkLargeLists(t *testing.T, follower string) {
	const operators, bindings, accounts = 14, 10, 1000 // 14 × 0.7 MB
	for i := range operators {
		o := &cpv1.Operator{Username: fmt.Sprintf("op%d", i)}
		for b := range bindings {
			role := &cpv1.RoleBinding{Role: "implementer"}
			for a := range accounts {
				role.Accounts = append(role.Accounts, fmt.Sprintf("A%02d-%04d-%s", b, a, strings.Repeat("X", 60)))
			}
			o.Bindings = append(o.Bindings, role)
		}
		_, err := answered(t, func() (*cpv1.CreateOperatorResponse, error) {
			return controlplanev1connect.NewAuthServiceClient(c.operator()).CreateOperator(t.Context(),
				&cpv1.CreateOperatorRequest{Operator: o, Password: "correct horse battery", RequestId: fmt.Sprint("op", i)})
		})
		require.NoError(t, err)
	}
	for name, options := range protocols {
		client := controlplanev1connect.NewAuthServiceClient(connect.NewClient(wire.NewTransport(web(), c.api(follower), options...), interceptor.StaticBearer(c.token)))
		found, pages, token := 0, 0, ""
		for pages == 0 || token != "" {
			out, err := answered(t, func() (*cpv1.ListOperatorsResponse, error) {
				return client.ListOperators(t.Context(), &cpv1.ListOperatorsRequest{PageSize: 1000, PageToken: token})
			})
			require.NoError(t, err, name)
			found, pages, token = found+len(out.GetOperators()), pages+1, out.GetNextPageToken()
		}
		require.Equal(t, operators+1, found, name)
		require.Greater(t, pages, operators/2, name)
	}
	status, body, _ := c.post(t, follower, controlplanev1connect.AuthServiceListOperatorsProcedure, `{"pageSize":1000}`, nil)
	require.Equal(t, http.StatusOK, status)
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	require.Less(t, len(raw), 2<<20)
}

// TestNodesHearOfAConfigurationInOneMessage: a configuration that is as full as it may be fits, beside a candidate that is as full, and one that is fuller is
// refused.
func TestNodesHearOfAConfigurationInOneMessage(t *testing.T) {
	t.Parallel()
	const most, longest = 10_000, 300
	full := &nodev1.Configuration{Account: "ACME", Retailer: 1, Artefacts: map[string]string{}}
	for i := range most {
		full.Artefacts[fmt.Sprintf("%0*d", longest, i)] = strings.Repeat("cd", 32)
	}
	full.Candidate = &nodev1.Candidate{Version: strings.Repeat("f", 32), Artefacts: full.GetArtefacts(), Share: 10_000}
	frame := &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: &nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: full}}}}
	text, err := protojson.Marshal(frame)
	require.NoError(t, err)
	require.Less(t, max(proto.Size(frame), len(text)), wire.MaxAnswer)

	cp := newTrio(t, calm)
	cp.makeEnvironment()
	node := startNode(t, cp, "n1")
	require.Equal(t, cpv1.OperationState_OPERATION_STATE_DONE, cp.await(cp.create("ACME").GetOperation().GetId()).GetState())
	commit := func(request string, from, to int) error {
		artefacts := map[string]string{}
		for i := from; i < to; i++ {
			artefacts[fmt.Sprint("setting/", i)] = strings.Repeat("cd", 32)
		}
		_, err := node.client().CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{RequestId: request, Account: "ACME", Retailer: 1, Artefacts: artefacts})
		return err
	}
	require.NoError(t, commit("some", 0, most/2))
	require.NoError(t, commit("more", most/2, most-10))
	err = commit("too many", most-10, most+1)
	require.Equal(t, connect.CodeOutOfRange, connect.CodeOf(err), "%v", err)
	require.Equal(t, "artefacts", problem(t, err).GetField())
	require.NoError(t, commit("the same again", 0, 100), "what is there already takes no room")
	names := &nodev1.CommitConfigurationRequest{RequestId: "name", Account: "ACME", Retailer: 1, Artefacts: map[string]string{strings.Repeat("x", longest+1): ""}}
	_, err = node.client().CommitConfiguration(t.Context(), names)
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
}
