#!/bin/bash
# connectrpc.com/connect/v2 2.0.2 (Go), a server over HTTP with JSON bodies, with default options.
#
# Guess 1:   a request body of 5 MB is taken, or refused with 413; a client that sees 429 has called too often.
# What is:   each side receives up to 4 MiB. A longer request gets 429 "resource_exhausted", which clients are used to repeat. A longer answer is sent
#            with 200, and refused by the library's own client, so that a list works in the browser and not in Go.
# Guess 2:   an enum value that no one declared is refused with invalid_argument, as protojson does by default ("invalid value for enum").
# What is:   {"syntax":"SYNTAX_PROTO9"} is taken as the zero value SYNTAX_PROTO2 and answered with 200; a misspelt field name is dropped.
# So:        set limits on purpose, page lists below them, and bring a codec that refuses what it does not know.
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
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/typepb"
)

func main() {
	server := connect.NewServer()
	method := connect.Spec{
		StreamType: connect.StreamTypeUnary, Procedure: "/example.Types/Describe",
		Schema: typepb.File_google_protobuf_type_proto.Messages().ByName("Type"),
	}
	server.Register(connect.Method{Spec: method, Handler: func(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
		var request typepb.Type
		if err := stream.Receive(&request); err != nil {
			return err
		}
		if request.GetName() == "long" {
			return stream.Send(&typepb.Type{Name: strings.Repeat("x", 5<<20)})
		}
		return stream.Send(&typepb.Type{Name: fmt.Sprintf("%d letters %s", len(request.GetName()), request.GetSyntax())})
	}})
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	web := httptest.NewServer(mux)
	ask := func(name, body string) {
		res, err := http.Post(web.URL+method.Procedure, "application/json", strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		answer, _ := io.ReadAll(res.Body)
		text := strings.ReplaceAll(string(answer), " ", "")
		if len(text) > 40 {
			text = text[:20] + "…"
		}
		fmt.Printf("%s: %d %s\n", name, res.StatusCode, text)
	}
	ask("small", `{"name":"abc"}`)
	ask("5 MiB in", `{"name":"`+strings.Repeat("x", 5<<20)+`"}`)
	ask("5 MiB out", `{"name":"long"}`)
	ask("unknown enum value", `{"name":"abc","syntax":"SYNTAX_PROTO9"}`)
	ask("unknown field", `{"name":"abc","sintax":"SYNTAX_PROTO3"}`)
	client := connect.NewClient(connecthttp.NewTransport(http.DefaultClient, web.URL))
	refused := client.CallUnary(context.Background(), method, &typepb.Type{Name: "long"}, &typepb.Type{})
	fmt.Println("5 MiB out, to its own client:", connect.CodeOf(refused))
	err := protojson.Unmarshal([]byte(`{"syntax":"SYNTAX_PROTO9"}`), &typepb.Type{})
	fmt.Println("protojson itself refuses it:", err != nil)
}
GO
go mod tidy >/dev/null 2>&1
out=$(go run .)
echo "$out"
want='small: 200 {"name":"3lettersSYNTAX_PROTO2"}
5 MiB in: 429 {"code":"resource_ex…
5 MiB out: 200 {"name":"xxxxxxxxxxx…
unknown enum value: 200 {"name":"3lettersSYNTAX_PROTO2"}
unknown field: 200 {"name":"3lettersSYNTAX_PROTO2"}
5 MiB out, to its own client: resource_exhausted
protojson itself refuses it: true'
[[ $out == "$want" ]] || { echo 'This has changed.' >&2; exit 1; }
