package door

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Times are how long a server waits for whom.
type Times struct {
	Head time.Duration // for a request's head to be whole
	Idle time.Duration // for the next request on a connection; streams under way are requests
	Take time.Duration // for a request's body to be there over HTTP/2, and for the other end to take a part of the answer
	Ping time.Duration // of silence on an HTTP/2 connection, after which the other end must show that it is there

	Call   time.Duration // from one call of the process to itself to the next
	Answer time.Duration // for the answer to such a call
}

// StandardTimes are those of all our servers. Gateways keep idle connections to nodes for a minute, so nodes must keep them for longer.
func StandardTimes() Times {
	return Times{Head: 10 * time.Second, Idle: 2 * time.Minute, Take: usualPatience, Ping: time.Minute, Call: 2 * time.Second, Answer: 3 * time.Second}
}

// pong is how long the other end may take to answer a ping.
const pong = 15 * time.Second

// mostHead bounds the head of a request: it is read before anything is known of who sends it.
const mostHead = 64 << 10

// ahead is how much of a request's body is taken over HTTP/2 before anybody reads it, and aheadInAll that of all requests of a connection: it is
// held outside of Bodies.
const (
	ahead      = 64 << 10
	aheadInAll = 256 << 10
)

// NewServer makes a server that lets nobody sit on a connection for nothing. clearHTTP2 has it take HTTP/2 without TLS as well.
func NewServer(handler http.Handler, times Times, clearHTTP2 bool, log *slog.Logger) *http.Server {
	if times.Take == 0 {
		times.Take = usualPatience
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(clearHTTP2)
	return &http.Server{
		Handler: newStreams(handler, times.Take), Protocols: protocols, ReadHeaderTimeout: times.Head, IdleTimeout: times.Idle, MaxHeaderBytes: mostHead,
		DisableGeneralOptionsHandler: true, // it answers OPTIONS * past all handlers
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: mostStreams, SendPingTimeout: times.Ping, PingTimeout: pong, MaxReceiveBufferPerConnection: aheadInAll, MaxReceiveBufferPerStream: ahead,
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), // refused certificates, with the reason
	}
}

// Refusal writes out an HTTP answer for callers whose connection is closed before anything of their request was read. Further headers are
// given by name and value.
func Refusal(status int, body string, headers ...string) []byte {
	out := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nRetry-After: 1\r\nConnection: close\r\n",
		status, http.StatusText(status), len(body))
	for i := 0; i+1 < len(headers); i += 2 {
		out = fmt.Appendf(out, "%s: %s\r\n", headers[i], headers[i+1])
	}
	return append(append(out, "\r\n"...), body...)
}
