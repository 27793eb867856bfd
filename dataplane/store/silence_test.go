package store_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// hush stands between a store and its database. Once it has begun it ends what goes through it, and takes connections without a word.
type hush struct {
	dsn  string
	mu   sync.Mutex
	mute bool
	open []net.Conn
}

// silence is a way to a database of which nothing comes any more once it has begun.
func silence(t testing.TB, dsn string) *hush {
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	network, address := "tcp", net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
	if strings.HasPrefix(cfg.Host, "/") {
		network, address = "unix", fmt.Sprintf("%s/.s.PGSQL.%d", cfg.Host, cfg.Port)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &hush{dsn: (&url.URL{Scheme: "postgres", User: url.UserPassword(cfg.User, cfg.Password), Host: listener.Addr().String(), Path: "/" + cfg.Database, RawQuery: "sslmode=disable"}).String()}
	t.Cleanup(func() { _ = listener.Close(); h.begin() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			h.take(client, network, address)
		}
	}()
	return h
}

func (h *hush) take(client net.Conn, network, address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = append(h.open, client)
	if h.mute {
		return
	}
	server, err := net.Dial(network, address)
	if err != nil {
		_ = client.Close()
		return
	}
	h.open = append(h.open, server)
	go func() { _, _ = io.Copy(server, client) }()
	go func() { _, _ = io.Copy(client, server) }()
}

func (h *hush) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.open {
		_ = c.Close()
	}
	h.mute, h.open = true, nil
}
