package trust

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// NewClient makes a client that calls processes of the cluster. After the machine's certificate was renewed, new calls go over new
// connections, which show it; what is under way on old ones goes on.
func NewClient(party Party, expect Expect) *http.Client {
	return &http.Client{Transport: &renewing{party: party, expect: expect}}
}

// URL is where processes of the cluster call a server that is given by its address or by its URL.
func URL(server string) string {
	if _, rest, found := strings.Cut(server, "://"); found {
		server = rest
	}
	return "https://" + strings.TrimSuffix(server, "/")
}

// NewJoinClient makes a client for the first call to the cluster that a token is of.
func NewJoinClient(token JoinToken, now func() time.Time) *http.Client {
	t := newTransport(Joining(token, now))
	t.DisableKeepAlives = true
	return &http.Client{Transport: t}
}

// Who hangs, or is cut off without a reset, is noticed by pings on the connection that answers nothing.
const (
	pingAfter     = time.Second     // of silence
	pingTime      = 2 * time.Second // for the answer
	dialTime      = 2 * time.Second
	handshakeTime = 4 * time.Second
)

// mostConnections is how many connections to one process there may be. Of calls that come together while no connection has room for another, each
// would dial: hundreds of handshakes, where a few connections carry all (64 calls each, door.NewServer). Beyond that calls wait for one another.
const mostConnections = 32

// newTransport speaks HTTP/2, which carries streams and calls over one connection and pings it.
func newTransport(config *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: config, TLSHandshakeTimeout: handshakeTime, ForceAttemptHTTP2: true,
		HTTP2:           &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTime},
		MaxConnsPerHost: mostConnections, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
	}
}

// renewing is a transport for as long as a certificate lasts.
type renewing struct {
	party  Party
	expect Expect

	mu        sync.Mutex
	shown     *tls.Certificate
	transport *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (r *renewing) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" {
		return nil, fmt.Errorf("%s: processes of the cluster are called with https only", req.URL.Redacted())
	}
	t, err := r.now()
	if err != nil {
		return nil, err
	}
	return t.RoundTrip(req)
}

func (r *renewing) now() (*http.Transport, error) {
	certificate, err := r.party.Certificate("")
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.transport == nil || r.shown != certificate {
		if r.transport != nil {
			r.transport.CloseIdleConnections()
		}
		r.shown, r.transport = certificate, newTransport(r.party.Client(r.expect))
	}
	return r.transport, nil
}

// CloseIdleConnections is what http.Client calls.
func (r *renewing) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.transport != nil {
		r.transport.CloseIdleConnections()
	}
}
