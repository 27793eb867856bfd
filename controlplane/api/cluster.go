package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

type clusters struct{ *API }

// GetStatus tells what this server knows of the cluster.
func (a clusters) GetStatus(context.Context, *cpv1.GetStatusRequest) (*cpv1.GetStatusResponse, error) {
	v, self := a.Store.View(), a.Consensus.Self()
	leader, _ := a.Consensus.Leader()
	out := &cpv1.GetStatusResponse{
		ClusterId: v.Cluster().GetId(), ServerId: self.ID, LeaderId: leader.ID, AppliedIndex: uint64(v.Index()), Term: self.Term,
		Schema: state.Schema, SchemaFloor: v.Cluster().GetSchemaFloor(),
	}
	for _, p := range self.Peers {
		out.Members = append(out.Members, &cpv1.Member{Id: p.ID, RaftAddress: p.Raft, ApiAddress: p.API, Voter: true})
	}
	return out, nil
}

// FinaliseUpgrade raises the schema floor, once every server says that it understands the new one: one that does not would have to stop.
func (a clusters) FinaliseUpgrade(ctx context.Context, r *cpv1.FinaliseUpgradeRequest) (*cpv1.FinaliseUpgradeResponse, error) {
	wanted := r.GetSchema()
	if wanted == 0 {
		wanted = state.Schema
	}
	if wanted > state.Schema {
		return nil, fault.Invalidf("schema", "This release understands schema %d at most.", state.Schema)
	}
	if err := a.everybodyKnows(ctx, wanted); err != nil {
		return nil, err
	}
	result, err := a.change(ctx, &statev1.RaiseSchemaFloor{Schema: wanted}, r)
	if err != nil {
		return nil, err
	}
	return &cpv1.FinaliseUpgradeResponse{SchemaFloor: as[*statev1.Cluster](result).GetSchemaFloor()}, nil
}

// statusTime is how long another server may take to say what it understands.
const statusTime = 5 * time.Second

// everybodyKnows asks the other servers, in the caller's name, whether they understand a schema.
func (a clusters) everybodyKnows(ctx context.Context, schema uint32) error {
	raw, _ := bearer(ctx)
	self := a.Consensus.Self()
	for _, p := range self.Peers {
		if p.ID == self.ID {
			continue
		}
		transport := wire.NewTransport(&http.Client{Transport: a.forward.transport, Timeout: statusTime}, trust.URL(p.API))
		peer := controlplanev1connect.NewClusterServiceClient(connect.NewClient(transport, interceptor.StaticBearer(raw)))
		status, err := peer.GetStatus(ctx, &cpv1.GetStatusRequest{})
		if err != nil {
			return fault.New(fault.Unavailable, "The server %s does not answer, so nobody knows whether it understands schema %d.", p.ID, schema).Wrap(err)
		}
		if status.GetSchema() < schema {
			return fault.New(fault.Unprocessable, "The server %s understands schema %d at most, and not %d: upgrade it first.", p.ID, status.GetSchema(), schema)
		}
	}
	return nil
}

func bearer(ctx context.Context) (string, bool) {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return "", false
	}
	return token.Bearer(info.RequestHeader().Get("Authorization"))
}

type audit struct{ *API }

// ListAuditRecords reads the records that the caller may see, newest first.
func (a audit) ListAuditRecords(ctx context.Context, r *cpv1.ListAuditRecordsRequest) (*cpv1.ListAuditRecordsResponse, error) {
	p, err := page(r, "")
	if err != nil {
		return nil, err
	}
	p.Reverse = true
	v, decision := a.Store.View(), policy.FromContext(ctx)
	list, next := state.Audit.Filter(v, p, func(record *cpv1.AuditRecord) bool {
		return strings.HasPrefix(record.GetResource(), r.GetResource()) && (r.GetActor() == "" || r.GetActor() == record.GetActor()) &&
			decision.Covers(policy.Resource(state.PlaceOfRecord(v, record)))
	})
	return &cpv1.ListAuditRecordsResponse{Records: list, NextPageToken: pageToken(r, next)}, nil
}
