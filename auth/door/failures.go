package door

import (
	"hash/maphash"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

const (
	// StandardFailures is how many requests of a source may fail in a minute before it is known who calls.
	StandardFailures = 120
	// mostSources and mostCredentials bound what is remembered, some hundred bytes each. Who failed longest ago is forgotten first.
	mostSources     = 8192
	mostCredentials = 16384
	// sumUp is how often the log hears of refusals.
	sumUp = time.Minute
)

// Failures refuses requests of sources that only ever fail: too many that ended with 401, or with another 4xx without showing any credential.
// Credentials that were good a moment ago are let in from wherever they come, for a source may be a whole store of which one device is broken.
type Failures struct {
	perMinute int
	log       *slog.Logger
	now       func() time.Time
	seed      maphash.Seed
	sources   *lru.Cache[netip.Prefix, *rate.Limiter]
	good      *lru.Cache[uint64, struct{}] // hashes of credentials

	mu      sync.Mutex
	said    time.Time
	unsaid  int64 // refusals that the log has not heard of
	refused int64
}

// NewFailures makes one that lets so many failures of a source pass in a minute; 0: any number.
func NewFailures(perMinute int, log *slog.Logger) *Failures {
	sources, _ := lru.New[netip.Prefix, *rate.Limiter](mostSources) // fails for sizes below one only
	good, _ := lru.New[uint64, struct{}](mostCredentials)
	return &Failures{perMinute: perMinute, log: log, now: time.Now, seed: maphash.MakeSeed(), sources: sources, good: good}
}

// Admits reports whether a request of a source, which shows a credential or none, may be looked at. The log hears once a minute of those that may
// not.
func (f *Failures) Admits(source netip.Addr, credential string) bool {
	limiter, ok := f.sources.Get(group(source))
	if !ok || limiter.TokensAt(f.now()) >= 1 {
		return true
	}
	if credential != "" && f.good.Contains(f.hash(credential)) {
		return true
	}
	f.refuse(source)
	return false
}

func (f *Failures) refuse(source netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused++
	f.unsaid++
	if now := f.now(); now.Sub(f.said) >= sumUp {
		f.log.Warn("requests are refused because others of their sources failed", "requests", f.unsaid, "last_source", Group(source), "allowed_per_minute", f.perMinute)
		f.said, f.unsaid = now, 0
	}
}

// Note hears how a request ended that was admitted.
func (f *Failures) Note(source netip.Addr, credential string, status int) {
	switch failed := status >= 400 && status < 500; {
	case f.perMinute == 0:
	case !failed && credential != "" && status < 400:
		if hash := f.hash(credential); !f.good.Contains(hash) {
			f.good.Add(hash, struct{}{})
		}
	case failed && (status == http.StatusUnauthorized || credential == "") && status != http.StatusTooManyRequests:
		key := group(source)
		limiter, ok := f.sources.Get(key)
		if !ok {
			limiter = rate.NewLimiter(rate.Limit(float64(f.perMinute)/60), f.perMinute)
			if old, raced, _ := f.sources.PeekOrAdd(key, limiter); raced {
				limiter = old
			}
		}
		limiter.AllowN(f.now(), 1)
	}
}

func (f *Failures) hash(credential string) uint64 { return maphash.String(f.seed, credential) }

// Describe implements prometheus.Collector.
func (f *Failures) Describe(out chan<- *prometheus.Desc) { prometheus.DescribeByCollect(f, out) }

// Collect implements prometheus.Collector.
func (f *Failures) Collect(out chan<- prometheus.Metric) {
	f.mu.Lock()
	refused := f.refused
	f.mu.Unlock()
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("fluent_failures_"+name, help, nil, nil)
	}
	out <- prometheus.MustNewConstMetric(desc("refused_total", "Requests that were refused because others of their sources failed."), prometheus.CounterValue, float64(refused))
	out <- prometheus.MustNewConstMetric(desc("sources", "Sources with failures that are remembered."), prometheus.GaugeValue, float64(f.sources.Len()))
}
