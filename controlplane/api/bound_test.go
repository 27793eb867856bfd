package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// dialled is a connection that notes until when it may be read from.
type dialled struct {
	http.ResponseWriter
	set []time.Duration // from now on; negative: for ever
}

func (d *dialled) SetReadDeadline(at time.Time) error {
	if at.IsZero() {
		d.set = append(d.set, -1)
		return nil
	}
	d.set = append(d.set, time.Until(at))
	return nil
}

var (
	getOperation   = connect.Spec{Procedure: controlplanev1connect.OperationServiceGetOperationProcedure}
	waitOperation  = connect.Spec{Procedure: controlplanev1connect.OperationServiceWaitOperationProcedure}
	watchOperation = connect.Spec{Procedure: controlplanev1connect.OperationServiceWatchOperationProcedure, StreamType: connect.StreamTypeServer}
)

// TestHowLongCallsMayTake passes calls on at a clock that steps, to a leader that never answers, and sees when they end: at that moment and not
// before it.
func TestHowLongCallsMayTake(t *testing.T) {
	t.Parallel()
	waits := func(d time.Duration) string {
		request := &cpv1.WaitOperationRequest{Id: "1"}
		if d > 0 {
			request.Timeout = durationpb.New(d)
		}
		text, err := protojson.Marshal(request)
		require.NoError(t, err)
		return string(text)
	}
	for name, c := range map[string]struct {
		spec    connect.Spec
		timeout string // milliseconds
		body    string
		ends    time.Duration
		arrives time.Duration // until when the request must be there; 0: nothing is said
	}{
		"no deadline":                  {getOperation, "", "{}", 30 * time.Second, 30 * time.Second},
		"the caller's":                 {getOperation, "10000", "{}", 10 * time.Second, 10 * time.Second},
		"the caller's, longer":         {getOperation, "90000", "{}", 90 * time.Second, 30 * time.Second},
		"the caller's, over already":   {getOperation, "0", "{}", 1, 1},
		"waiting":                      {waitOperation, "", waits(90 * time.Second), 95 * time.Second, 30 * time.Second},
		"waiting briefly":              {waitOperation, "", waits(time.Second), 6 * time.Second, 30 * time.Second},
		"waiting, nobody knows how":    {waitOperation, "", "nonsense", 305 * time.Second, 30 * time.Second},
		"waiting as long as usual":     {waitOperation, "", waits(0), 35 * time.Second, 30 * time.Second},
		"waiting, with a deadline":     {waitOperation, "20000", waits(90 * time.Second), 20 * time.Second, 20 * time.Second},
		"a stream of which none heard": {watchOperation, "", "{}", 5 * time.Minute, 0},
		"a stream with a deadline":     {watchOperation, "20000", "{}", 20 * time.Second, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connection := &dialled{ResponseWriter: httptest.NewRecorder()}
				r := httptest.NewRequest(http.MethodPost, c.spec.Procedure, strings.NewReader(c.body))
				r.Header.Set("Content-Type", "application/json")
				if c.timeout != "" {
					r.Header.Set("Connect-Timeout-Ms", c.timeout)
				}
				bound := standardLimits.of(c.spec, r)
				began := time.Now()
				r, end := bound.apply(connection, r)
				defer end()
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				if c.arrives == 0 {
					require.Empty(t, connection.set)
				} else {
					require.Equal(t, []time.Duration{c.arrives, -1}, connection.set, "once it is there the connection lives on")
				}
				bound.requestRead(r, body)
				<-r.Context().Done()
				require.Equal(t, c.ends, time.Since(began))
			})
		})
	}
}

// TestACallThatEndsTakesItsBoundsAlong: nothing ends the context of what came to its end by itself.
func TestACallThatEndsTakesItsBoundsAlong(t *testing.T) {
	t.Parallel()
	for _, spec := range []connect.Spec{getOperation, waitOperation, watchOperation} {
		synctest.Test(t, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, spec.Procedure, strings.NewReader("{}"))
			bound := standardLimits.of(spec, r)
			r, end := bound.apply(httptest.NewRecorder(), r)
			bound.requestRead(r, []byte("{}"))
			end()
			time.Sleep(time.Hour)
			require.Equal(t, context.Canceled, context.Cause(r.Context()))
		})
	}
}

// TestOnlySilenceEndsAStream has a stream say something now and then for an hour, and then nothing.
func TestOnlySilenceEndsAStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, watchOperation.Procedure, strings.NewReader("{}"))
		bound := standardLimits.of(watchOperation, r)
		r, end := bound.apply(httptest.NewRecorder(), r)
		defer end()
		bound.requestRead(r, []byte("{}"))
		time.Sleep(5*time.Minute - 1) // until its head comes
		reader, writer := io.Pipe()
		answer := &http.Response{Body: reader}
		require.NoError(t, bound.watch(answer))
		part := make([]byte, 10)
		for range 15 {
			time.Sleep(5*time.Minute - 1)
			go func() { _, _ = io.WriteString(writer, "x") }()
			n, err := answer.Body.Read(part)
			require.NoError(t, err)
			require.Equal(t, 1, n)
			require.NoError(t, r.Context().Err())
		}
		last := time.Now()
		<-r.Context().Done()
		require.Equal(t, 5*time.Minute, time.Since(last))
		require.True(t, errors.Is(context.Cause(r.Context()), errIdle))
	})
}

// TestARequestThatIsCutOffTakesItsBoundAlong reads one whose caller went away.
func TestARequestThatIsCutOffTakesItsBoundAlong(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	connection := &dialled{ResponseWriter: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, getOperation.Procedure, reader)
	body := arriveWithin(time.Minute, connection, r)
	go func() {
		_, _ = io.WriteString(writer, "{")
		_ = writer.CloseWithError(io.ErrUnexpectedEOF)
	}()
	part := make([]byte, 10)
	_, err := body.Read(part)
	require.NoError(t, err)
	require.Len(t, connection.set, 1, "more is to come")
	_, err = body.Read(part)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Len(t, connection.set, 2)
	require.Negative(t, connection.set[1])
}
