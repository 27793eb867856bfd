package cli

import (
	"context"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func newAuditCommand(a *app) *cobra.Command {
	return group("audit", "Who changed what in the control plane", newAuditList(a))
}

func newAuditList(a *app) *cobra.Command {
	var resource, actor string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List audit records, the newest first", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewAuditServiceClient(client)
			all, err := pages(limit, func(token string) ([]*cpv1.AuditRecord, string, error) {
				res, err := service.ListAuditRecords(ctx, &cpv1.ListAuditRecordsRequest{Resource: resource, Actor: actor, PageToken: token})
				return res.GetRecords(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, []render.Column[*cpv1.AuditRecord]{
				{Title: "NO", Value: func(r *cpv1.AuditRecord) string { return fmt.Sprint(r.GetSequence()) }},
				{Title: "TIME", Value: func(r *cpv1.AuditRecord) string { return render.Time(r.GetTime()) }},
				{Title: "ACTOR", Value: (*cpv1.AuditRecord).GetActor},
				{Title: "ACTION", Value: (*cpv1.AuditRecord).GetAction},
				{Title: "RESOURCE", Value: (*cpv1.AuditRecord).GetResource},
				{Title: "WHERE", Value: func(r *cpv1.AuditRecord) string {
					return strings.Trim(r.GetRegion()+"/"+r.GetEnvironment(), "/")
				}},
				{Title: "DETAIL", Value: (*cpv1.AuditRecord).GetDetail},
			})
		}),
	}
	cmd.Flags().StringVar(&resource, "resource", "", "only those of a resource (account/ACME), or of all that begin so")
	cmd.Flags().StringVar(&actor, "actor", "", "only those by somebody (operator/ann)")
	cmd.Flags().IntVar(&limit, "limit", 50, "at most so many; 0: all")
	return cmd
}
