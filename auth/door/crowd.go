package door

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Crowd keeps one client behind a believed proxy from taking all of the port. The proxy's connections are many clients', so what is limited is
// how many requests of one are under way: as many as it could have connections if it came without the proxy.
type Crowd struct {
	proxies Proxies
	most    int
	shed    atomic.Int64

	mu    sync.Mutex
	under map[string]int // by Group; requests under way
}

// NewCrowd makes one; most 0: no limit.
func NewCrowd(proxies Proxies, most int) *Crowd {
	return &Crowd{proxies: proxies, most: most, under: map[string]int{}}
}

// Shed is how many requests were refused.
func (c *Crowd) Shed() int64 { return c.shed.Load() }

// Handler passes requests on to next, and to refuse those that are one too many of their client.
func (c *Crowd) Handler(next, refuse http.Handler) http.Handler {
	if c.most == 0 || len(c.proxies.Networks) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		group, behind := c.client(r)
		if !behind {
			next.ServeHTTP(w, r)
			return
		}
		if !c.enter(group) {
			c.shed.Add(1)
			refuse.ServeHTTP(w, r)
			return
		}
		defer c.leave(group)
		next.ServeHTTP(w, r)
	})
}

// client is who sends a request through a proxy; false when the peer is no proxy that a setting names, or speaks for itself.
func (c *Crowd) client(r *http.Request) (group string, behind bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !c.proxies.Shared(at.Addr()) {
		return "", false
	}
	source := c.proxies.Source(r)
	return Group(source), source != plain(at.Addr())
}

func (c *Crowd) enter(group string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under[group] >= c.most {
		return false
	}
	c.under[group]++
	return true
}

func (c *Crowd) leave(group string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.under[group]--; c.under[group] == 0 {
		delete(c.under, group)
	}
}
