package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/presence"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// The kinds of machines, as certificates name them.
const (
	nodeKind    = trust.NodeKind
	gatewayKind = trust.GatewayKind
	hostKind    = trust.HostKind
)

// nodes serves data-plane nodes and gateways.
type nodes struct{ *API }

// Join makes a node known, by a join token or by the certificate of an earlier join.
func (a nodes) Join(ctx context.Context, r *nodev1.JoinRequest) (*nodev1.JoinResponse, error) {
	kind, ok := map[string]cpv1.MachineKind{
		"": cpv1.MachineKind_MACHINE_KIND_NODE, nodeKind: cpv1.MachineKind_MACHINE_KIND_NODE, gatewayKind: cpv1.MachineKind_MACHINE_KIND_GATEWAY,
	}[r.GetKind()]
	if !ok {
		return nil, fault.Invalidf("kind", "Want node or gateway.")
	}
	if err := a.checkCluster(r.GetClusterId()); err != nil {
		return nil, err
	}
	name := map[bool]string{true: gatewayKind, false: nodeKind}[kind == cpv1.MachineKind_MACHINE_KIND_GATEWAY]
	node := &cpv1.Node{Id: r.GetNodeId(), Kind: kind, Address: r.GetAddress(), Release: r.GetRelease(), Door: r.GetDoor()}
	body := &statev1.JoinNode{Node: node}
	if p, known := a.caller(ctx, name); known && (node.GetId() == "" || node.GetId() == p.Subject) {
		node.Id, node.Environment = p.Subject, p.Environment
		ctx = auth.NewContext(ctx, p)
	} else if r.GetToken() != "" {
		node.Id = first(node.GetId(), name+"-"+strings.ToLower(rand.Text()[:8]))
		body.TokenHash = secretHash(r.GetToken())
		ctx = auth.NewContext(ctx, &auth.Principal{Kind: auth.NodeKind, NodeKind: name, Subject: node.GetId()})
	} else {
		return nil, fault.New(fault.Unauthenticated, "Join with a token, or with the certificate of an earlier join.").At("token")
	}
	result, err := a.change(ctx, body, r)
	if err != nil {
		return nil, err
	}
	joined := as[*cpv1.Node](result)
	// What an earlier process of the node said does not count for this one.
	a.Presence.Note(presence.NodeKey(joined.GetId()), presence.Report{Seen: a.Now(), State: "JOINING"})
	id := trust.Identity{Cluster: a.Authorities.Cluster(), Environment: joined.GetEnvironment(), Kind: name, ID: joined.GetId()}
	certificate, authorities, err := a.Authorities.Sign(r.GetCertificateRequest(), id)
	if err != nil {
		return nil, err
	}
	return &nodev1.JoinResponse{
		NodeId: joined.GetId(), Environment: joined.GetEnvironment(), ClusterId: id.Cluster, Certificate: certificate, Authorities: authorities,
	}, nil
}

func (a *API) checkCluster(expected string) error {
	if have := a.Store.View().Cluster().GetId(); expected != "" && expected != have {
		return fault.New(fault.Unprocessable, "This is the cluster %s, and not %s.", have, expected).At("cluster_id")
	}
	return nil
}

// caller is the machine whose certificate a call to a public method shows, if it shows one.
func (a *API) caller(ctx context.Context, kind string) (*auth.Principal, bool) {
	id, ok := trust.Caller(ctx)
	if !ok || id.Kind != kind {
		return nil, false
	}
	return interceptor.Machine(id), true
}

// renewal is what a report says of its sender's certificate.
type renewal interface {
	GetCertificateRequest() []byte
	GetTrusted() []byte
}

// renewed gives a machine the new certificate that it asks for, and the authorities if it knows others.
func (a *API) renewed(ctx context.Context, r renewal) (certificate []byte, authorities [][]byte, err error) {
	if id, ok := trust.Caller(ctx); ok && len(r.GetCertificateRequest()) > 0 {
		return a.Authorities.Sign(r.GetCertificateRequest(), id)
	}
	authorities, err = a.Authorities.Trusted()
	if err != nil || bytes.Equal(trust.HashAuthorities(authorities), r.GetTrusted()) {
		return nil, nil, err
	}
	return nil, authorities, nil
}

// joinToken makes the text of a join token.
func (a *API) joinToken() (string, error) {
	fingerprint, err := a.Authorities.Fingerprint()
	if err != nil {
		return "", err
	}
	return trust.JoinToken{Cluster: a.Authorities.Cluster(), Fingerprint: fingerprint, Secret: password.Secret(secretBytes)}.String(), nil
}

// Report takes note of what a node says. It comes to the leader.
func (a nodes) Report(ctx context.Context, r *nodev1.ReportRequest) (*nodev1.ReportResponse, error) {
	p, node, err := a.member(ctx, nodeKind, gatewayKind)
	if err != nil {
		return nil, err
	}
	a.Presence.Note(presence.NodeKey(p.Subject), presence.Report{
		Seen: a.Now(), State: r.GetState(), AppliedIndex: r.GetAppliedIndex(), Load: r.GetLoad(), Problem: r.GetProblem(),
	})
	certificate, authorities, err := a.renewed(ctx, r)
	if err != nil {
		return nil, err
	}
	return &nodev1.ReportResponse{Certificate: certificate, Authorities: authorities, Drain: node.GetDrain()}, nil
}

