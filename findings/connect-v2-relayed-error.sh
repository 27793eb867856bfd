#!/bin/bash
# connectrpc.com/connect/v2 2.0.2 (Go): an error that a handler got from another server and returns as it is.
#
# Guess:     its caller sees the same code and text, as when the handler had made the error itself.
# What is:   the caller sees code "internal" with no text at all, over HTTP 500. The documentation of Error.IsRemote hints at it; a handler that wraps
#            the error with %w fares no better. A new error made of code, message and details passes.
# So:        whatever forwards calls has to make a new error at each hop.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >/dev/null 2>&1
go get connectrpc.com/connect/v2@v2.0.2 google.golang.org/protobuf@v1.36.11 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/types/known/emptypb"
)

func spec() connect.Spec {
	return connect.Spec{
		StreamType: connect.StreamTypeUnary, Procedure: "/example.Stock/Reserve",
		Schema: emptypb.File_google_protobuf_empty_proto.Messages().ByName("Empty"),
	}
}

// serve runs a server whose only method answers with what fail returns.
func serve(fail func(context.Context) error) *connect.Client {
	server := connect.NewServer()
	server.Register(connect.Method{Spec: spec(), Handler: func(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
		if err := stream.Receive(&emptypb.Empty{}); err != nil {
			return err
		}
		return fail(ctx)
	}})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	return connect.NewClient(connecthttp.NewTransport(http.DefaultClient, httptest.NewServer(mux).URL))
}

func call(ctx context.Context, c *connect.Client) error {
	return c.CallUnary(ctx, spec(), &emptypb.Empty{}, &emptypb.Empty{})
}

func main() {
	last := serve(func(context.Context) error { return connect.NewError(connect.CodeNotFound, "there is no such warehouse") })
	show := func(name string, c *connect.Client) {
		var e *connect.Error
		errors.As(call(context.Background(), c), &e)
		fmt.Printf("%s: %s %q\n", name, e.Code(), e.Message())
	}
	show("direct", last)
	show("returned", serve(func(ctx context.Context) error { return call(ctx, last) }))
	show("wrapped", serve(func(ctx context.Context) error { return fmt.Errorf("ask the warehouse: %w", call(ctx, last)) }))
	show("made anew", serve(func(ctx context.Context) error {
		var e *connect.Error
		errors.As(call(ctx, last), &e)
		return connect.NewError(e.Code(), e.Message())
	}))
}
GO
go mod tidy >/dev/null 2>&1
out=$(go run .)
echo "$out"
want='direct: not_found "there is no such warehouse"
returned: internal ""
wrapped: internal ""
made anew: not_found "there is no such warehouse"'
[[ $out == "$want" ]] || { echo 'This has changed.' >&2; exit 1; }
