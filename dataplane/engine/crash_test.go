package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine"
	eventstore "github.com/fluent-oms/fluent/dataplane/store/events"
)

// crashing makes an engine on a database connection of its own that dies, with everything it holds, where point says.
func (b *bench) crashing(node string, point func(e *engine.Engine, die func(*engine.Outcome) error), change ...func(*engine.Deps, *engine.Config)) (died <-chan struct{}) {
	db := b.open(b.dsn)
	e := b.new(node, append(change, func(d *engine.Deps, _ *engine.Config) { d.DB = db })...)
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.ctx))
	dead := make(chan struct{})
	var once sync.Once
	point(e, func(*engine.Outcome) error {
		once.Do(func() {
			cancel()
			go func() { db.Close(); close(dead) }()
		})
		<-ctx.Done()
		return errors.New("the process is dead")
	})
	go func() { _ = e.Run(ctx) }()
	require.Eventually(b.t, func() bool { return len(e.Ranges()) == eventstore.Ranges }, time.Minute, 5*time.Millisecond)
	b.t.Cleanup(cancel)
	return dead
}

func TestACrashBeforeTheCommitLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	o := b.orders(b.scope, 1)[0]
	died := b.crashing("n1", func(e *engine.Engine, die func(*engine.Outcome) error) { e.BeforeCommit(die) })
	other := b.new("n2")
	ev := event(o, "Count")
	require.NoError(t, other.Submit(b.ctx, b.scope, ev))
	<-died
	require.Equal(t, eventstore.Pending, b.state(b.scope, ev.ID))
	b.run(other)
	b.settled(b.scope, ev)
	require.Equal(t, 1, b.count(b.scope, o))
}

func TestACrashAfterTheCommitRepeatsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	o := b.orders(b.scope, 1)[0]
	died := b.crashing("n1", func(e *engine.Engine, die func(*engine.Outcome) error) { e.AfterCommit(die) })
	other := b.new("n2")
	ev, next := event(o, "Count"), event(o, "Count")
	require.NoError(t, other.Submit(b.ctx, b.scope, ev))
	<-died
	require.Equal(t, eventstore.Success, b.state(b.scope, ev.ID))
	b.run(other)
	require.NoError(t, other.Submit(b.ctx, b.scope, next))
	b.settled(b.scope, next)
	require.Equal(t, 2, b.count(b.scope, o))
}

// cutter stands between an engine and its database. Once armed with a text, it forwards the message that holds it, and swallows the
// database's answer with the connection.
type cutter struct {
	dsn  string
	text atomic.Pointer[string]
	cuts atomic.Int32
	dial func() (net.Conn, error)
}

func newCutter(t testing.TB, dsn string) *cutter {
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	network, address := "tcp", net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
	if strings.HasPrefix(cfg.Host, "/") {
		network, address = "unix", fmt.Sprintf("%s/.s.PGSQL.%d", cfg.Host, cfg.Port)
	}
	c := &cutter{dial: func() (net.Conn, error) { return net.Dial(network, address) }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	c.dsn = (&url.URL{Scheme: "postgres", User: url.UserPassword(cfg.User, cfg.Password), Host: l.Addr().String(), Path: "/" + cfg.Database, RawQuery: "sslmode=disable"}).String()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client)
		}
	}()
	return c
}

func (c *cutter) serve(client net.Conn) {
	server, err := c.dial()
	if err != nil {
		_ = client.Close()
		return
	}
	var doomed atomic.Bool
	go func() {
		defer func() { _ = server.Close() }()
		buf := make([]byte, 1<<16)
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			if text := c.text.Load(); text != nil && bytes.Contains(buf[:n], []byte(*text)) && bytes.Contains(buf[:n], []byte("SUCCESS")) {
				doomed.Store(true)
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	defer func() { _ = client.Close(); _ = server.Close() }()
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if doomed.Load() && bytes.Contains(buf[:n], []byte("COMMIT")) {
			if c.text.Swap(nil) != nil {
				c.cuts.Add(1)
				return
			}
		}
		if _, err := client.Write(buf[:n]); err != nil && !errors.Is(err, io.EOF) {
			return
		}
	}
}

func TestALostAnswerIsSettledByTheTurnsID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.flow("ACME", on("Count", "ORDER", "", do("Count")))
	o := b.orders(b.scope, 1)[0]
	cut := newCutter(t, b.dsn)
	db := b.open(cut.dsn)
	e := b.new("n1", func(d *engine.Deps, _ *engine.Config) { d.DB = db })
	b.run(e)
	ev, next := event(o, "Count"), event(o, "Count")
	e.Prepare(ev)
	id := ev.ID // a copy: submitting writes the event's fields again while the cutter reads
	cut.text.Store(&id)
	require.NoError(t, b.new("writer").Submit(b.ctx, b.scope, ev))
	b.settled(b.scope, ev)
	require.Eventually(t, func() bool { return e.Stats().Settled.Load() == 1 }, time.Minute, 10*time.Millisecond)
	require.EqualValues(t, 1, cut.cuts.Load())
	require.NoError(t, e.Submit(b.ctx, b.scope, next))
	b.settled(b.scope, next)
	require.Equal(t, 2, b.count(b.scope, o))
}
