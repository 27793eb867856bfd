package api_test

import (
	"context"
	"crypto/x509"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	nodec "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// wish is a certificate request.
func wish(t *testing.T) []byte {
	t.Helper()
	r, err := trust.NewRequest()
	require.NoError(t, err)
	return r.Bytes()
}

// whose tells of whom a certificate is.
func whose(t *testing.T, der []byte) trust.Identity {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	id, err := trust.IdentityOf(c)
	require.NoError(t, err)
	return id
}

func (d *desk) invite(kind cpv1.MachineKind, environment, region string) string {
	d.t.Helper()
	out, err := cpc.NewNodeAdminServiceClient(d.root()).CreateJoinToken(d.t.Context(), &cpv1.CreateJoinTokenRequest{Kind: kind, Environment: environment, Region: region})
	require.NoError(d.t, err)
	return out.GetToken()
}

func (d *desk) nodeOf(id string) *cpv1.Node {
	n, _ := state.Nodes.Get(d.store.View(), id)
	return n
}

// TestANodeIsWhatItsTokenAndCertificateSay joins nodes and gateways by tokens and by certificates of earlier joins.
func TestANodeIsWhatItsTokenAndCertificateSay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n0")
	d.place("there", "other", "o0")
	join := func(over *connect.Client, r *nodev1.JoinRequest) (*nodev1.JoinResponse, error) {
		r.CertificateRequest = wish(t)
		return nodec.NewNodeServiceClient(over).Join(t.Context(), r)
	}
	first, err := join(d.stranger(), &nodev1.JoinRequest{Token: d.invite(aNode, "other", ""), NodeId: "n1", Address: "n1:80", Release: "r1"})
	require.NoError(t, err, "without a kind it is a node")
	require.Equal(t, trust.Identity{Cluster: "one", Environment: "other", Kind: trust.NodeKind, ID: "n1"}, whose(t, first.GetCertificate()))
	require.Equal(t, []any{"n1", "other", "one"}, []any{first.GetNodeId(), first.GetEnvironment(), first.GetClusterId()})
	require.Len(t, first.GetAuthorities(), 1)
	require.Equal(t, []any{"n1:80", "r1", aNode}, []any{d.nodeOf("n1").GetAddress(), d.nodeOf("n1").GetRelease(), d.nodeOf("n1").GetKind()})
	gateway, err := join(d.stranger(), &nodev1.JoinRequest{Token: d.invite(aGateway, "shared", ""), Kind: "gateway"})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(gateway.GetNodeId(), "gateway-"), gateway.GetNodeId())
	require.Equal(t, trust.GatewayKind, whose(t, gateway.GetCertificate()).Kind)
	chosen, err := join(d.stranger(), &nodev1.JoinRequest{Token: d.invite(aNode, "shared", ""), Kind: "node"})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(chosen.GetNodeId(), "node-"), chosen.GetNodeId())

	// The next process of a node comes with its certificate, from elsewhere; what the one before it said is no more.
	d.heard.Note(presence.NodeKey("n1"), presence.Report{Seen: d.now(), State: "READY", AppliedIndex: 9})
	d.do(&statev1.JudgeNode{Id: "n1", State: cpv1.NodeState_NODE_STATE_READY})
	again, err := join(d.line(trust.NodeKind, "n1", "other"), &nodev1.JoinRequest{Kind: "node", Address: "n1:81", Release: "r2", ClusterId: "one"})
	require.NoError(t, err)
	require.Equal(t, trust.Identity{Cluster: "one", Environment: "other", Kind: trust.NodeKind, ID: "n1"}, whose(t, again.GetCertificate()))
	require.Equal(t, []any{"n1:81", "r2", cpv1.NodeState_NODE_STATE_JOINING}, []any{d.nodeOf("n1").GetAddress(), d.nodeOf("n1").GetRelease(), d.nodeOf("n1").GetState()})
	report, _ := d.heard.Last(presence.NodeKey("n1"))
	require.Equal(t, presence.Report{Seen: d.now(), State: "JOINING"}, report)

	for name, c := range map[string]struct {
		over    *connect.Client
		request *nodev1.JoinRequest
		code    connect.Code
	}{
		"nothing":                      {d.stranger(), &nodev1.JoinRequest{NodeId: "n1"}, connect.CodeUnauthenticated},
		"another's certificate":        {d.line(trust.NodeKind, "n0", "shared"), &nodev1.JoinRequest{NodeId: "n1"}, connect.CodeUnauthenticated},
		"a gateway's certificate":      {d.line(trust.GatewayKind, "n1", "other"), &nodev1.JoinRequest{NodeId: "n1"}, connect.CodeUnauthenticated},
		"a certificate of elsewhere":   {d.line(trust.NodeKind, "n1", "shared"), &nodev1.JoinRequest{NodeId: "n1"}, connect.CodeAborted},
		"a certificate of one deleted": {d.line(trust.NodeKind, "n9", "other"), &nodev1.JoinRequest{NodeId: "n9"}, connect.CodeUnauthenticated},
		"another cluster":              {d.line(trust.NodeKind, "n1", "other"), &nodev1.JoinRequest{ClusterId: "two"}, connect.CodeFailedPrecondition},
		"a host here":                  {d.stranger(), &nodev1.JoinRequest{Kind: "host", Token: d.invite(aHost, "", "here")}, connect.CodeInvalidArgument},
	} {
		_, err := join(c.over, c.request)
		require.Equal(t, c.code, connect.CodeOf(err), "%s: %v", name, err)
	}
	mended, err := join(d.line(trust.NodeKind, "n0", "shared"), &nodev1.JoinRequest{NodeId: "n5", Token: d.invite(aNode, "other", "")})
	require.NoError(t, err, "a token helps whoever shows the certificate of another")
	require.Equal(t, trust.Identity{Cluster: "one", Environment: "other", Kind: trust.NodeKind, ID: "n5"}, whose(t, mended.GetCertificate()))
	records, err := cpc.NewAuditServiceClient(d.root()).ListAuditRecords(t.Context(), &cpv1.ListAuditRecordsRequest{Resource: "node/n5"})
	require.NoError(t, err)
	require.Equal(t, "node/n5", records.GetRecords()[0].GetActor(), "and it is the one that it says, not that other one")
}

