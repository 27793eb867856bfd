package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/profile"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// newUserCommand keeps the users of one account, by its own API and with an account's profile.
func newUserCommand(a *app) *cobra.Command {
	var access tenantAccess
	cmd := group("user", "Passwords of an account's users: change, reset, unlock, failures",
		newUserPassword(a, &access), newUserReset(a, &access), newUserUnlock(a, &access), newUserFailures(a, &access))
	access.flags(cmd)
	cmd.PersistentFlags().StringVarP(&a.output, "output", "o", string(render.Table), "output: table or json")
	return cmd
}

// tenant runs f with a client of the account's API.
func (a *app) tenant(access *tenantAccess, f func(ctx context.Context, client *apiclient.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		client, err := access.client()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), apiTime)
		defer cancel()
		return f(ctx, client, args)
	}
}

func newUserPassword(a *app, access *tenantAccess) *cobra.Command {
	return &cobra.Command{
		Use: "password USERNAME", Short: "Change a user's password, which must be known", Args: usage(cobra.ExactArgs(1)),
		Long: "Change the password of a user who knows it, also a one-time password. Both are asked for on a terminal, else they are two lines on\n" +
			"standard input, the old one first. All tokens of the user end. Where the profile holds this user, its file gets the new password.",
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			lines := a.lines(false)
			before, err := lines.nextPassword("Old password: ")
			if err != nil {
				return err
			}
			after, err := lines.nextPassword("New password: ")
			if err != nil {
				return err
			}
			if err := client.ChangePassword(ctx, args[0], before, after); err != nil {
				return err
			}
			return a.keepPassword(access.profile, args[0], after)
		}),
	}
}

// keepPassword writes a new password into the profile that holds its user.
func (a *app) keepPassword(dir, username, password string) error {
	text := "The password is changed; sign in with it."
	if dir != "" {
		changed, err := profile.SetPassword(dir, username, password)
		if err != nil {
			return errors.Join(errors.New("the password is changed, but not in the profile"), err)
		}
		if changed != "" {
			text = "The password is changed, also in " + changed + "."
		}
	}
	_, err := fmt.Fprintln(a.Out, text)
	return err
}

func newUserReset(a *app, access *tenantAccess) *cobra.Command {
	return &cobra.Command{
		Use: "reset-password USERNAME", Short: "Give a user a one-time password, to be changed when he signs in", Args: usage(cobra.ExactArgs(1)),
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			once, err := client.ResetPassword(ctx, args[0])
			if err != nil {
				return err
			}
			if a.output == string(render.JSON) {
				return render.Value(a.Out, once)
			}
			_, err = fmt.Fprintf(a.Out, "ONE-TIME PASSWORD  %s   (shown this once)\nUNTIL              %s\nCHANGE IT          fluent user password %s --profile …\n",
				once.Password, once.ExpiresOn.Local().Format(render.Clock), args[0])
			return err
		}),
	}
}

func newUserUnlock(a *app, access *tenantAccess) *cobra.Command {
	return &cobra.Command{
		Use: "unlock USERNAME", Short: "Let a user sign in at once who must wait after failed attempts", Args: usage(cobra.ExactArgs(1)),
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			if err := client.UnlockUser(ctx, args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.Out, "%s may sign in at once.\n", args[0])
			return err
		}),
	}
}

func newUserFailures(a *app, access *tenantAccess) *cobra.Command {
	return &cobra.Command{
		Use: "failures [USERNAME]", Short: "Show who failed to sign in, from where, how often", Args: usage(cobra.MaximumNArgs(1)),
		RunE: a.tenant(access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			list, err := client.SignInFailures(ctx, strings.Join(args, ""))
			if err != nil {
				return err
			}
			if a.output == string(render.JSON) {
				return render.Value(a.Out, list)
			}
			t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "WHO\tSOURCE\tTIMES\tLAST")
			for _, f := range list {
				who := f.Username
				if f.ClientID != "" {
					who = "client " + f.ClientID
				}
				fmt.Fprintf(t, "%q\t%s\t%d\t%s\n", who, f.Source, f.Times, f.LastOn.Local().Format(render.Clock))
			}
			return t.Flush()
		}),
	}
}
