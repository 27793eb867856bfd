package form

import (
	"errors"
	"time"
)

// moments are the spellings of a moment that callers use. What says no zone is UTC, and a day alone begins at midnight there.
var moments = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04", "2006-01-02",
}

// errMoment is for a text that is no moment, or one that could be kept and told to nobody: see CheckMoment.
var errMoment = errors.New("want a date such as 2026-01-31T10:00:00.000Z")

// Moment reads a moment in ISO 8601, as UTC. The error says what is wanted, not what was given.
func Moment(text string) (time.Time, error) {
	for _, layout := range moments {
		if t, err := time.Parse(layout, text); err == nil && CheckMoment(t) == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errMoment
}

var errYear = errors.New("in UTC its year has not four digits")

// CheckMoment refuses a moment that could be kept and told to nobody: the times of JSON have years of four digits. Zones can lead out of them, as in
// 9999-12-31T23:00:00-02:00.
func CheckMoment(t time.Time) error {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return errYear
	}
	return nil
}
