//go:build soak

package soak_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
	"github.com/fluent-oms/fluent/ops/stack"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// soonest is the time in which what somebody lost is to be lost at every node.
const soonest = 5 * time.Second

// revocations is a platform of three nodes, each of which users call by itself.
type revocations struct {
	stack *stack.Stack
	admin *apiclient.Client
	nodes []string // base addresses
	n     int
}

// TestRevocationReachesEveryNode takes roles, users, passwords and tokens away at one node, while users ask at all, and measures when the last one refuses.
func TestRevocationReachesEveryNode(t *testing.T) {
	r := &revocations{stack: startStack(t, "--nodes=3")}
	demo := r.stack.Ready.Demo
	r.admin = apiclient.New(r.stack.Ready.Gateway, apiclient.Credentials{ClientID: demo.ClientID, ClientSecret: demo.ClientSecret, Username: demo.Username, Password: demo.Password})
	answer, err := controlplanev1connect.NewNodeAdminServiceClient(signIn(t, r.stack)).ListNodes(t.Context(), &cpv1.ListNodesRequest{})
	require.NoError(t, err)
	for _, n := range answer.GetNodes() {
		if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_NODE {
			r.nodes = append(r.nodes, "http://"+n.GetAddress())
		}
	}
	require.Len(t, r.nodes, 3)
	for name, take := range map[string]func(t *testing.T, u user){
		"a role is taken from its user": func(t *testing.T, u user) {
			r.change(t, `mutation { removeUserRolesFromUser(input: {user: {username: "`+u.name+`"}, roles: {role: {name: "SEER"}, contexts: {contextType: "ACCOUNT", contextId: 0}}}) { status } }`)
		},
		"a permission is taken from its role": func(t *testing.T, _ user) {
			r.change(t, `mutation { removePermissionsFromRole(input: {role: {name: "SEER"}, permissions: {name: "ORDER_VIEW"}}) { status } }`)
		},
		"a user is closed": func(t *testing.T, u user) {
			r.change(t, `mutation { updateUser(input: {id: `+u.id+`, status: "INACTIVE"}) { id } }`)
		},
		"a password is reset": func(t *testing.T, u user) {
			_, err := r.admin.ResetPassword(t.Context(), u.name)
			require.NoError(t, err)
		},
		"a token is revoked": func(t *testing.T, u user) {
			token, err := u.client.Token(t.Context())
			require.NoError(t, err)
			form := url.Values{"client_id": {demo.ClientID}, "client_secret": {demo.ClientSecret}, "token": {token}}
			res, err := http.Post(r.nodes[0]+"/oauth/revoke", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode)
		},
	} {
		t.Run(name, func(t *testing.T) {
			worst := time.Duration(0)
			for range 5 {
				u := r.user(t)
				worst = max(worst, r.until(t, u, func() { take(t, u) }))
			}
			t.Logf("%s: refused at all nodes within %s, at worst of 5", name, worst.Round(time.Millisecond))
			require.Less(t, worst, soonest)
		})
	}
}

func (r *revocations) change(t *testing.T, mutation string) {
	require.NoError(t, r.admin.GraphQL(t.Context(), mutation, nil, nil))
}

// user is somebody who sees orders.
type user struct {
	name, id string
	client   *apiclient.Client
}

func (r *revocations) user(t *testing.T) user {
	t.Helper()
	r.n++
	u := user{name: fmt.Sprintf("seer%d", r.n)}
	const role = `mutation { r: %sRole(input: {name: "SEER", permissions: {name: "ORDER_VIEW"}}) { id } }`
	if err := r.admin.GraphQL(t.Context(), fmt.Sprintf(role, "create"), nil, nil); err != nil {
		r.change(t, fmt.Sprintf(role, "update"))
	}
	var made struct{ U struct{ ID string } }
	require.NoError(t, r.admin.GraphQL(t.Context(), `mutation { u: createUser(input: {ref: "`+u.name+`", username: "`+u.name+`", type: "USER", firstName: "S", timezone: "UTC", primaryEmail: "s@b.c",
		password: "quite-long-enough", roles: [{role: {name: "SEER"}, contexts: [{contextType: "ACCOUNT", contextId: 0}]}]}) { id } }`, nil, &made))
	u.id = made.U.ID
	demo := r.stack.Ready.Demo
	u.client = apiclient.New(r.stack.Ready.Gateway, apiclient.Credentials{ClientID: demo.ClientID, ClientSecret: demo.ClientSecret, Username: u.name, Password: "quite-long-enough"})
	for _, node := range r.nodes {
		require.Eventually(t, func() bool { return r.sees(t, u, node) }, patience, 20*time.Millisecond, "%s at %s", u.name, node)
	}
	return u
}

// sees asks a node for orders with the user's token.
func (r *revocations) sees(t *testing.T, u user, node string) bool {
	token, err := u.client.Token(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, node+"/graphql", strings.NewReader(`{"query":"{ orders(first: 1) { edges { node { id } } } }"}`))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode == http.StatusOK && !strings.Contains(string(text), `"errors"`)
}

// until asks at all nodes all the time, and returns how long after what is done the last one answered.
func (r *revocations) until(t *testing.T, u user, do func()) time.Duration {
	t.Helper()
	do()
	began := time.Now()
	last := began
	for _, node := range r.nodes {
		for r.sees(t, u, node) {
			last = time.Now()
			require.Less(t, last.Sub(began), patience, "%s is never refused at %s", u.name, node)
		}
	}
	// Who was refused once is not let in again.
	for _, node := range r.nodes {
		require.False(t, r.sees(t, u, node), "%s at %s", u.name, node)
	}
	return last.Sub(began)
}
