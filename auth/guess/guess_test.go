package guess_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/domain/fault"
)

var start = time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)

// fail makes attempts that fail, each as soon as it may, and returns how long each waited and when the last was made.
func fail(r guess.Record, n int, now time.Time) (guess.Record, []time.Duration, time.Time) {
	var waits []time.Duration
	for range n {
		wait := r.Wait(now)
		waits, now = append(waits, wait), now.Add(wait)
		r = r.Reserve(now)
	}
	return r, waits, now
}

func TestDelaysGrow(t *testing.T) {
	t.Parallel()
	s := time.Second
	_, waits, _ := fail(guess.Record{}, 17, start)
	require.Equal(t, []time.Duration{0, 0, 0, 0, 0, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s, 512 * s, 900 * s, 900 * s}, waits)
	_, waits, _ = fail(guess.Record{Familiar: true}, 13, start)
	require.Equal(t, []time.Duration{0, 0, 0, 0, 0, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}, waits)
}

func TestWhoDelaysWhom(t *testing.T) {
	t.Parallel()
	many := guess.Tally{Failures: 100, Last: start}
	for _, c := range []struct {
		name   string
		record guess.Record
		after  time.Duration
		want   time.Duration
	}{
		{"nothing is known", guess.Record{}, 0, 0},
		{"his own failures here", guess.Record{Pair: guess.Tally{Failures: 7, Last: start}}, 0, 4 * time.Second},
		{"some of it has passed", guess.Record{Pair: guess.Tally{Failures: 7, Last: start}}, 3 * time.Second, time.Second},
		{"others' failures with his name", guess.Record{User: many}, 0, 15 * time.Minute},
		{"a few of them", guess.Record{User: guess.Tally{Failures: 19, Last: start}}, 0, 0},
		{"failures of his source", guess.Record{Source: many}, 0, 15 * time.Minute},
		{"a few of them", guess.Record{Source: guess.Tally{Failures: 49, Last: start}}, 0, 0},
		{"where he last signed in", guess.Record{User: many, Source: many, Familiar: true}, 0, 0},
		{"where he last signed in, his own", guess.Record{Pair: many, User: many, Source: many, Familiar: true}, 0, time.Minute},
		{"after an administrator unlocked him", guess.Record{User: many, Source: many, Pardoned: true}, 0, 0},
		{"the longest of all", guess.Record{Pair: guess.Tally{Failures: 5, Last: start}, User: guess.Tally{Failures: 22, Last: start}, Source: guess.Tally{Failures: 51, Last: start}}, 0, 4 * time.Second},
		{"a clock put back an hour waits no longer", guess.Record{Pair: guess.Tally{Failures: 7, Last: start}}, -time.Hour, 4 * time.Second},
		{"a clock put forward an hour forgives four", guess.Record{Pair: guess.Tally{Failures: 15, Last: start}}, time.Hour, 0},
	} {
		require.Equal(t, c.want, c.record.Wait(start.Add(c.after)), c.name)
	}
}

// TestPatienceBoundsGuesses lets somebody guess for a day, as quickly as he may.
func TestPatienceBoundsGuesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		record guess.Record
		fresh  func(*guess.Record) // what is another one's at each attempt
		most   int
	}{
		"a stranger": {guess.Record{}, nil, 5 + 10 + 96}, "one at a familiar source": {guess.Record{Familiar: true}, nil, 5 + 6 + 1440},
		"one name from everywhere":  {guess.Record{}, func(r *guess.Record) { r.Pair, r.Source = guess.Tally{}, guess.Tally{} }, 20 + 10 + 288},
		"every name from one place": {guess.Record{}, func(r *guess.Record) { r.Pair, r.User = guess.Tally{}, guess.Tally{} }, 50 + 10 + 1440},
	} {
		r, n := c.record, 0
		for now := start; now.Before(start.Add(24 * time.Hour)); n++ {
			r = r.Reserve(now)
			if c.fresh != nil {
				c.fresh(&r)
			}
			now = now.Add(r.Wait(now))
		}
		require.LessOrEqual(t, n, c.most, name)
		later := start.Add(72 * time.Hour)
		_, waits, _ := fail(r, 5, later)
		require.Equal(t, make([]time.Duration, 5), waits, "%s: all is forgotten in two days", name)
	}
}

func TestASuccessTakesItsOwnAttemptBack(t *testing.T) {
	t.Parallel()
	r, _, now := fail(guess.Record{}, 4, start)
	r = r.Reserve(now).Succeed()
	require.Equal(t, 0, r.Pair.Failures)
	require.Equal(t, 4, r.User.Failures)
	require.Equal(t, 4, r.Source.Failures)
	require.True(t, r.Familiar)
	again := r.Reserve(now)
	require.Equal(t, r.User, again.User, "at a familiar source only the pair counts")
	require.Equal(t, r.Source, again.Source)
}

func TestTheRefusalSaysHowLong(t *testing.T) {
	t.Parallel()
	f := guess.Refused(1500 * time.Millisecond)
	require.True(t, fault.Is(f, fault.Limited))
	require.Equal(t, "2", f.Meta[guess.RetryAfter])
}

