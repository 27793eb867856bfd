package feed

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/store"
)

// Caller finds out who asks, and whether he still may: a follower may be told to go while he waits.
type Caller func(ctx context.Context) (*tenant.Principal, error)

// Page answers with what comes next, and waits for it as long as the request says. It answers at once when the node is about to stop.
func (s *Service) Page(ctx context.Context, caller Caller, q Request) (*Page, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.understand(who, q)
	if err != nil {
		return nil, err
	}
	p, err := s.page(ctx, who, f)
	if err != nil || q.Wait == 0 || p.settled() {
		return p, err
	}
	leave, err := s.enter(who.Account)
	if err != nil {
		return nil, err
	}
	defer leave()
	until := time.Now().Add(q.Wait)
	for time.Now().Before(until) && s.rest(ctx) {
		if p, err = s.next(ctx, caller, f); err != nil || p.settled() {
			return p, err
		}
	}
	return p, ctx.Err()
}

// settled reports whether there is something to tell.
func (p *Page) settled() bool { return len(p.Changes) > 0 || p.More || p.Reset != nil }

// next reads a follower's next page, if he still may.
func (s *Service) next(ctx context.Context, caller Caller, f *follower) (*Page, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.may(who); err != nil {
		return nil, err
	}
	return s.page(ctx, who, f)
}

// rest waits a moment; false: the caller has gone, or the node is about to stop.
func (s *Service) rest(ctx context.Context) bool {
	t := time.NewTimer(s.cfg.Poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.Ending:
		return false
	case <-t.C:
		return true
	}
}

// Mark is a line of a stream that is no change: the token behind what was sent, or that it serves no more.
type Mark struct {
	Next  string `json:"next,omitempty"`
	Reset *Reset `json:"reset,omitempty"`
}

// Stream is a follower whose answer is a stream.
type Stream struct {
	service *Service
	caller  Caller
	f       *follower
	first   *Page
	who     *tenant.Principal
	leave   func()
}

// Stream begins a stream. What fails now can still be answered as any request's failure. Run must be called.
func (s *Service) Stream(ctx context.Context, caller Caller, q Request) (*Stream, error) {
	who, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.understand(who, q)
	if err != nil {
		return nil, err
	}
	leave, err := s.enter(who.Account)
	if err != nil {
		return nil, err
	}
	first, err := s.page(ctx, who, f)
	if err != nil {
		leave()
		return nil, err
	}
	return &Stream{s, caller, f, first, who, leave}, nil
}

// Run sends changes and marks until the stream's time is over, the node is about to stop, or something fails: whoever goes on with the last mark, at any
// node, misses nothing. flush sends on what was written.
func (t *Stream) Run(ctx context.Context, write func(line any) error, flush func() error) error {
	defer t.leave()
	s, p, sent, began := t.service, t.first, 0, time.Now()
	silent := time.Time{} // since when nothing was said
	for {
		for i := range p.Changes {
			if err := write(&p.Changes[i]); err != nil {
				return err
			}
		}
		sent += len(p.Changes)
		if p.settled() || time.Since(silent) >= s.cfg.Idle {
			silent = time.Now()
			if err := write(Mark{Next: p.Next, Reset: p.Reset}); err != nil {
				return err
			}
			if err := flush(); err != nil {
				return err
			}
		}
		if p.Reset != nil || time.Since(began) >= s.cfg.Stream || !p.More && !s.rest(ctx) || s.ending() || ctx.Err() != nil {
			break
		}
		var err error
		if p, err = s.next(ctx, t.caller, t.f); err != nil {
			s.Log.InfoContext(ctx, "feed: a stream ends", "account", string(t.who.Account), "types", t.f.names, "error", err)
			break
		}
	}
	s.Log.DebugContext(ctx, "feed: a stream has ended", "account", string(t.who.Account), "caller", t.who.Caller(), "types", t.f.names, "changes", sent, "lasted", time.Since(began))
	return nil
}

func (s *Service) ending() bool {
	select {
	case <-s.Ending:
		return true
	default:
		return false
	}
}

// figures count what followers are told.
type figures struct {
	changes   prometheus.Counter
	followers prometheus.Gauge
	resets    *prometheus.CounterVec
}

func newFigures(reg prometheus.Registerer) figures {
	f := figures{
		changes:   prometheus.NewCounter(prometheus.CounterOpts{Name: "fluent_feed_changes_total", Help: "Changes, and entities at the beginning, that followers of the feed were told."}),
		followers: prometheus.NewGauge(prometheus.GaugeOpts{Name: "fluent_feed_followers", Help: "Followers of the feed that wait or stream at this node."}),
		resets:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "fluent_feed_resets_total", Help: "Followers whose tokens served no more, by reason."}, []string{"reason"}),
	}
	for _, why := range []store.Lost{store.LostExpired, store.LostRestored, store.LostOlder, store.LostClock} {
		f.resets.WithLabelValues(string(why))
	}
	if reg != nil {
		reg.MustRegister(f.changes, f.followers, f.resets)
	}
	return f
}

func (f *figures) told(p *Page) {
	f.changes.Add(float64(len(p.Changes)))
	if p.Reset != nil {
		f.resets.WithLabelValues(string(p.Reset.Reason)).Inc()
	}
}
