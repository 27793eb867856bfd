// Package outbound reaches servers whose addresses tenants give, such as their identity providers: over https, and at public addresses only,
// unless the operator allows more. Whoever names an address must not have a node look around in the network that it stands in.
package outbound

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// MaxAnswer is how much of an answer is read, in bytes; more of it is an error.
const MaxAnswer = 1 << 20

// ErrAddress is the error of a request to a place that is not reached.
var ErrAddress = errors.New("outbound: the address is not a public one")

// ErrTooLong is the error of an answer that is longer than MaxAnswer.
var ErrTooLong = fmt.Errorf("outbound: the answer is longer than %d bytes", MaxAnswer)

// Policy says what is reached.
type Policy struct {
	Allowed []netip.Prefix // networks that are reached though they are not public, and without TLS
}

// Client makes a client whose requests take no longer than patience, redirects and answers' bodies included. It goes through no proxy, follows no
// redirect and keeps no cookies. What a name leads to is looked at when it is dialled, so that a name cannot lead elsewhere than it did before.
func (p Policy) Client(patience time.Duration) *http.Client {
	return &http.Client{
		Transport:     &transport{secure: p.dialling(p.reaches, patience), plain: p.dialling(p.allows, patience)},
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p Policy) dialling(may func(netip.Addr) bool, patience time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: patience, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !may(at.Addr().Unmap().WithZone("")) {
			return fmt.Errorf("%w: %s", ErrAddress, address)
		}
		return nil
	}}
	return &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 64, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience, MaxResponseHeaderBytes: 64 << 10,
	}
}

// reaches reports whether an address is reached over TLS.
func (p Policy) reaches(at netip.Addr) bool { return p.allows(at) || public(at) }

// allows reports whether the operator allows an address.
func (p Policy) allows(at netip.Addr) bool {
	for _, network := range p.Allowed {
		if network.Contains(at) {
			return true
		}
	}
	return false
}

// reserved are networks that are not the public internet's beside those that netip knows (RFC 6890 and its successors).
var reserved = func() (list []netip.Prefix) {
	for _, text := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}()

// public reports whether an address is one of the public internet.
func public(at netip.Addr) bool {
	if !at.IsValid() || !at.IsGlobalUnicast() || at.IsPrivate() {
		return false
	}
	for _, network := range reserved {
		if network.Contains(at) {
			return false
		}
	}
	return true
}

// transport sends https over one transport, and http over one that reaches only what the operator allows.
type transport struct{ secure, plain *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	way := t.secure
	if r.URL.Scheme != "https" {
		way = t.plain
	}
	res, err := way.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &bounded{ReadCloser: res.Body, left: MaxAnswer}
	return res, nil
}

// bounded is a body that fails where it is longer than it may be.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, ErrTooLong
	}
	return n, err
}
