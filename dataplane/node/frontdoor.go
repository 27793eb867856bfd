package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/rest"
)

// Door is a node's own door for tenants' clients, who save the way over a gateway. It is as hard as a gateway's, for it is one: requests that the
// node does not take at the moment go to another.
type Door struct {
	Listen   string // host:port; empty: the node has no such door
	URL      string // at which clients reach it; empty: where it listens, over HTTP
	Failures int    // as in gateway.Settings
}

// frontDoor is an open Door.
type frontDoor struct {
	gateway  *gateway.Gateway
	listener *door.Listener
	server   *http.Server
	url      string
}

// openDoor opens the node's own door; nil if it has none.
func (n *Node) openDoor() (*frontDoor, error) {
	c := n.config.Door
	if c.Listen == "" {
		return nil, nil
	}
	proxies := door.Proxies{Networks: n.config.Proxies}
	inner, err := door.ListenAgain(c.Listen, filepath.Join(n.config.Dir, "door-port"), n.log)
	if err != nil {
		return nil, fmt.Errorf("open the node's own door: %w", err)
	}
	f := &frontDoor{url: cmp.Or(c.URL, "http://"+inner.Addr().String())}
	at, err := readDoorURL(f.url)
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	f.listener = door.New(inner, door.Port{Name: "tenants", Limits: n.config.Limits, Shared: proxies.Shared, Refusal: gateway.TooManyConnections(), Log: n.log})
	f.gateway = gateway.New(n.state, gateway.Settings{
		Proxies: proxies, Failures: c.Failures, Hosts: []string{at.Hostname()}, Paths: rest.Paths(),
		Here: &gateway.Here{Node: n.here, Bodies: n.bodies},
	}, n.log)
	crowd := door.NewCrowd(proxies, n.config.Limits.PerAddress)
	f.server = door.NewServer(crowd.Handler(f.gateway, http.HandlerFunc(n.crowded)), door.StandardTimes(), false, n.log)
	n.registry.MustRegister(f.gateway.Passing()...)
	n.atDoor = http.HandlerFunc(n.answerAtDoor)
	return f, nil
}

// readDoorURL reads what clients are told.
func readDoorURL(text string) (*url.URL, error) {
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" || at.Path != "" || at.RawQuery != "" {
		return nil, fmt.Errorf("the URL of the node's own door is %q: want http://HOST:PORT or https://HOST:PORT", text)
	}
	if ip, err := netip.ParseAddr(at.Hostname()); err == nil && ip.IsUnspecified() {
		return nil, fmt.Errorf("the node's own door listens on all addresses: say by its URL at which one clients reach it")
	}
	return at, nil
}

// here answers requests of the node's own door. It is nil while the node cannot work; while it drains it can, and callers are told to come
// elsewhere next time.
func (n *Node) here() http.Handler {
	if n.services.Load() == nil || n.health.database.Load() != nil || n.guard.Short() != "" {
		return nil
	}
	return n.atDoor
}

// answerAtDoor answers a request of the node's own door.
func (n *Node) answerAtDoor(w http.ResponseWriter, r *http.Request) {
	n.requests.Add(1)
	n.measured.Serve(w, r, n.bodies.Handler(&n.handler))
}

// serve serves until the door is closed.
func (f *frontDoor) serve() error {
	if err := f.server.Serve(f.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve tenants: %w", err)
	}
	return nil
}

// close closes the door once clients have turned away and their requests are answered.
func (f *frontDoor) close(ctx context.Context) error {
	f.gateway.AwaitQuiet()
	if err := f.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("tenants' requests were still under way: %w", err), f.server.Close())
	}
	return nil
}

// address is where clients reach the door; empty if there is none.
func (f *frontDoor) address() string {
	if f == nil {
		return ""
	}
	return f.url
}

// ports lists the door's port, if there is one, and has the process call itself there, too.
func (f *frontDoor) ports(self *door.SelfCall) []*door.Listener {
	if f == nil {
		return nil
	}
	self.Add(f.listener, nil)
	return []*door.Listener{f.listener}
}

// abandon closes a door at which nobody was served.
func (f *frontDoor) abandon() error {
	if f == nil {
		return nil
	}
	return f.listener.Close()
}
