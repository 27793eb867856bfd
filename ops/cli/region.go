package cli

import (
	"context"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func regionColumns() []render.Column[*cpv1.Region] {
	return []render.Column[*cpv1.Region]{
		{Title: "NAME", Value: (*cpv1.Region).GetName},
		{Title: "DISPLAY NAME", Value: (*cpv1.Region).GetDisplayName},
		{Title: "COUNTRY", Value: (*cpv1.Region).GetCountry},
		{Title: "JURISDICTIONS", Value: func(r *cpv1.Region) string { return strings.Join(r.GetJurisdictions(), ",") }},
		{Title: "ENDPOINTS", Value: func(r *cpv1.Region) string { return strings.Join(r.GetEndpoints(), ",") }},
		{Title: "CREATED", Value: func(r *cpv1.Region) string { return render.Time(r.GetCreateTime()) }, Wide: true},
		{Title: "UPDATED", Value: func(r *cpv1.Region) string { return render.Time(r.GetUpdateTime()) }, Wide: true},
		{Title: "ETAG", Value: (*cpv1.Region).GetEtag, Wide: true},
	}
}

func newRegionCommand(a *app) *cobra.Command {
	return group("region", "Places where environments run",
		newRegionList(a), newRegionGet(a), newRegionCreate(a), newRegionUpdate(a), newRegionDelete(a))
}

func newRegionList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List regions", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewRegionServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Region, string, error) {
				res, err := service.ListRegions(ctx, &cpv1.ListRegionsRequest{PageToken: token})
				return res.GetRegions(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, regionColumns())
		}),
	}
}

func newRegionGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Short: "Show a region", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			res, err := controlplanev1connect.NewRegionServiceClient(client).GetRegion(ctx, &cpv1.GetRegionRequest{Name: args[0]})
			if err != nil {
				return err
			}
			return printOne(a, res.GetRegion(), regionColumns())
		}),
	}
}

// regionFlags are the fields of a region that can be set.
func regionFlags(cmd *cobra.Command) *cpv1.Region {
	r := &cpv1.Region{}
	cmd.Flags().StringVar(&r.DisplayName, "display-name", "", "name for people")
	cmd.Flags().StringVar(&r.Country, "country", "", "country of the machines, two capitals (AU)")
	cmd.Flags().StringSliceVar(&r.Jurisdictions, "jurisdiction", nil, "data-residency jurisdictions that it satisfies (AU,EU)")
	cmd.Flags().StringSliceVar(&r.Endpoints, "endpoint", nil, "base URLs of its gateways")
	return r
}

func newRegionCreate(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a region", Args: usage(cobra.ExactArgs(1)),
		Example: "  fluent region create ap-southeast-2 --display-name Sydney --country AU --jurisdiction AU"}
	r := regionFlags(cmd)
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		r.Name = args[0]
		req := &cpv1.CreateRegionRequest{Region: r, RequestId: a.requestID()}
		res, err := controlplanev1connect.NewRegionServiceClient(client).CreateRegion(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res.GetRegion(), regionColumns())
	})
	return cmd
}

func newRegionUpdate(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "update NAME", Short: "Change a region", Args: usage(cobra.ExactArgs(1))}
	r := regionFlags(cmd)
	cmd.Flags().StringVar(&r.Etag, "etag", "", "change it only if this is its current etag")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		mask, err := changed(cmd, map[string]string{"display-name": "display_name", "country": "country",
			"jurisdiction": "jurisdictions", "endpoint": "endpoints"})
		if err != nil {
			return err
		}
		r.Name = args[0]
		req := &cpv1.UpdateRegionRequest{Region: r, UpdateMask: mask, RequestId: a.requestID()}
		res, err := controlplanev1connect.NewRegionServiceClient(client).UpdateRegion(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res.GetRegion(), regionColumns())
	})
	return cmd
}

func newRegionDelete(a *app) *cobra.Command {
	return newDelete(a, deletion{use: "delete NAME", short: "Remove a region that has no environments", what: "region", verb: "Remove", done: "Removed"},
		func(ctx context.Context, client *connect.Client, name, etag string) error {
			req := &cpv1.DeleteRegionRequest{Name: name, Etag: etag, RequestId: a.requestID()}
			_, err := controlplanev1connect.NewRegionServiceClient(client).DeleteRegion(ctx, req)
			return err
		})
}
