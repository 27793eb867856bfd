package server_test

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/controlplane/server"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// doorstep is a trio whose clock stands still, and that believes this machine about where logins come from.
func doorstep(t *testing.T) (*trio, *atomic.Int64) {
	t.Helper()
	begin, passed := time.Now(), &atomic.Int64{}
	c := newTrioTuned(t, &trio{beat: calm, now: func() time.Time { return begin.Add(time.Duration(passed.Load())) }, tune: func(config *server.Config) {
		config.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		config.AuditLogins = 50 * time.Millisecond
	}})
	return c, passed
}

// from logs in at a server, from an address.
func (c *trio) from(t *testing.T, at, source, username, password string) (int, map[string]any, http.Header) {
	t.Helper()
	status, body, header := c.post(t, at, controlplanev1connect.AuthServiceLoginProcedure, `{"username":"`+username+`","password":"`+password+`"}`,
		map[string]string{"X-Forwarded-For": source})
	for _, own := range []string{"Date", "Fluent-Index"} {
		header.Del(own)
	}
	details, _ := body["details"].([]any)
	for _, d := range details { // the same facts as in debug, in an order by chance
		delete(d.(map[string]any), "value")
	}
	return status, body, header
}

// TestOperatorsPasswordsAreNotGuessed tries from many sources, by way of followers and of the leader, at a time that stands still.
func TestOperatorsPasswordsAreNotGuessed(t *testing.T) {
	t.Parallel()
	cp, passed := doorstep(t)
	follower := cp.follower()
	for _, name := range []string{operatorName, "nobody"} { // what there is and what there is not
		for range 5 {
			status, body, _ := cp.from(t, follower, "192.0.2.1", name, "wrong")
			require.Equal(t, http.StatusUnauthorized, status, "%v", body)
		}
	}
	status, known, header := cp.from(t, follower, "192.0.2.1", operatorName, operatorPassword)
	require.Equal(t, http.StatusTooManyRequests, status, "the right password is not even looked at")
	_, unknown, other := cp.from(t, follower, "192.0.2.1", "nobody", operatorPassword)
	require.Equal(t, known, unknown)
	require.Equal(t, header, other)
	cp.heard(t, `"root" from 192.0.2.1: `, `"nobody" from 192.0.2.1: `)
	_, known, header = cp.from(t, cp.leader(), "192.0.2.2", operatorName, "wrong")
	_, unknown, other = cp.from(t, cp.leader(), "192.0.2.2", "nobody", "wrong")
	require.Equal(t, known, unknown)
	require.Equal(t, header, other)

	var group sync.WaitGroup
	var looked atomic.Int64
	for i := range 40 { // at once, at all servers
		at := cp.peers[i%3].ID
		group.Go(func() {
			if status, _, _ := cp.from(t, at, "192.0.2.3", operatorName, "wrong"); status == http.StatusUnauthorized {
				looked.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 5, looked.Load(), "no more than one after another, whichever servers are asked")

	status, _, _ = cp.from(t, follower, "192.0.2.4", operatorName, operatorPassword)
	require.Equal(t, http.StatusOK, status, "elsewhere he gets in")
	for i := range 40 {
		cp.from(t, follower, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), operatorName, "wrong")
	}
	status, _, _ = cp.from(t, follower, "192.0.2.5", operatorName, operatorPassword)
	require.Equal(t, http.StatusTooManyRequests, status, "his name is tried from everywhere")
	status, _, _ = cp.from(t, follower, "192.0.2.4", operatorName, operatorPassword)
	require.Equal(t, http.StatusOK, status, "but that delays nobody where he last logged in")

	auth := controlplanev1connect.NewAuthServiceClient(client(cp.api(follower), cp.token))
	_, err := auth.UnlockOperator(t.Context(), &cpv1.UnlockOperatorRequest{Username: "nobody"})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))
	_, err = auth.UnlockOperator(t.Context(), &cpv1.UnlockOperatorRequest{Username: operatorName})
	require.NoError(t, err)
	status, _, _ = cp.from(t, follower, "192.0.2.1", operatorName, operatorPassword)
	require.Equal(t, http.StatusOK, status)

	status, _, _ = cp.from(t, follower, "192.0.2.1", "nobody", "wrong")
	require.Equal(t, http.StatusTooManyRequests, status)
	passed.Add(int64(time.Minute))
	status, _, _ = cp.from(t, follower, "192.0.2.1", "nobody", "wrong")
	require.Equal(t, http.StatusUnauthorized, status, "a delay ends")
}

