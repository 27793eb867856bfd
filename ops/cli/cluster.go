package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func newClusterCommand(a *app) *cobra.Command {
	return group("cluster", "The control plane itself", newClusterStatus(a), newClusterFinalise(a), newClusterAuthority(a))
}

func newClusterStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Aliases: []string{"get"}, Short: "Show what a server knows of the cluster", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			res, err := controlplanev1connect.NewClusterServiceClient(client).GetStatus(ctx, &cpv1.GetStatusRequest{})
			if err != nil {
				return err
			}
			type status = cpv1.GetStatusResponse
			if err := printOne(a, res, []render.Column[*status]{
				{Title: "CLUSTER", Value: (*status).GetClusterId},
				{Title: "ANSWERED BY", Value: (*status).GetServerId},
				{Title: "LEADER", Value: (*status).GetLeaderId},
				{Title: "TERM", Value: func(s *status) string { return fmt.Sprint(s.GetTerm()) }},
				{Title: "APPLIED INDEX", Value: func(s *status) string { return fmt.Sprint(s.GetAppliedIndex()) }},
				{Title: "SCHEMA", Value: func(s *status) string { return fmt.Sprintf("%d (floor %d)", s.GetSchema(), s.GetSchemaFloor()) }},
			}); err != nil || a.output == string(render.JSON) {
				return err
			}
			fmt.Fprintln(a.Out)
			return printList(a, res.GetMembers(), []render.Column[*cpv1.Member]{
				{Title: "SERVER", Value: (*cpv1.Member).GetId},
				{Title: "RAFT", Value: (*cpv1.Member).GetRaftAddress},
				{Title: "API", Value: (*cpv1.Member).GetApiAddress},
				{Title: "VOTER", Value: func(m *cpv1.Member) string { return fmt.Sprint(m.GetVoter()) }},
			})
		}),
	}
}

// newClusterAuthority makes what the servers of a new cluster are started with. It calls nobody.
func newClusterAuthority(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "authority FILE", Short: "Make the authority of a new cluster, for `fluent server --authority` on each of its servers",
		Long: "Writes a new certificate authority with its key into FILE, which must not be there yet. Whoever has it can pass for any server, node or host " +
			"of the cluster: bring it to each server by a safe way, and remove it when they have started.",
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			raw, err := keyring.MakeAuthority(name, time.Now())
			if err != nil {
				return render.UsageError{Err: fmt.Errorf("--cluster: %w", err)}
			}
			file, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("write the authority: %w", err)
			}
			_, err = file.Write(raw)
			return errors.Join(err, file.Close())
		},
	}
	cmd.Flags().StringVar(&name, "cluster", trust.NewClusterID(), "id of the cluster (default: a random one)")
	cmd.Flags().Lookup("cluster").DefValue = ""
	return cmd
}

func newClusterFinalise(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "finalise-upgrade", Short: "Let the servers write what only the new release understands; older ones cannot join after it", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			if err := a.confirm(yes, "Give up the way back to the older release"); err != nil {
				return err
			}
			res, err := controlplanev1connect.NewClusterServiceClient(client).FinaliseUpgrade(ctx, &cpv1.FinaliseUpgradeRequest{})
			if err != nil {
				return err
			}
			return printOne(a, res, []render.Column[*cpv1.FinaliseUpgradeResponse]{
				{Title: "SCHEMA FLOOR", Value: func(r *cpv1.FinaliseUpgradeResponse) string { return fmt.Sprint(r.GetSchemaFloor()) }},
			})
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	return cmd
}
