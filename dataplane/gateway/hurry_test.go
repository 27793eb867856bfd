package gateway

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/desired"
)

// hurried is an answer whose request's body may come until some time.
type hurried struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (h *hurried) SetReadDeadline(t time.Time) error { h.until = t; return nil }

// TestWhoIsRefusedAtTheDoorDoesNotStay: the body that nobody reads has to come soon, or its connection ends.
func TestWhoIsRefusedAtTheDoorDoesNotStay(t *testing.T) {
	t.Parallel()
	state, err := desired.Open("")
	require.NoError(t, err)
	g := New(state, Settings{Bodies: door.BodyLimits{Progress: time.Minute}}, slog.New(slog.DiscardHandler))
	for status, refuse := range map[int]http.HandlerFunc{http.StatusTooManyRequests: g.crowded, http.StatusServiceUnavailable: g.short} {
		answer := &hurried{ResponseRecorder: httptest.NewRecorder()}
		refuse(answer, httptest.NewRequest(http.MethodPost, "/api/v4.1/event", strings.NewReader("{}")))
		require.Equal(t, status, answer.Code)
		require.WithinDuration(t, time.Now(), answer.until, 2*time.Minute, status)
	}
}
