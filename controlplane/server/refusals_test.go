package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
	for _, f := range []refusal{crowded, failing, short} {
		answer := &hurried{ResponseRecorder: httptest.NewRecorder()}
		f.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")))
		require.Equal(t, f.status, answer.Code)
		require.WithinDuration(t, time.Now(), answer.until, time.Minute, f.body)
	}
}
