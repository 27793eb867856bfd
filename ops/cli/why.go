package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// mostBlocked is how many roots fluent why lists.
const mostBlocked = 100

// newWhyCommand tells why orders and other roots of an account stand still, by its own API.
func newWhyCommand(a *app) *cobra.Command {
	var access tenantAccess
	cmd := &cobra.Command{
		Use: "why [TYPE [REF]]", Short: "Why orders stand still, and when they are tried again", Args: usage(cobra.MaximumNArgs(2)),
		Long: "List what stands still since its first turn failed: orders and others that a workflow drives. Each is tried again by itself, and at once when a\n" +
			"workflow, a setting, a location or a network changes.",
		Example: "  fluent why\n  fluent why ORDER HD-0001",
		RunE: a.tenant(&access, func(ctx context.Context, client *apiclient.Client, args []string) error {
			args = append(args, "", "")
			list, more, err := client.Blocked(ctx, args[0], args[1], mostBlocked)
			if err != nil {
				return err
			}
			return printBlocked(a.Out, list, more)
		}),
	}
	access.flags(cmd)
	return cmd
}

func printBlocked(out io.Writer, list []apiclient.Blocked, more bool) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "Nothing stands still.")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ROOT\tRETAILER\tSINCE\tNEXT TRY\tWHY") // Flush tells
	for _, b := range list {
		_, _ = fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\t%s\n", b.EntityType, b.EntityRef, b.RetailerID, b.Since.Format(time.RFC3339), b.NextTry.Format(time.RFC3339), b.Reason)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	if more {
		_, err := fmt.Fprintf(out, "These are the first %d.\n", len(list))
		return err
	}
	return nil
}
