package ratelog_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/ratelog"
)

func TestAFailureThatRepeatsIsOneLine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, nil))
	var f ratelog.Failure
	for range 50 {
		f.Report(log, "read the event queues", errors.New("no connection"))
	}
	require.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
	f.Report(log, "read the event queues", nil)
	f.Report(log, "read the event queues", nil)
	require.Equal(t, 2, strings.Count(out.String(), "\n"), out.String())
	require.Contains(t, out.String(), "failures=50")
}
