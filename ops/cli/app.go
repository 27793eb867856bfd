// Package cli is the command line: what operators type, and the processes of the platform that start from it.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/cli/progress"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// IO is what the command line reads and writes.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is what commands share: the streams and the flags that all of them have.
type app struct {
	IO
	version string
	server  string
	output  string
	timeout time.Duration
	request request
}

// format is the output format that was asked for.
func (a *app) format() (render.Format, error) {
	f, err := render.ParseFormat(a.output)
	if err != nil {
		return "", render.UsageError{Err: err}
	}
	return f, nil
}

// session is the stored login, with the servers that flags or the environment put in its place.
func (a *app) session() (login.Credentials, error) {
	path, err := login.Path()
	if err != nil {
		return login.Credentials{}, err
	}
	c, err := login.Load(path)
	if err != nil && !errors.Is(err, login.ErrNone) {
		return login.Credentials{}, err
	}
	servers := a.server
	if servers == "" {
		servers = os.Getenv("FLUENT_SERVER")
	}
	if servers != "" {
		if c.Servers, err = remote.ParseServers(servers); err != nil {
			return login.Credentials{}, render.UsageError{Err: err}
		}
	}
	if t := os.Getenv("FLUENT_TOKEN"); t != "" {
		c.Token, c.ExpiresAt = t, time.Time{}
	}
	if len(c.Servers) == 0 {
		return login.Credentials{}, render.UsageError{Err: errors.New("no control plane is known: log in first (fluent login --server URL --username NAME)")}
	}
	return c, nil
}

// connect makes a client with the operator's token.
func (a *app) connect() (*connect.Client, error) {
	c, err := a.session()
	if err != nil {
		return nil, err
	}
	if c.Token == "" {
		return nil, connect.NewError(connect.CodeUnauthenticated, "Nobody is logged in.")
	}
	if c.Expired(time.Now()) {
		return nil, connect.Errorf(connect.CodeUnauthenticated, "The session of %s ended at %s.", c.Username, c.ExpiresAt.Local().Format(render.Clock))
	}
	return connect.NewClient(remote.NewTransport(remote.HTTPClient(), c.Servers), interceptor.StaticBearer(c.Token)), nil
}

// anonymous makes a client without a token.
func (a *app) anonymous(servers []string) *connect.Client {
	return connect.NewClient(remote.NewTransport(remote.HTTPClient(), servers))
}

// view is the display for an operation: on the error stream, so that results can be piped.
func (a *app) view() progress.View {
	if a.output == string(render.JSON) {
		return progress.Silent{}
	}
	return progress.NewView(a.Err, terminal(a.Err))
}

// confirm asks before something is destroyed. Without a terminal to ask on, yes has to be given as a flag.
func (a *app) confirm(yes bool, what string) error {
	if yes {
		return nil
	}
	if !terminal(a.In) {
		return render.UsageError{Err: fmt.Errorf("%s: say so with --yes", what)}
	}
	fmt.Fprintf(a.Err, "%s? [y/N] ", what)
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a == "y" || a == "yes" {
		return nil
	}
	return errors.New("nothing was done")
}

// run adapts a command that calls the control plane: a client is made, the time is bounded.
func (a *app) run(f func(ctx context.Context, client *connect.Client, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		client, err := a.connect()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
		defer cancel()
		return f(ctx, client, args)
	}
}

// terminal reports whether a stream is a terminal.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// printList prints messages in the format that was asked for.
func printList[T protoMessage](a *app, rows []T, columns []render.Column[T]) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	return render.List(a.Out, f, rows, columns)
}

// printOne prints one message in the format that was asked for.
func printOne[T protoMessage](a *app, row T, columns []render.Column[T]) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	return render.One(a.Out, f, row, columns)
}

// pages reads pages until there is none, or until limit (0: none) things were read.
func pages[T any](limit int, read func(pageToken string) ([]T, string, error)) ([]T, error) {
	var all []T
	token := ""
	for {
		page, next, err := read(token)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if limit > 0 && len(all) >= limit {
			return all[:limit], nil
		}
		if next == "" {
			return all, nil
		}
		token = next
	}
}
