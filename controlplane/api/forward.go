package api

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
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
	reads     map[string]bool // procedure → it changes nothing
	local     map[string]bool // procedures that every server answers itself
	transport http.RoundTripper
	errors    *connecthttp.ErrorWriter
}

func newForwarder(server *connect.Server, consensus Consensus, party trust.Party) *forwarder {
	f := &forwarder{
		consensus: consensus, reads: map[string]bool{}, transport: trust.NewClient(party, trust.Kinds(trust.ServerKind)).Transport,
		errors: connecthttp.NewErrorWriter(),
		local: map[string]bool{
			controlplanev1connect.ClusterServiceGetStatusProcedure: true, // about the server that is asked
			controlplanev1connect.HostServiceWatchProcedure:        true, // streams follow the state, wherever it is
			nodev1connect.NodeServiceWatchProcedure:                true,
		},
	}
	for spec := range server.Specs() {
		f.reads[spec.Procedure] = spec.IdempotencyLevel == connect.IdempotencyNoSideEffects
	}
	return f
}

func (f *forwarder) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads, known := f.reads[r.URL.Path]
		if !known || f.local[r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		here, err := f.mayAnswer(r, reads)
		if err == nil && here {
			next.ServeHTTP(w, r)
			return
		}
		if err == nil {
			err = f.pass(w, r)
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

func (f *forwarder) pass(w http.ResponseWriter, r *http.Request) error {
	leader, known := f.consensus.Leader()
	if !known || r.Header.Get(forwardedHeader) != "" {
		return connect.NewError(connect.CodeUnavailable, "The control plane is changing its leader; try again.")
	}
	target := &url.URL{Scheme: "https", Host: leader.API}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
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
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			_ = f.errors.Write(w, r, connect.NewError(connect.CodeUnavailable, "The leader went away during the call; repeat it with the same request id."))
		},
	}
	proxy.ServeHTTP(w, r)
	return nil
}

// connectOf gives a fault of the cluster its code.
func connectOf(err error) error {
	if err == nil {
		return nil
	}
	return connect.NewError(connect.CodeUnavailable, "The control plane has no leader at the moment, or this server is behind; try again.").WithCause(err)
}
