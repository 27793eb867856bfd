package engine

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFailureThatRepeatsIsOneLine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	var c complaint
	for range 50 {
		c.hear(log, "read the event queues", errors.New("no connection"))
	}
	require.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
	c.hear(log, "read the event queues", nil)
	c.hear(log, "read the event queues", nil)
	require.Equal(t, 2, strings.Count(out.String(), "\n"), out.String())
	require.Contains(t, out.String(), "failures=50")
}