// TestAHostIsWhatItsTokenAndCertificateSay does that with hosts.
func TestAHostIsWhatItsTokenAndCertificateSay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n0")
	d.place("there", "other", "o0")
	join := func(over *connect.Client, r *cpv1.JoinRequest) (*cpv1.JoinResponse, error) {
		r.CertificateRequest = wish(t)
		return cpc.NewHostServiceClient(over).Join(t.Context(), r)
	}
	first, err := join(d.stranger(), &cpv1.JoinRequest{Token: d.invite(aHost, "", "there"), HostId: "h1", Capacity: 3})
	require.NoError(t, err)
	require.Equal(t, trust.Identity{Cluster: "one", Kind: trust.HostKind, ID: "h1"}, whose(t, first.GetCertificate()))
	require.Equal(t, []any{"h1", "there", "one"}, []any{first.GetHostId(), first.GetRegion(), first.GetClusterId()})
	require.Len(t, first.GetAuthorities(), 1)
	report, _ := d.heard.Last(presence.HostKey("h1"))
	require.Equal(t, presence.Report{Seen: d.now(), State: "READY"}, report)
	chosen, err := join(d.stranger(), &cpv1.JoinRequest{Token: d.invite(aHost, "", "here")})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(chosen.GetHostId(), "host-"), chosen.GetHostId())
	again, err := join(d.line(trust.HostKind, "h1", ""), &cpv1.JoinRequest{Capacity: 5})
	require.NoError(t, err)
	require.Equal(t, "there", again.GetRegion())
	h, _ := state.Hosts.Get(d.store.View(), "h1")
	require.Equal(t, []any{int32(5), "there"}, []any{h.GetCapacity(), h.GetRegion()})
	for name, c := range map[string]struct {
		over    *connect.Client
		request *cpv1.JoinRequest
		code    connect.Code
	}{
		"nothing":               {d.stranger(), &cpv1.JoinRequest{HostId: "h1"}, connect.CodeUnauthenticated},
		"another's certificate": {d.line(trust.HostKind, "h2", ""), &cpv1.JoinRequest{HostId: "h1"}, connect.CodeUnauthenticated},
		"a node's certificate":  {d.line(trust.NodeKind, "h1", "shared"), &cpv1.JoinRequest{HostId: "h1"}, connect.CodeUnauthenticated},
		"one that is not known": {d.line(trust.HostKind, "h9", ""), &cpv1.JoinRequest{}, connect.CodeUnauthenticated},
		"another region":        {d.stranger(), &cpv1.JoinRequest{HostId: "h1", Token: d.invite(aHost, "", "here")}, connect.CodeAborted},
		"another cluster":       {d.line(trust.HostKind, "h1", ""), &cpv1.JoinRequest{ClusterId: "two"}, connect.CodeFailedPrecondition},
	} {
		_, err := join(c.over, c.request)
		require.Equal(t, c.code, connect.CodeOf(err), "%s: %v", name, err)
	}
}

