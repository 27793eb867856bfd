package httpapi

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/fault"
)

func TestEveryKindOfFaultHasAStatus(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Expired; kind++ {
		require.NotZero(t, statuses[kind], "kind %d", kind)
	}
}

// TestADatabaseThatTakesNoWritesIsNoLineForEachRequest: the node's log says it once, and again when it is over. Other failures of ours are lines.
func TestADatabaseThatTakesNoWritesIsNoLineForEachRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		line   bool
	}{
		"a full disk":             {fault.New(fault.Unavailable, "full").With("reason", "DATABASE_FULL"), http.StatusServiceUnavailable, false},
		"a replica":               {fault.New(fault.Unavailable, "read").With("reason", "DATABASE_READ_ONLY"), http.StatusServiceUnavailable, false},
		"a database that is gone": {fault.New(fault.Unavailable, "gone").With("reason", "DATABASE_UNREACHABLE"), http.StatusServiceUnavailable, true},
		"a bug":                   {errors.New("bug"), http.StatusInternalServerError, true},
		"a caller's mistake":      {fault.Invalidf("ref", "no"), http.StatusBadRequest, false},
	} {
		var log bytes.Buffer
		answer := httptest.NewRecorder()
		WriteError(answer, httptest.NewRequest(http.MethodPost, "/graphql", nil), slog.New(slog.NewTextHandler(&log, nil)), c.err)
		require.Equal(t, c.status, answer.Code, name)
		require.Equal(t, c.line, log.Len() > 0, "%s: %s", name, log.String())
	}
}
