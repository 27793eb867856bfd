package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	nodec "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// watching is a machine's stream of desired state.
type watching struct {
	t      *testing.T
	stream nodec.NodeServiceWatchClientStream
}

func (d *desk) watch(line *connect.Client, r *nodev1.WatchRequest) *watching {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	stream, err := nodec.NewNodeServiceClient(line).Watch(ctx, r)
	require.NoError(d.t, err)
	d.t.Cleanup(func() { cancel(); _ = stream.Close() })
	return &watching{d.t, stream}
}

func (w *watching) next() *nodev1.WatchResponse {
	w.t.Helper()
	frame, err := w.stream.Receive()
	require.NoError(w.t, err)
	return frame
}

// snapshot reads up to the end of a snapshot.
func (w *watching) snapshot() (list []*nodev1.Resource, end *nodev1.SnapshotEnd) {
	w.t.Helper()
	for {
		frame := w.next()
		if end := frame.GetSnapshotEnd(); end != nil {
			return list, end
		}
		require.NotNil(w.t, frame.GetSnapshot(), "%v", frame)
		list = append(list, frame.GetSnapshot())
	}
}

// TestMachinesSeeWhatTheyNeed: gateways neither the database nor how clients are proved, at the start and with each change.
func TestMachinesSeeWhatTheyNeed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do(&statev1.BeginTerm{Incarnation: "first"})
	d.place("here", "shared", "n1")
	d.place("there", "other", "o1")
	d.join(aGateway, "g1", "shared")
	d.active("ACME", "shared")
	d.active("BETA", "other")
	for name, c := range map[string]struct {
		line  *connect.Client
		knows bool
	}{
		"node": {d.line(trust.NodeKind, "n1", "shared"), true}, "gateway": {d.line(trust.GatewayKind, "g1", "shared"), false},
	} {
		url := func() string { e, _ := state.Environments.Get(d.store.View(), "shared"); return e.GetDatabaseUrl() }
		w := d.watch(c.line, &nodev1.WatchRequest{})
		list, end := w.snapshot()
		require.Equal(t, []any{"first", uint64(d.store.View().Index())}, []any{end.GetIncarnation(), end.GetIndex()})
		check := func(r *nodev1.Resource) {
			if e := r.GetEnvironment(); e != nil {
				require.Equal(t, map[bool]string{true: url()}[c.knows], e.GetDatabaseUrl(), name)
				require.Equal(t, "shared", e.GetName())
			}
			if a := r.GetAccount(); a != nil {
				require.Equal(t, "ACME", a.GetName())
				for _, client := range a.GetClients() {
					require.Equal(t, c.knows, len(client.GetSecrets()) > 0, name)
					require.Equal(t, c.knows, len(client.GetRoles()) > 0, name)
				}
			}
		}
		for _, r := range list {
			check(r)
		}
		require.Len(t, list, 5, "the environment, its two machines, its account and that one's configuration")
		e, _ := state.Environments.Get(d.store.View(), "shared")
		d.do(&statev1.PutEnvironment{Etag: e.GetEtag(), Environment: &cpv1.Environment{Name: "shared", Region: "here", DatabaseUrl: "postgres://of/" + name}})
		change := w.next().GetChange()
		require.Equal(t, []any{"first", uint64(d.store.View().Index())}, []any{change.GetIncarnation(), change.GetIndex()})
		require.NotNil(t, change.GetResource().GetEnvironment())
		check(change.GetResource())
		d.do(&statev1.UpdateApiClient{Client: &cpv1.ApiClient{ClientId: "ACME", Roles: acting("ADMIN"), Description: name}})
		change = w.next().GetChange()
		require.NotNil(t, change.GetResource().GetAccount())
		check(change.GetResource())
	}
	_, err := d.watch(d.line(trust.HostKind, "h1", ""), &nodev1.WatchRequest{}).stream.Receive()
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
}