// TestReportsAreOfKnownMachines: what a node says is kept and shown, and answered with what it must know; a certificate alone is not enough.
func TestReportsAreOfKnownMachines(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.place("there", "other", "o1")
	d.host("h1", "here")
	report := func(over *connect.Client, r *nodev1.ReportRequest) (*nodev1.ReportResponse, error) {
		return nodec.NewNodeServiceClient(over).Report(t.Context(), r)
	}
	d.ahead.Store(int64(time.Minute))
	own := d.line(trust.NodeKind, "n1", "shared")
	out, err := report(own, &nodev1.ReportRequest{State: "READY", AppliedIndex: 7, Problem: "DISK", Load: &nodev1.Load{
		CpuShare: 0.5, Turns: 2, Requests: 3, OldestEventSeconds: 4, Accounts: 5,
	}})
	require.NoError(t, err)
	require.False(t, out.GetDrain())
	require.Empty(t, out.GetCertificate())
	require.Len(t, out.GetAuthorities(), 1, "it has not said that it knows them")
	shown, err := cpc.NewNodeAdminServiceClient(d.root()).GetNode(t.Context(), &cpv1.GetNodeRequest{Id: "n1"})
	require.NoError(t, err)
	n := shown.GetNode()
	require.Equal(t, []any{"DISK", uint64(7), d.now().UTC()}, []any{n.GetProblem(), n.GetAppliedIndex(), n.GetLastSeen().AsTime()})
	require.Equal(t, []any{0.5, int64(2), int64(3), 4.0, int64(5)},
		[]any{n.GetLoad().GetCpuShare(), n.GetLoad().GetTurns(), n.GetLoad().GetRequests(), n.GetLoad().GetOldestEventSeconds(), int64(n.GetLoad().GetAccounts())})

	_, err = cpc.NewNodeAdminServiceClient(d.root()).DrainNode(t.Context(), &cpv1.DrainNodeRequest{Id: "n1"})
	require.NoError(t, err)
	out, err = report(own, &nodev1.ReportRequest{State: "READY", Trusted: trust.HashAuthorities(out.GetAuthorities()), CertificateRequest: wish(t)})
	require.NoError(t, err)
	require.True(t, out.GetDrain())
	require.Equal(t, trust.Identity{Cluster: "one", Environment: "shared", Kind: trust.NodeKind, ID: "n1"}, whose(t, out.GetCertificate()))
	out, err = report(own, &nodev1.ReportRequest{State: "READY", Trusted: trust.HashAuthorities(out.GetAuthorities())})
	require.NoError(t, err)
	require.Empty(t, out.GetAuthorities(), "it knows them")

	before, _ := d.heard.Last(presence.NodeKey("n1"))
	for name, over := range map[string]*connect.Client{
		"elsewhere": d.line(trust.NodeKind, "n1", "other"), "a gateway": d.line(trust.GatewayKind, "n1", "shared"), "deleted": d.line(trust.NodeKind, "n2", "shared"),
	} {
		_, err := report(over, &nodev1.ReportRequest{State: "READY", AppliedIndex: 99})
		require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "%s: %v", name, err)
	}
	_, err = report(d.line(trust.HostKind, "h1", ""), &nodev1.ReportRequest{State: "READY"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	after, _ := d.heard.Last(presence.NodeKey("n1"))
	require.Equal(t, before, after)

	hosts := cpc.NewHostServiceClient
	said, err := hosts(d.line(trust.HostKind, "h1", "")).Report(t.Context(), &cpv1.ReportRequest{CertificateRequest: wish(t)})
	require.NoError(t, err)
	require.Equal(t, trust.HostKind, whose(t, said.GetCertificate()).Kind)
	known, _ := d.heard.Last(presence.HostKey("h1"))
	require.Equal(t, presence.Report{Seen: d.now(), State: "READY"}, known)
	_, err = hosts(d.line(trust.HostKind, "h9", "")).Report(t.Context(), &cpv1.ReportRequest{})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, stranger := d.heard.Last(presence.HostKey("h9"))
	require.False(t, stranger)
	_, err = hosts(own).Report(t.Context(), &cpv1.ReportRequest{})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
}

// TestAHostInvitesItsOwnProcesses, for ten minutes, each for itself; and it sees no others.
func TestAHostInvitesItsOwnProcesses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n0")
	d.host("h1", "here")
	d.host("h2", "here")
	plan := func(id, host string, kind cpv1.MachineKind) {
		d.do(&statev1.PlanNode{Node: &cpv1.Node{Id: id, Host: host, Environment: "shared", Kind: kind, Release: "r7"}})
	}
	plan("p1", "h1", aNode)
	plan("p2", "h2", aNode)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	own := cpc.NewHostServiceClient(d.line(trust.HostKind, "h1", ""))
	stream, err := own.Watch(ctx, &cpv1.WatchRequest{})
	require.NoError(t, err)
	defer stream.Close()
	frame, err := stream.Receive()
	require.NoError(t, err)
	require.Len(t, frame.GetProcesses(), 1)
	require.Equal(t, []any{"p1", "shared", aNode, "r7", false}, process(frame.GetProcesses()[0]))
	d.do(&statev1.JudgeNode{Id: "p1", State: cpv1.NodeState_NODE_STATE_JOINING}) // nothing that the host is told
	d.do(&statev1.DrainNode{Id: "p2"})                                           // another's
	d.do(&statev1.DrainNode{Id: "p1"})
	drained := uint64(d.store.View().Index())
	frame, err = stream.Receive()
	require.NoError(t, err)
	require.Equal(t, []any{"p1", "shared", aNode, "r7", true}, process(frame.GetProcesses()[0]))
	require.Equal(t, drained, frame.GetIndex())

	for _, id := range []string{"p2", "n0", "none"} {
		_, err := own.CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: id})
		require.Equal(t, connect.CodeNotFound, connect.CodeOf(err), id)
	}
	made, err := own.CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: "p1"})
	require.NoError(t, err)
	require.Equal(t, d.now().Add(10*time.Minute).UTC(), made.GetExpireTime().AsTime())
	join := func(r *nodev1.JoinRequest) error {
		r.CertificateRequest = wish(t)
		_, err := nodec.NewNodeServiceClient(d.stranger()).Join(t.Context(), r)
		return err
	}
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(join(&nodev1.JoinRequest{Token: made.GetToken(), NodeId: "p2"})), "it is of one process")
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(join(&nodev1.JoinRequest{Token: made.GetToken(), NodeId: "p1", Kind: "gateway"})))
	d.ahead.Store(int64(10 * time.Minute))
	require.NoError(t, join(&nodev1.JoinRequest{Token: made.GetToken(), NodeId: "p1"}))
	d.ahead.Store(int64(10*time.Minute + 1))
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(join(&nodev1.JoinRequest{Token: made.GetToken(), NodeId: "p1"})))
	_, err = cpc.NewHostServiceClient(d.line(trust.NodeKind, "n0", "shared")).CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: "p1"})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
}

