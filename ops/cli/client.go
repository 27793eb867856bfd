package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func clientColumns() []render.Column[*cpv1.ApiClient] {
	return []render.Column[*cpv1.ApiClient]{
		{Title: "CLIENT ID", Value: (*cpv1.ApiClient).GetClientId},
		{Title: "STATE", Value: func(c *cpv1.ApiClient) string { return render.Enum(c.GetState()) }},
		{Title: "ACTS AS", Value: clientRoles},
		{Title: "PRIVILEGES", Value: func(c *cpv1.ApiClient) string {
			return map[bool]string{true: "OVER-PRIVILEGED", false: ""}[c.GetOverPrivileged()]
		}},
		{Title: "SECRETS", Value: clientSecrets},
		{Title: "EXPIRES", Value: func(c *cpv1.ApiClient) string { return render.Time(c.GetExpireTime()) }},
		{Title: "DESCRIPTION", Value: (*cpv1.ApiClient).GetDescription},
		{Title: "CREATED", Value: func(c *cpv1.ApiClient) string { return render.Time(c.GetCreateTime()) }, Wide: true},
		{Title: "ROTATED", Value: func(c *cpv1.ApiClient) string { return render.Time(c.GetRotateTime()) }, Wide: true},
		{Title: "REVOKED", Value: func(c *cpv1.ApiClient) string { return render.Time(c.GetRevokeTime()) }, Wide: true},
		{Title: "ETAG", Value: (*cpv1.ApiClient).GetEtag, Wide: true},
	}
}

// clientRoles writes roles as --role takes them.
func clientRoles(c *cpv1.ApiClient) string {
	if len(c.GetRoles()) == 0 {
		return "the account's API user"
	}
	var all []string
	for _, r := range c.GetRoles() {
		for _, at := range r.GetContexts() {
			if at.GetType() == accountContext {
				all = append(all, r.GetRole())
				continue
			}
			all = append(all, r.GetRole()+"@"+at.GetType()+":"+at.GetId())
		}
	}
	return strings.Join(all, ",")
}

func clientSecrets(c *cpv1.ApiClient) string {
	for _, s := range c.GetSecrets() {
		if s.GetEndTime() != nil {
			return fmt.Sprintf("%d (the older until %s)", len(c.GetSecrets()), render.Time(s.GetEndTime()))
		}
	}
	return fmt.Sprint(len(c.GetSecrets()))
}

func newClientCommand(a *app) *cobra.Command {
	return group("client", "What signs in for accounts without a password: API clients",
		newClientList(a), newClientCreate(a), newClientUpdate(a), newClientNarrow(a), newClientRotate(a), newClientRevoke(a))
}

func newClientList(a *app) *cobra.Command {
	var over bool
	cmd := &cobra.Command{
		Use: "list [ACCOUNT]", Short: "List API clients, of all accounts or of one", Args: usage(cobra.MaximumNArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			service := controlplanev1connect.NewApiClientServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.ApiClient, string, error) {
				res, err := service.ListApiClients(ctx, &cpv1.ListApiClientsRequest{Account: strings.Join(args, ""), OverPrivileged: over, PageToken: token})
				return res.GetClients(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, clientColumns())
		}),
	}
	cmd.Flags().BoolVar(&over, "over-privileged", false, "only active ones that act as an administrator")
	return cmd
}

// clientFlags are what can be said of a client.
type clientFlags struct {
	roles       []string
	expires     string
	description string
}

func (f *clientFlags) add(cmd *cobra.Command) {
	roleFlag(cmd, &f.roles)
	cmd.Flags().StringVar(&f.expires, "expires", "", "when it ends: a time (2027-01-31T00:00:00Z), or how long from now (720h); never ends it never")
	cmd.Flags().StringVar(&f.description, "description", "", "what it is for")
}

func roleFlag(cmd *cobra.Command, roles *[]string) {
	cmd.Flags().StringSliceVar(roles, "role", nil, "what it acts as: INTEGRATION, IMPLEMENTER, ADMIN or a role of the account's own; in one place ROLE@RETAILER:1 or ROLE@AGENT:12 (a location)")
}

// client is what the flags say of a client.
func (f *clientFlags) client(id string) (*cpv1.ApiClient, error) {
	roles, err := parseRoles(f.roles)
	if err != nil {
		return nil, err
	}
	c := &cpv1.ApiClient{ClientId: id, Description: f.description, Roles: roles}
	switch f.expires {
	case "", "never":
		return c, nil
	}
	if after, err := time.ParseDuration(f.expires); err == nil {
		c.ExpireTime = timestamppb.New(time.Now().Add(after).Truncate(time.Second))
		return c, nil
	}
	at, err := time.Parse(time.RFC3339, f.expires)
	if err != nil {
		return nil, render.UsageError{Err: fmt.Errorf("--expires %q: want a time such as 2027-01-31T00:00:00Z, a span such as 720h, or never", f.expires)}
	}
	c.ExpireTime = timestamppb.New(at)
	return c, nil
}

const accountContext = "ACCOUNT"

// parseRoles reads ROLE, ROLE@RETAILER:1 and ROLE@AGENT:12.
func parseRoles(texts []string) ([]*cpv1.ClientRole, error) {
	var out []*cpv1.ClientRole
	for _, text := range texts {
		name, place, limited := strings.Cut(text, "@")
		at := &cpv1.ClientContext{Type: accountContext, Id: "0"}
		if limited {
			kind, id, ok := strings.Cut(place, ":")
			if !ok {
				return nil, render.UsageError{Err: fmt.Errorf("role %q: want ROLE, ROLE@RETAILER:1 or ROLE@AGENT:12", text)}
			}
			at = &cpv1.ClientContext{Type: strings.ToUpper(kind), Id: id}
		}
		i := slices.IndexFunc(out, func(r *cpv1.ClientRole) bool { return r.GetRole() == name })
		if i < 0 {
			out, i = append(out, &cpv1.ClientRole{Role: name}), len(out)
		}
		out[i].Contexts = append(out[i].Contexts, at)
	}
	return out, nil
}