func TestTheBookCountsBeforeTheCheck(t *testing.T) {
	t.Parallel()
	b, passed := guess.NewBook(100), 0
	for range 100 {
		if b.Reserve("ann", "192.0.2.1", start) == 0 {
			passed++
		}
	}
	require.Equal(t, 5, passed)
}

func TestTheBookKnowsWhereAUserSignedIn(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(100)
	require.Zero(t, b.Reserve("ann", "192.0.2.1", start))
	b.Succeed("ann", "192.0.2.1", start)
	for i := range 60 { // a crowd tries her name from everywhere, and every name from her source
		b.Reserve("ann", fmt.Sprintf("198.51.100.%d", i), start)
		b.Reserve(fmt.Sprint("user", i), "192.0.2.1", start)
	}
	require.Positive(t, b.Reserve("ann", "203.0.113.1", start), "elsewhere she waits")
	require.Positive(t, b.Reserve("bob", "192.0.2.1", start), "others wait at her source")
	require.Zero(t, b.Reserve("ann", "192.0.2.1", start))
	b.Unlock("ann", start)
	require.Zero(t, b.Reserve("ann", "203.0.113.1", start))
}

func TestTheBookIsBounded(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(10)
	for i := range 1000 {
		b.Reserve(fmt.Sprint(i), fmt.Sprint(i), start)
		b.Note(fmt.Sprint(i), "s")
	}
	list, others := b.Drain(4)
	require.Len(t, list, 4)
	require.Equal(t, guess.Failure{User: "999", Source: "s", Times: 1}, list[3])
	require.Equal(t, 996, others)
	b.Restore(list, others)
	again, same := b.Drain(4)
	require.Equal(t, list, again)
	require.Equal(t, others, same)
	list, others = b.Drain(4)
	require.Empty(t, list)
	require.Zero(t, others)
}

func TestWhatIsCountedIsBounded(t *testing.T) {
	t.Parallel()
	r := guess.Record{}
	for range 10_000 { // more than a fortnight forgets one by one
		r = r.Reserve(start)
	}
	later := start.Add(72 * time.Hour)
	_, waits, _ := fail(r, 5, later)
	require.Equal(t, make([]time.Duration, 5), waits)
}

func TestAnUnlockForgetsWhatAUserDidHimself(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(100)
	for b.Reserve("ann", "192.0.2.1", start) == 0 {
	}
	for b.Reserve("bob", "192.0.2.1", start) == 0 {
	}
	b.Unlock("ann", start)
	require.Zero(t, b.Reserve("ann", "192.0.2.1", start))
	require.Positive(t, b.Reserve("bob", "192.0.2.1", start), "and nobody else")
}

func TestWhatIsRestoredIsAddedToWhatCameMeanwhile(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(100)
	b.Note("ann", "s")
	b.Note("ann", "s")
	list, others := b.Drain(10)
	b.Note("ann", "s")
	b.Restore(list, others)
	again, _ := b.Drain(10)
	require.Equal(t, []guess.Failure{{User: "ann", Source: "s", Times: 3}}, again)
}

// crowd tries a name from so many sources that nobody has seen before, each once.
func crowd(b *guess.Book, user, from string, n int, now time.Time) (passed int) {
	for i := range n {
		if b.Reserve(user, fmt.Sprintf("%s-%d", from, i), now) == 0 {
			passed++
		}
	}
	return passed
}

// TestAnUnlockLastsAnHour, whatever others do to the name meanwhile, and begins anew what they had done before.
func TestAnUnlockLastsAnHour(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(1000)
	require.Equal(t, 20, crowd(b, "ann", "before", 60, start))
	require.Positive(t, b.Reserve("ann", "home", start))
	b.Unlock("ann", start)
	require.Zero(t, b.Reserve("ann", "home", start))
	b.Unlock("ann", start)
	require.Equal(t, 19, crowd(b, "ann", "after", 19, start.Add(time.Hour)), "nothing of before is left when the pardon is over")

	b.Unlock("ann", start)
	late := start.Add(time.Hour - time.Second)
	require.Equal(t, 60, crowd(b, "ann", "meanwhile", 60, late))
	require.Zero(t, b.Reserve("ann", "office", late), "what others do to his name delays him nowhere")
	require.Positive(t, b.Reserve("ann", "elsewhere", start.Add(time.Hour)), "until the hour is over")
}

// TestWhoMustWaitIsNotCounted: who asks again and again does not make his wait longer.
func TestWhoMustWaitIsNotCounted(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(100)
	for range 5 {
		require.Zero(t, b.Reserve("ann", "s", start))
	}
	for range 100 {
		require.Equal(t, time.Second, b.Reserve("ann", "s", start))
	}
	require.Zero(t, b.Reserve("ann", "s", start.Add(time.Second)))
}

// TestASourceThatNobodyKnowsIsFamiliarToNobody: two whose sources are not known are not at the same one.
func TestASourceThatNobodyKnowsIsFamiliarToNobody(t *testing.T) {
	t.Parallel()
	b := guess.NewBook(100)
	require.Zero(t, b.Reserve("ann", "", start))
	b.Succeed("ann", "", start)
	crowd(b, "ann", "x", 60, start)
	require.Positive(t, b.Reserve("ann", "", start))
}