// TestAWatcherGoesOnWhereItWas, if that is a place in this history; else it is told to start over. And it ends with its node.
func TestAWatcherGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do(&statev1.BeginTerm{Incarnation: "first"})
	d.place("here", "shared", "n1")
	line := d.line(trust.NodeKind, "n1", "shared")
	_, end := d.watch(line, &nodev1.WatchRequest{}).snapshot()
	drain := func() uint64 {
		d.do(&statev1.JudgeNode{Id: "n1", State: cpv1.NodeState_NODE_STATE_JOINING})
		d.do(&statev1.JudgeNode{Id: "n1", State: cpv1.NodeState_NODE_STATE_READY})
		return uint64(d.store.View().Index())
	}
	last := drain()
	w := d.watch(line, &nodev1.WatchRequest{Incarnation: end.GetIncarnation(), Index: end.GetIndex()})
	require.Equal(t, last-1, w.next().GetChange().GetIndex())
	require.Equal(t, last, w.next().GetChange().GetIndex())
	for name, r := range map[string]*nodev1.WatchRequest{
		"another history": {Incarnation: "other", Index: end.GetIndex()},
		"the future":      {Incarnation: end.GetIncarnation(), Index: last + 1},
	} {
		w := d.watch(line, r)
		require.NotEmpty(t, w.next().GetReset_().GetReason(), name)
		list, now := w.snapshot()
		require.Len(t, list, 2, name)
		require.Equal(t, last, now.GetIndex(), name)
	}
	for _, r := range []*nodev1.WatchRequest{{Index: end.GetIndex()}, {Incarnation: end.GetIncarnation()}} { // no place at all
		list, _ := d.watch(line, r).snapshot()
		require.Len(t, list, 2)
	}
	d.do(&statev1.JudgeNode{Id: "n1", State: cpv1.NodeState_NODE_STATE_GONE})
	require.NotNil(t, w.next().GetChange())
	d.do(&statev1.DeleteNode{Id: "n1"})
	_, err := w.stream.Receive()
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "%v", err)
}

// TestWhoAsksForWhatIsNotHis: accounts by the ids of others' clients, and things that cannot be.
func TestWhoAsksForWhatIsNotHis(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	d.active("BETA", "shared")
	root, node := d.root(), nodec.NewClientServiceClient(d.line(trust.NodeKind, "n1", "shared"))
	index := d.store.View().Index()
	_, other := cpc.NewAccountServiceClient(root).RotateClientSecret(t.Context(), &cpv1.RotateClientSecretRequest{Account: "ACME", ClientId: "BETA"})
	_, rotated := node.RotateClient(t.Context(), &nodev1.RotateClientRequest{Account: "ACME", ClientId: "BETA", SecretHash: make([]byte, 32)})
	_, revoked := node.RevokeClient(t.Context(), &nodev1.RevokeClientRequest{Account: "ACME", ClientId: "BETA"})
	for name, err := range map[string]error{"operator": other, "node rotates": rotated, "node revokes": revoked} {
		require.Equal(t, connect.CodeNotFound, connect.CodeOf(err), "%s: %v", name, err)
	}
	_, same := cpc.NewApiClientServiceClient(root).CreateApiClient(t.Context(), &cpv1.CreateApiClientRequest{Client: &cpv1.ApiClient{ClientId: "NONE", Roles: acting("ADMIN")}})
	_, above := cpc.NewClusterServiceClient(root).FinaliseUpgrade(t.Context(), &cpv1.FinaliseUpgradeRequest{Schema: state.Schema + 1})
	_, noRef := cpc.NewRetailerServiceClient(root).CreateRetailer(t.Context(), &cpv1.CreateRetailerRequest{Retailer: &cpv1.Retailer{Account: "ACME"}})
	_, short := cpc.NewAuthServiceClient(root).CreateOperator(t.Context(), &cpv1.CreateOperatorRequest{Operator: &cpv1.Operator{Username: "otto"}, Password: "short"})
	_, name := cpc.NewAuthServiceClient(root).CreateOperator(t.Context(), &cpv1.CreateOperatorRequest{Operator: &cpv1.Operator{Username: "otto.the.great"}, Password: "otto.the.great"})
	_, url := cpc.NewEnvironmentServiceClient(root).CreateEnvironment(t.Context(), &cpv1.CreateEnvironmentRequest{Environment: &cpv1.Environment{Name: "e1", Region: "here", DatabaseUrl: "postgres://u:a@b@db/e1"}})
	_, below := cpc.NewApiClientServiceClient(root).RotateApiClientSecret(t.Context(), &cpv1.RotateApiClientSecretRequest{ClientId: "ACME", Overlap: durationpb.New(-time.Second)})
	for what, err := range map[string]error{"same": same, "above": above, "no ref": noRef, "short": short, "name": name, "url": url, "below": below} {
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), "%s: %v", what, err)
	}
	require.Equal(t, index, d.store.View().Index())
	done, err := cpc.NewClusterServiceClient(root).FinaliseUpgrade(t.Context(), &cpv1.FinaliseUpgradeRequest{})
	require.NoError(t, err)
	require.Equal(t, state.Schema, done.GetSchemaFloor())

	made, err := cpc.NewNodeAdminServiceClient(root).CreateJoinToken(t.Context(), &cpv1.CreateJoinTokenRequest{Kind: aNode, Environment: "shared", Lifetime: durationpb.New(7 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, d.now().Add(7*time.Hour).UTC(), made.GetExpireTime().AsTime())
	request := &cpv1.CreateOperatorRequest{Operator: &cpv1.Operator{Username: "otto"}, RequestId: "otto"}
	first, err := cpc.NewAuthServiceClient(root).CreateOperator(t.Context(), request)
	require.NoError(t, err)
	require.Len(t, first.GetPassword(), 32)
	again, err := cpc.NewAuthServiceClient(root).CreateOperator(t.Context(), request)
	require.NoError(t, err)
	require.Empty(t, again.GetPassword(), "this one was not used")
	chosen, err := cpc.NewAuthServiceClient(root).CreateOperator(t.Context(), &cpv1.CreateOperatorRequest{Operator: &cpv1.Operator{Username: "olga"}, Password: "one of her own"})
	require.NoError(t, err)
	require.Empty(t, chosen.GetPassword(), "who chose it knows it")
	who, err := cpc.NewAuthServiceClient(d.operator("rita", &cpv1.RoleBinding{Role: auth.RegionOperator, Regions: []string{"here"}})).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.NoError(t, err)
	require.Contains(t, who.GetPermissions(), "environment.create", "somewhere at least")
	require.NotContains(t, who.GetPermissions(), "region.create")
}

// TestWhatANodePassesOnIsAudited with the user for whom it speaks, and waited for like any other change.
func TestWhatANodePassesOnIsAudited(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	own := nodec.NewNodeServiceClient(d.line(trust.NodeKind, "n1", "shared"))
	commit := func(author, base string) error {
		_, err := own.CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{
			Account: "ACME", Retailer: 1, Author: author, BaseVersion: base, Artefacts: map[string]string{"a/" + author: strings.Repeat("ab", 32)},
		})
		return err
	}
	actor := func() string {
		records, _ := state.Audit.List(d.store.View(), state.Page{Reverse: true, Limit: 1})
		return records[0].GetActor()
	}
	require.NoError(t, commit("ann", ""))
	require.Equal(t, "user/ACME/ann via node/n1", actor())
	require.NoError(t, commit("", ""))
	require.Equal(t, "node/n1", actor())
	require.Equal(t, connect.CodeAborted, connect.CodeOf(commit("bob", "0123")), "it is not what is active")

	d.heard.Note(presence.NodeKey("n1"), presence.Report{State: "READY", AppliedIndex: uint64(d.store.View().Index())})
	begun := time.Now()
	require.NoError(t, commit("late", ""))
	require.GreaterOrEqual(t, time.Since(begun), 990*time.Millisecond, "the node lags")
}

