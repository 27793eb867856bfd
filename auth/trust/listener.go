package trust

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
)

// handshakeByte is what a TLS connection begins with, and no HTTP request does.
const handshakeByte = 0x16

// greetingTime is how long a connection may take to show which of the two it is, and to end its handshake if it is TLS.
// Deadlines cannot be set for connections that are closed, and then reading fails as well, which is where the error is looked at.
const greetingTime = 10 * time.Second

// Listen makes one port of two: who begins TLS gets a TLS connection, all others a plain one. Processes of the cluster, who prove that they
// are, do not count for the limit per address.
func Listen(inner net.Listener, config *tls.Config, port door.Port) *door.Listener {
	port.Greet = func(c net.Conn) (net.Conn, bool) { return sort(c, config) }
	return door.New(inner, port)
}

// ListenMutual makes a port for processes of the cluster only; config is of Party.Mutual.
func ListenMutual(inner net.Listener, config *tls.Config, port door.Port) *door.Listener {
	port.Greet = func(c net.Conn) (net.Conn, bool) {
		_ = c.SetDeadline(time.Now().Add(greetingTime))
		return shake(tls.Server(c, config))
	}
	return door.New(inner, port)
}

// sort looks at the first byte of a connection.
func sort(raw net.Conn, config *tls.Config) (net.Conn, bool) {
	c := &peeked{Conn: raw}
	_ = raw.SetDeadline(time.Now().Add(greetingTime))
	if n, err := raw.Read(c.first[:]); err != nil || n == 0 {
		return nil, false
	}
	c.left = true
	if c.first[0] == handshakeByte {
		return shake(tls.Server(c, config))
	}
	_ = raw.SetDeadline(time.Time{})
	return c, false
}

// shake ends the handshake of a connection with a deadline. One that failed is given back, too: whoever reads from it gets the error, and logs it.
func shake(c *tls.Conn) (net.Conn, bool) {
	if err := c.HandshakeContext(context.Background()); err != nil {
		return c, false
	}
	_ = c.SetDeadline(time.Time{})
	return c, len(c.ConnectionState().PeerCertificates) > 0
}

// peeked is a connection whose first byte was read already.
type peeked struct {
	net.Conn
	first [1]byte
	left  bool // the first byte is still to be given
}

// Read implements io.Reader.
func (p *peeked) Read(to []byte) (int, error) {
	if p.left && len(to) > 0 {
		to[0], p.left = p.first[0], false
		return 1, nil
	}
	return p.Conn.Read(to)
}
