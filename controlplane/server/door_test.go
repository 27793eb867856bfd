package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/controlplane/server"
)

// earplug keeps a port from accepting while it is in.
type earplug struct {
	net.Listener
	mu  sync.Mutex
	in  chan struct{} // not nil: closed when it is taken out
	end chan struct{}
}

func (e *earplug) plug() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.in = make(chan struct{})
}

func (e *earplug) unplug() {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.in)
	e.in = nil
}

func (e *earplug) wait() {
	e.mu.Lock()
	in := e.in
	e.mu.Unlock()
	if in != nil {
		select {
		case <-in:
		case <-e.end:
		}
	}
}

// Accept takes a connection that comes while the plug is out.
func (e *earplug) Accept() (net.Conn, error) {
	e.wait()
	c, err := e.Listener.Accept()
	e.wait() // it was put in while nobody came
	return c, err
}

// Close ends a wait, too.
func (e *earplug) Close() error {
	select {
	case <-e.end:
	default:
		close(e.end)
	}
	return e.Listener.Close()
}

// line is one kept connection to a server.
type line struct {
	net.Conn
	r *bufio.Reader
}

func (c *trio) keptLine(id string) *line {
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.api(id), "http://"))
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(c.t, conn.SetDeadline(time.Now().Add(patience)))
	return &line{conn, bufio.NewReader(conn)}
}

// get asks over the connection; 0 when it has ended.
func (l *line) get(path string) (int, string) {
	_, _ = io.WriteString(l, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
	answer, err := http.ReadResponse(l.r, nil)
	if err != nil {
		return 0, ""
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(body)
}

// leads reports whether a server says that it leads.
func (l *line) leads() bool {
	_, page := l.get("/metrics")
	return strings.Contains(page, `fluent_controlplane_raft_state{state="leader"} 1`)
}

func TestADeafLeaderHandsOverAndAtLastIsReplaced(t *testing.T) {
	t.Parallel()
	plugs := map[string]*earplug{}
	cp := newTrioTuned(t, &trio{beat: quick, tune: func(c *server.Config) {
		plug := &earplug{end: make(chan struct{})}
		plugs[c.ID] = plug
		c.Listen = func(network, address string) (l net.Listener, err error) {
			plug.Listener, err = net.Listen(network, address)
			return plug, err
		}
		c.Times = door.StandardTimes()
		c.Times.Call, c.Times.Answer = 100*time.Millisecond, time.Second
	}})
	lines := map[string]*line{}
	for _, p := range cp.peers {
		lines[p.ID] = cp.keptLine(p.ID)
	}
	leader := func(but string) (id string) {
		require.Eventually(t, func() bool {
			for each, l := range lines {
				if each != but && l.leads() {
					id = each
				}
			}
			return id != ""
		}, patience, 20*time.Millisecond)
		return id
	}
	ready := func(id, want string) {
		require.Eventually(t, func() bool {
			_, said := lines[id].get("/readyz")
			return strings.Contains(said, want)
		}, patience, 5*time.Millisecond, want)
	}

	deaf := leader("")
	plugs[deaf].plug()
	ready(deaf, "does not reach its own port api")
	plugs[deaf].unplug()
	other := leader(deaf)
	require.NotEqual(t, deaf, other, "it handed its leadership over")
	ready(deaf, "ready\n")

	plugs[other].plug()
	require.ErrorIs(t, cp.ended(other), door.ErrStuck, "descriptors were free all the time, and nobody was accepted")
	delete(lines, other)
	leader("")
}

func TestServersCloseIdleConnectionsAndTurnAwayWhoIsTooMuch(t *testing.T) {
	t.Parallel()
	cp := newTrioTuned(t, &trio{beat: calm, tune: func(c *server.Config) {
		c.Times = door.StandardTimes()
		if c.ID == "cp1" { // the others are asked again and again, which takes longer on a busy machine
			c.Times.Idle = 500 * time.Millisecond
		}
		c.Limits = door.Limits{Connections: 60}
	}})
	idle := cp.keptLine("cp1")
	status, _ := idle.get("/healthz")
	require.Equal(t, http.StatusOK, status)
	_, err := io.Copy(io.Discard, idle)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "nobody closed the connection")

	// Connections that say nothing fill what is for such, and the others go on.
	busy := cp.keptLine("cp2")
	for range 100 {
		cp.keptLine("cp2")
	}
	require.Eventually(t, func() bool {
		_, page := busy.get("/metrics")
		return strings.Contains(page, `fluent_connections_shed_total{port="api",reason="greeting"}`) &&
			!strings.Contains(page, `fluent_connections_shed_total{port="api",reason="greeting"} 0`)
	}, patience, 20*time.Millisecond)
	status, _ = busy.get("/readyz")
	require.Equal(t, http.StatusOK, status, "a full server is no broken server")
	_, page := busy.get("/metrics")
	require.Contains(t, page, "fluent_self_call_deaf 0")
}

// TestServersRefuseWhoOnlyFails: calls without a session that fail, one after the other, are refused; logins are delayed by other means, and who was
// known a moment ago goes on.
func TestServersRefuseWhoOnlyFails(t *testing.T) {
	t.Parallel()
	cp := newTrioTuned(t, &trio{beat: calm, tune: func(c *server.Config) { c.Failures = 5 }})
	line := cp.keptLine("cp1")
	last := 0
	for range 12 {
		last, _ = line.get("/fluent.controlplane.v1.RegionService/ListRegions?encoding=json&message=%7B%7D&connect=v1")
	}
	require.Equal(t, http.StatusTooManyRequests, last)
	_, page := line.get("/metrics")
	require.Regexp(t, `(?m)^fluent_failures_refused_total [1-9]`, page)
	status, _ := line.get("/readyz")
	require.Equal(t, http.StatusOK, status, "health is for anybody")
	status, _, _ = cp.from(t, "cp1", "", operatorName, operatorPassword)
	require.Equal(t, http.StatusOK, status, "and so is signing in")
}
