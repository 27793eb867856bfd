package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func newLoginCommand(a *app) *cobra.Command {
	var username string
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "login", Short: "Log in to a control plane and remember the session", Args: usage(cobra.NoArgs),
		Example: "  fluent login --server http://127.0.0.1:8090 --username admin --password-stdin < password.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
			defer cancel()
			return a.login(ctx, username, fromStdin)
		},
	}
	cmd.Flags().StringVarP(&username, "username", "u", "", "operator's username (asked for on a terminal)")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func (a *app) login(ctx context.Context, username string, fromStdin bool) error {
	before, err := a.session()
	if err != nil {
		return err
	}
	if username == "" {
		username = before.Username
	}
	if username == "" {
		return render.UsageError{Err: errors.New("which operator? (--username NAME)")}
	}
	in := a.lines(fromStdin)
	password, err := in.nextPassword("Password of " + username + ": ")
	if err != nil {
		return err
	}
	client := controlplanev1connect.NewAuthServiceClient(a.anonymous(before.Servers))
	req := &cpv1.LoginRequest{Username: username, Password: password}
	res, err := client.Login(ctx, req)
	if render.Reason(err) == "PASSWORD_CHANGE_REQUIRED" {
		if req.NewPassword, err = in.nextPassword("This password serves once. New password: "); err != nil {
			return fmt.Errorf("this password serves once; the next line of the input must be a new one: %w", err)
		}
		res, err = client.Login(ctx, req)
	}
	if err != nil {
		return refusedLogin(err)
	}
	path, err := login.Path()
	if err != nil {
		return err
	}
	servers := a.allServers(ctx, before.Servers, res.GetAccessToken())
	c := login.Credentials{Servers: servers, Username: username, Token: res.GetAccessToken(), ExpiresAt: res.GetExpireTime().AsTime()}
	if err := login.Save(path, c); err != nil {
		return err
	}
	if a.output == string(render.JSON) {
		return render.Message(a.Out, res.GetOperator())
	}
	_, err = fmt.Fprintf(a.Out, "Logged in as %s until %s.\n", username, c.ExpiresAt.Local().Format(render.Clock))
	return err
}

// askServers is how long the cluster may take to tell of its servers.
const askServers = 5 * time.Second

// allServers adds to the servers that are given those that the cluster tells of, so that commands go on when the given one is down. An
// operator who may not ask, or whom nobody answers, keeps those that are given.
func (a *app) allServers(ctx context.Context, given []string, token string) []string {
	ctx, cancel := context.WithTimeout(ctx, askServers)
	defer cancel()
	client := connect.NewClient(remote.NewTransport(remote.HTTPClient(), given), interceptor.StaticBearer(token))
	status, err := controlplanev1connect.NewClusterServiceClient(client).GetStatus(ctx, &cpv1.GetStatusRequest{})
	if err != nil {
		return given
	}
	scheme, _, _ := strings.Cut(given[0], "://")
	all := slices.Clone(given)
	for _, m := range status.GetMembers() {
		if url := scheme + "://" + m.GetApiAddress(); m.GetApiAddress() != "" && !slices.Contains(all, url) {
			all = append(all, url)
		}
	}
	return all
}

// refusedLogin says what was wrong without the advice to log in, which is no help to somebody who just tried.
func refusedLogin(err error) error {
	if connect.CodeOf(err) == connect.CodeUnauthenticated {
		return render.RefusedError{Text: "Username or password is wrong."}
	}
	return err
}

// readPassword asks on the terminal without showing what is typed.
func (a *app) readPassword(prompt string) (string, error) {
	f, isFile := a.In.(*os.File)
	if !isFile {
		return "", render.UsageError{Err: errors.New("there is no terminal to ask for a password on")}
	}
	fmt.Fprint(a.Err, prompt)
	typed, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.Err)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(typed), nil
}

func newLogoutCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget the session", Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			path, err := login.Path()
			if err != nil {
				return err
			}
			return login.Remove(path)
		},
	}
}

func newWhoAmICommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Show the operator that is logged in and what it may do", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			res, err := controlplanev1connect.NewAuthServiceClient(client).WhoAmI(ctx, &cpv1.WhoAmIRequest{})
			if err != nil {
				return err
			}
			if err := printOne(a, res, []render.Column[*cpv1.WhoAmIResponse]{
				{Title: "USERNAME", Value: func(r *cpv1.WhoAmIResponse) string { return r.GetOperator().GetUsername() }},
				{Title: "NAME", Value: func(r *cpv1.WhoAmIResponse) string { return r.GetOperator().GetDisplayName() }},
				{Title: "ROLES", Value: func(r *cpv1.WhoAmIResponse) string { return bindings(r.GetOperator()) }},
			}); err != nil || a.output == string(render.JSON) {
				return err
			}
			return printPermissions(a.Out, "MAY", res.GetPermissions())
		}),
	}
}

// printPermissions prints, below a title, permissions by what they concern, a line each: "account.create", "account.get" become "account  create get".
func printPermissions(to io.Writer, title string, permissions []string) error {
	verbs := map[string][]string{}
	for _, p := range permissions {
		resource, verb, _ := strings.Cut(p, ".")
		verbs[resource] = append(verbs[resource], verb)
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "\n%s\n", title)
	for _, resource := range slices.Sorted(maps.Keys(verbs)) {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", resource, strings.Join(verbs[resource], " "))
	}
	return w.Flush()
}

func newPasswordCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "password", Short: "Change your own password", Args: usage(cobra.NoArgs),
		Long: "Change your own password: asked for on a terminal, else two lines on standard input, the old one first.",
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			lines := a.lines(false)
			before, err := lines.nextPassword("Old password: ")
			if err != nil {
				return err
			}
			after, err := lines.nextPassword("New password: ")
			if err != nil {
				return err
			}
			req := &cpv1.ChangePasswordRequest{OldPassword: before, NewPassword: after, RequestId: a.requestID()}
			res, err := controlplanev1connect.NewAuthServiceClient(client).ChangePassword(ctx, req)
			if err != nil {
				return err
			}
			return a.keepSession(res)
		}),
	}
}

// keepSession stores the session that a new password has begun, in place of the one that it has ended. A token from the environment is not
// stored: whoever put it there has to log in again.
func (a *app) keepSession(res *cpv1.ChangePasswordResponse) error {
	text := "The password is changed, and all other sessions have ended."
	if os.Getenv("FLUENT_TOKEN") != "" {
		text = "The password is changed, and all sessions have ended; FLUENT_TOKEN is worthless now."
	} else if err := replaceToken(res); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.Out, text)
	return err
}

func replaceToken(res *cpv1.ChangePasswordResponse) error {
	path, err := login.Path()
	if err != nil {
		return err
	}
	c, err := login.Load(path)
	if err != nil {
		return err
	}
	c.Token, c.ExpiresAt = res.GetAccessToken(), res.GetExpireTime().AsTime()
	return login.Save(path, c)
}

// lines makes one reader for all the lines of an input that is no terminal, or is to be read like one that is none.
func (a *app) lines(fromStdin bool) *app {
	in := *a
	if fromStdin || !terminal(a.In) {
		in.In = bufio.NewReaderSize(a.In, 16)
	}
	return &in
}

// nextPassword reads one line and no more from a buffered input, or asks on the terminal.
func (a *app) nextPassword(prompt string) (string, error) {
	r, ok := a.In.(*bufio.Reader)
	if !ok {
		return a.readPassword(prompt)
	}
	line, err := r.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", render.UsageError{Err: errors.New("standard input holds no password")}
	}
	return line, nil
}
