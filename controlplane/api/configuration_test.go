package api_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	nodec "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// TestAnUploadIsOneEntryOfTheLog: what a tenant uploads is committed and active as stable by one command that servers of every release understand. While a
// candidate is tried it is refused, and the candidate stays.
func TestAnUploadIsOneEntryOfTheLog(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.place("here", "shared", "n1")
	d.active("ACME", "shared")
	line := d.line(trust.NodeKind, "n1", "shared")
	var commands []*statev1.Command
	d.beforeCommands(func(c *statev1.Command) { commands = append(commands, c) })
	upload := func(hash, base string) (*nodev1.CommitConfigurationResponse, error) {
		return nodec.NewNodeServiceClient(line).CommitConfiguration(t.Context(), &nodev1.CommitConfigurationRequest{
			Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/ORDER::HD/1": strings.Repeat(hash, 32)}, Author: "ann", BaseVersion: base,
		})
	}
	works := func() *statev1.Activation {
		a, _ := state.Activations.Get(d.store.View(), state.RetailerKey("ACME", 1))
		return a
	}
	first := works()
	done, err := upload("cd", first.GetStable())
	require.NoError(t, err)
	require.Len(t, commands, 1)
	require.EqualValues(t, 1, commands[0].GetSchema())
	stable := works()
	require.Equal(t, []any{done.GetConfiguration().GetVersion(), "", uint32(0)}, []any{stable.GetStable(), stable.GetCandidate(), stable.GetShare()})
	require.NotEqual(t, first.GetStable(), stable.GetStable())

	watch := d.watch(line, &nodev1.WatchRequest{})
	watch.snapshot()
	tried := d.do(&statev1.CommitConfiguration{
		Account: "ACME", Retailer: 1, Artefacts: map[string]string{"workflow/ORDER::HD/1": strings.Repeat("ef", 32)}, CommitOnly: true,
	}).(*statev1.ConfigurationCommitted).GetVersion()
	d.do(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: stable.GetStable(), Candidate: tried.GetId(), Share: 5000})
	want := proto.CloneOf(done.GetConfiguration())
	want.Index, want.Candidate = works().GetIndex(), &nodev1.Candidate{Version: tried.GetId(), Artefacts: tried.GetArtefacts(), Share: 5000}
	heard := watch.next().GetChange().GetResource().GetConfiguration()
	require.True(t, proto.Equal(want, heard), "the first that nodes hear of it: %v", heard)

	_, err = upload("ab", stable.GetStable())
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, tried.GetId())
	require.Equal(t, tried.GetId(), works().GetCandidate())
	d.do(&statev1.ActivateConfiguration{Account: "ACME", Retailer: 1, Stable: tried.GetId()})
	after, err := upload("ab", tried.GetId())
	require.NoError(t, err)
	require.Nil(t, after.GetConfiguration().GetCandidate())
	require.Equal(t, after.GetConfiguration().GetVersion(), works().GetStable())
}
