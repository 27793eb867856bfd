package opening_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/fluent-oms/fluent/domain/order/opening"
)

// store is open Monday to Saturday 0900–1700 and closed on Sunday.
func store(zone *time.Location) opening.Week {
	w := opening.Week{Zone: zone}
	for d := time.Monday; d <= time.Saturday; d++ {
		w.Days[d] = opening.Day{Start: 900, End: 1700}
	}
	w.Days[time.Sunday] = opening.Day{Start: -1, End: -1}
	return w
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestAddCountsOpeningTimeOnly(t *testing.T) {
	t.Parallel()
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		week opening.Week
		from string
		d    time.Duration
		want string
	}{
		{"within one day", store(nil), "2026-03-02T10:00:00Z", 4 * time.Hour, "2026-03-02T14:00:00Z"},
		{"goes on next morning", store(nil), "2026-03-02T15:30:00Z", 4 * time.Hour, "2026-03-03T11:30:00Z"},
		{"skips the closed Sunday", store(nil), "2026-03-07T16:00:00Z", 2 * time.Hour, "2026-03-09T10:00:00Z"},
		{"begins before opening", store(nil), "2026-03-02T05:00:00Z", time.Hour, "2026-03-02T10:00:00Z"},
		{"ends exactly at closing", store(nil), "2026-03-02T15:00:00Z", 2 * time.Hour, "2026-03-02T17:00:00Z"},
		{"open around the clock", opening.Week{}, "2026-03-02T15:30:00Z", 8 * time.Hour, "2026-03-02T23:30:00Z"},
		{"local time zone", store(sydney), "2026-03-01T22:00:00Z", time.Hour, "2026-03-01T23:00:00Z"},
	} {
		got, err := c.week.Add(at(c.from), c.d)
		require.NoError(t, err, c.name)
		require.True(t, at(c.want).Equal(got), "%s: got %s", c.name, got)
	}
}

func TestNightShiftEndsOnTheFollowingDay(t *testing.T) {
	t.Parallel()
	w := opening.Week{}
	for d := range w.Days {
		w.Days[d] = opening.Day{Start: 2200, End: 200}
	}
	require.True(t, w.Open(at("2026-03-02T01:00:00Z")))
	require.True(t, w.Open(at("2026-03-02T23:00:00Z")))
	require.False(t, w.Open(at("2026-03-02T12:00:00Z")))
	got, err := w.Add(at("2026-03-02T01:00:00Z"), 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, at("2026-03-02T23:00:00Z"), got)
}

func TestAlwaysClosedNeverEnds(t *testing.T) {
	t.Parallel()
	w := opening.Week{}
	for d := range w.Days {
		w.Days[d] = opening.Day{Start: 1, End: 1}
	}
	_, err := w.Add(at("2026-03-02T01:00:00Z"), time.Hour)
	require.ErrorIs(t, err, opening.ErrNeverOpen)
	require.False(t, w.Open(at("2026-03-02T01:00:00Z")))
}

func TestCheckNamesTheDay(t *testing.T) {
	t.Parallel()
	w := store(nil)
	require.NoError(t, w.Check())
	w.Days[time.Tuesday].End = 1775
	require.ErrorContains(t, w.Check(), "Tuesday")
}

// TestAddAndBetweenAgree: the opening time between t and t+d (in opening time) is d, and the end lies in or at the end of
// opening time.
func TestAddAndBetweenAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := opening.Week{}
		for i := range w.Days {
			w.Days[i] = rapid.SampledFrom([]opening.Day{{900, 1700}, {0, 0}, {-1, -1}, {2200, 200}, {30, 1230}}).Draw(t, "day")
		}
		w.Days[time.Wednesday] = opening.Day{Start: 900, End: 1700}
		from := at("2026-03-02T00:00:00Z").Add(time.Duration(rapid.IntRange(0, 14*24*60).Draw(t, "minute")) * time.Minute)
		d := time.Duration(rapid.IntRange(1, 100*60).Draw(t, "length")) * time.Minute
		end, err := w.Add(from, d)
		require.NoError(t, err)
		require.Equal(t, d, between(w, from, end))
		require.Equal(t, d, w.Between(from, end))
		require.True(t, w.Open(end.Add(-time.Minute)))
	})
}

// between counts minutes by asking Open for each, which is slow and obviously right.
func between(w opening.Week, from, to time.Time) time.Duration {
	var sum time.Duration
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		if w.Open(at) {
			sum += time.Minute
		}
	}
	return sum
}
