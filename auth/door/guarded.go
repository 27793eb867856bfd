package door

import (
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// usualPatience is how long the other end of a connection may take to make room for a piece of what is written to it.
	usualPatience = 30 * time.Second
	piece         = 16 << 10
)

// guarded is a connection that leaves its place when it is closed, and that ends when the other end does not take what is written to it. Who asks
// much and reads nothing would else keep his place, and what works for him, for ever: neither is his connection idle nor is there a head or a
// body to wait for.
type guarded struct {
	net.Conn
	leave    func()
	once     sync.Once
	patience time.Duration
	in, out  deadline
}

func guard(c net.Conn, patience time.Duration, leave func()) *guarded {
	return &guarded{Conn: c, leave: leave, patience: patience, in: deadline{set: c.SetReadDeadline}, out: deadline{set: c.SetWriteDeadline}}
}

// Read implements net.Conn.
func (c *guarded) Read(b []byte) (int, error) {
	for {
		if err := c.in.begin(); err != nil {
			return 0, fmt.Errorf("bound a read: %w", err)
		}
		n, err := c.Conn.Read(b)
		switch again := c.in.end(err); {
		case !again:
			return n, err
		case n > 0:
			return n, nil
		}
	}
}

// Write implements net.Conn. It writes in pieces, each with a deadline of its own, so that a long answer may take long, but not to come on.
func (c *guarded) Write(b []byte) (int, error) {
	written := 0
	for {
		if err := c.out.want(time.Now().Add(c.patience)); err != nil {
			return written, fmt.Errorf("bound a write: %w", err)
		}
		n, err := c.writePiece(b[written:min(len(b), written+piece)])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// writePiece writes until the deadline that is wanted.
func (c *guarded) writePiece(b []byte) (int, error) {
	written := 0
	for {
		if err := c.out.begin(); err != nil {
			return written, fmt.Errorf("bound a write: %w", err)
		}
		n, err := c.Conn.Write(b[written:])
		written += n
		if !c.out.end(err) {
			return written, err
		}
	}
}

// SetReadDeadline implements net.Conn.
func (c *guarded) SetReadDeadline(at time.Time) error { return c.in.want(at) }

// SetWriteDeadline implements net.Conn. It holds until the next piece is written.
func (c *guarded) SetWriteDeadline(at time.Time) error { return c.out.want(at) }

// SetDeadline implements net.Conn. It is set seldom, as around a greeting, and the connection hears of it at once.
func (c *guarded) SetDeadline(at time.Time) error {
	for _, d := range []*deadline{&c.in, &c.out} {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.wanted, d.told = at, at
	}
	return c.Conn.SetDeadline(at)
}

// Close implements net.Conn.
func (c *guarded) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.leave)
	return err
}
