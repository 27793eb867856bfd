package api_test

import (
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// TestACrowdOfOperatorsIsBounded takes all places for people who sign in: who comes then is refused before his password costs anything, and each
// attempt, however it ends, leaves its place.
func TestACrowdOfOperatorsIsBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hash, err := d.hasher.Hash(t.Context(), "a long enough password")
	require.NoError(t, err)
	d.do(&statev1.PutOperator{Operator: &cpv1.Operator{Username: "ann"}, PasswordHash: hash})
	service := controlplanev1connect.NewAuthServiceClient(d.stranger())
	login := func(secret string) error {
		_, err := service.Login(t.Context(), &cpv1.LoginRequest{Username: "ann", Password: secret})
		return err
	}
	fill := func() (leave []func()) {
		for {
			out, err := d.hasher.Admit()
			if err != nil {
				return leave
			}
			leave = append(leave, out)
		}
	}
	places := fill()
	require.NotEmpty(t, places)
	work := d.hasher.Work()
	err = login("a long enough password")
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), "%v", err)
	require.Equal(t, work, d.hasher.Work())
	for _, leave := range places {
		leave()
	}
	require.NoError(t, login("a long enough password"))
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(login("wrong")))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(func() error {
		_, err := service.Login(t.Context(), &cpv1.LoginRequest{Username: "ann", Password: "a long enough password", NewPassword: "short"})
		return err
	}()))
	require.Equal(t, len(places), len(fill()))
}
