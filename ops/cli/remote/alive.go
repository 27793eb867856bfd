package remote

import (
	"context"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
)

// A server that hangs, or is cut off without a reset, would hold a call for ever: while a call waits, the server is asked for a sign of life
// every second, and left when it gives none in time.
const (
	aliveEvery = time.Second
	aliveTime  = 5 * time.Second
)

var errSilent = errors.New("the server gives no sign of life")

// server is one of the servers that a call may go to.
type server struct {
	connect.Transport
	url    string
	client *http.Client
}

// attempt is a call at one server.
type attempt struct {
	connect.ClientStream
	server server
	ctx    context.Context // ends with the attempt; its cause is errSilent when the server was left
	cancel context.CancelCauseFunc
}

func (s server) begin(ctx context.Context, spec connect.Spec) (*attempt, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	open, err := s.NewClientStream(ctx, spec)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	a := &attempt{ClientStream: open, server: s, ctx: ctx, cancel: cancel}
	go a.watch()
	return a, nil
}

// watch ends the attempt when its server is silent.
func (a *attempt) watch() {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-tick.C:
		}
		if !a.server.alive(a.ctx) {
			a.cancel(errSilent)
			return
		}
	}
}

// alive reports whether a server answers anything at all.
func (s server) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, aliveTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/healthz", nil)
	if err != nil {
		return true // the call itself will say what is wrong with the URL
	}
	res, err := s.client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true
}

// explain says that the server was left, where that is why a call failed.
func (a *attempt) explain(err error) error {
	if err != nil && errors.Is(context.Cause(a.ctx), errSilent) {
		return connect.NewError(connect.CodeUnavailable, a.server.url+" does not answer.").WithCause(err)
	}
	return err
}

// Receive reads an answer. The attempt ends with the last.
func (a *attempt) Receive(answer any) error {
	err := a.explain(a.ClientStream.Receive(answer))
	if err != nil {
		a.cancel(nil)
	}
	return err
}

// Close ends the attempt.
func (a *attempt) Close() error {
	err := a.ClientStream.Close()
	a.cancel(nil)
	return err
}
