//go:build soak

package soak_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/stack"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// manyAccounts is how many accounts one environment gets; atOnce, how many are asked for at a time.
const (
	manyAccounts = 5000
	atOnce       = 8
)

// TestThousandsOfAccounts: 5,000 accounts are made, found, used, searched and deleted in one environment; none is missing, none is there twice,
// and none answers after its end.
func TestThousandsOfAccounts(t *testing.T) {
	c := crowd{t: t, stack: startStack(t, "--demo=false"), clients: map[string]*apiclient.Client{}}
	c.accounts = controlplanev1connect.NewAccountServiceClient(signIn(t, c.stack))
	c.memory("before")

	c.each("made", names(), c.create)
	require.Equal(t, names(), c.list(cpv1.AccountState_ACCOUNT_STATE_ACTIVE), "each is listed once, and active")
	c.memory("made")
	sample := c.sample()
	c.each("used", sample, c.use)

	c.each("deleted", names(), c.delete)
	require.Empty(t, c.list(cpv1.AccountState_ACCOUNT_STATE_ACTIVE))
	for _, name := range sample {
		require.Eventually(t, func() bool { return refused(c.use(context.Background(), name)) }, time.Minute, 50*time.Millisecond, "%s answers after its end", name)
	}
	c.memory("deleted")
}

// crowd is a platform with many accounts.
type crowd struct {
	t        *testing.T
	stack    *stack.Stack
	accounts controlplanev1connect.AccountServiceClient

	mu      sync.Mutex
	clients map[string]*apiclient.Client // by account
}

func names() []string {
	all := make([]string, manyAccounts)
	for i := range all {
		all[i] = fmt.Sprintf("CROWD%05d", i)
	}
	return all
}

// sample are two hundred of the accounts, from all parts of the list.
func (c *crowd) sample() []string {
	var some []string
	for i, name := range names() {
		if i%(manyAccounts/200) == 0 {
			some = append(some, name)
		}
	}
	return some
}

// each does something for every account, a few at a time, and tells how far it is.
func (c *crowd) each(what string, accounts []string, do func(context.Context, string) error) {
	c.t.Helper()
	start := time.Now()
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(atOnce)
	for i, name := range accounts {
		if i%500 == 0 && i > 0 {
			c.t.Logf("%d accounts %s after %.0f s", i, what, time.Since(start).Seconds())
		}
		group.Go(func() error { return do(ctx, name) })
	}
	require.NoError(c.t, group.Wait())
	c.t.Logf("%d accounts %s in %.0f s", len(accounts), what, time.Since(start).Seconds())
}

// create makes an account and waits until it is ready, for callers do.
func (c *crowd) create(ctx context.Context, name string) error {
	made, err := c.accounts.CreateAccount(ctx, &cpv1.CreateAccountRequest{Account: &cpv1.Account{Name: name, DisplayName: name}})
	if err != nil {
		return fmt.Errorf("create account %s: %w", name, err)
	}
	secrets := made.GetCredentials()
	client := apiclient.New(c.stack.Ready.Gateway, apiclient.Credentials{
		ClientID: secrets.GetClientId(), ClientSecret: secrets.GetClientSecret(), Username: secrets.GetUsername(), Password: secrets.GetPassword(),
	})
	c.mu.Lock()
	c.clients[name] = client
	c.mu.Unlock()
	for {
		answer, err := c.accounts.GetAccount(ctx, &cpv1.GetAccountRequest{Name: name})
		if err != nil {
			return fmt.Errorf("get account %s: %w", name, err)
		}
		if answer.GetAccount().GetState() == cpv1.AccountState_ACCOUNT_STATE_ACTIVE {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// use logs in and asks for the account's retailers: there is one, its own.
func (c *crowd) use(ctx context.Context, name string) error {
	c.mu.Lock()
	client := c.clients[name]
	c.mu.Unlock()
	var found struct {
		Retailers struct {
			Edges []struct{ Node struct{ Ref string } }
		}
	}
	if err := client.GraphQL(ctx, `{ retailers { edges { node { ref } } } }`, nil, &found); err != nil {
		return err
	}
	if len(found.Retailers.Edges) != 1 {
		return fmt.Errorf("account %s has %d retailers, want 1", name, len(found.Retailers.Edges))
	}
	return nil
}

func (c *crowd) delete(ctx context.Context, name string) error {
	_, err := c.accounts.DeleteAccount(ctx, &cpv1.DeleteAccountRequest{Name: name})
	if err != nil {
		return fmt.Errorf("delete account %s: %w", name, err)
	}
	return nil
}

// list are the names of all accounts in a state, page by page, in order; a name that comes twice is there twice.
func (c *crowd) list(state cpv1.AccountState) []string {
	c.t.Helper()
	var all []string
	request := &cpv1.ListAccountsRequest{PageSize: 1000}
	for {
		page, err := c.accounts.ListAccounts(context.Background(), request)
		require.NoError(c.t, err)
		for _, a := range page.GetAccounts() {
			if a.GetState() == state {
				all = append(all, a.GetName())
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			slices.Sort(all)
			return all
		}
	}
}

// memory logs what the processes hold, in MB resident.
func (c *crowd) memory(when string) {
	c.t.Helper()
	held := map[string][]string{}
	for _, role := range []string{"server", "node", "gateway"} {
		found, err := c.stack.Processes(role)
		require.NoError(c.t, err)
		for _, p := range found {
			held[role] = append(held[role], strconv.Itoa(resident(c.t, p.Pid)>>20))
		}
	}
	var parts []string
	for _, role := range slices.Sorted(maps.Keys(held)) {
		parts = append(parts, role+" "+strings.Join(held[role], " "))
	}
	c.t.Logf("%s: MB resident: %s", when, strings.Join(parts, "; "))
}

// refused reports whether an error says that credentials or token are good no more.
func refused(err error) bool {
	var status *apiclient.StatusError
	return errors.As(err, &status) && (status.Status == 401 || status.Status == 403)
}

// resident is what a process holds in memory, in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// startStack runs `fluent up`, built from this tree, until the test ends.
func startStack(t *testing.T, args ...string) *stack.Stack {
	t.Helper()
	binary, err := filepath.Abs("../../bin/fluent")
	require.NoError(t, err)
	s, err := stack.Start(context.Background(), stack.Options{Binary: binary, Dir: filepath.Join(t.TempDir(), "up"), Args: args})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

// signIn is a connection to the control plane as its first operator.
func signIn(t *testing.T, s *stack.Stack) *connect.Client {
	t.Helper()
	transport := remote.NewTransport(remote.HTTPClient(), s.Ready.ControlPlane)
	answer, err := controlplanev1connect.NewAuthServiceClient(connect.NewClient(transport)).
		Login(context.Background(), &cpv1.LoginRequest{Username: s.Ready.Operator.Username, Password: s.Ready.Operator.Password})
	require.NoError(t, err)
	return connect.NewClient(transport, interceptor.Bearer(func(context.Context) (string, error) { return answer.GetAccessToken(), nil }))
}
