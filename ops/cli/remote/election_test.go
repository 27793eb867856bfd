package remote

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// told is a server whose calls end as the test says, at a clock that steps. It is alive at all times.
type told struct {
	calls int
	says  func() error
}

func (s *told) NewClientStream(context.Context, connect.Spec) (connect.ClientStream, error) {
	s.calls++
	return &toldStream{server: s}, nil
}

func (s *told) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

type toldStream struct {
	server *told
	done   bool
}

func (s *toldStream) SendHeaders() error { return nil }
func (s *toldStream) Send(any) error     { return nil }
func (s *toldStream) CloseSend() error   { return nil }
func (s *toldStream) Close() error       { return nil }
func (s *toldStream) Receive(any) error {
	if s.done {
		return io.EOF
	}
	s.done = true
	return s.server.says()
}

// TestAnElectionIsWaitedForByTime has servers answer that there is no leader, or not answer at all, for a time, at a clock that steps. The
// transport has no clock of its own to be told another time, so this test is inside the package.
func TestAnElectionIsWaitedForByTime(t *testing.T) {
	t.Parallel()
	electing := connect.NewError(connect.CodeUnavailable, "no leader").WithRemote()
	down := connect.NewError(connect.CodeUnavailable, "connection refused")
	for name, c := range map[string]struct {
		until    time.Duration // from then on servers serve
		says     []error       // by each server, before that
		takes    time.Duration // that each of these answers takes
		patience time.Duration // of the caller; 0: any
		ends     time.Duration
		wanted   error // nil: it is served
	}{
		"an election":                  {4 * time.Second, []error{electing, electing}, 0, 0, 4200 * time.Millisecond, nil},
		"an election beside the dead":  {4 * time.Second, []error{electing, down}, 0, 0, 4200 * time.Millisecond, nil},
		"one that is nearly too long":  {5500 * time.Millisecond, []error{electing}, 0, 0, 5600 * time.Millisecond, nil},
		"one that does not end":        {time.Hour, []error{electing, down}, 0, 0, 5600 * time.Millisecond, electing},
		"nobody answers":               {time.Hour, []error{down, down}, 0, 0, 2100 * time.Millisecond, down},
		"a caller with less patience":  {time.Hour, []error{electing}, 0, time.Second, time.Second, context.DeadlineExceeded},
		"answers that take their time": {time.Hour, []error{electing}, 4 * time.Second, 0, 18100 * time.Millisecond, electing},
		"answers that take very long":  {time.Hour, []error{electing}, 16 * time.Second, 0, 32700 * time.Millisecond, electing},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, over := time.Now(), &transport{}
				for _, err := range c.says {
					s := &told{says: func() error {
						if time.Since(began) >= c.until {
							return nil
						}
						time.Sleep(c.takes)
						return err
					}}
					over.servers = append(over.servers, server{Transport: s, url: "http://told", client: &http.Client{Transport: s}})
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.patience > 0 {
					ctx, cancel = context.WithTimeout(ctx, c.patience)
					defer cancel()
				}
				_, err := controlplanev1connect.NewOperationServiceClient(connect.NewClient(over)).GetOperation(ctx, &cpv1.GetOperationRequest{Id: "1"})
				if c.wanted == nil {
					require.NoError(t, err)
				} else {
					require.True(t, errors.Is(err, c.wanted), "%v", err)
				}
				require.Equal(t, c.ends, time.Since(began))
			})
		})
	}
}
