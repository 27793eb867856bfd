package cli

import (
	"context"
	"fmt"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
)

// deletion describes a command that removes or ends one thing.
type deletion struct {
	use, short string
	what       string // kind of thing, for the question
	verb, done string // for the question and for what is said afterwards: Remove, Removed
}

// newDelete makes a command that asks before it removes or ends one thing by its name.
func newDelete(a *app, d deletion, remove func(ctx context.Context, client *connect.Client, name, etag string) error) *cobra.Command {
	var yes bool
	var etag string
	cmd := &cobra.Command{
		Use: d.use, Short: d.short, Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			if err := a.confirm(yes, fmt.Sprintf("%s %s %s", d.verb, d.what, args[0])); err != nil {
				return err
			}
			if err := remove(ctx, client, args[0], etag); err != nil {
				return err
			}
			return a.note("%s %s %s.", d.done, d.what, args[0])
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask")
	cmd.Flags().StringVar(&etag, "etag", "", "only if this is its current etag")
	return cmd
}

// note tells people what was done; programs that read JSON get nothing besides their JSON.
func (a *app) note(format string, args ...any) error {
	if a.output != "table" {
		return nil
	}
	_, err := fmt.Fprintf(a.Out, format+"\n", args...)
	return err
}
