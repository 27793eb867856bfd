package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// led is the consensus of a follower whose leader is somewhere.
type led struct{ leader cluster.Peer }

func (l led) Apply(context.Context, *statev1.Command) (state.Result, error) {
	return state.Result{}, errors.New("a follower commits nothing")
}
func (l led) ConfirmLeader(context.Context) error                     { return errors.New("a follower does not lead") }
func (l led) AwaitLeader(context.Context) (cluster.Peer, bool, error) { return l.leader, false, nil }
func (l led) AwaitIndex(context.Context, state.Index) error           { return nil }
func (l led) Leader() (cluster.Peer, bool)                            { return l.leader, true }
func (l led) Self() cluster.Self                                      { return cluster.Self{ID: "cp2"} }

// pair is a follower in front of a leader.
type pair struct {
	follower string        // URL
	entered  chan struct{} // one for each request whose head the follower has
}

func newPair(t *testing.T, bounds limits, known bool, leader http.HandlerFunc) *pair {
	t.Helper()
	family := trusttest.New(t, "one")
	ahead := trusttest.Serve(t, trusttest.Listen(t), family.Server("cp1"), leader)
	server := wire.NewServer()
	controlplanev1connect.RegisterOperationServiceHandler(server, controlplanev1connect.UnimplementedOperationServiceHandler{})
	f := newForwarder(server, led{cluster.Peer{ID: "cp1", API: ahead.Listener.Addr().String()}}, family.Server("cp2"), func(*http.Request) bool { return known })
	f.limits = bounds
	p := &pair{entered: make(chan struct{}, 10)}
	behind := f.wrap(http.NotFoundHandler())
	web := trusttest.Serve(t, trusttest.Listen(t), family.Server("cp2"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.entered <- struct{}{}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		for _, s := range []*httptest.Server{web, ahead} {
			s.CloseClientConnections()
			s.Close()
		}
	})
	p.follower = web.URL
	return p
}

// over gives clients of HTTP/1 and HTTP/2.
func over(t *testing.T) map[string]*http.Client {
	clients := map[string]*http.Client{}
	for _, name := range []string{"HTTP/1", "HTTP/2"} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(name == "HTTP/1")
		protocols.SetUnencryptedHTTP2(name == "HTTP/2")
		transport := &http.Transport{Protocols: protocols}
		t.Cleanup(transport.CloseIdleConnections)
		clients[name] = &http.Client{Transport: transport}
	}
	return clients
}

// TestALeaderMayRefuseBeforeTheRequestIsThere: the caller flushes its headers, the leader refuses whatever comes, and only then does the
// caller send its request.
func TestALeaderMayRefuseBeforeTheRequestIsThere(t *testing.T) {
	t.Parallel()
	lengths := make(chan int64, 10)
	p := newPair(t, standardLimits, true, func(w http.ResponseWriter, r *http.Request) {
		lengths <- r.ContentLength
		_ = connecthttp.NewErrorWriter().Write(w, r, connect.NewError(connect.CodePermissionDenied, "Not you."))
	})
	for name, client := range over(t) {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				reader, writer := io.Pipe()
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.follower+controlplanev1connect.OperationServiceGetOperationProcedure, reader)
				require.NoError(t, err)
				request.Header.Set("Content-Type", "application/json")
				go func() {
					<-p.entered
					_, _ = io.WriteString(writer, `{"id":"1"}`)
					_ = writer.Close()
				}()
				answer, err := client.Do(request)
				require.NoError(t, err)
				text, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Equal(t, http.StatusForbidden, answer.StatusCode, "%s", text)
				require.Equal(t, int64(len(`{"id":"1"}`)), <-lengths, "all of the request was there before it was passed on")
			}
		})
	}
}

// TestCallsThatAreNotAnsweredEnd covers a leader that never answers, a caller who never sends, and a stream that falls silent, or says nothing at all.
func TestCallsThatAreNotAnsweredEnd(t *testing.T) {
	t.Parallel()
	brief := limits{unary: 200 * time.Millisecond, waiting: 200 * time.Millisecond, longest: time.Hour, idle: 200 * time.Millisecond}
	p := newPair(t, brief, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == controlplanev1connect.OperationServiceWatchOperationProcedure && r.Header.Get("Mute") == "" {
			w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	for name, client := range over(t) {
		t.Run(name, func(t *testing.T) {
			operations := controlplanev1connect.NewOperationServiceClient(connect.NewClient(wire.NewTransport(client, p.follower)))
			_, err := operations.GetOperation(t.Context(), &cpv1.GetOperationRequest{Id: "1"})
			require.Equal(t, connect.CodeDeadlineExceeded, connect.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "same request id")
			_, err = operations.WaitOperation(t.Context(), &cpv1.WaitOperationRequest{Id: "1", Timeout: durationpb.New(time.Millisecond)})
			require.Equal(t, connect.CodeDeadlineExceeded, connect.CodeOf(err), "%v", err)
			stream, err := operations.WatchOperation(t.Context(), &cpv1.WatchOperationRequest{Id: "1"})
			require.NoError(t, err)
			_, err = stream.Receive()
			require.Error(t, err, "a silent stream ends")
			require.NoError(t, stream.Close())
			mute, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.follower+controlplanev1connect.OperationServiceWatchOperationProcedure, strings.NewReader("\x00\x00\x00\x00\x02{}"))
			require.NoError(t, err)
			mute.Header.Set("Content-Type", "application/connect+json")
			mute.Header.Set("Mute", "1")
			silent, err := client.Do(mute)
			require.NoError(t, err)
			said, err := io.ReadAll(silent.Body)
			require.NoError(t, err)
			require.NoError(t, silent.Body.Close())
			require.Contains(t, string(said), `"unavailable"`)
			reader, writer := io.Pipe()
			defer writer.Close()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.follower+controlplanev1connect.OperationServiceGetOperationProcedure, reader)
			require.NoError(t, err)
			request.Header.Set("Content-Type", "application/json")
			answer, err := client.Do(request)
			require.NoError(t, err)
			text, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Contains(t, string(text), "deadline_exceeded")
		})
	}
}

