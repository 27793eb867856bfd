package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/apiclient"
)

// TestPasswordsOnTheCommandLine takes a user's password through its life over real processes: changed, forgotten, guessed at, reset.
func TestPasswordsOnTheCommandLine(t *testing.T) {
	s := shared(t)
	operator := administrator(t, s.stack)
	shop := operator.account(t, "PASSWORDS", "PASSWORDS-AU")
	profile := filepath.Join(shop.profiles, "PASSWORDS")
	ask[struct{ CreateUser struct{ ID string } }](t, shop.client, `mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }`, map[string]any{"input": map[string]any{
		"ref": "ann", "username": "ann", "password": "what she was given", "type": "ADMIN", "firstName": "Ann", "primaryEmail": "ann@example.com", "timezone": "UTC",
	}})
	as := func(password string) *apiclient.Client {
		own := shop.credentials
		own.Username, own.Password = "ann", password
		return apiclient.New(shop.gateway, own)
	}
	status := func(c *apiclient.Client) int {
		err := c.GraphQL(context.Background(), `{ me { username } }`, nil, nil)
		if err == nil {
			return http.StatusOK
		}
		return refusal(t, err).Status
	}
	first := as("what she was given")
	require.Equal(t, http.StatusOK, status(first))
	operator.run(t, "what she was given\nwhat she likes better\n", "user", "password", "ann", "--profile", profile)
	require.Equal(t, http.StatusUnauthorized, status(first), "her token ended with the password")
	require.Equal(t, http.StatusUnauthorized, status(as("what she was given")))
	require.Equal(t, http.StatusOK, status(as("what she likes better")))

	operator.run(t, "", "user", "unlock", "ann", "--profile", profile)
	require.Contains(t, operator.run(t, "", "user", "failures", "ann", "--profile", profile), `"ann"`)
	once := decoded(t, operator.run(t, "", "user", "reset-password", "ann", "--profile", profile, "-o", "json"))
	require.Equal(t, http.StatusForbidden, status(as(once.Password)), "it serves for one thing only")
	_, err := operator.try(once.Password+"\nann\n", "user", "password", "ann", "--profile", profile)
	require.ErrorContains(t, err, "at least 8")
	operator.run(t, once.Password+"\nher last one\n", "user", "password", "ann", "--profile", profile)
	require.Equal(t, http.StatusOK, status(as("her last one")))

	operator.run(t, shop.credentials.Password+"\nthe administrator's own\n", "user", "password", shop.credentials.Username, "--profile", profile)
	operator.run(t, "", "user", "unlock", "ann", "--profile", profile) // with the new password, which the profile has now
}

// decoded reads what `user reset-password -o json` printed.
func decoded(t *testing.T, printed string) (once apiclient.OneTimePassword) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(printed), &once), printed)
	require.NotEmpty(t, once.Password)
	return once
}