// home checks that a node calls, and that an account is of its environment. Those of others read like those that do not exist.
func (a nodes) home(ctx context.Context, name string) error {
	p, _, err := a.member(ctx, nodeKind)
	if err != nil {
		return err
	}
	account, found := state.Accounts.Get(a.Store.View(), name)
	if !found || account.GetAccount().GetEnvironment() != p.Environment {
		return absent("account", name)
	}
	return nil
}

// retailerPatience is how long a node's call waits for its retailer.
const retailerPatience = 20 * time.Second

// CreateRetailer makes a retailer in the name of a tenant and waits until it can be used.
func (a nodes) CreateRetailer(ctx context.Context, r *nodev1.CreateRetailerRequest) (*nodev1.CreateRetailerResponse, error) {
	if err := a.home(ctx, r.GetAccount()); err != nil {
		return nil, err
	}
	made, err := a.createRetailer(ctx, &cpv1.Retailer{Account: r.GetAccount(), Ref: r.GetRef(), TradingName: r.GetTradingName()}, r)
	if err != nil {
		return nil, err
	}
	o, err := operations(a).wait(ctx, made.GetOperation().GetId(), retailerPatience)
	if err != nil {
		return nil, err
	}
	number := made.GetRetailer().GetNumber()
	switch o.GetState() {
	case cpv1.OperationState_OPERATION_STATE_DONE:
	case cpv1.OperationState_OPERATION_STATE_FAILED:
		return nil, fault.New(fault.Unprocessable, "The retailer %d could not be made ready: %s", number, o.GetError().GetDetail()).With("operation", o.GetId())
	default:
		return nil, fault.New(fault.Unavailable, "The retailer %d is being made, but it is not ready yet; try again.", number).With("operation", o.GetId())
	}
	active, _ := state.Activations.Get(a.Store.View(), state.RetailerKey(r.GetAccount(), number))
	return &nodev1.CreateRetailerResponse{Retailer: number, Index: active.GetIndex()}, nil
}

// CommitConfiguration makes and activates a version for an account of the node's environment.
func (a nodes) CommitConfiguration(ctx context.Context, r *nodev1.CommitConfigurationRequest) (*nodev1.CommitConfigurationResponse, error) {
	if err := a.home(ctx, r.GetAccount()); err != nil {
		return nil, err
	}
	if err := a.roomFor(r); err != nil {
		return nil, err
	}
	result, err := a.change(ctx, &statev1.CommitConfiguration{
		Account: r.GetAccount(), Retailer: r.GetRetailer(), Artefacts: r.GetArtefacts(), Author: r.GetAuthor(), Message: r.GetMessage(), BaseVersion: r.GetBaseVersion(),
	}, r)
	if err != nil {
		return nil, err
	}
	done := as[*statev1.ConfigurationCommitted](result)
	a.awaitNodes(ctx, r.GetAccount(), done.GetActivation().GetIndex())
	return &nodev1.CommitConfigurationResponse{Configuration: &nodev1.Configuration{
		Account: r.GetAccount(), Retailer: r.GetRetailer(), Version: done.GetVersion().GetId(), Artefacts: done.GetVersion().GetArtefacts(),
		Index: done.GetActivation().GetIndex(),
	}}, nil
}

// maxArtefacts is how many artefacts a configuration has at most: nodes hear of all of them in one message.
const maxArtefacts = 10_000

// roomFor checks that a configuration with the changes stays within its bound.
func (a nodes) roomFor(r *nodev1.CommitConfigurationRequest) error {
	v := a.Store.View()
	active, _ := state.Activations.Get(v, state.RetailerKey(r.GetAccount(), r.GetRetailer()))
	have := state.ConfigurationOf(v, active).GetArtefacts()
	count := len(have)
	for name, hash := range r.GetArtefacts() {
		if _, known := have[name]; !known && hash != "" {
			count++
		} else if known && hash == "" {
			count--
		}
	}
	if count > max(maxArtefacts, len(have)) {
		return fault.New(fault.TooLarge, "The retailer would have %d workflows and other artefacts, and %d are the most.", count, maxArtefacts).At("artefacts")
	}
	return nil
}

// nodePatience is how long an activation waits for nodes that lag.
const nodePatience = time.Second

// awaitNodes waits until the account's ready nodes have said that they work by an index, so that who changed the configuration sees the
// change on whichever node answers next. A node that lags holds up nobody for longer than nodePatience.
func (a nodes) awaitNodes(ctx context.Context, account string, index uint64) {
	patience := time.NewTimer(nodePatience)
	defer patience.Stop()
	for {
		changed := a.Presence.Changed()
		if !a.nodesLag(account, index) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-patience.C:
			return
		case <-changed:
		}
	}
}

func (a nodes) nodesLag(account string, index uint64) bool {
	view := a.Store.View()
	record, _ := state.Accounts.Get(view, account)
	ready, _ := state.ReadyNodes(view, record.GetAccount().GetEnvironment())
	for _, n := range ready {
		if report, known := a.Presence.Last(presence.NodeKey(n.GetId())); !known || report.AppliedIndex < index {
			return true
		}
	}
	return false
}
