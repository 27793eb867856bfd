package wire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/domain/fault"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// hop is a server whose handlers do as a test wants.
type hop struct {
	controlplanev1connect.UnimplementedAccountServiceHandler
	controlplanev1connect.UnimplementedOperationServiceHandler
	get  func(ctx context.Context, r *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error)
	list func(ctx context.Context, r *cpv1.ListOperationsRequest) (*cpv1.ListOperationsResponse, error)
}

func (h *hop) GetAccount(ctx context.Context, r *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
	return h.get(ctx, r)
}

func (h *hop) ListOperations(ctx context.Context, r *cpv1.ListOperationsRequest) (*cpv1.ListOperationsResponse, error) {
	return h.list(ctx, r)
}

// WatchOperation answers twice, and then with what GetAccount would.
func (h *hop) WatchOperation(ctx context.Context, r *cpv1.WatchOperationRequest, s controlplanev1connect.OperationServiceWatchOperationServerStream) error {
	for range 2 {
		if err := s.Send(&cpv1.WatchOperationResponse{Operation: &cpv1.Operation{Id: r.GetId()}}); err != nil {
			return err
		}
	}
	_, err := h.get(ctx, &cpv1.GetAccountRequest{Name: r.GetId()})
	return err
}

func (h *hop) serve(t *testing.T) string {
	t.Helper()
	server, mux := wire.NewServer(), http.NewServeMux()
	controlplanev1connect.RegisterAccountServiceHandler(server, h)
	controlplanev1connect.RegisterOperationServiceHandler(server, h)
	wire.Mount(mux, server)
	web := httptest.NewUnstartedServer(mux)
	web.Config.Protocols = bothProtocols()
	web.Start()
	t.Cleanup(web.Close)
	return web.URL
}

func bothProtocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

// web2 is a client that speaks HTTP/2, which gRPC needs.
func web2(t *testing.T) *http.Client {
	t.Helper()
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: p}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

var protocols = map[string][]connecthttp.Option{
	"connect":      nil,
	"connect json": {connecthttp.WithProtoJSON()},
	"grpc":         {connecthttp.WithGRPC()},
	"grpc-web":     {connecthttp.WithGRPCWeb()},
}

// TestErrorsKeepWhatTheySayOverAnyNumberOfHops sends a refusal through four servers, in every protocol, of calls and of streams.
func TestErrorsKeepWhatTheySayOverAnyNumberOfHops(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.Conflict, "Somebody else was faster.").WithCode("C0160E").At("account.etag").With("etag", "7")
	for name, options := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next := (&hop{get: func(context.Context, *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
				return nil, wire.FromFault(refusal, "")
			}}).serve(t)
			for range 3 {
				onward := connect.NewClient(wire.NewTransport(web2(t), next, options...))
				next = (&hop{get: func(ctx context.Context, r *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
					out, err := controlplanev1connect.NewAccountServiceClient(onward).GetAccount(ctx, r)
					if err != nil {
						return nil, fmt.Errorf("ask the next one: %w", err)
					}
					return out, nil
				}}).serve(t)
			}
			client := connect.NewClient(wire.NewTransport(web2(t), next, options...))
			_, err := controlplanev1connect.NewAccountServiceClient(client).GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: "ACME"})
			requireRefusal(t, err)
			stream, err := controlplanev1connect.NewOperationServiceClient(client).WatchOperation(t.Context(), &cpv1.WatchOperationRequest{Id: "1"})
			require.NoError(t, err)
			defer stream.Close()
			for range 2 {
				_, err = stream.Receive()
				require.NoError(t, err)
			}
			_, err = stream.Receive()
			requireRefusal(t, err)
		})
	}
}

func requireRefusal(t *testing.T, err error) {
	t.Helper()
	var call *connect.Error
	require.ErrorAs(t, err, &call)
	require.Equal(t, connect.CodeAborted, call.Code())
	require.Equal(t, "account.etag: Somebody else was faster.", call.Message())
	f := wire.ToFault(call)
	require.Equal(t, fault.Conflict, f.Kind)
	require.Equal(t, "C0160E", f.Code)
	require.Equal(t, "account.etag", f.Field)
	require.Equal(t, "Somebody else was faster.", f.Detail)
	require.Equal(t, map[string]string{"etag": "7"}, f.Meta)
	require.Len(t, call.Details(), 1)
}

func TestTheOutermostErrorIsTheVerdict(t *testing.T) {
	t.Parallel()
	answered := connect.NewError(connect.CodeNotFound, "not here").WithRemote()
	said := fault.New(fault.Unavailable, "no server answers").Wrap(answered)
	call, f := wire.Verdict(fmt.Errorf("try: %w", said))
	require.Nil(t, call)
	require.Equal(t, fault.Unavailable, f.Kind)
	call, f = wire.Verdict(errors.Join(errors.New("closed"), fmt.Errorf("try: %w", answered)))
	require.Nil(t, f)
	require.Equal(t, connect.CodeNotFound, call.Code())
	call, f = wire.Verdict(io.EOF)
	require.Nil(t, call)
	require.Nil(t, f)
	require.Equal(t, error(said), wire.Relay(said), "a fault is told by itself, not by what caused it")
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.Equal(t, kind, wire.ToFault(wire.FromFault(fault.New(kind, "x"), "")).Kind, "kinds come back as they went")
	}
}

