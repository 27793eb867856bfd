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
}

// Write implements net.Conn. It writes in pieces, each with a deadline of its own, so that a long answer may take long, but not to come on.
func (c *guarded) Write(b []byte) (int, error) {
	written := 0
	for {
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			return written, fmt.Errorf("bound a write: %w", err)
		}
		n, err := c.Conn.Write(b[written:min(len(b), written+piece)])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// Close implements net.Conn.
func (c *guarded) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.leave)
	return err
}
