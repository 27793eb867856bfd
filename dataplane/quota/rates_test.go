package quota_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/quota"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/tenancy"
)

// figures of ACME, which may be changed; other accounts have none.
type figures struct{ rate, nodes int }

func (f *figures) rates() *quota.Rates {
	return quota.NewRates(func(a tenancy.AccountID) limit.Figures {
		out := limit.Standard
		if a == "ACME" {
			out.Rate = int64(f.rate)
		}
		return out
	}, func() int { return f.nodes })
}

// outcomes of requests that come at once: how many passed at once, later, and not; and how long those had to wait at most.
type outcomes struct {
	atOnce, later, unavailable, limited int
	longest                             time.Duration
	last, final                         *fault.Error
}

func send(t *testing.T, r *quota.Rates, n int) (out outcomes) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			begin := time.Now()
			err := r.Admit(context.Background(), "ACME")
			mu.Lock()
			defer mu.Unlock()
			waited := time.Since(begin)
			out.longest = max(out.longest, waited)
			switch {
			case err == nil && waited == 0:
				out.atOnce++
			case err == nil:
				out.later++
			case fault.Is(err, fault.Unavailable):
				out.unavailable, out.last = out.unavailable+1, fault.Of(err)
			case fault.Is(err, fault.Limited):
				out.limited, out.final = out.limited+1, fault.Of(err)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	return out
}

func TestRequestsAreDelayedThenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &figures{rate: 50, nodes: 1}
		r := f.rates()
		got := send(t, r, 130)
		require.Equal(t, []int{50, 50, 30, 0}, []int{got.atOnce, got.later, got.unavailable, got.limited}, "a second's at once, a second's later, no more")
		require.Equal(t, time.Second, got.longest, "nobody waits longer")
		require.Equal(t, map[string]string{"limit": "requests-per-second", "scope": "ACCOUNT", "figure": "50", "nodes": "1", "retryAfter": "2"}, got.last.Meta)
		require.Equal(t, fault.CodeLimited, got.last.Code)
		for range 200 { // just its rate
			require.NoError(t, r.Admit(t.Context(), "ACME"))
			require.NoError(t, r.Admit(t.Context(), "OTHER"), "nobody else is held")
			time.Sleep(time.Second / 50)
		}
	})
}

func TestOnlyWhoGoesOnAndOnIsRefusedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &figures{rate: 10, nodes: 1}
		r := f.rates()
		burst := send(t, r, 600)
		require.Zero(t, burst.limited, "a burst of a minute's requests is refused for now")
		time.Sleep(2 * time.Minute)
		final := 0
		for range 5 * 60 { // five minutes at five times the rate
			got := send(t, r, 50)
			final += got.limited
			if got.limited > 0 {
				require.Equal(t, "60", got.final.Meta["retryAfter"])
			}
			time.Sleep(time.Second)
		}
		require.Positive(t, final)
		time.Sleep(2 * time.Minute)
		require.Zero(t, send(t, r, 100).limited, "it is forgotten")
	})
}

func TestNodesShareARateAndFiguresChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &figures{rate: 60, nodes: 3}
		r := f.rates()
		require.Equal(t, 20, send(t, r, 20).atOnce)
		time.Sleep(10 * time.Second)
		got := send(t, r, 41)
		require.Equal(t, []int{20, 20, 1}, []int{got.atOnce, got.later, got.unavailable})
		f.nodes = 1
		time.Sleep(10 * time.Second)
		require.NoError(t, r.Admit(t.Context(), "ACME"))
		time.Sleep(10 * time.Second)
		require.Equal(t, 60, send(t, r, 60).atOnce, "a node is alone with it")
		f.rate = 0
		require.Equal(t, 500, send(t, r, 500).atOnce, "no quota, no limit")
	})
}

func TestWhoGoesAwayWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := (&figures{rate: 1, nodes: 1}).rates()
		require.NoError(t, r.Admit(t.Context(), "ACME"))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		require.ErrorIs(t, r.Admit(ctx, "ACME"), context.DeadlineExceeded)
		require.Equal(t, 100*time.Millisecond, time.Since(begin))
	})
}

// BenchmarkAdmit is what a limit costs each request that passes.
func BenchmarkAdmit(b *testing.B) {
	for _, accounts := range []int{1, 1000} {
		b.Run(fmt.Sprint(accounts), func(b *testing.B) {
			r := quota.NewRates(func(tenancy.AccountID) limit.Figures { return limit.Figures{Rate: 1_000_000} }, func() int { return 1 })
			b.ReportAllocs()
			for i := range b.N {
				_ = r.Admit(b.Context(), tenancy.AccountID(fmt.Sprint("A", i%accounts)))
			}
		})
	}
}
