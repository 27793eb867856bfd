package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// accountLimit is one limit of an account: its figure, and who says so.
type accountLimit struct {
	Limit  string `json:"limit"`
	Figure int64  `json:"figure"`
	From   string `json:"from"`
	What   string `json:"what"`
}

func newAccountLimits(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "limits NAME", Short: "Show an account's limits, and whether a quota, its environment's kind or the standard says so", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			account, err := controlplanev1connect.NewAccountServiceClient(client).GetAccount(ctx, &cpv1.GetAccountRequest{Name: args[0]})
			if err != nil {
				return err
			}
			home, err := controlplanev1connect.NewEnvironmentServiceClient(client).GetEnvironment(ctx, &cpv1.GetEnvironmentRequest{Name: account.GetAccount().GetEnvironment()})
			if err != nil {
				return fmt.Errorf("read the environment of account %s, whose kind decides on limits: %w", args[0], err)
			}
			return a.printLimits(limitsOf(account.GetAccount().GetQuotas(), limit.Plan(render.Enum(home.GetEnvironment().GetKind()))))
		}),
	}
}

// limitsOf lists the limits of an account with quotas in an environment of a plan.
func limitsOf(quotas map[string]int64, plan limit.Plan) []accountLimit {
	all := plan.Quotas(quotas)
	var out []accountLimit
	for _, l := range limit.All() {
		from, figure := "standard", l.Default
		if n, given := all[l.Name]; given {
			from, figure = strings.ToLower(string(plan)), n
		}
		if _, own := quotas[l.Name]; own {
			from = "quota"
		}
		out = append(out, accountLimit{l.Name, figure, from, l.Doc})
	}
	return out
}

func (a *app) printLimits(all []accountLimit) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	if f == render.JSON {
		return render.Value(a.Out, all)
	}
	t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	_, err = fmt.Fprintln(t, "LIMIT\tFIGURE\tFROM\tWHAT")
	for _, l := range all {
		if err == nil {
			_, err = fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", l.Limit, l.Figure, l.From, l.What)
		}
	}
	if err != nil {
		return fmt.Errorf("print the limits: %w", err)
	}
	return t.Flush()
}
