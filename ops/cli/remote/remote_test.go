package remote_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/embedded/porttest"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

type operations struct {
	controlplanev1connect.UnimplementedOperationServiceHandler
	calls       atomic.Int32
	unavailable atomic.Int32 // calls still to be refused
	endless     bool         // streams stay open
}

func (o *operations) refuse() error {
	o.calls.Add(1)
	if o.unavailable.Add(-1) >= 0 {
		return connect.NewError(connect.CodeUnavailable, "no leader")
	}
	return nil
}

func (o *operations) GetOperation(_ context.Context, r *cpv1.GetOperationRequest) (*cpv1.GetOperationResponse, error) {
	if err := o.refuse(); err != nil {
		return nil, err
	}
	if r.GetId() == "missing" {
		return nil, connect.NewError(connect.CodeNotFound, "no such operation")
	}
	return &cpv1.GetOperationResponse{Operation: &cpv1.Operation{Id: r.GetId()}}, nil
}

func (o *operations) WatchOperation(ctx context.Context, r *cpv1.WatchOperationRequest, s controlplanev1connect.OperationServiceWatchOperationServerStream) error {
	if err := o.refuse(); err != nil {
		return err
	}
	for range 3 {
		if err := s.Send(&cpv1.WatchOperationResponse{Operation: &cpv1.Operation{Id: r.GetId()}}); err != nil {
			return err
		}
	}
	if o.endless {
		<-ctx.Done()
	}
	return nil
}

func serve(t *testing.T) (*operations, string) {
	t.Helper()
	o, server, mux := &operations{}, connect.NewServer(), http.NewServeMux()
	controlplanev1connect.RegisterOperationServiceHandler(server, o)
	connecthttp.Mount(mux, server)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return o, web.URL
}

// deadAddress is a URL at which nothing listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	return "http://" + porttest.Address(t)
}

func client(servers ...string) controlplanev1connect.OperationServiceClient {
	return controlplanev1connect.NewOperationServiceClient(connect.NewClient(remote.NewTransport(remote.HTTPClient(), servers)))
}

func TestTheNextServerIsTried(t *testing.T) {
	t.Parallel()
	o, url := serve(t)
	c := client(deadAddress(t), url)
	for range 3 {
		res, err := c.GetOperation(t.Context(), &cpv1.GetOperationRequest{Id: "op1"})
		require.NoError(t, err)
		require.Equal(t, "op1", res.GetOperation().GetId())
	}
	require.EqualValues(t, 3, o.calls.Load())
}

func TestAnElectionIsWaitedFor(t *testing.T) {
	t.Parallel()
	o, url := serve(t)
	o.unavailable.Store(1)
	_, err := client(url).GetOperation(t.Context(), &cpv1.GetOperationRequest{Id: "op1"})
	require.NoError(t, err)
	require.EqualValues(t, 2, o.calls.Load())
}

func TestOtherErrorsAreFinal(t *testing.T) {
	t.Parallel()
	a, first := serve(t)
	b, second := serve(t)
	_, err := client(first, second).GetOperation(t.Context(), &cpv1.GetOperationRequest{Id: "missing"})
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))
	require.EqualValues(t, 1, a.calls.Load()+b.calls.Load())
}

func TestStreamsOfAnswersMoveOnBeforeTheFirst(t *testing.T) {
	t.Parallel()
	_, url := serve(t)
	s, err := client(deadAddress(t), url).WatchOperation(t.Context(), &cpv1.WatchOperationRequest{Id: "op1"})
	require.NoError(t, err)
	defer s.Close()
	for range 3 {
		res, err := s.Receive()
		require.NoError(t, err)
		require.Equal(t, "op1", res.GetOperation().GetId())
	}
	_, err = s.Receive()
	require.ErrorIs(t, err, io.EOF)
}

// hangs is a server that takes connections and answers nothing any more once its gate is closed.
func hangs(t *testing.T, o *operations) (url string, hang func()) {
	t.Helper()
	server, mux := connect.NewServer(), http.NewServeMux()
	controlplanev1connect.RegisterOperationServiceHandler(server, o)
	connecthttp.Mount(mux, server)
	hung, ended := make(chan struct{}), make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-hung:
			<-ended
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		close(ended)
		web.CloseClientConnections()
		web.Close()
	})
	return web.URL, func() { close(hung) }
}

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()
	stuck, hang := hangs(t, &operations{})
	hang()
	o, url := serve(t)
	res, err := client(stuck, url).GetOperation(t.Context(), &cpv1.GetOperationRequest{Id: "op1"})
	require.NoError(t, err)
	require.Equal(t, "op1", res.GetOperation().GetId())
	require.EqualValues(t, 1, o.calls.Load())
}

func TestAStreamWhoseServerHangsEnds(t *testing.T) {
	t.Parallel()
	endless := &operations{endless: true}
	url, hang := hangs(t, endless)
	s, err := client(url).WatchOperation(t.Context(), &cpv1.WatchOperationRequest{Id: "op1"})
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Receive()
	require.NoError(t, err)
	hang()
	for err == nil {
		_, err = s.Receive()
	}
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), "%v", err)
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(deadAddress(t)).GetOperation(ctx, &cpv1.GetOperationRequest{Id: "op1"})
	require.Error(t, err)
}

func TestParseServers(t *testing.T) {
	t.Parallel()
	got, err := remote.ParseServers("127.0.0.1:8090, https://cp.example.com/ ,")
	require.NoError(t, err)
	require.Equal(t, []string{"http://127.0.0.1:8090", "https://cp.example.com"}, got)
	for _, bad := range []string{"", " , ", "ftp://x", "http://"} {
		_, err := remote.ParseServers(bad)
		require.Error(t, err, bad)
	}
}
