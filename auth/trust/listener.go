package trust

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// handshakeByte is what a TLS connection begins with, and no HTTP request does.
const handshakeByte = 0x16

// firstByteTime is how long a connection may take to show which of the two it is.
const firstByteTime = 10 * time.Second

// Listen makes one port of two: who begins TLS gets a TLS connection, all others a plain one.
func Listen(inner net.Listener, config *tls.Config) net.Listener {
	l := &listener{Listener: inner, config: config, ready: make(chan net.Conn), failed: make(chan error, 1), closed: make(chan struct{})}
	go l.acceptAll()
	return l
}

type listener struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	failed chan error
	closed chan struct{}
	once   sync.Once
}

func (l *listener) acceptAll() {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			select {
			case l.failed <- err:
			case <-l.closed:
			}
			if temporary, ok := err.(net.Error); ok && temporary.Timeout() {
				continue
			}
			return
		}
		go l.sort(c)
	}
}

// sort looks at the first byte of a connection.
func (l *listener) sort(raw net.Conn) {
	c := &peeked{Conn: raw}
	_ = raw.SetReadDeadline(time.Now().Add(firstByteTime))
	n, err := raw.Read(c.first[:])
	_ = raw.SetReadDeadline(time.Time{})
	if err != nil || n == 0 {
		_ = raw.Close()
		return
	}
	c.left = true
	var out net.Conn = c
	if c.first[0] == handshakeByte {
		out = tls.Server(c, l.config)
	}
	select {
	case l.ready <- out:
	case <-l.closed:
		_ = raw.Close()
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
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
