package cli

import (
	"context"
	"fmt"
	"strconv"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func retailerColumns() []render.Column[*cpv1.Retailer] {
	return []render.Column[*cpv1.Retailer]{
		{Title: "ACCOUNT", Value: (*cpv1.Retailer).GetAccount},
		{Title: "NUMBER", Value: func(r *cpv1.Retailer) string { return fmt.Sprint(r.GetNumber()) }},
		{Title: "REF", Value: (*cpv1.Retailer).GetRef},
		{Title: "TRADING NAME", Value: (*cpv1.Retailer).GetTradingName},
		{Title: "TIME ZONE", Value: (*cpv1.Retailer).GetTimeZone},
		{Title: "CURRENCY", Value: (*cpv1.Retailer).GetCurrency},
		{Title: "STATE", Value: func(r *cpv1.Retailer) string { return render.Enum(r.GetState()) }},
		{Title: "VERSION", Value: (*cpv1.Retailer).GetVersion, Wide: true},
		{Title: "CREATED", Value: func(r *cpv1.Retailer) string { return render.Time(r.GetCreateTime()) }, Wide: true},
		{Title: "ETAG", Value: (*cpv1.Retailer).GetEtag, Wide: true},
	}
}

func newRetailerCommand(a *app) *cobra.Command {
	return group("retailer", "Brands or businesses within an account",
		newRetailerList(a), newRetailerGet(a), newRetailerCreate(a), newRetailerUpdate(a))
}

func newRetailerList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list ACCOUNT", Short: "List the retailers of an account", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			service := controlplanev1connect.NewRetailerServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Retailer, string, error) {
				res, err := service.ListRetailers(ctx, &cpv1.ListRetailersRequest{Account: args[0], PageToken: token})
				return res.GetRetailers(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, retailerColumns())
		}),
	}
}

func newRetailerGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get ACCOUNT NUMBER", Short: "Show a retailer", Args: usage(cobra.ExactArgs(2)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			number, err := retailerNumber(args[1])
			if err != nil {
				return err
			}
			req := &cpv1.GetRetailerRequest{Account: args[0], Number: number}
			res, err := controlplanev1connect.NewRetailerServiceClient(client).GetRetailer(ctx, req)
			if err != nil {
				return err
			}
			return printOne(a, res.GetRetailer(), retailerColumns())
		}),
	}
}

func retailerNumber(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, render.UsageError{Err: fmt.Errorf("retailer %q: want its number", text)}
	}
	return int32(n), nil
}

// retailerFlags are the fields of a retailer that can be set.
func retailerFlags(cmd *cobra.Command) *cpv1.Retailer {
	r := &cpv1.Retailer{}
	cmd.Flags().StringVar(&r.TradingName, "trading-name", "", "name for customers")
	cmd.Flags().StringVar(&r.TimeZone, "time-zone", "", "IANA time zone (Australia/Sydney)")
	cmd.Flags().StringVar(&r.Currency, "currency", "", "ISO 4217 currency (AUD)")
	return r
}

func newRetailerCreate(a *app) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{Use: "create ACCOUNT REF", Short: "Make a retailer, and wait until it can be used", Args: usage(cobra.ExactArgs(2)),
		Example: "  fluent retailer create ACME OUTLET --trading-name 'Acme Outlet' --time-zone Australia/Sydney --currency AUD"}
	r := retailerFlags(cmd)
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until the retailer can be used")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		r.Account, r.Ref = args[0], args[1]
		service := controlplanev1connect.NewRetailerServiceClient(client)
		res, err := service.CreateRetailer(ctx, &cpv1.CreateRetailerRequest{Retailer: r, RequestId: a.requestID()})
		if err != nil {
			return err
		}
		made := res.GetRetailer()
		if wait && res.GetOperation() != nil {
			operations := controlplanev1connect.NewOperationServiceClient(client)
			if _, err := progress.Follow(ctx, operations, res.GetOperation().GetId(), a.view()); err != nil {
				return err
			}
			now, err := service.GetRetailer(ctx, &cpv1.GetRetailerRequest{Account: made.GetAccount(), Number: made.GetNumber()})
			if err != nil {
				return err
			}
			made = now.GetRetailer()
		}
		return printOne(a, made, retailerColumns())
	})
	return cmd
}

func newRetailerUpdate(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "update ACCOUNT NUMBER", Short: "Change a retailer", Args: usage(cobra.ExactArgs(2))}
	r := retailerFlags(cmd)
	cmd.Flags().StringVar(&r.Etag, "etag", "", "change it only if this is its current etag")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		mask, err := changed(cmd, map[string]string{"trading-name": "trading_name", "time-zone": "time_zone", "currency": "currency"})
		if err != nil {
			return err
		}
		if r.Number, err = retailerNumber(args[1]); err != nil {
			return err
		}
		r.Account = args[0]
		req := &cpv1.UpdateRetailerRequest{Retailer: r, UpdateMask: mask, RequestId: a.requestID()}
		res, err := controlplanev1connect.NewRetailerServiceClient(client).UpdateRetailer(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res.GetRetailer(), retailerColumns())
	})
	return cmd
}