func process(p *cpv1.NodeProcess) []any {
	return []any{p.GetNodeId(), p.GetEnvironment(), p.GetKind(), p.GetRelease(), p.GetDrain()}
}

// TestJoinTokensEndInTheirTime: after an hour where nothing is said; a repeat of the request shows none.
func TestJoinTokensEndInTheirTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n0")
	request := &cpv1.CreateJoinTokenRequest{Kind: aNode, Environment: "shared", RequestId: "one"}
	made, err := cpc.NewNodeAdminServiceClient(d.root()).CreateJoinToken(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, d.now().Add(time.Hour).UTC(), made.GetExpireTime().AsTime())
	parsed, err := trust.ParseJoinToken(made.GetToken())
	require.NoError(t, err)
	signs, err := d.authorities.Fingerprint()
	require.NoError(t, err)
	require.Equal(t, []string{"one", signs}, []string{parsed.Cluster, parsed.Fingerprint})
	again, err := cpc.NewNodeAdminServiceClient(d.root()).CreateJoinToken(t.Context(), request)
	require.NoError(t, err)
	require.Empty(t, again.GetToken(), "this one was not used")
	require.Equal(t, made.GetId(), again.GetId())
}

// TestAConfigurationHasABound commits as many artefacts as there may be, one more, and changes of too many.
func TestAConfigurationHasABound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.place("there", "other", "o1")
	d.active("ACME", "shared") // with one artefact
	d.active("BETA", "other")
	own := nodec.NewNodeServiceClient(d.line(trust.NodeKind, "n1", "shared"))
	hash := strings.Repeat("ab", 32)
	commit := func(changes map[string]string) (*nodev1.CommitConfigurationResponse, error) {
		return own.CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{Account: "ACME", Retailer: 1, Artefacts: changes})
	}
	many := map[string]string{}
	for i := range 9_999 {
		many["workflow/W"+strconv.Itoa(i)] = hash
	}
	full, err := commit(many)
	require.NoError(t, err)
	require.Len(t, full.GetConfiguration().GetArtefacts(), 10_000)
	_, err = commit(map[string]string{"one/more": hash})
	require.Equal(t, connect.CodeOutOfRange, connect.CodeOf(err), "%v", err)
	_, err = commit(map[string]string{"one/more": hash, "another/one": hash, "workflow/W1": "", "workflow/none": ""})
	require.Equal(t, connect.CodeOutOfRange, connect.CodeOf(err), "taking out what is not there makes no room")
	_, err = commit(map[string]string{"workflow/W2": strings.Repeat("cd", 32)})
	require.NoError(t, err, "a change of one that is there")
	out, err := commit(map[string]string{"one/more": hash, "workflow/W1": ""})
	require.NoError(t, err, "one for one")
	active, _ := state.Activations.Get(d.store.View(), state.RetailerKey("ACME", 1))
	require.Equal(t, []any{active.GetIndex(), active.GetStable()}, []any{out.GetConfiguration().GetIndex(), out.GetConfiguration().GetVersion()})

	// One that is too large already, from before there was a bound, may shrink and change, and not grow.
	over := map[string]string{}
	for i := range 5 {
		over["old/"+strconv.Itoa(i)] = hash
	}
	d.do(&statev1.CommitConfiguration{Account: "ACME", Retailer: 1, Artefacts: over})
	_, err = commit(map[string]string{"old/1": "", "new/1": hash})
	require.NoError(t, err)
	_, err = commit(map[string]string{"new/2": hash})
	require.Equal(t, connect.CodeOutOfRange, connect.CodeOf(err), "%v", err)

	for name, c := range map[string]struct {
		over    *connect.Client
		account string
		code    connect.Code
	}{
		"a gateway":          {d.line(trust.GatewayKind, "n1", "shared"), "ACME", connect.CodePermissionDenied},
		"another place":      {d.line(trust.NodeKind, "n1", "shared"), "BETA", connect.CodeNotFound},
		"nobody's account":   {d.line(trust.NodeKind, "n1", "shared"), "NONE", connect.CodeNotFound},
		"one not known here": {d.line(trust.NodeKind, "n1", "other"), "BETA", connect.CodeUnauthenticated},
	} {
		_, err := nodec.NewNodeServiceClient(c.over).CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{Account: c.account, Retailer: 1, Artefacts: map[string]string{"a/b": hash}})
		require.Equal(t, c.code, connect.CodeOf(err), "%s: %v", name, err)
	}
}