// TestStrangersMayNotMakeAFollowerHoldMuch sends large requests, with and without a proof of who sends them.
func TestStrangersMayNotMakeAFollowerHoldMuch(t *testing.T) {
	t.Parallel()
	send := func(known bool, size int) int {
		p := newPair(t, standardLimits, known, func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			w.Header().Set("Size", strconv.FormatInt(n, 10))
		})
		answer, err := http.Post(p.follower+controlplanev1connect.OperationServiceGetOperationProcedure, "application/json", strings.NewReader(strings.Repeat("x", size)))
		var broken net.Error
		if errors.As(err, &broken) {
			return 0 // it closed the connection on what was still to come
		}
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	require.Equal(t, http.StatusOK, send(false, wire.MaxStranger))
	require.Contains(t, []int{0, http.StatusUnauthorized}, send(false, wire.MaxStranger+1))
	require.Equal(t, http.StatusOK, send(true, wire.MaxRequest))
	require.Contains(t, []int{0, http.StatusBadRequest}, send(true, wire.MaxRequest+envelope+1))
}

func TestDeadlinesAreReadAsProtocolsSayThem(t *testing.T) {
	t.Parallel()
	for text, wanted := range map[[2]string]time.Duration{
		{"Connect-Timeout-Ms", "1500"}: 1500 * time.Millisecond, {"Grpc-Timeout", "2S"}: 2 * time.Second, {"Grpc-Timeout", "99999999H"}: longDeadline,
		{"Grpc-Timeout", "7m"}: 7 * time.Millisecond, {"Grpc-Timeout", "3x"}: -1, {"Grpc-Timeout", "S"}: -1, {"Connect-Timeout-Ms", "soon"}: -1, {"X", "1"}: -1, {"Grpc-Timeout", "-1S"}: -1, {"Grpc-Timeout", ""}: -1,
	} {
		got, ok := deadlineOf(http.Header{text[0]: {text[1]}})
		require.Equal(t, wanted >= 0, ok, "%v", text)
		if ok {
			require.Equal(t, wanted, got, "%v", text)
		}
	}
}

func TestWaitOperationSaysHowLongItTakes(t *testing.T) {
	t.Parallel()
	request := &cpv1.WaitOperationRequest{Id: "1", Timeout: durationpb.New(90 * time.Second)}
	binary, err := proto.Marshal(request)
	require.NoError(t, err)
	text, err := protojson.Marshal(request)
	require.NoError(t, err)
	for kind, body := range map[string][]byte{
		"application/proto": binary, "application/json": text,
		"application/grpc": append([]byte{0, 0, 0, 0, byte(len(binary))}, binary...), "application/grpc-web+json": append([]byte{0, 0, 0, 0, byte(len(text))}, text...),
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Content-Type", kind)
		got, ok := waitOf(r, body)
		require.True(t, ok, kind)
		require.Equal(t, 90*time.Second, got, kind)
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	_, ok := waitOf(r, []byte("nonsense"))
	require.False(t, ok)
}

// TestAStrangersCallIsNotTheFollowersOwn has the leader say who calls: of a call without a certificate nobody, whatever the caller says, though
// it comes over the follower's connection.
func TestAStrangersCallIsNotTheFollowersOwn(t *testing.T) {
	t.Parallel()
	p := newPair(t, standardLimits, true, func(w http.ResponseWriter, r *http.Request) {
		id, _ := trust.Caller(r.Context())
		w.Header().Set("Who", id.String())
	})
	for _, says := range []string{"", trust.Nobody, "spiffe://fluent/one/server/cp1"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.follower+controlplanev1connect.OperationServiceGetOperationProcedure, strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set(trust.CallerHeader, says)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.Equal(t, (trust.Identity{}).String(), answer.Header.Get("Who"), says)
	}
}

// TestACallIsPassedOnOnce sends one that was passed on already, as servers do that take each other for the leader.
func TestACallIsPassedOnOnce(t *testing.T) {
	t.Parallel()
	p := newPair(t, standardLimits, true, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusOK) })
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.follower+controlplanev1connect.OperationServiceGetOperationProcedure, strings.NewReader("{}"))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(forwardedHeader, "1")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
}
