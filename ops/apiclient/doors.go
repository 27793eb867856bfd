package apiclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// doorsPath is where a gateway, or a node's door, says at which addresses nodes may be called themselves.
const doorsPath = "/.well-known/fluent-doors"

// doorsRest is for how long a list is not asked for again after that failed.
const doorsRest = time.Second

// AtDoors makes a client like New's that calls nodes at their own doors, one after the other, and the gateway at base where none takes a connection.
// Once a door has taken the connection a request goes nowhere else: it may have been carried out.
func AtDoors(base string, creds Credentials) *Client {
	c := New(base, creds)
	c.http.Transport = &atDoors{base: c.base, inner: c.http.Transport}
	return c
}

// Doors asks base for the doors of its environment's nodes.
func Doors(ctx context.Context, base string) ([]string, error) {
	doors, _, err := listDoors(ctx, http.DefaultTransport, base)
	return doors, err
}

func listDoors(ctx context.Context, through http.RoundTripper, base string) (doors []string, maxAge time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+doorsPath, nil)
	if err != nil {
		return nil, 0, err
	}
	res, err := through.RoundTrip(req)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for doors: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Doors  []string
		MaxAge int
	}
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("ask for doors: status %d", res.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer); err != nil {
		return nil, 0, fmt.Errorf("read the list of doors: %w", err)
	}
	return answer.Doors, time.Duration(answer.MaxAge) * time.Second, nil
}

// atDoors sends requests for base to doors.
type atDoors struct {
	base  string
	inner http.RoundTripper

	mu    sync.Mutex
	doors []string
	until time.Time
	next  int
}

// RoundTrip implements http.RoundTripper.
func (d *atDoors) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, door := range d.choose(r.Context()) {
		to, err := url.Parse(door)
		if err != nil {
			continue
		}
		attempt := r.Clone(r.Context())
		attempt.URL.Scheme, attempt.URL.Host, attempt.Host = to.Scheme, to.Host, ""
		if r.GetBody != nil {
			if attempt.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
		res, err := d.inner.RoundTrip(attempt)
		if op := (*net.OpError)(nil); err != nil && errors.As(err, &op) && op.Op == "dial" {
			d.forget()
			continue
		}
		return res, err
	}
	return d.inner.RoundTrip(r)
}

// choose lists all doors, another one first each time.
func (d *atDoors) choose(ctx context.Context) []string {
	d.mu.Lock()
	stale := time.Now().After(d.until)
	if stale {
		d.until = time.Now().Add(doorsRest) // one asks for all
	}
	d.mu.Unlock()
	if stale {
		if doors, age, err := listDoors(ctx, d.inner, d.base); err == nil {
			d.mu.Lock()
			d.doors, d.until = doors, time.Now().Add(age)
			d.mu.Unlock()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.doors) == 0 {
		return nil
	}
	d.next = (d.next + 1) % len(d.doors)
	return append(append([]string(nil), d.doors[d.next:]...), d.doors[:d.next]...)
}

// forget has the list asked for again before long: one of its doors is closed.
func (d *atDoors) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if soon := time.Now().Add(doorsRest); d.until.After(soon) {
		d.until = soon
	}
}