// TestATenantWaitsForItsRetailer: a node's call is answered when the retailer has been made, or when it is known that it will not be.
func TestATenantWaitsForItsRetailer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	own := nodec.NewNodeServiceClient(d.line(trust.NodeKind, "n1", "shared"))
	ask := func(ref string) (*nodev1.CreateRetailerResponse, error) {
		return own.CreateRetailer(t.Context(), &nodev1.CreateRetailerRequest{RequestId: ref, Account: "ACME", Ref: ref})
	}
	drive := func(end func(id string)) {
		for {
			running, changed := state.RunningInTurn(d.store.View())
			if len(running) > 0 {
				end(running[0].GetId())
				return
			}
			select {
			case <-changed:
			case <-t.Context().Done():
				return
			}
		}
	}
	go drive(func(id string) {
		d.prepare(id)
		d.do(&statev1.FinishOperation{Operation: id})
	})
	made, err := ask("SECOND")
	require.NoError(t, err)
	active, _ := state.Activations.Get(d.store.View(), state.RetailerKey("ACME", 2))
	require.Equal(t, []any{int32(2), active.GetIndex()}, []any{made.GetRetailer(), made.GetIndex()})
	r, _ := state.Retailers.Get(d.store.View(), state.RetailerKey("ACME", 2))
	require.Equal(t, []string{"SECOND", "SECOND", "Australia/Sydney", "AUD"}, []string{r.GetRef(), r.GetTradingName(), r.GetTimeZone(), r.GetCurrency()})

	go drive(func(id string) {
		d.do(&statev1.FinishOperation{Operation: id, Error: &cpv1.OperationError{Code: "NODE_REFUSED", Detail: "no such time zone"}})
	})
	_, err = ask("THIRD")
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "no such time zone")
}

// TestAChangeWaitsForNodesThatLag, for a second: whoever changed a client finds the change at whichever node answers next.
func TestAChangeWaitsForNodesThatLag(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.place("there", "other", "o1")
	d.active("ACME", "shared")
	for name, lag := range map[string]func(){
		"one that was not heard of": d.heard.Clear,
		"one that is a step behind": func() {
			d.heard.Note(presence.NodeKey("n1"), presence.Report{State: "READY", AppliedIndex: uint64(d.store.View().Index())})
		},
	} {
		lag()
		begun := time.Now()
		_, err := nodec.NewClientServiceClient(d.line(trust.NodeKind, "n1", "shared")).UpdateClient(t.Context(), &nodev1.UpdateClientRequest{
			Account: "ACME", Client: &cpv1.ApiClient{ClientId: "ACME", Description: name},
		})
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(begun), 990*time.Millisecond, name)
	}
}
