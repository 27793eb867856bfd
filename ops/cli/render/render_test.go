package render_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	validatepb "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

var columns = []render.Column[*cpv1.Account]{
	{Title: "NAME", Value: (*cpv1.Account).GetName},
	{Title: "STATE", Value: func(a *cpv1.Account) string { return render.Enum(a.GetState()) }},
	{Title: "DISPLAY NAME", Value: (*cpv1.Account).GetDisplayName, Wide: true},
}

var rows = []*cpv1.Account{
	{Name: "ACME", State: cpv1.AccountState_ACCOUNT_STATE_ACTIVE, DisplayName: "Acme\tInc"},
	{Name: "LONGER_NAME"},
}

func TestTables(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, render.List(&out, render.Table, rows, columns))
	require.Equal(t, "NAME         STATE\nACME         ACTIVE\nLONGER_NAME  -\n", out.String())
	out.Reset()
	require.NoError(t, render.One(&out, render.Table, rows[0], columns))
	require.Equal(t, "NAME          ACME\nSTATE         ACTIVE\nDISPLAY NAME  Acme Inc\n", out.String())
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, render.List(&out, render.JSON, rows[:1], columns))
	require.Equal(t, "[\n  {\n    \"name\": \"ACME\",\n    \"displayName\": \"Acme\\tInc\",\n    \"state\": \"ACCOUNT_STATE_ACTIVE\"\n  }\n]\n", out.String())
	out.Reset()
	require.NoError(t, render.List(&out, render.JSON, nil, columns))
	require.Equal(t, "[]\n", out.String())
	out.Reset()
	require.NoError(t, render.One(&out, render.JSON, rows[1], columns))
	require.JSONEq(t, `{"name":"LONGER_NAME"}`, out.String())
}

func TestFormats(t *testing.T) {
	t.Parallel()
	f, err := render.ParseFormat("json")
	require.NoError(t, err)
	require.Equal(t, render.JSON, f)
	_, err = render.ParseFormat("xml")
	require.ErrorContains(t, err, "xml")
}

func TestTimes(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	require.Empty(t, render.Time(nil))
	shown, err := time.Parse("2006-01-02 15:04:05Z07:00", render.Time(timestamppb.New(start)))
	require.NoError(t, err, "the offset is shown")
	require.True(t, start.Equal(shown), "%s", shown)
	require.Empty(t, render.Span(nil, nil, start))
	require.Equal(t, "2s", render.Span(timestamppb.New(start), nil, start.Add(2*time.Second)))
	require.Equal(t, "250ms", render.Span(timestamppb.New(start), timestamppb.New(start.Add(250*time.Millisecond)), start.Add(time.Hour)))
}

func detailed(t *testing.T, code connect.Code, text string, m proto.Message) error {
	t.Helper()
	d, err := connectproto.NewErrorDetail(m)
	require.NoError(t, err)
	return fmt.Errorf("create: %w", connect.NewError(code, text).WithDetail(d))
}

func TestErrorsNameTheFields(t *testing.T) {
	t.Parallel()
	path := &validatepb.FieldPath{Elements: []*validatepb.FieldPathElement{{FieldName: proto.String("account")}, {FieldName: proto.String("name")}}}
	violated := &validatepb.Violations{Violations: []*validatepb.Violation{{Field: path, Message: proto.String("wrong form")}}}
	require.Equal(t, "The request is not valid:\n  account.name: wrong form", render.Error(detailed(t, connect.CodeInvalidArgument, "x", violated)))
	bad := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "region", Description: "no such region"}}}
	require.Equal(t, "The request is not valid:\n  region: no such region", render.Error(detailed(t, connect.CodeInvalidArgument, "x", bad)))
	info := &cpv1.Problem{Meta: map[string]string{"b": "2", "a": "1"}}
	require.Equal(t, "Too many.\n  a: 1\n  b: 2", render.Error(detailed(t, connect.CodeResourceExhausted, "Too many.", info)))
}

func TestErrorsAndExitCodes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		err  error
		text string
		code int
	}{
		{nil, "", render.ExitOK},
		{errors.New("disk\nfull"), "disk full", render.ExitFailure},
		{render.UsageError{Err: errors.New("unknown flag")}, "unknown flag", render.ExitUsage},
		{connect.NewError(connect.CodeUnauthenticated, "The token has expired."), "The token has expired. Run: fluent login", render.ExitUnauthenticated},
		{connect.NewError(connect.CodePermissionDenied, "No."), "No.", render.ExitForbidden},
		{connect.NewError(connect.CodeNotFound, "No account ACME."), "No account ACME.", render.ExitNotFound},
		{connect.NewError(connect.CodeAlreadyExists, ""), "The server answered already_exists.", render.ExitConflict},
		{connect.NewError(connect.CodeAborted, "It changed."), "It changed.", render.ExitConflict},
		{connect.NewError(connect.CodeDeadlineExceeded, "context deadline exceeded"), "No server answered in the time of --timeout.", render.ExitFailure},
		{connect.NewError(connect.CodeUnavailable, "no leader"), "No control-plane server can answer now. no leader", render.ExitUnavailable},
		{connect.NewError(connect.CodeInternal, ""), "The server failed.", render.ExitFailure},
		{connect.NewError(connect.CodeInvalidArgument, "Bad."), "Bad.", render.ExitUsage},
		{context.Canceled, "context canceled", render.ExitInterrupted},
	}
	for _, c := range cases {
		require.Equal(t, c.code, render.ExitCode(c.err), "%v", c.err)
		if c.err != nil {
			require.Equal(t, c.text, render.Error(c.err))
		}
	}
}
