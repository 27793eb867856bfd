// Package opening does arithmetic with a location's weekly opening hours in its own time zone. Pure: no clock of its own.
package opening

import (
	"errors"
	"fmt"
	"time"
)

// horizon is how far ahead opening time is looked for; a location that stays closed that long never opens.
const horizon = 400

// ErrNeverOpen says that no opening time comes within the next four hundred days.
var ErrNeverOpen = errors.New("the location is never open")

// Day is one day's hours as HHMM integers, such as 900 and 1730. Both 0: open all day. Both -1 or both 1: closed. An end
// before the start lies on the following day.
type Day struct{ Start, End int }

// Closed reports whether the day has no hours.
func (d Day) Closed() bool { return d.Start == d.End && d.Start != 0 }

// Week is a location's opening schedule. The zero value is open around the clock in UTC.
type Week struct {
	Zone *time.Location // nil: UTC
	Days [7]Day         // by time.Weekday: Sunday first
}

// Check reports the first day whose figures are no times of day.
func (w Week) Check() error {
	for i, d := range w.Days {
		if d.Closed() {
			continue
		}
		for _, v := range []int{d.Start, d.End} {
			if v < 0 || v > 2400 || v%100 > 59 {
				return fmt.Errorf("%s: %d is no time of day, want HHMM", time.Weekday(i), v)
			}
		}
	}
	return nil
}

// Open reports whether the location is open at t.
func (w Week) Open(t time.Time) bool {
	for back := -1; back <= 0; back++ {
		if from, to, ok := w.span(t, back); ok && !t.Before(from) && t.Before(to) {
			return true
		}
	}
	return false
}

// Add returns the moment at which d of opening time has passed since t. It fails with ErrNeverOpen.
func (w Week) Add(t time.Time, d time.Duration) (time.Time, error) {
	if d <= 0 {
		return t, nil
	}
	at := t
	for i := -1; i < horizon; i++ {
		from, to, ok := w.span(t, i)
		if !ok || !to.After(at) {
			continue
		}
		if from.After(at) {
			at = from
		}
		if left := to.Sub(at); d <= left {
			return at.Add(d).In(t.Location()), nil
		} else {
			d -= left
			at = to
		}
	}
	return time.Time{}, ErrNeverOpen
}

// Between returns how much opening time lies between two moments; zero when to is not after from.
func (w Week) Between(from, to time.Time) time.Duration {
	var sum time.Duration
	at := from
	for i := -1; at.Before(to) && i < horizon; i++ {
		start, end, ok := w.span(from, i)
		if !ok || !end.After(at) {
			continue
		}
		if !start.Before(to) {
			break
		}
		if start.After(at) {
			at = start
		}
		if end.After(to) {
			end = to
		}
		sum += end.Sub(at)
		at = end
	}
	return sum
}

// span is the opening time that begins on t's local date plus a number of days.
func (w Week) span(t time.Time, days int) (from, to time.Time, ok bool) {
	zone := w.Zone
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := t.In(zone).Date()
	date := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC)
	next := date.AddDate(0, 0, 1)
	day := w.Days[date.Weekday()]
	switch {
	case day.Closed():
		return from, to, false
	case day.Start == 0 && day.End == 0:
		return local(zone, date, 0), local(zone, next, 0), true
	case day.End <= day.Start:
		return local(zone, date, day.Start), local(zone, next, day.End), true
	}
	return local(zone, date, day.Start), local(zone, date, day.End), true
}

// local is the moment at which clocks of a zone show a time of day (HHMM) on a date: the first one where they show it twice; where they skip
// it, the one at which it would have been without the change, as calendars do (RFC 5545, section 3.3.5). time.Date promises neither, and
// what it does differs east and west of Greenwich: where midnight is skipped it is on another day.
func local(zone *time.Location, date time.Time, hhmm int) time.Time {
	wall := date.Add(time.Duration(hhmm/100)*time.Hour + time.Duration(hhmm%100)*time.Minute)
	_, before := wall.AddDate(0, 0, -1).In(zone).Zone() // a day is more than any offset, and less than from one change to the next
	_, after := wall.AddDate(0, 0, 1).In(zone).Zone()
	for _, offset := range []int{before, after} {
		at := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, shown := at.Zone(); shown == offset {
			return at
		}
	}
	return wall.Add(-time.Duration(before) * time.Second).In(zone)
}
