package node

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
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
	n := member(t, trusttest.New(t, "one"))
	n.bodies = door.NewBodies(door.BodyLimits{Progress: time.Minute})
	for status, refuse := range map[int]http.HandlerFunc{http.StatusTooManyRequests: n.crowded, http.StatusServiceUnavailable: n.short} {
		answer := &hurried{ResponseRecorder: httptest.NewRecorder()}
		refuse(answer, httptest.NewRequest(http.MethodPost, "/api/v4.1/event", strings.NewReader("{}")))
		require.Equal(t, status, answer.Code)
		require.WithinDuration(t, time.Now(), answer.until, 2*time.Minute, status)
	}
}
