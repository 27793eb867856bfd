package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// newCustomerCommand answers for the data of an account's customers, by its own API and with an account's profile.
func newCustomerCommand(a *app) *cobra.Command {
	var access tenantAccess
	cmd := group("customer", "An account's customers: export what is kept of one, erase one",
		newCustomerExport(a, &access), newCustomerErase(a, &access), newCustomerOperation(a, &access))
	access.flags(cmd)
	return cmd
}

// customerPoll is how often an operation is asked how far it is.
const customerPoll = time.Second

func newCustomerExport(a *app, access *tenantAccess) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "export CUSTOMER-REF", Short: "Write what is kept of a customer into a file, as lines of JSON", Args: usage(cobra.ExactArgs(1)),
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			op, err := client.ExportCustomer(ctx, args[0])
			if err == nil {
				op, err = awaitOperation(ctx, client, op)
			}
			if err != nil {
				return err
			}
			to, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // nobody else reads it
			if err != nil {
				return fmt.Errorf("make the file: %w", err)
			}
			defer func() { _ = to.Close() }()
			if err := client.CopyExport(ctx, op.ID, to); err != nil {
				return err
			}
			if err := to.Close(); err != nil {
				return fmt.Errorf("write the file: %w", err)
			}
			_, err = fmt.Fprintf(a.Out, "%s: %s\n", file, op.Receipt)
			return err
		}),
	}
	cmd.Flags().StringVarP(&file, "file", "f", "customer.jsonl", "file to write, which is not there yet")
	return cmd
}

func awaitOperation(ctx context.Context, client *apiclient.Client, op apiclient.PersonalOperation) (apiclient.PersonalOperation, error) {
	for op.State != "DONE" {
		select {
		case <-ctx.Done():
			return op, fmt.Errorf("operation %s goes on: ask again with fluent customer operation %s", op.ID, op.ID)
		case <-time.After(customerPoll):
		}
		var err error
		if op, err = client.PersonalOperation(ctx, op.ID); err != nil {
			return op, err
		}
	}
	return op, nil
}

func newCustomerErase(a *app, access *tenantAccess) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use: "erase CUSTOMER-REF", Short: "Erase a customer for good; the books stay", Args: usage(cobra.ExactArgs(1)),
		Long: "Erase a customer from everything that the environment keeps. It goes on by itself, over some minutes, and cannot be taken back.\n" +
			"It begins when orders and returns of the customer have ended, for they need the address; --now begins at once.",
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			op, err := client.EraseCustomer(ctx, args[0], now)
			if err != nil {
				return err
			}
			if _, err = fmt.Fprintf(a.Out, "OPERATION  %s\nSTATE      %s\nRECEIPT    fluent customer operation %s --profile …\n", op.ID, op.State, op.ID); err != nil {
				return err
			}
			for _, x := range op.WaitsFor {
				if _, err := fmt.Fprintf(a.Out, "WAITS FOR  %s %s, which is %s\n", x.Type, x.Ref, x.Status); err != nil {
					return err
				}
			}
			return nil
		}),
	}
	cmd.Flags().BoolVar(&now, "now", false, "do not wait for orders and returns that are under way: they lose their addresses")
	return cmd
}

func newCustomerOperation(a *app, access *tenantAccess) *cobra.Command {
	return &cobra.Command{
		Use: "operation ID", Short: "Show how far an export or an erasure is, and its receipt", Args: usage(cobra.ExactArgs(1)),
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			op, err := client.PersonalOperation(ctx, args[0])
			if err != nil {
				return err
			}
			return render.Value(a.Out, op)
		}),
	}
}
