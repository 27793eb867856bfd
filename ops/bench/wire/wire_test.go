package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/bench/wire"
)

func TestEachAnswerIsLookedAt(t *testing.T) {
	t.Parallel()
	answers := []string{
		`{"data":{"n":1}}`, `{"data":{"n":1}}`, `{"data":{"n":2}}`, `{"data":{"n":2},"pad":"` + strings.Repeat("x", 40_000) + `"}`,
		`{"data":{"n":3}}`, `{"data":null,"errors":[{"message":"no"}]}`, "",
	}
	at := -1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		require.JSONEq(t, `{"query":"{ n }","variables":{"a":"b"}}`, string(body))
		require.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		if at++; answers[at] == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, answers[at])
	}))
	t.Cleanup(server.Close)
	looked := 0
	q := &wire.Question{Query: "{ n }", Variables: map[string]any{"a": "b"}, Check: func(data json.RawMessage) error {
		if looked++; strings.Contains(string(data), "3") {
			return errors.New("three is wrong")
		}
		return nil
	}}
	a, err := wire.Open([]string{server.URL}, "secret", 1, []*wire.Question{q})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	ctx := context.Background()
	for range 4 {
		require.NoError(t, a.Ask(ctx, 0, q))
	}
	require.Equal(t, 3, looked, "the second answer was the first one again")
	require.ErrorContains(t, a.Ask(ctx, 0, q), "three is wrong")
	require.ErrorContains(t, a.Ask(ctx, 0, q), `"message":"no"`)
	require.ErrorContains(t, a.Ask(ctx, 0, q), "503")
}
