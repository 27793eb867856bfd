package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/stack"
)

// console is an operator at the command line.
type console struct {
	stack  *stack.Stack
	config string // folder that keeps the login
}

// signIn logs an operator in, with a configuration folder of its own.
func signIn(t *testing.T, s *stack.Stack, username, password string) *console {
	t.Helper()
	c := &console{stack: s, config: t.TempDir()}
	c.run(t, password, "login", "--server", strings.Join(s.Ready.ControlPlane, ","), "--username", username, "--password-stdin")
	return c
}

// administrator logs the installation's operator in.
func administrator(t *testing.T, s *stack.Stack) *console {
	t.Helper()
	return signIn(t, s, s.Ready.Operator.Username, s.Ready.Operator.Password)
}

// run runs a command and returns what it prints.
func (c *console) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := c.try(stdin, args...)
	require.NoError(t, err)
	return out
}

// try is run for commands that may fail; the error shows what the command said.
func (c *console) try(stdin string, args ...string) (string, error) {
	command := exec.Command(binary, args...)
	command.Env = append(os.Environ(), "FLUENT_CONFIG="+c.config)
	command.Stdin = strings.NewReader(stdin)
	out, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), errors.New("fluent " + strings.Join(args, " ") + ": " + string(exit.Stderr))
	}
	return string(out), err
}

// tenant is an account as its implementer holds it.
type tenant struct {
	account     string
	gateway     string
	profiles    string // folder of profiles, as the official client reads them
	retailer    string // id
	retailerRef string
	credentials apiclient.Credentials
	client      *apiclient.Client
}

// account provisions an account with one retailer and reads its way in from the profile that the command writes.
func (c *console) account(t *testing.T, name, retailerRef string) *tenant {
	t.Helper()
	made := &tenant{account: name, gateway: c.stack.Ready.Gateway, retailerRef: retailerRef, profiles: t.TempDir()}
	folder := filepath.Join(made.profiles, name)
	c.run(t, "", "account", "create", name, "--retailer", retailerRef, "--profile", folder)
	profile := readJSON[struct{ BaseURL, ID, ClientSecret, User string }](t, filepath.Join(folder, "profile.json"))
	user := readJSON[struct{ Username, Password string }](t, filepath.Join(folder, "user."+profile.User+".json"))
	made.retailer = readJSON[struct{ ID string }](t, filepath.Join(folder, "retailer."+retailerRef+".json")).ID
	require.Equal(t, c.stack.Ready.Gateway, profile.BaseURL)
	made.credentials = apiclient.Credentials{ClientID: profile.ID, ClientSecret: profile.ClientSecret, Username: user.Username, Password: user.Password}
	made.client = apiclient.New(profile.BaseURL, made.credentials)
	return made
}

// ask runs a GraphQL document that must succeed.
func ask[T any](t *testing.T, client *apiclient.Client, query string, variables map[string]any) (v T) {
	t.Helper()
	require.NoError(t, client.GraphQL(context.Background(), query, variables, &v), query)
	return v
}

// list is a page of a connection.
type list[T any] struct {
	Edges []struct {
		Node T `json:"node"`
	} `json:"edges"`
}

func (l list[T]) nodes() []T {
	var all []T
	for _, e := range l.Edges {
		all = append(all, e.Node)
	}
	return all
}
