package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wall is a moment without the monotonic reading that would tell how much time really passed: what a wall clock says.
func wall(t time.Time) time.Time { return t.Round(0) }

func TestTheStoresClockIsTheDatabases(t *testing.T) {
	t.Parallel()
	var c clock
	sent := time.Now()
	theirs := wall(sent).Add(-72 * time.Hour)
	c.set(sent, sent, theirs)
	first := c.now()
	require.WithinDuration(t, theirs, first, time.Minute)
	require.False(t, c.now().Before(first))

	// The database's clock is set forward and back; it is followed both ways, but for what is only noise.
	c.set(time.Now(), time.Now(), theirs.Add(time.Hour))
	ahead := c.now()
	require.WithinDuration(t, theirs.Add(time.Hour), ahead, time.Minute)
	c.set(time.Now(), time.Now(), ahead.Add(-500*time.Millisecond))
	require.False(t, c.now().Before(ahead), "noise does not turn it back")
	c.set(time.Now(), time.Now(), theirs)
	require.WithinDuration(t, theirs, c.now(), time.Minute)

	// What was said after a long way was true in the middle of it.
	var slow clock
	sent, received := time.Now().Add(-4*time.Hour), time.Now()
	slow.set(sent, received, theirs)
	require.WithinDuration(t, theirs.Add(2*time.Hour), slow.now(), time.Minute)
}