// TestWhatWentWrongInsideStaysInside: a caller hears of a support id, and not of what happened; and of a call that took too long that it did.
func TestWhatWentWrongInsideStaysInside(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	root := d.root()
	for name, cause := range map[string]error{
		"an error": errors.New("dial tcp 10.1.2.3:5432: connection refused"), "a fault": fault.New(fault.Internal, "10.1.2.3 does not answer."),
	} {
		d.fails.Store(func(context.Context) error { return cause })
		_, err := cpc.NewRegionServiceClient(root).CreateRegion(t.Context(), &cpv1.CreateRegionRequest{Region: &cpv1.Region{Name: "there"}})
		require.Equal(t, connect.CodeInternal, connect.CodeOf(err), name)
		require.ErrorContains(t, err, "support id", name)
		require.NotContains(t, err.Error(), "10.1.2.3", name)
	}
	d.fails.Store(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+nodec.NodeServiceCommitConfigurationProcedure,
		strings.NewReader(`{"account":"ACME","retailer":1,"artefacts":{"a/b":"`+strings.Repeat("ab", 32)+`"}}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Connect-Timeout-Ms", "1500") // enough for a busy machine to come as far as the commit, which takes longer than any time
	answer, err := (&http.Client{Transport: shows{Cluster: "one", Environment: "shared", Kind: trust.NodeKind, ID: "n1"}}).Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), "deadline_exceeded")
	require.Contains(t, string(text), "repeat it with the same request id")
}
