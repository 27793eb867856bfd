package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/profile"
	"github.com/fluent-oms/fluent/ops/cli/render"
	"github.com/fluent-oms/fluent/ops/stack"
)

// readyFileName is where `fluent up` leaves URLs and credentials unless it was told another folder.
const readyFileName = ".fluent/ready.json"

// tenantAccess says where the commands that call a tenant's API find its address and credentials.
type tenantAccess struct{ profile, ready string }

// flags adds the flags that choose between the two.
func (t *tenantAccess) flags(cmd *cobra.Command) {
	cmd.PersistentFlags().StringVar(&t.profile, "profile", "", "`folder` with an account's profile, as fluent account create --profile writes it")
	cmd.PersistentFlags().StringVar(&t.ready, "ready-file", readyFileName, "ready `file` of a running fluent up; its demo account is used")
}

// client is a client of the tenant's API.
func (t *tenantAccess) client() (*apiclient.Client, error) {
	if t.profile != "" {
		p, err := profile.Read(t.profile)
		if err != nil {
			return nil, err
		}
		return apiclient.New(p.BaseURL, apiclient.Credentials{ClientID: p.Account, ClientSecret: p.ClientSecret, Username: p.Username, Password: p.Password}), nil
	}
	ready, err := readReady(t.ready)
	if err != nil {
		return nil, err
	}
	if ready.Demo == nil {
		return nil, render.UsageError{Err: fmt.Errorf("%s has no demo account: name an account's profile with --profile", t.ready)}
	}
	d := ready.Demo
	return apiclient.New(ready.Gateway, apiclient.Credentials{ClientID: d.ClientID, ClientSecret: d.ClientSecret, Username: d.Username, Password: d.Password}), nil
}

// readReady reads a ready file.
func readReady(path string) (stack.Ready, error) {
	var ready stack.Ready
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ready, render.UsageError{Err: fmt.Errorf("there is no %s: is `fluent up` running, and in this folder? Else name its file with --ready-file", path)}
	}
	if err != nil {
		return ready, fmt.Errorf("read the ready file: %w", err)
	}
	if err := json.Unmarshal(raw, &ready); err != nil {
		return ready, fmt.Errorf("read the ready file %s: %w", path, err)
	}
	return ready, nil
}

// newAPICommand calls a tenant's API, for a first look and for scripts; applications use HTTP themselves.
func newAPICommand(a *app) *cobra.Command {
	var access tenantAccess
	cmd := group("api", "Call a tenant's API: get a token, send GraphQL", newAPITokenCommand(a, &access), newGraphQLCommand(a, &access))
	access.flags(cmd)
	return cmd
}

// apiTime is how long a call of a tenant's API may take.
const apiTime = 2 * time.Minute

func newAPITokenCommand(a *app, access *tenantAccess) *cobra.Command {
	return &cobra.Command{
		Use: "token", Short: "Print an access token", Args: usage(cobra.NoArgs),
		Example: "  TOKEN=$(fluent api token)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := access.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), apiTime)
			defer cancel()
			token, err := client.Token(ctx)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.Out, token)
			return err
		},
	}
}

func newGraphQLCommand(a *app, access *tenantAccess) *cobra.Command {
	var variables string
	cmd := &cobra.Command{
		Use: "graphql QUERY", Short: "Send a query or mutation and print its data as JSON", Args: usage(cobra.ExactArgs(1)),
		Long:    "Sends QUERY, or what standard input holds if QUERY is -, and prints the data of the answer as JSON.",
		Example: "  fluent api graphql '{ orders(first: 3) { edges { node { ref status } } } }'",
		RunE: func(cmd *cobra.Command, args []string) error {
			query, values, err := a.graphQLInput(args[0], variables)
			if err != nil {
				return err
			}
			client, err := access.client()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), apiTime)
			defer cancel()
			var data json.RawMessage
			if err := client.GraphQL(ctx, query, values, &data); err != nil {
				return err
			}
			return render.Value(a.Out, data)
		},
	}
	cmd.Flags().StringVar(&variables, "variables", "", "the query's variables, a JSON object")
	return cmd
}

// maxDocument bounds what is read of a query from standard input; the API takes no more either.
const maxDocument = 2 << 20

// graphQLInput is the query and its variables, as they were given.
func (a *app) graphQLInput(query, variables string) (string, map[string]any, error) {
	if query == "-" {
		raw, err := io.ReadAll(io.LimitReader(a.In, maxDocument))
		if err != nil {
			return "", nil, fmt.Errorf("read the query: %w", err)
		}
		query = string(raw)
	}
	if strings.TrimSpace(variables) == "" {
		return query, nil, nil
	}
	var values map[string]any
	if err := json.Unmarshal([]byte(variables), &values); err != nil {
		return "", nil, render.UsageError{Err: fmt.Errorf("--variables is not a JSON object: %w", err)}
	}
	return query, values, nil
}
