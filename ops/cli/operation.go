package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func operationColumns() []render.Column[*cpv1.Operation] {
	return []render.Column[*cpv1.Operation]{
		{Title: "ID", Value: (*cpv1.Operation).GetId},
		{Title: "KIND", Value: (*cpv1.Operation).GetKind},
		{Title: "ACCOUNT", Value: (*cpv1.Operation).GetAccount},
		{Title: "STATE", Value: func(o *cpv1.Operation) string { return render.Enum(o.GetState()) }},
		{Title: "PROGRESS", Value: func(o *cpv1.Operation) string { return fmt.Sprintf("%.0f%%", 100*o.GetProgress()) }},
		{Title: "TOOK", Value: func(o *cpv1.Operation) string { return render.Span(o.GetCreateTime(), o.GetEndTime(), time.Now()) }},
		{Title: "STARTED", Value: func(o *cpv1.Operation) string { return render.Time(o.GetCreateTime()) }},
		{Title: "BY", Value: (*cpv1.Operation).GetRequestedBy},
		{Title: "STEPS", Value: operationSteps, Wide: true},
		{Title: "WAITS FOR", Value: operationWaits, Wide: true},
		{Title: "ERROR", Value: func(o *cpv1.Operation) string { return o.GetError().GetDetail() }, Wide: true},
	}
}

// operationWaits says what an operation waits for, in words and in machine form, and since when.
func operationWaits(o *cpv1.Operation) string {
	w := o.GetWaitingFor()
	if w == nil {
		return ""
	}
	return fmt.Sprintf("%s [%s %s since %s]", w.GetDetail(), w.GetReason(), w.GetResource(), render.Time(w.GetSince()))
}

func operationSteps(o *cpv1.Operation) string {
	var all []string
	for _, s := range o.GetSteps() {
		all = append(all, s.GetName()+" "+strings.ToLower(render.Enum(s.GetState())))
	}
	return strings.Join(all, ", ")
}

func newOperationCommand(a *app) *cobra.Command {
	return group("operation", "Work that goes on after the call that asked for it",
		newOperationList(a), newOperationGet(a), newOperationWait(a))
}

func newOperationList(a *app) *cobra.Command {
	var account string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List operations, the newest first", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewOperationServiceClient(client)
			all, err := pages(limit, func(token string) ([]*cpv1.Operation, string, error) {
				res, err := service.ListOperations(ctx, &cpv1.ListOperationsRequest{Account: account, PageToken: token})
				return res.GetOperations(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, operationColumns())
		}),
	}
	cmd.Flags().StringVar(&account, "account", "", "only those of an account")
	cmd.Flags().IntVar(&limit, "limit", 50, "at most so many; 0: all")
	return cmd
}

func newOperationGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show an operation with its steps", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			res, err := controlplanev1connect.NewOperationServiceClient(client).GetOperation(ctx, &cpv1.GetOperationRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return printOne(a, res.GetOperation(), operationColumns())
		}),
	}
}

func newOperationWait(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "wait ID", Short: "Wait until an operation has ended, showing its steps", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			op, err := progress.Follow(ctx, controlplanev1connect.NewOperationServiceClient(client), args[0], a.view())
			if err != nil {
				return err
			}
			return printOne(a, op, operationColumns())
		}),
	}
}
