package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	cpc "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	nodec "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// TestTheAuditNamesMachinesByTheirKind: a host and a gateway are not nodes.
func TestTheAuditNamesMachinesByTheirKind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.host("h1", "here")
	d.do(&statev1.PlanNode{Node: &cpv1.Node{Id: "p1", Host: "h1", Environment: "shared", Kind: aNode}})
	last := func() []string {
		records, _ := state.Audit.List(d.store.View(), state.Page{Reverse: true, Limit: 1})
		return []string{records[0].GetActor(), records[0].GetAction(), records[0].GetProcedure()}
	}
	_, err := cpc.NewHostServiceClient(d.line(trust.HostKind, "h1", "")).CreateNodeToken(t.Context(), &cpv1.CreateNodeTokenRequest{NodeId: "p1"})
	require.NoError(t, err)
	require.Equal(t, []string{"host/h1", "CREATE_JOIN_TOKEN", cpc.HostServiceCreateNodeTokenProcedure}, last())
	_, err = nodec.NewNodeServiceClient(d.stranger()).Join(t.Context(), &nodev1.JoinRequest{
		Token: d.invite(aGateway, "shared", ""), Kind: "gateway", NodeId: "g1", CertificateRequest: wish(t),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"gateway/g1", "JOIN_NODE", nodec.NodeServiceJoinProcedure}, last())
}
