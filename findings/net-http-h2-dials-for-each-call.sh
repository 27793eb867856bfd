#!/bin/bash
# net/http's Transport beside golang.org/x/net/http2's (v0.61.0), Go 1.26, HTTP/2 over TLS, a server that takes 250 requests a connection.
#
# Guess:     HTTP/2 carries many requests over one connection, so 200 calls at once to one server, before there is a connection, dial once or
#            twice, whichever of the two transports is used.
# What is:   net/http begins a dial, with a handshake of its own, for each call that finds no connection ready: 142 to 299 were seen, of which
#            one or two are needed. x/net/http2 dials once or twice, and lets the others wait for that. So it is again whenever all connections carry
#            as many requests as the server takes. With MaxConnsPerHost set, net/http lets calls wait and hands them the first connection
#            that is there, so the limit bounds the handshakes, too (four to six connections were seen where four are allowed).
# So:        set MaxConnsPerHost on a net/http client of HTTP/2 that is used by many at once, high enough for all requests under way.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >/dev/null 2>&1
go get golang.org/x/net@v0.61.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"golang.org/x/net/http2"
)

const calls = 200

type counting struct {
	net.Listener
	accepted atomic.Int32
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return c, err
}

// dialled makes all calls at once, none of which ends before all are there, and counts connections.
func dialled(transport func(*tls.Config) http.RoundTripper) int32 {
	var came atomic.Int32
	all := make(chan struct{})
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if came.Add(1) == calls {
			close(all)
		}
		<-all
	}))
	listener := &counting{Listener: web.Listener}
	web.Listener, web.EnableHTTP2 = listener, true
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // what was dialled in vain is cut off
	web.StartTLS()
	defer web.Close()
	client := &http.Client{Transport: transport(&tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})}
	defer client.CloseIdleConnections()
	var wait sync.WaitGroup
	for range calls {
		wait.Go(func() {
			res, err := client.Get(web.URL)
			if err != nil {
				panic(err)
			}
			if res.ProtoMajor != 2 {
				panic(res.Proto)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		})
	}
	wait.Wait()
	return listener.accepted.Load()
}

func say(name string, connections int32) {
	few := "more than a hundred"
	if connections <= 8 {
		few = "eight at the most"
	}
	fmt.Printf("%s: %s (%d)\n", name, few, connections)
}

func main() {
	say("net/http", dialled(func(c *tls.Config) http.RoundTripper { return &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true} }))
	say("net/http, MaxConnsPerHost 4", dialled(func(c *tls.Config) http.RoundTripper {
		return &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true, MaxConnsPerHost: 4}
	}))
	say("x/net/http2", dialled(func(c *tls.Config) http.RoundTripper { return &http2.Transport{TLSClientConfig: c} }))
}
GO
go mod tidy >/dev/null 2>&1
go version
out=$(go run .)
echo "$out"
want='net/http: more than a hundred
net/http, MaxConnsPerHost 4: eight at the most
x/net/http2: eight at the most'
[ "$(sed 's/ ([0-9]*)$//' <<<"$out")" = "$want" ] || { echo "this has changed" >&2; exit 1; }
