package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// feedPage is how many changes fluent feed --once reads in one go, and feedPause how long it waits before it asks again after a failure.
const (
	feedPage  = 1000
	feedPause = time.Second
)

// newFeedCommand prints what changes in an account, a line of JSON for each change.
func newFeedCommand(a *app) *cobra.Command {
	var (
		access tenantAccess
		from   string
		once   bool
	)
	cmd := &cobra.Command{
		Use: "feed TYPES", Short: "Follow what changes in an account", Args: usage(cobra.ExactArgs(1)),
		Long: "Print what changes in an account, a line of JSON for each change, until Ctrl-C. TYPES are types of the GraphQL API, with commas. At the end the\n" +
			"token to go on with is told on standard error. A node that stops, or a connection that breaks, is asked again from the last token: changes may\n" +
			"come twice then, and are never left out.",
		Example: "  fluent feed Order,Fulfilment\n  fluent feed Product --from start --once",
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := access.client()
			if err != nil {
				return err
			}
			f := follower{app: a, client: client, types: args[0], at: from, lines: json.NewEncoder(a.Out)}
			read := f.follow
			if once {
				read = f.catchUp
			}
			err = read(cmd.Context())
			if f.at != "" && f.at != from {
				_, _ = fmt.Fprintf(a.Err, "Go on with --from %s\n", f.at) // who does not hear it begins again where he began
			}
			return err
		},
	}
	access.flags(cmd)
	cmd.Flags().StringVar(&from, "from", "now", `where to begin: "now", "start" (what there is, first), or a token`)
	cmd.Flags().BoolVar(&once, "once", false, "end when there is nothing more to tell")
	return cmd
}

// follower reads the feed of some types; at is where it goes on.
type follower struct {
	*app
	client    *apiclient.Client
	types, at string
	lines     *json.Encoder
}

func (f *follower) print(c apiclient.Change) error { return f.lines.Encode(c) }

// follow reads stream after stream until the context ends, which is no error.
func (f *follower) follow(ctx context.Context) error {
	for {
		next, err := f.client.Follow(ctx, f.types, f.at, f.print)
		f.at = next
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			continue
		case !transient(err):
			return err
		}
		_, _ = fmt.Fprintf(f.Err, "Asking again in %v: %v\n", feedPause, err) // nobody need hear it
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(feedPause):
		}
	}
}

// catchUp reads what there is to read now.
func (f *follower) catchUp(ctx context.Context) error {
	for more := true; more; {
		changes, next, again, err := f.client.Feed(ctx, f.types, f.at, feedPage, 0)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := f.print(c); err != nil {
				return err
			}
		}
		f.at, more = next, again
	}
	return nil
}

// transient reports whether it is worth asking again: not if the token is of no use any more, nor if the question is refused.
func transient(err error) bool {
	var reset *apiclient.ResetError
	if errors.As(err, &reset) {
		return false
	}
	var status *apiclient.StatusError
	return !errors.As(err, &status) || status.Status >= http.StatusInternalServerError || status.Status == http.StatusTooManyRequests
}
