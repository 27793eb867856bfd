package conformance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// cutter stands between a store and its database and can swallow an answer: once armed, it forwards what the store sends, and closes the
// connection when the database begins to answer.
type cutter struct {
	dsn   string
	armed atomic.Bool
	to    func() (net.Conn, error)
}

func newCutter(t testing.TB, dsn string) *cutter {
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	network, address := "tcp", net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
	if strings.HasPrefix(cfg.Host, "/") {
		network, address = "unix", fmt.Sprintf("%s/.s.PGSQL.%d", cfg.Host, cfg.Port)
	}
	c := &cutter{to: func() (net.Conn, error) { return (&net.Dialer{}).DialContext(context.Background(), network, address) }}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	c.dsn = (&url.URL{Scheme: "postgres", User: url.UserPassword(cfg.User, cfg.Password), Host: listener.Addr().String(), Path: "/" + cfg.Database, RawQuery: "sslmode=disable"}).String()
	go c.serve(listener)
	return c
}

func (c *cutter) arm() { c.armed.Store(true) }

func (c *cutter) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := c.to()
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		go c.answer(client, server)
	}
}

func (c *cutter) answer(client, server net.Conn) {
	defer func() { _ = client.Close(); _ = server.Close() }()
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil || c.armed.CompareAndSwap(true, false) {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
