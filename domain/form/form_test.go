package form_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the database that the program brings along

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
)

func TestRefs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "A", "Sydney stores", "Zürich-1", "日本", "a_b:c/d", "COMPATIBILITY:1", "🎉"} {
		require.NoError(t, form.Ref.Text(good), good)
	}
	for _, bad := range []string{" ", "A ", " A", "\tA", "A\n", "A\tB", "A\x00", "A\x7fB", "A\u0085B", "A\u00a0", "\u3000A", "\ufeffA", "A\u200b"} {
		err := form.Ref.Text(bad)
		require.Error(t, err, "%q", bad)
		require.Equal(t, fault.CodeInvalid, fault.Of(err).Code, "%q", bad)
	}
	require.Less(t, len(form.Ref.Text(strings.Repeat("x", 5000)+" ").Error()), 250)
}

func TestTheZonesAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	require.True(t, slices.IsSorted(form.TimeZones()))
	for _, name := range form.TimeZones() {
		_, err := time.LoadLocation(name)
		require.NoError(t, err, name)
		require.LessOrEqual(t, len(name), 32, "fields of time zones have room for 32 characters")
	}
	for _, good := range []string{"", "UTC", "Australia/Sydney", "America/Argentina/Buenos_Aires", "US/Eastern", "Etc/GMT+10"} {
		require.NoError(t, form.TimeZone.Text(good), good)
	}
	for bad, want := range map[string]string{
		"Europe/Berln": "Did you mean Europe/Berlin?", "europe/berlin": "Did you mean Europe/Berlin?", "Mars/Olympus": "such as Australia/Sydney", "+10:00": "no time zone", "Local": "no time zone", "AEST": "no time zone",
	} {
		require.ErrorContains(t, form.TimeZone.Text(bad), want, bad)
	}
}

func TestTimesOfDay(t *testing.T) {
	t.Parallel()
	for _, good := range []int{-1, 0, 1, 59, 900, 1730, 2359, 2400} {
		require.NoError(t, form.TimeOfDay.Number(good), "%d", good)
	}
	for _, bad := range []int{-2, 60, 975, 1260, 2401, 2460, 9000} {
		require.ErrorContains(t, form.TimeOfDay.Number(bad), "no time of day", "%d", bad)
	}
}

// TestWhatIsRightCostsNoMemory: thousands of rows of a load pass here.
func TestWhatIsRightCostsNoMemory(t *testing.T) {
	long := "Zürich:" + strings.Repeat("SKU-", 20)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, _, _ = form.Ref.Text(long), form.TimeZone.Text("Europe/Zurich"), form.TimeOfDay.Number(930)
	}))
}

func TestFormsHaveNames(t *testing.T) {
	t.Parallel()
	for _, f := range []*form.Form{form.Ref, form.TimeZone, form.TimeOfDay} {
		require.Same(t, f, form.Named(f.Name))
		require.NotEmpty(t, f.Doc)
		require.True(t, (f.Text == nil) != (f.Number == nil), f.Name)
	}
	require.Nil(t, form.Named("email"))
}

func TestMomentsWithoutAZoneAreUTC(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-01-31T10:00:00.000Z": "2026-01-31T10:00:00Z", "2026-01-31T12:00:00.5+02:00": "2026-01-31T10:00:00.5Z", "2026-01-31T12:00:00+0200": "2026-01-31T10:00:00Z",
		"2026-01-31T10:00:00": "2026-01-31T10:00:00Z", "2026-01-31T12:00+02:00": "2026-01-31T10:00:00Z", "2026-01-31T12:00+0200": "2026-01-31T10:00:00Z",
		"2026-01-31T10:00": "2026-01-31T10:00:00Z", "2026-01-31": "2026-01-31T00:00:00Z", "2026-03-29T02:30:00+01:00": "2026-03-29T01:30:00Z",
	} {
		at, err := form.Moment(text)
		require.NoError(t, err, text)
		require.Equal(t, want, at.Format(time.RFC3339Nano), text)
	}
	for _, text := range []string{
		"", "now", "31.1.2026", "2026-02-30", "2026-01-31T25:00:00Z", "2026-01-31T10:00:00+25:00", "9999-12-31T23:00:00-02:00", "0000-01-01T01:00:00+02:00", "10000-01-01", "2026-01-31T10:00:00 Europe/Berlin", "1767225600",
	} {
		_, err := form.Moment(text)
		require.Error(t, err, text)
	}
}
