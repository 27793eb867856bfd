package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/ops/cli/profile"
	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// accountCreation is what `account create` was asked for.
type accountCreation struct {
	account       cpv1.Account
	administrator cpv1.Administrator
	retailer      cpv1.Retailer
	clientRoles   []string
	wait          bool
	profile       string
	baseURL       string
}

func newAccountCreate(a *app) *cobra.Command {
	c := &accountCreation{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make an account with an administrator, an API client and a first retailer, and wait until it can be used",
		Example: "  fluent account create ACME --environment shared --retailer ACME-AU --profile ~/.fluentcommerce/ACME",
		Args:    usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			c.account.Name = args[0]
			return a.createAccount(ctx, client, c)
		}),
	}
	c.add(cmd)
	return cmd
}

func (c *accountCreation) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.account.Environment, "environment", "", "environment that serves it (default: placed by residency, then by free capacity)")
	f.StringVar(&c.account.Region, "region", "", "home region (default: the environment's)")
	f.StringVar(&c.account.DisplayName, "display-name", "", "name for people")
	f.StringSliceVar(&c.account.Jurisdictions, "jurisdiction", nil, "where its data may be (default: wherever its home region is)")
	f.StringSliceVar(&c.account.Hosts, "host", nil, "host names that lead to it, besides its own name in any domain")
	f.StringVar(&c.administrator.Username, "username", "", "administrator's username (default: admin@<account in lower case>)")
	f.StringVar(&c.administrator.Email, "email", "", "administrator's e-mail address")
	f.StringSliceVar(&c.clientRoles, "client-role", []string{tenant.IntegrationRole}, "what its API client acts as: INTEGRATION, IMPLEMENTER (set-up: workflows, locations, settings), ADMIN or another stock role")
	f.StringVar(&c.retailer.Ref, "retailer", "", "ref of the first retailer")
	f.StringVar(&c.retailer.TradingName, "trading-name", "", "trading name of the first retailer")
	f.StringVar(&c.retailer.TimeZone, "time-zone", "", "IANA time zone of the first retailer (Australia/Sydney)")
	f.StringVar(&c.retailer.Currency, "currency", "", "ISO 4217 currency of the first retailer (AUD)")
	f.BoolVar(&c.wait, "wait", true, "wait until the account can be used")
	f.StringVar(&c.profile, "profile", "", "folder to write the JavaScript client's profile files to")
	f.StringVar(&c.baseURL, "base-url", "", "the gateway's URL in the profile (default: the first endpoint of the account's region)")
}

func (a *app) createAccount(ctx context.Context, client *connect.Client, c *accountCreation) error {
	service := controlplanev1connect.NewAccountServiceClient(client)
	roles, err := parseRoles(c.clientRoles)
	if err != nil {
		return err
	}
	req := &cpv1.CreateAccountRequest{Account: &c.account, Administrator: &c.administrator, FirstRetailer: &c.retailer, ClientRoles: roles, RequestId: a.requestID()}
	res, err := service.CreateAccount(ctx, req)
	if err != nil {
		return err
	}
	made := &createdAccount{account: res.GetAccount(), operation: res.GetOperation(), credentials: res.GetCredentials()}
	// The secrets are in this one answer only, so they are printed whatever becomes of the operation.
	followErr := a.finishAccount(ctx, client, c, made)
	return errors.Join(a.printAccount(made), followErr)
}

// createdAccount is what is known of a new account.
type createdAccount struct {
	account     *cpv1.Account
	operation   *cpv1.Operation
	retailer    *cpv1.Retailer
	credentials *cpv1.AccountCredentials
	files       []string // of the profile
}

// finishAccount waits for the account if asked to, and writes the profile if asked to.
func (a *app) finishAccount(ctx context.Context, client *connect.Client, c *accountCreation, made *createdAccount) error {
	if c.wait && made.operation != nil {
		op, err := progress.Follow(ctx, controlplanev1connect.NewOperationServiceClient(client), made.operation.GetId(), a.view())
		if op != nil {
			made.operation = op
		}
		if err != nil {
			return err
		}
	}
	now, err := controlplanev1connect.NewAccountServiceClient(client).GetAccount(ctx, &cpv1.GetAccountRequest{Name: made.account.GetName()})
	if err != nil {
		return err
	}
	made.account = now.GetAccount()
	list, err := controlplanev1connect.NewRetailerServiceClient(client).ListRetailers(ctx, &cpv1.ListRetailersRequest{Account: made.account.GetName()})
	if err != nil {
		return err
	}
	if len(list.GetRetailers()) > 0 {
		made.retailer = list.GetRetailers()[0]
	}
	if c.profile == "" {
		return nil
	}
	return a.writeProfile(ctx, client, c, made)
}

func (a *app) writeProfile(ctx context.Context, client *connect.Client, c *accountCreation, made *createdAccount) error {
	base := c.baseURL
	if base == "" {
		res, err := controlplanev1connect.NewRegionServiceClient(client).GetRegion(ctx, &cpv1.GetRegionRequest{Name: made.account.GetRegion()})
		if err != nil {
			return err
		}
		if len(res.GetRegion().GetEndpoints()) == 0 {
			return render.UsageError{Err: fmt.Errorf("region %s has no endpoint to put into the profile: give --base-url", made.account.GetRegion())}
		}
		base = res.GetRegion().GetEndpoints()[0]
	}
	files, err := profile.Write(c.profile, profile.Profile{
		BaseURL: base, Account: made.account.GetName(), ClientSecret: made.credentials.GetClientSecret(),
		Username: made.credentials.GetUsername(), Password: made.credentials.GetPassword(),
		RetailerRef: made.retailer.GetRef(), RetailerID: made.retailer.GetNumber(),
	})
	made.files = files
	return err
}

// printAccount prints a new account with its secrets.
func (a *app) printAccount(made *createdAccount) error {
	if a.output == string(render.JSON) {
		return render.Message(a.Out, &cpv1.CreateAccountResponse{Account: made.account, Operation: made.operation, Credentials: made.credentials})
	}
	if _, err := a.format(); err != nil {
		return err
	}
	t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	made.lines(t)
	return t.Flush()
}

func (made *createdAccount) lines(w io.Writer) {
	fmt.Fprintf(w, "ACCOUNT\t%s\n", made.account.GetName())
	fmt.Fprintf(w, "STATE\t%s\n", render.Enum(made.account.GetState()))
	fmt.Fprintf(w, "ENVIRONMENT\t%s\n", made.account.GetEnvironment())
	if made.retailer != nil {
		fmt.Fprintf(w, "RETAILER\t%d (%s)\n", made.retailer.GetNumber(), made.retailer.GetRef())
	}
	if c := made.credentials; c != nil {
		for _, client := range made.account.GetClients() {
			fmt.Fprintf(w, "CLIENT ACTS AS\t%s\n", clientRoles(client))
		}
		fmt.Fprintf(w, "CLIENT ID\t%s\nCLIENT SECRET\t%s\nUSERNAME\t%s\nPASSWORD\t%s\n\t(the secrets are shown this once)\n",
			c.GetClientId(), c.GetClientSecret(), c.GetUsername(), c.GetPassword())
	}
	for _, f := range made.files {
		fmt.Fprintf(w, "WRITTEN\t%s\n", f)
	}
}
