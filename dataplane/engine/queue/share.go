package queue

import (
	"slices"
	"time"
)

// How accounts, and the classes of one account, share a node.

// pick chooses by deficit round robin: the account whose turn it is goes on while it has credit; when nobody has any, all get as many
// quanta as it takes. later is when a root that rests may be tried again.
func (q *Queue) pick(now time.Time) (w *Work, later time.Duration) {
	for {
		candidates := false
		for range len(q.ring) {
			q.at %= len(q.ring)
			a := q.ring[q.at]
			if a.count == 0 {
				q.retire(q.at)
				continue
			}
			if !q.mayStart(a) {
				q.at++
				continue
			}
			if a.deficit <= 0 {
				candidates = true
				q.at++
				continue
			}
			w, rest := q.take(a, now)
			if w != nil {
				return w, 0
			}
			later = soonest(later, rest)
			q.at++
		}
		if !candidates {
			return nil, later
		}
		q.credit()
	}
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func (q *Queue) mayStart(a *account) bool {
	return q.cfg.PerAccount <= 0 || a.inflight < q.cfg.PerAccount
}

// credit gives all accounts that may start something the same number of quanta, as many as the least indebted needs.
func (q *Queue) credit() {
	rounds := time.Duration(-1)
	for _, a := range q.ring {
		if a.count > 0 && q.mayStart(a) && a.deficit <= 0 {
			need := -a.deficit/q.cfg.Quantum + 1
			if rounds < 0 || need < rounds {
				rounds = need
			}
		}
	}
	for _, a := range q.ring {
		if a.deficit <= 0 {
			a.deficit += rounds * q.cfg.Quantum
		}
	}
}

// retire takes an account without ready roots out of the round. Credit is not saved up; debts stay.
func (q *Queue) retire(i int) {
	a := q.ring[i]
	a.inRing, a.deficit = false, min(a.deficit, 0)
	q.ring = slices.Delete(q.ring, i, i+1)
	if q.at > i {
		q.at--
	}
}

// take removes the account's best ready root. Roots that rest are passed over; rest is when the first of them may be tried.
func (q *Queue) take(a *account, now time.Time) (w *Work, rest time.Duration) {
	for p := priorities - 1; p > 0; p-- {
		if a.saved[p] >= a.usual {
			if w, _ := q.takeOf(a, p, now); w != nil {
				return w, 0
			}
		}
	}
	for p := range a.ready {
		w, wait := q.takeOf(a, p, now)
		if w != nil {
			return w, 0
		}
		rest = soonest(rest, wait)
	}
	return nil, rest
}

// takeOf is take for one class.
func (q *Queue) takeOf(a *account, p int, now time.Time) (w *Work, rest time.Duration) {
	for i, r := range a.ready[p] {
		if wait := r.notBefore.Sub(now); wait > 0 {
			rest = soonest(rest, wait)
			continue
		}
		a.ready[p] = slices.Delete(a.ready[p], i, i+1)
		a.count--
		r.queued = false
		w = q.start(r, a)
		w.class = p
		a.save(w)
		return w, 0
	}
	return nil, rest
}

// save books a piece of work on the shares of classes: those that wait behind it save, and its own spends if it went before others. Shares
// are not saved up by classes that have nothing to do.
func (a *account) save(w *Work) {
	for p := range a.ready {
		switch {
		case len(a.ready[p]) == 0:
			a.saved[p] = min(a.saved[p], 0)
		case p < w.class:
			w.behind = true
		case p > w.class:
			a.saved[p] += w.charged / share
		}
	}
	if w.behind {
		a.saved[w.class] -= w.charged
	}
}
