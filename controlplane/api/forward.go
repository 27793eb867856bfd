package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/wire"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

const (
	forwardedHeader = "Fluent-Forwarded" // set by the server that passed the call on, so that it is passed on once
	leaderPatience  = 5 * time.Second    // how long a call waits for an election
)

// forwarder passes calls that the leader must answer on to it, as they are, with the caller's own token, or in the name of the machine whose certificate was shown here.
type forwarder struct {
	consensus Consensus
	specs     map[string]connect.Spec
	local     map[string]bool // procedures that every server answers itself
	known     func(*http.Request) bool
	transport http.RoundTripper
	errors    *connecthttp.ErrorWriter
	limits    limits
}

func newForwarder(server *connect.Server, consensus Consensus, party trust.Party, known func(*http.Request) bool) *forwarder {
	f := &forwarder{
		consensus: consensus, specs: map[string]connect.Spec{}, known: known, limits: standardLimits, transport: trust.NewClient(party, trust.Kinds(trust.ServerKind)).Transport,
		errors: connecthttp.NewErrorWriter(),
		local: map[string]bool{
			controlplanev1connect.ClusterServiceGetStatusProcedure: true, // about the server that is asked
			controlplanev1connect.HostServiceWatchProcedure:        true, // streams follow the state, wherever it is
			nodev1connect.NodeServiceWatchProcedure:                true,
		},
	}
	for spec := range server.Specs() {
		f.specs[spec.Procedure] = spec
	}
	return f
}

func (f *forwarder) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		spec, known := f.specs[r.URL.Path]
		if !known {
			next.ServeHTTP(w, r)
			return
		}
		bound := f.limits.of(spec, r)
		r, end := bound.apply(w, r)
		defer end()
		here, err := f.local[spec.Procedure], error(nil)
		if !here {
			here, err = f.mayAnswer(r, spec.IdempotencyLevel == connect.IdempotencyNoSideEffects)
		}
		if err == nil && here {
			next.ServeHTTP(w, r)
			return
		}
		if err == nil {
			err = f.pass(w, r, bound)
		}
		if err != nil {
			_ = f.errors.Write(w, r, err) // the caller has gone
		}
	})
}

// mayAnswer says whether this server may answer a call itself, after waiting for what the call's consistency asks for.
func (f *forwarder) mayAnswer(r *http.Request, reads bool) (bool, error) {
	ctx, cancel := context.WithTimeout(r.Context(), leaderPatience)
	defer cancel()
	wanted := r.Header.Get(ConsistencyHeader)
	least, bounded := strings.CutPrefix(wanted, "at-least=")
	switch {
	case reads && wanted == "any":
		return true, nil
	case reads && bounded:
		index, err := strconv.ParseUint(least, 10, 64)
		if err != nil {
			return false, connect.Errorf(connect.CodeInvalidArgument, "%s: want at-least=<index>", ConsistencyHeader)
		}
		return true, connectOf(f.consensus.AwaitIndex(ctx, state.Index(index)))
	case wanted != "" && wanted != "leader" && reads:
		return false, connect.Errorf(connect.CodeInvalidArgument, "%s: want leader, any or at-least=<index>", ConsistencyHeader)
	}
	_, here, err := f.consensus.AwaitLeader(ctx)
	if err != nil || !here {
		return false, connectOf(err)
	}
	if !reads {
		return true, nil // committing proves leadership
	}
	return true, connectOf(f.consensus.ConfirmLeader(ctx))
}

// pass sends a call on once all of its request is here: a leader that refuses a call before it has seen the request would leave the two
// halves of the way waiting for each other.
func (f *forwarder) pass(w http.ResponseWriter, r *http.Request, bound *bound) error {
	leader, known := f.consensus.Leader()
	if !known || r.Header.Get(forwardedHeader) != "" {
		return connect.NewError(connect.CodeUnavailable, "The control plane is changing its leader; try again.")
	}
	body, err := f.body(r)
	if err != nil {
		return err
	}
	bound.requestRead(r, body)
	target := &url.URL{Scheme: "https", Host: leader.API}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			again := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
			p.Out.Body, _ = again() // never fails
			p.Out.GetBody, p.Out.ContentLength, p.Out.TransferEncoding = again, int64(len(body)), nil
			if len(body) == 0 {
				p.Out.Body = http.NoBody
			}
			p.Out.Header.Set(forwardedHeader, "1")
			if source := door.SourceOf(r.Context()); source.IsValid() {
				p.Out.Header.Set("X-Forwarded-For", source.String()) // what the caller said itself was taken out
			}
			p.Out.Header.Set(trust.CallerHeader, trust.Nobody)
			if id, ok := trust.Caller(r.Context()); ok {
				p.Out.Header.Set(trust.CallerHeader, id.String())
			}
		},
		Transport: f.transport, FlushInterval: -1,
		ModifyResponse: bound.watch,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			_ = f.errors.Write(w, r, lost(r.Context(), err)) // it fails only where the caller has gone
		},
	}
	proxy.ServeHTTP(w, r)
	return nil
}

// lost says what a call ended by that was passed on and got no answer.
func lost(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return connect.NewError(connect.CodeDeadlineExceeded, "The leader did not answer in the call's time; repeat it with the same request id.").WithCause(err)
	}
	return connect.NewError(connect.CodeUnavailable, "The leader went away during the call; repeat it with the same request id.").WithCause(err)
}

// body reads a request. Who has not proved who he is may not make this server hold much.
func (f *forwarder) body(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxStranger+1))
	if err == nil && len(body) > wire.MaxStranger {
		if !f.known(r) {
			return nil, connect.Errorf(connect.CodeUnauthenticated, "Log in first: a request of more than %d bytes is taken from known callers only.", wire.MaxStranger)
		}
		var rest []byte
		rest, err = io.ReadAll(io.LimitReader(r.Body, wire.MaxRequest+envelope+1-int64(len(body))))
		body = append(body, rest...)
	}
	switch {
	case err != nil && r.Context().Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return nil, connect.NewError(connect.CodeDeadlineExceeded, "The request did not arrive in the call's time.").WithCause(err)
	case err != nil:
		return nil, connect.NewError(connect.CodeCanceled, "The request could not be read.").WithCause(err)
	case len(body) > wire.MaxRequest+envelope:
		return nil, wire.FromFault(wire.TooLarge(), "")
	}
	return body, nil
}

// connectOf gives a fault of the cluster its code.
func connectOf(err error) error {
	if err == nil {
		return nil
	}
	return connect.NewError(connect.CodeUnavailable, "The control plane has no leader at the moment, or this server is behind; try again.").WithCause(err)
}
