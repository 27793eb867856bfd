package cli

import (
	"context"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func accountColumns() []render.Column[*cpv1.Account] {
	return []render.Column[*cpv1.Account]{
		{Title: "NAME", Value: (*cpv1.Account).GetName},
		{Title: "DISPLAY NAME", Value: (*cpv1.Account).GetDisplayName},
		{Title: "REGION", Value: (*cpv1.Account).GetRegion},
		{Title: "ENVIRONMENT", Value: (*cpv1.Account).GetEnvironment},
		{Title: "STATE", Value: func(c *cpv1.Account) string { return render.Enum(c.GetState()) }},
		{Title: "CREATED", Value: func(c *cpv1.Account) string { return render.Time(c.GetCreateTime()) }},
		{Title: "JURISDICTIONS", Value: func(c *cpv1.Account) string { return strings.Join(c.GetJurisdictions(), ",") }, Wide: true},
		{Title: "HOSTS", Value: func(c *cpv1.Account) string { return strings.Join(c.GetHosts(), ",") }, Wide: true},
		{Title: "CLIENTS", Value: accountClients, Wide: true},
		{Title: "OPERATION", Value: (*cpv1.Account).GetOperation, Wide: true},
		{Title: "ETAG", Value: (*cpv1.Account).GetEtag, Wide: true},
	}
}

func accountClients(c *cpv1.Account) string {
	var all []string
	for _, client := range c.GetClients() {
		text := client.GetClientId()
		switch {
		case client.GetRevokeTime() != nil:
			text += " (revoked)"
		case !client.GetOpen():
			text += " (closed)"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func newAccountCommand(a *app) *cobra.Command {
	return group("account", "The tenants", newAccountList(a), newAccountGet(a), newAccountCreate(a), newAccountUpdate(a),
		newAccountState(a, "suspend", "Refuse an account's requests until it is resumed", cpv1.AccountState_ACCOUNT_STATE_SUSPENDED),
		newAccountState(a, "resume", "Serve a suspended account again", cpv1.AccountState_ACCOUNT_STATE_ACTIVE),
		newAccountDelete(a), newAccountSecret(a), newAccountLimits(a))
}

func newAccountList(a *app) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "list", Short: "List accounts", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewAccountServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Account, string, error) {
				res, err := service.ListAccounts(ctx, &cpv1.ListAccountsRequest{Environment: environment, PageToken: token})
				return res.GetAccounts(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, accountColumns())
		}),
	}
	cmd.Flags().StringVar(&environment, "environment", "", "only those of an environment")
	return cmd
}

func newAccountGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Short: "Show an account", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			res, err := controlplanev1connect.NewAccountServiceClient(client).GetAccount(ctx, &cpv1.GetAccountRequest{Name: args[0]})
			if err != nil {
				return err
			}
			return printOne(a, res.GetAccount(), accountColumns())
		}),
	}
}

func newAccountUpdate(a *app) *cobra.Command {
	c := &cpv1.Account{}
	cmd := &cobra.Command{Use: "update NAME", Short: "Change an account", Args: usage(cobra.ExactArgs(1))}
	cmd.Flags().StringVar(&c.DisplayName, "display-name", "", "name for people")
	cmd.Flags().StringSliceVar(&c.Hosts, "host", nil, "host names that lead to the account, besides its own name in any domain")
	cmd.Flags().StringSliceVar(&c.Jurisdictions, "jurisdiction", nil, "where its data may be")
	cmd.Flags().StringToInt64Var(&c.Quotas, "quota", nil, "limits (name=figure)")
	cmd.Flags().StringVar(&c.Etag, "etag", "", "change it only if this is its current etag")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		mask, err := changed(cmd, map[string]string{"display-name": "display_name", "host": "hosts", "jurisdiction": "jurisdictions", "quota": "quotas"})
		if err != nil {
			return err
		}
		c.Name = args[0]
		return a.updateAccount(ctx, client, c, mask)
	})
	return cmd
}

func newAccountState(a *app, verb, short string, state cpv1.AccountState) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NAME", Short: short, Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			mask := &fieldmaskpb.FieldMask{Paths: []string{"state"}}
			return a.updateAccount(ctx, client, &cpv1.Account{Name: args[0], State: state}, mask)
		}),
	}
}

func (a *app) updateAccount(ctx context.Context, client *connect.Client, c *cpv1.Account, mask *fieldmaskpb.FieldMask) error {
	req := &cpv1.UpdateAccountRequest{Account: c, UpdateMask: mask, RequestId: a.requestID()}
	res, err := controlplanev1connect.NewAccountServiceClient(client).UpdateAccount(ctx, req)
	if err != nil {
		return err
	}
	return printOne(a, res.GetAccount(), accountColumns())
}

func newAccountDelete(a *app) *cobra.Command {
	return newDelete(a, deletion{use: "delete NAME", short: "Close an account: nodes refuse it at once", what: "account", verb: "Close", done: "Closed"},
		func(ctx context.Context, client *connect.Client, name, etag string) error {
			req := &cpv1.DeleteAccountRequest{Name: name, Etag: etag, RequestId: a.requestID()}
			_, err := controlplanev1connect.NewAccountServiceClient(client).DeleteAccount(ctx, req)
			return err
		})
}

func newAccountSecret(a *app) *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "rotate-secret NAME", Short: "The same as: fluent client rotate NAME --overlap 0", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			req := &cpv1.RotateClientSecretRequest{Account: args[0], ClientId: id, RequestId: a.requestID()}
			res, err := controlplanev1connect.NewAccountServiceClient(client).RotateClientSecret(ctx, req)
			if err != nil {
				return err
			}
			if res.GetClientSecret() == "" {
				return fmt.Errorf("the secret of %s was changed, but only the first answer held it; run the command again", res.GetClientId())
			}
			return printOne(a, res, []render.Column[*cpv1.RotateClientSecretResponse]{
				{Title: "CLIENT ID", Value: (*cpv1.RotateClientSecretResponse).GetClientId},
				{Title: "CLIENT SECRET", Value: (*cpv1.RotateClientSecretResponse).GetClientSecret},
			})
		}),
	}
	cmd.Flags().StringVar(&id, "client-id", "", "which client (default: the account's own)")
	return cmd
}
