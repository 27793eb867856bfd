#!/bin/bash
# connectrpc.com/connect/v2 2.0.2 (Go): WithSendMaxBytes on a server, beside WithReadMaxBytes on its client, both with the same number.
#
# Guess:     both bound the message, so what the server may send, the client may read.
# What is:   the sender's limit is on the compressed bytes, the reader's on the decompressed ones. Go clients ask for gzip by default: a server whose limit
#            is 100,000 answers 100,001 repetitive bytes with success, and the client refuses the answer with its own "resource_exhausted", as if the
#            server were busy. Without compression the server itself refuses, with the same code.
# So:        bound answers by the size of the message before it is sent, not by this option.
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
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const limit = 100_000

func main() {
	spec := connect.Spec{
		StreamType: connect.StreamTypeUnary, Procedure: "/example.Letters/Many",
		Schema: wrapperspb.File_google_protobuf_wrappers_proto.Messages().ByName("StringValue"),
	}
	ask := func(name string, serverOptions ...connecthttp.Option) {
		server := connect.NewServer()
		server.Register(connect.Method{Spec: spec, Handler: func(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
			if err := stream.Receive(&emptypb.Empty{}); err != nil {
				return err
			}
			return stream.Send(wrapperspb.String(strings.Repeat("x", limit+1)))
		}})
		mux := http.NewServeMux()
		connecthttp.Mount(mux, server, append(serverOptions, connecthttp.WithSendMaxBytes(limit))...)
		client := connect.NewClient(connecthttp.NewTransport(http.DefaultClient, httptest.NewServer(mux).URL, connecthttp.WithReadMaxBytes(limit)))
		err := client.CallUnary(context.Background(), spec, &emptypb.Empty{}, &wrapperspb.StringValue{})
		var e *connect.Error
		errors.As(err, &e)
		fmt.Printf("%s: %s, said by the server: %v\n", name, e.Code(), e.IsRemote())
	}
	ask("gzip, as by default")
	ask("no compression", connecthttp.WithCompressMinBytes(1 << 30))
}
GO
go mod tidy >/dev/null 2>&1
out=$(go run . 2>&1) || true
echo "$out"
want='gzip, as by default: resource_exhausted, said by the server: false
no compression: resource_exhausted, said by the server: true'
[[ $out == "$want" ]] || { echo 'This has changed.' >&2; exit 1; }
