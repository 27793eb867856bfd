// Package guess decides how long whoever tries passwords must wait. It counts failures of a user at a source, of a user at all sources, and
// of a source, and lets each grow into a delay that is forgotten with time. Decisions are pure: who keeps the counts is the caller's affair.
package guess

import (
	"time"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Rule says how failures become a delay: none for the first ones, then a second, and twice as long after each further failure.
type Rule struct {
	Free    int           // failures that cost nothing
	Most    time.Duration // the longest delay
	Forgive time.Duration // without a failure for so long, one is forgotten
}

// The rules. What is forgiven bounds guesses in the long run: four an hour for a user at a source, twelve for a user, sixty for a source.
var (
	pairRule     = Rule{Free: 5, Most: 15 * time.Minute, Forgive: 15 * time.Minute}
	familiarRule = Rule{Free: 5, Most: time.Minute, Forgive: time.Minute} // of a user at the source where he last signed in
	userRule     = Rule{Free: 20, Most: 15 * time.Minute, Forgive: 5 * time.Minute}
	sourceRule   = Rule{Free: 50, Most: 15 * time.Minute, Forgive: time.Minute}
)

// Pardon is how long after an administrator unlocked a user neither what others did to his name nor what his source did delays him.
const Pardon = time.Hour

// delay is how long the next attempt waits after so many failures.
func (r Rule) delay(failures int) time.Duration {
	if failures < r.Free {
		return 0
	}
	doublings := failures - r.Free
	if doublings > 30 { // far beyond any Most
		return r.Most
	}
	return min(r.Most, time.Second<<doublings)
}

// enough is the number of failures at which the delay is at its longest: more are not counted, so that they are forgotten in time.
func (r Rule) enough() int {
	n := r.Free
	for r.delay(n) < r.Most {
		n++
	}
	return n
}

// Tally is what is remembered of one kind of failures.
type Tally struct {
	Failures int
	Last     time.Time // of the newest; zero: none
}

// left is how many failures are not forgotten yet. A clock that was put back forgets nothing.
func (t Tally) left(r Rule, now time.Time) int {
	return max(0, t.Failures-int(max(0, now.Sub(t.Last))/r.Forgive))
}

// wait is how long the next attempt must wait. A clock that was put back makes no wait longer than its delay.
func (t Tally) wait(r Rule, now time.Time) time.Duration {
	d := r.delay(t.left(r, now))
	return max(0, d-max(0, now.Sub(t.Last)))
}

// more counts one more failure.
func (t Tally) more(r Rule, now time.Time) Tally {
	return Tally{Failures: min(t.left(r, now)+1, r.enough()), Last: now}
}

// fewer takes a failure back.
func (t Tally) fewer() Tally { return Tally{Failures: max(0, t.Failures-1), Last: t.Last} }

// Record is what is known of an attempt of a user at a source.
type Record struct {
	Pair     Tally // of the user at the source
	User     Tally // of the user, at sources that were not familiar
	Source   Tally // of the source, for users to whom it was not familiar
	Familiar bool  // the user last signed in from this source
	Pardoned bool  // an administrator unlocked the user not longer than Pardon ago
}

// pair is the rule of the record's pair.
func (r Record) pair() Rule {
	if r.Familiar {
		return familiarRule
	}
	return pairRule
}

// Wait is how long the attempt must wait; zero: it may be made now. Where a user last signed in, only his own failures there delay him, and
// for a minute at most, so that nobody elsewhere can lock him out.
func (r Record) Wait(now time.Time) time.Duration {
	wait := r.Pair.wait(r.pair(), now)
	if !r.Familiar && !r.Pardoned {
		wait = max(wait, r.User.wait(userRule, now), r.Source.wait(sourceRule, now))
	}
	return wait
}

// Reserve counts an attempt as failed, before the password is looked at: of many at once no more pass than one after another would.
func (r Record) Reserve(now time.Time) Record {
	r.Pair = r.Pair.more(r.pair(), now)
	if !r.Familiar {
		r.User, r.Source = r.User.more(userRule, now), r.Source.more(sourceRule, now)
	}
	return r
}

// Succeed takes back what Reserve counted, and makes the source familiar.
func (r Record) Succeed() Record {
	r.Pair.Failures = 0
	if !r.Familiar {
		r.User, r.Source, r.Familiar = r.User.fewer(), r.Source.fewer(), true
	}
	return r
}

// RetryAfter is the fact of a refusal that tells how long to wait, in whole seconds.
const RetryAfter = "retryAfter"

// Refused is the answer to an attempt that must wait. It is the same for users that there are and for those that there are not.
func Refused(wait time.Duration) *fault.Error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	return fault.New(fault.Limited, "Too many failed attempts; try again in %d s", seconds).
		With(RetryAfter, decimal(seconds)).With("reason", "TOO_MANY_FAILURES")
}