// TestMessagesHaveLimitsThatAreSaid tries a request and an answer over their limits, and the largest that may be.
func TestMessagesHaveLimitsThatAreSaid(t *testing.T) {
	t.Parallel()
	h := &hop{get: func(_ context.Context, r *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
		var size int
		if _, err := fmt.Sscanf(r.GetName(), "answer %d", &size); err != nil {
			return &cpv1.GetAccountResponse{}, nil
		}
		return &cpv1.GetAccountResponse{Account: &cpv1.Account{DisplayName: strings.Repeat("x", size)}}, nil
	}}
	url := h.serve(t)
	const frame = 100 // more than what is around the text
	for name, options := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := controlplanev1connect.NewAccountServiceClient(connect.NewClient(wire.NewTransport(web2(t), url, options...)))
			_, err := client.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: strings.Repeat("x", wire.MaxRequest-frame)})
			require.NoError(t, err)
			out, err := client.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: fmt.Sprintf("answer %d", wire.MaxAnswer-frame)})
			require.NoError(t, err)
			require.Len(t, out.GetAccount().GetDisplayName(), wire.MaxAnswer-frame)
			_, err = client.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: fmt.Sprintf("answer %d", wire.MaxAnswer+1)})
			require.Equal(t, connect.CodeOutOfRange, connect.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "Ask for less at once")
			unbound := controlplanev1connect.NewAccountServiceClient(connect.NewClient(connecthttp.NewTransport(web2(t), url, options...)))
			for _, c := range []controlplanev1connect.AccountServiceClient{client, unbound} {
				_, err = c.GetAccount(t.Context(), &cpv1.GetAccountRequest{Name: strings.Repeat("x", wire.MaxRequest+1)})
				require.Equal(t, connect.CodeOutOfRange, connect.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "The request is too large")
			}
		})
	}
	status, _ := post(t, url, controlplanev1connect.AccountServiceGetAccountProcedure, `{"name":"`+strings.Repeat("x", wire.MaxRequest)+`"}`)
	require.Equal(t, http.StatusBadRequest, status)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte(`{"name":"` + strings.Repeat("x", wire.MaxRequest) + `"}`))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, zipped.Len(), wire.MaxRequest/100)
	status, _ = post(t, url, controlplanev1connect.AccountServiceGetAccountProcedure, zipped.String(), "Content-Encoding", "gzip")
	require.Equal(t, http.StatusBadRequest, status)
}

// TestOnlyLongAnswersAreCompressed asks as somebody who takes either.
func TestOnlyLongAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	size := 0
	h := &hop{get: func(context.Context, *cpv1.GetAccountRequest) (*cpv1.GetAccountResponse, error) {
		return &cpv1.GetAccountResponse{Account: &cpv1.Account{DisplayName: strings.Repeat("x", size)}}, nil
	}}
	url := h.serve(t)
	for n, want := range map[int]string{100: "", 4 << 10: "gzip"} {
		size = n
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+controlplanev1connect.AccountServiceGetAccountProcedure, strings.NewReader("{}"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, want, res.Header.Get("Content-Encoding"), "%d bytes", n)
	}
}

// TestWordsThatNobodyKnowsAreRefused tries misspelt fields and enum values, in JSON and in binary, and what is spelt rightly.
func TestWordsThatNobodyKnowsAreRefused(t *testing.T) {
	t.Parallel()
	h := &hop{list: func(_ context.Context, r *cpv1.ListOperationsRequest) (*cpv1.ListOperationsResponse, error) {
		return &cpv1.ListOperationsResponse{NextPageToken: r.GetState().String()}, nil
	}}
	url := h.serve(t)
	for body, wanted := range map[string]struct{ field, text string }{
		`{"state":"OPERATION_STATE_RUNING"}`: {"state", `"OPERATION_STATE_RUNING" is no OperationState; there are: OPERATION_STATE_UNSPECIFIED, OPERATION_STATE_RUNNING,`},
		`{"state":77}`:                       {"state", "77 is no OperationState; there are: "},
		`{"states":"X"}`:                     {"states", "There is no such field; there are: account, state, page_size, page_token."},
		`{"account":7}`:                      {"", "The JSON cannot be read"},
		`{`:                                  {"", "The JSON cannot be read"},
	} {
		status, out := post(t, url, controlplanev1connect.OperationServiceListOperationsProcedure, body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Equal(t, "invalid_argument", out.Code)
		require.Contains(t, out.Message, wanted.text, body)
		require.NotEmpty(t, out.Details, body)
		require.Equal(t, wanted.field, out.Details[0].Debug.Field, body)
	}
	for body, state := range map[string]string{
		`{"state":"OPERATION_STATE_RUNNING","pageSize":5}`: "OPERATION_STATE_RUNNING", `{"state":3,"page_size":5}`: "OPERATION_STATE_FAILED", `{}`: "OPERATION_STATE_UNSPECIFIED",
	} {
		status, out := post(t, url, controlplanev1connect.OperationServiceListOperationsProcedure, body)
		require.Equal(t, http.StatusOK, status, body)
		require.Equal(t, state, out.NextPageToken)
	}
	for name, options := range protocols {
		client := controlplanev1connect.NewOperationServiceClient(connect.NewClient(wire.NewTransport(web2(t), url, options...)))
		_, err := client.ListOperations(t.Context(), &cpv1.ListOperationsRequest{State: 77})
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), name)
		require.ErrorContains(t, err, "state: 77 is no OperationState", name)
	}
}

// answer is an answer or an error in JSON.
type answer struct {
	Code, Message, NextPageToken string
	Details                      []struct {
		Debug struct{ Field string }
	}
}

func post(t *testing.T, url, procedure, body string, header ...string) (int, answer) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+procedure, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var out answer
	require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	return res.StatusCode, out
}

func TestEveryKindOfFaultHasACode(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotZero(t, wire.Codes[kind], "kind %d", kind)
	}
	require.Equal(t, connect.CodeAborted, wire.Codes[fault.Conflict])
	require.NotContains(t, wire.Codes, fault.Expired+1, "a new kind needs a code, and this test its name")
}
