// Package metrics measures what the data plane's processes answer. Series are made when a process starts, so that a request costs no
// look-up, and labels have few values: neither accounts nor whole paths are among them, since callers choose those.
package metrics

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
)

// NewRegistry makes a registry with Go's and the process's own figures in it.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// route is a group of paths: prefix itself, and what is below it. An empty prefix is that of all paths that no other fits.
type route struct{ prefix, name string }

const (
	internal = "internal" // what the installation's own processes ask
	last     = "other"    // where all paths end that no prefix fits
)

// routes groups what is answered: the paths of an API, as its own list of routes has them, and what is no part of that list. A path's group is the
// word behind its version (/api/v4.1/event/{id} is an event), or its last one.
func routes(paths []string) []route {
	out := []route{{"/graphql", "graphql"}, {"/oauth", "oauth"}, {"/internal", internal}, {"/fluent.node.v1.TenantService", internal}}
	for _, path := range paths {
		r := group(path)
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return append(out, route{"", last})
}

func group(path string) route {
	words := strings.Split(path, "/")
	at := slices.IndexFunc(words, func(w string) bool { return len(w) > 1 && w[0] == 'v' && w[1] >= '0' && w[1] <= '9' }) + 1
	if at == 0 {
		at = len(words) - 1
	}
	return route{strings.Join(words[:at+1], "/"), words[at]}
}

// results are the values of the label of that name, by the first digit of the status.
func results() [6]string { return [6]string{"ok", "ok", "ok", "ok", "refused", "failed"} }

// Requests counts and times HTTP requests by route and result.
type Requests struct {
	routes   []route // the first that fits names a path
	seconds  [][6]prometheus.Observer
	inFlight prometheus.Gauge
	tenants  atomic.Int64 // nanoseconds; see OfTenants
	writers  sync.Pool
}

// NewRequests makes and registers the figures of one process, by groups of the paths that it answers: see rest.Paths.
func NewRequests(reg prometheus.Registerer, paths []string) *Requests {
	r := &Requests{routes: routes(paths), writers: sync.Pool{New: func() any { return new(door.StatusWriter) }}}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fluent_http_request_duration_seconds", Help: "Time until requests were answered, by route and result (ok, refused: 4xx, failed: 5xx).",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"route", "result"})
	r.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: "fluent_http_requests_in_flight", Help: "Requests that are being answered."})
	for _, each := range r.routes {
		var observers [6]prometheus.Observer
		for i, result := range results() {
			observers[i] = seconds.WithLabelValues(each.name, result)
		}
		r.seconds = append(r.seconds, observers)
	}
	reg.MustRegister(seconds, r.inFlight)
	return r
}

// Serve lets a handler answer, measures it, and says the status of its answer.
func (r *Requests) Serve(w http.ResponseWriter, req *http.Request, next http.Handler) (status int) {
	began := time.Now()
	at := r.group(req.URL.Path)
	seen := r.writers.Get().(*door.StatusWriter) // the pool holds nothing else
	seen.ResponseWriter, seen.Status = w, http.StatusOK
	r.inFlight.Inc()
	defer func() {
		r.inFlight.Dec()
		took := time.Since(began)
		r.seconds[at][min(max(seen.Status/100, 0), 5)].Observe(took.Seconds())
		if r.routes[at].name != internal {
			r.tenants.Add(int64(took))
		}
		status, seen.ResponseWriter = seen.Status, nil
		r.writers.Put(seen)
	}()
	next.ServeHTTP(seen, req)
	return status // set by what is deferred
}

func (r *Requests) group(path string) int {
	path = httpapi.WithoutRetailer(path)
	for i := range r.routes {
		if below(path, r.routes[i].prefix) {
			return i
		}
	}
	return len(r.routes) - 1
}

func below(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || prefix == "" || path[len(prefix)] == '/')
}

// OfTenants is how long all answers to tenants together have taken. Two moments' difference, divided by the time between them, is how many
// requests were being answered on average.
func (r *Requests) OfTenants() time.Duration { return time.Duration(r.tenants.Load()) }