func newClientCreate(a *app) *cobra.Command {
	f := &clientFlags{}
	cmd := &cobra.Command{
		Use: "create ACCOUNT-name", Short: "Make an API client, and print its secret this once", Args: usage(cobra.ExactArgs(1)),
		Example: "  fluent client create ACME-erp --role INTEGRATION --description 'stock and prices'\n  fluent client create ACME-setup --role IMPLEMENTER --expires 720h",
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			c, err := f.client(args[0])
			if err != nil {
				return err
			}
			req := &cpv1.CreateApiClientRequest{Client: c, RequestId: a.requestID()}
			res, err := controlplanev1connect.NewApiClientServiceClient(client).CreateApiClient(ctx, req)
			if err != nil {
				return err
			}
			return printSecret(a, res)
		}),
	}
	f.add(cmd)
	return cmd
}

// secretAnswer is an answer that holds a secret.
type secretAnswer interface {
	protoMessage
	GetClient() *cpv1.ApiClient
	GetClientSecret() string
}

// printSecret prints a client with its new secret.
func printSecret[T secretAnswer](a *app, answer T) error {
	id := answer.GetClient().GetClientId()
	if answer.GetClientSecret() == "" {
		return fmt.Errorf("%s was changed, but only the first answer held the secret; run: fluent client rotate %s --overlap 0", id, id)
	}
	columns := []render.Column[T]{
		{Title: "CLIENT ID", Value: func(T) string { return id }},
		{Title: "CLIENT SECRET", Value: func(t T) string { return t.GetClientSecret() + "   (shown this once)" }},
	}
	for _, c := range clientColumns()[1:] {
		columns = append(columns, render.Column[T]{Title: c.Title, Wide: c.Wide, Value: func(t T) string { return c.Value(t.GetClient()) }})
	}
	return printOne(a, answer, columns)
}

func newClientUpdate(a *app) *cobra.Command {
	f := &clientFlags{}
	cmd := &cobra.Command{Use: "update ID", Short: "Change what an API client acts as, its end or its description", Args: usage(cobra.ExactArgs(1))}
	f.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		mask, err := changed(cmd, map[string]string{"role": "roles", "expires": "expire_time", "description": "description"})
		if err != nil {
			return err
		}
		c, err := f.client(args[0])
		if err != nil {
			return err
		}
		return a.updateClient(ctx, client, c, mask)
	})
	return cmd
}

func newClientNarrow(a *app) *cobra.Command {
	var roles []string
	cmd := &cobra.Command{
		Use: "narrow ID", Short: "Take an API client's rights of an administrator; tokens that it has lose them, too", Args: usage(cobra.ExactArgs(1)),
		Example: "  fluent client list --over-privileged\n  fluent client narrow ACME --role INTEGRATION",
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			wanted, err := parseRoles(roles)
			if err != nil {
				return err
			}
			if len(wanted) == 0 {
				return render.UsageError{Err: fmt.Errorf("say with --role what %s is to act as, for example INTEGRATION", args[0])}
			}
			for _, r := range wanted {
				if r.GetRole() == "ADMIN" {
					return render.UsageError{Err: fmt.Errorf("ADMIN is what %s is to lose; to give it to a client use: fluent client update", args[0])}
				}
			}
			return a.updateClient(ctx, client, &cpv1.ApiClient{ClientId: args[0], Roles: wanted}, &fieldmaskpb.FieldMask{Paths: []string{"roles"}})
		}),
	}
	roleFlag(cmd, &roles)
	return cmd
}

func (a *app) updateClient(ctx context.Context, client *connect.Client, c *cpv1.ApiClient, mask *fieldmaskpb.FieldMask) error {
	req := &cpv1.UpdateApiClientRequest{Client: c, UpdateMask: mask, RequestId: a.requestID()}
	res, err := controlplanev1connect.NewApiClientServiceClient(client).UpdateApiClient(ctx, req)
	if err != nil {
		return err
	}
	return printOne(a, res.GetClient(), clientColumns())
}

func newClientRotate(a *app) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID", Short: "Give an API client a new secret, and print it this once", Args: usage(cobra.ExactArgs(1)),
		Example: "  fluent client rotate ACME-erp                 # the secret before goes on for a day\n" +
			"  fluent client rotate ACME-erp --overlap 0     # it has leaked: it ends now, and so do the client's own tokens",
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			req := &cpv1.RotateApiClientSecretRequest{ClientId: args[0], Overlap: durationpb.New(overlap), RequestId: a.requestID()}
			res, err := controlplanev1connect.NewApiClientServiceClient(client).RotateApiClientSecret(ctx, req)
			if err != nil {
				return err
			}
			return printSecret(a, res)
		}),
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the secret before goes on")
	return cmd
}

func newClientRevoke(a *app) *cobra.Command {
	return newDelete(a, deletion{use: "revoke ID", short: "End an API client for good, with all tokens that were given to it", what: "API client", verb: "Revoke", done: "Revoked"},
		func(ctx context.Context, client *connect.Client, id, etag string) error {
			req := &cpv1.RevokeApiClientRequest{ClientId: id, Etag: etag, RequestId: a.requestID()}
			_, err := controlplanev1connect.NewApiClientServiceClient(client).RevokeApiClient(ctx, req)
			return err
		})
}