func TestANewPasswordEndsAnOperatorsSessions(t *testing.T) {
	t.Parallel()
	cp, passed := doorstep(t)
	at := cp.api(cp.follower())
	as := func(token string) controlplanev1connect.AuthServiceClient {
		return controlplanev1connect.NewAuthServiceClient(client(at, token))
	}
	login := func(password, chosen string) (*cpv1.LoginResponse, error) {
		return answered(t, func() (*cpv1.LoginResponse, error) {
			return as("").Login(t.Context(), &cpv1.LoginRequest{Username: "rita", Password: password, NewPassword: chosen})
		})
	}
	hire := func(request, password string) error {
		_, err := answered(t, func() (*cpv1.CreateOperatorResponse, error) {
			return as(cp.token).CreateOperator(t.Context(), &cpv1.CreateOperatorRequest{RequestId: request, Operator: &cpv1.Operator{
				Username: "rita", Bindings: []*cpv1.RoleBinding{{Role: "support-read-only"}},
			}, Password: password})
		})
		return err
	}
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(hire("short", "rita")))
	require.NoError(t, hire("long enough", "first choice"))
	first, err := login("first choice", "")
	require.NoError(t, err)
	_, err = as(first.GetAccessToken()).ChangePassword(t.Context(), &cpv1.ChangePasswordRequest{OldPassword: "wrong", NewPassword: "second choice"})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, err = as(first.GetAccessToken()).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.NoError(t, err)
	second, err := as(first.GetAccessToken()).ChangePassword(t.Context(), &cpv1.ChangePasswordRequest{OldPassword: "first choice", NewPassword: "second choice"})
	require.NoError(t, err)
	_, err = as(first.GetAccessToken()).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, err = as(second.GetAccessToken()).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.NoError(t, err)

	_, err = as(second.GetAccessToken()).ResetPassword(t.Context(), &cpv1.ResetPasswordRequest{Username: operatorName})
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	once, err := as(cp.token).ResetPassword(t.Context(), &cpv1.ResetPasswordRequest{Username: "rita", RequestId: "r1"})
	require.NoError(t, err)
	again, err := as(cp.token).ResetPassword(t.Context(), &cpv1.ResetPasswordRequest{Username: "rita", RequestId: "r1"})
	require.NoError(t, err)
	require.Empty(t, again.GetPassword())
	_, err = as(second.GetAccessToken()).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	_, err = login(once.GetPassword(), "")
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err))
	require.Equal(t, "PASSWORD_CHANGE_REQUIRED", problem(t, err).GetMeta()["reason"])
	_, err = login(once.GetPassword(), "rita")
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	third, err := login(once.GetPassword(), "third choice")
	require.NoError(t, err)
	_, err = as(third.GetAccessToken()).WhoAmI(t.Context(), &cpv1.WhoAmIRequest{})
	require.NoError(t, err)
	_, err = login(once.GetPassword(), "")
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "it served once")

	_, err = as(cp.token).UpdateOperator(t.Context(), &cpv1.UpdateOperatorRequest{Operator: &cpv1.Operator{Username: "rita", Disabled: true}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"disabled"}}})
	require.NoError(t, err)
	_, err = login("third choice", "")
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "who was disabled, as if the password were wrong")
	_, err = as(cp.token).UpdateOperator(t.Context(), &cpv1.UpdateOperatorRequest{Operator: &cpv1.Operator{Username: "rita"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"disabled"}}})
	require.NoError(t, err)

	late, err := as(cp.token).ResetPassword(t.Context(), &cpv1.ResetPasswordRequest{Username: "rita"})
	require.NoError(t, err)
	passed.Add(int64(73 * time.Hour))
	_, err = login(late.GetPassword(), "fourth choice")
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "it has ended")
}

// heard waits until the audit tells of failed logins.
func (c *trio) heard(t *testing.T, parts ...string) {
	t.Helper()
	service := controlplanev1connect.NewAuditServiceClient(c.operator())
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		list, err := service.ListAuditRecords(t.Context(), &cpv1.ListAuditRecordsRequest{Resource: "login"})
		require.NoError(collect, err)
		text := ""
		for _, r := range list.GetRecords() {
			text += r.GetDetail() + "; "
			require.Equal(collect, "system/logins", r.GetActor())
			require.Equal(collect, "NOTE_FAILED_LOGINS", r.GetAction())
		}
		for _, part := range parts {
			require.Contains(collect, text, part)
		}
	}, patience, 50*time.Millisecond)
}
