// Package quota holds accounts to their figures (domain/limit) on one node: how many requests they send, and how many rows they keep.
package quota

import (
	"context"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

const (
	patience = time.Second // how long a request is delayed at most
	crowd    = 1000        // requests of one account that are delayed at once, at most
	// abuse is for how many seconds an account may be refused as many requests as it may send, before refusals are final.
	abuse = 60
	// maxAccounts is of how many accounts a node remembers how many requests they sent: an account that is forgotten begins anew.
	maxAccounts = 10_000
)

// Rates holds accounts to their requests a second. The environment's nodes share an account's rate evenly, since gateways spread its requests
// evenly: who sends to one node alone has that node's part. A Rates is safe for concurrent use.
type Rates struct {
	figures func(tenancy.AccountID) limit.Figures
	nodes   func() int // that share the rate
	known   *lru.Cache[tenancy.AccountID, *account]

	delayed, refused, final atomic.Int64
}

// NewRates makes one for nodes of which so many take requests.
func NewRates(figures func(tenancy.AccountID) limit.Figures, nodes func() int) *Rates {
	known, err := lru.New[tenancy.AccountID, *account](maxAccounts)
	if err != nil {
		panic(err) // only a size below one fails
	}
	return &Rates{figures: figures, nodes: nodes, known: known}
}

// account is how many requests one account may send to this node.
type account struct {
	mu       sync.Mutex
	share    float64 // requests a second
	requests *rate.Limiter
	refusals *rate.Limiter // refusals that are not final
	waiting  int
}

// Admit lets a request of an account pass, later where it comes too soon. One that would wait too long is refused: Unavailable, for clients send
// it again, or, where the account goes on and on at more than twice its rate, Limited. Both say which limit it was, and when to come again.
func (r *Rates) Admit(ctx context.Context, name tenancy.AccountID) error {
	most := r.figures(name).Rate
	if most == 0 {
		return nil
	}
	a := r.of(name)
	nodes := max(1, r.nodes())
	wait, err := a.take(time.Now(), float64(most)/float64(nodes))
	switch {
	case err != nil:
		return r.refuse(name, most, nodes, err)
	case wait == 0:
		return nil
	}
	defer a.leave()
	r.delayed.Add(1)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Rates) of(name tenancy.AccountID) *account {
	if a, ok := r.known.Get(name); ok {
		return a
	}
	a := &account{requests: rate.NewLimiter(0, 0), refusals: rate.NewLimiter(0, 0)}
	if before, ok, _ := r.known.PeekOrAdd(name, a); ok {
		return before
	}
	return a
}

// tooMany says that a request is one too many.
type tooMany struct {
	again time.Duration // when there will be room
	final bool
}

// Error implements error.
func (t *tooMany) Error() string { return "too many requests; again in " + t.again.String() }

// take takes a place in time: how long to wait for it, or that it is too far away. Who waits must leave.
func (a *account) take(now time.Time, share float64) (time.Duration, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.adjust(now, share)
	place := a.requests.ReserveN(now, 1)
	wait := place.DelayFrom(now)
	switch {
	case wait > patience, wait > 0 && a.waiting >= crowd:
		place.CancelAt(now)
		return 0, &tooMany{again: wait, final: !a.refusals.AllowN(now, 1)}
	case wait > 0:
		a.waiting++
	}
	return wait, nil
}

func (a *account) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting--
}

// adjust follows changes of the account's figure, and of the number of nodes. What comes at once may be as much as a second's.
func (a *account) adjust(now time.Time, share float64) {
	if share == a.share {
		return
	}
	fresh := a.share == 0
	a.share = share
	burst := max(1, int(math.Ceil(share)))
	if fresh { // full at once, where a limiter that grows would fill first
		a.requests, a.refusals = rate.NewLimiter(rate.Limit(share), burst), rate.NewLimiter(rate.Limit(share), abuse*burst)
		return
	}
	a.requests.SetLimitAt(now, rate.Limit(share))
	a.requests.SetBurstAt(now, burst)
	a.refusals.SetLimitAt(now, rate.Limit(share))
	a.refusals.SetBurstAt(now, abuse*burst)
}

// retryAfter is the fact of an error that becomes the answer's header.
const retryAfter = "retryAfter"

func (r *Rates) refuse(name tenancy.AccountID, most int64, nodes int, why error) error {
	late, ok := why.(*tooMany)
	if !ok {
		return why
	}
	kind, again, count := fault.Unavailable, late.again, &r.refused
	if late.final {
		kind, again, count = fault.Limited, max(late.again, abuse*time.Second), &r.final
	}
	count.Add(1)
	seconds := strconv.Itoa(int((again + time.Second - 1) / time.Second))
	return limit.Rate.Reached(kind, most, "Account %s may send %d requests a second, and sends more; try again in %s s", name, most, seconds).
		WithCode(fault.CodeLimited).With(retryAfter, seconds).With("nodes", strconv.Itoa(nodes))
}

var (
	requestsDesc = prometheus.NewDesc("fluent_limited_requests_total", "Requests of accounts above their requests a second, by what became of them.", []string{"outcome"}, nil)
)

// Describe implements prometheus.Collector.
func (r *Rates) Describe(to chan<- *prometheus.Desc) { to <- requestsDesc }

// Collect implements prometheus.Collector.
func (r *Rates) Collect(to chan<- prometheus.Metric) {
	for outcome, n := range map[string]*atomic.Int64{"delayed": &r.delayed, "refused": &r.refused, "refused for good": &r.final} {
		to <- prometheus.MustNewConstMetric(requestsDesc, prometheus.CounterValue, float64(n.Load()), outcome)
	}
}
