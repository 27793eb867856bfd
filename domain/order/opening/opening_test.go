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

// every is a week with the same hours each day.
func every(start, end int) (w opening.Week) {
	for d := range w.Days {
		w.Days[d] = opening.Day{Start: start, End: end}
	}
	return w
}

// TestDaysOf23And25Hours: in Berlin clocks go from 2 to 3 on 2026-03-29 and from 3 to 2 on 2026-10-25; in New York on 03-08 and 11-01 from 1 to 2;
// in Santiago midnight of Sunday 2026-09-06 does not exist, in Havana that of Sunday 2026-03-08, and that of Sunday 11-01 comes twice.
func TestDaysOf23And25Hours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone string
		week       opening.Week
		from, to   string
		d          time.Duration
	}{
		{"around the clock, 23 hours", "Europe/Berlin", opening.Week{}, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23 * time.Hour},
		{"around the clock, 25 hours", "Europe/Berlin", opening.Week{}, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25 * time.Hour},
		{"business hours are by the clock", "Europe/Berlin", every(900, 1700), "2026-03-28T16:00:00+01:00", "2026-03-29T10:00:00+02:00", 2 * time.Hour},
		{"business hours are by the clock", "Europe/Berlin", every(900, 1700), "2026-10-24T16:00:00+02:00", "2026-10-25T10:00:00+01:00", 2 * time.Hour},
		{"hours of which one is skipped", "Europe/Berlin", every(100, 500), "2026-03-29T01:00:00+01:00", "2026-03-29T05:00:00+02:00", 3 * time.Hour},
		{"hours of which one comes twice", "Europe/Berlin", every(100, 500), "2026-10-25T01:00:00+02:00", "2026-10-25T05:00:00+01:00", 5 * time.Hour},
		{"closes at the moment that is skipped", "Europe/Berlin", every(2200, 200), "2026-03-28T22:00:00+01:00", "2026-03-29T03:00:00+02:00", 4 * time.Hour},
		{"west of Greenwich, too", "America/New_York", every(2200, 200), "2026-03-07T22:00:00-05:00", "2026-03-08T03:00:00-04:00", 4 * time.Hour},
		{"opens within the skipped hour", "America/New_York", every(230, 500), "2026-03-08T03:30:00-04:00", "2026-03-08T05:00:00-04:00", 90 * time.Minute},
		{"closes at the first of two", "America/New_York", every(2200, 130), "2026-10-31T22:00:00-04:00", "2026-11-01T01:30:00-04:00", 210 * time.Minute},
		{"east of Greenwich, too", "Europe/Berlin", every(2200, 230), "2026-10-24T22:00:00+02:00", "2026-10-25T02:30:00+02:00", 270 * time.Minute},
		{"opens at the first of two", "Europe/Berlin", every(230, 500), "2026-10-25T02:30:00+02:00", "2026-10-25T05:00:00+01:00", 210 * time.Minute},
		{"a day without a midnight", "America/Santiago", opening.Week{}, "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00", 23 * time.Hour},
		{"a day with two midnights", "America/Havana", opening.Week{}, "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", 25 * time.Hour},
	} {
		zone, err := time.LoadLocation(c.zone)
		require.NoError(t, err)
		c.week.Zone = zone
		from, to := at(c.from), at(c.to)
		got, err := c.week.Add(from, c.d)
		require.NoError(t, err, c.name)
		require.True(t, to.Equal(got), "%s, %s: want %s, got %s", c.name, c.zone, to, got.In(zone))
		require.Equal(t, c.d, c.week.Between(from, to), c.name)
		require.True(t, c.week.Open(from), "%s: open at %s", c.name, from)
		require.True(t, c.week.Open(to.Add(-time.Second)), "%s: open until %s", c.name, to)
	}
}

// TestTheWeekdayIsTheOneOfTheCalendar: where midnight does not exist the day is not taken for the one before.
func TestTheWeekdayIsTheOneOfTheCalendar(t *testing.T) {
	t.Parallel()
	for zone, sunday := range map[string]string{"America/Santiago": "2026-09-06T12:00:00-03:00", "America/Havana": "2026-03-08T12:00:00-04:00"} {
		at := at(sunday)
		loaded, err := time.LoadLocation(zone)
		require.NoError(t, err)
		require.Equal(t, time.Sunday, at.In(loaded).Weekday())
		w := store(loaded)
		require.False(t, w.Open(at), "%s: the store is closed on Sundays", zone)
		require.True(t, w.Open(at.AddDate(0, 0, -1)), zone)
		got, err := w.Add(at, time.Hour)
		require.NoError(t, err)
		require.Equal(t, time.Monday, got.In(loaded).Weekday())
		require.Equal(t, 10, got.In(loaded).Hour(), zone)
	}
}

func TestHoursEndWhenTheyEnd(t *testing.T) {
	t.Parallel()
	w := every(900, 1700)
	for clock, open := range map[string]bool{"08:59:59": false, "09:00:00": true, "16:59:59": true, "17:00:00": false} {
		require.Equal(t, open, w.Open(at("2026-03-02T"+clock+"Z")), clock)
	}
	require.Equal(t, time.Duration(0), w.Between(at("2026-03-02T16:00:00Z"), at("2026-03-02T16:00:00Z")))
	require.Equal(t, time.Duration(0), w.Between(at("2026-03-02T16:00:00Z"), at("2026-03-02T10:00:00Z")), "backwards is nothing")
	require.Equal(t, time.Duration(0), w.Between(at("2026-03-02T17:00:00Z"), at("2026-03-03T09:00:00Z")), "closed all the time")
	require.Equal(t, 9*time.Hour, w.Between(at("2026-03-02T16:00:00Z"), at("2026-03-03T17:30:00Z")))
	got, err := w.Add(at("2026-03-02T20:00:00Z"), 0)
	require.NoError(t, err)
	require.Equal(t, at("2026-03-02T20:00:00Z"), got, "no time is over at once")
	late := every(2000, 2400)
	require.NoError(t, late.Check())
	got, err = late.Add(at("2026-03-02T23:00:00Z"), 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, at("2026-03-03T21:00:00Z"), got, "2400 is the end of the day")
	for _, d := range []opening.Day{{Start: -5, End: 900}, {Start: 900, End: 2401}, {Start: 960, End: 1700}} {
		w.Days[time.Friday] = d
		require.ErrorContains(t, w.Check(), "Friday", "%v", d)
	}
	w.Days[time.Friday] = opening.Day{Start: -1, End: -1}
	require.NoError(t, w.Check(), "closed")
	once := every(1, 1)
	once.Days[time.Monday] = opening.Day{Start: 900, End: 1000}
	got, err = once.Add(at("2026-03-02T09:00:00Z"), 58*time.Hour)
	require.NoError(t, err)
	require.Equal(t, at("2027-04-05T10:00:00Z"), got, "the 58th Monday is within the horizon")
	_, err = once.Add(at("2026-03-02T09:00:00Z"), 59*time.Hour)
	require.ErrorIs(t, err, opening.ErrNeverOpen, "the 59th is not")
}

// TestTheDateIsTheOneOfTheLocation: in Sydney it is Monday while it still is Sunday in UTC.
func TestTheDateIsTheOneOfTheLocation(t *testing.T) {
	t.Parallel()
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	w := store(sydney)
	for clock, open := range map[string]bool{"2026-02-28T22:30:00Z": false, "2026-03-01T22:30:00Z": true, "2026-03-02T05:59:00Z": true, "2026-03-02T06:00:00Z": false} {
		require.Equal(t, open, w.Open(at(clock)), clock)
	}
}
