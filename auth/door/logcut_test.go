package door_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// TestCallersChooseLittleOfALog logs what a caller may send by each way that a value gets into a log.
func TestCallersChooseLittleOfALog(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é\x1b[2J\n\u0085", 1<<12)
	var out bytes.Buffer
	for _, handler := range []slog.Handler{
		slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: door.CutAttr}), slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: door.CutAttr}),
	} {
		log := slog.New(handler)
		for _, value := range []any{long, errors.New(long), []string{long, long}, []byte(long), map[string]string{long: long}, struct{ A string }{long}, json.RawMessage(long)} {
			out.Reset()
			log.With("with", value).WithGroup("g").Info("x", "value", value, slog.Group("in", "value", value))
			require.Less(t, out.Len(), 12<<10, "%T", value)
			require.Equal(t, 1, strings.Count(out.String(), "\n"), "%T", value)
			require.Equal(t, -1, strings.IndexFunc(strings.TrimSuffix(out.String(), "\n"), unicode.IsControl), "%T", value)
			require.Contains(t, out.String(), "bytes)")
		}
		out.Reset()
		log.Info(long)
		require.Less(t, out.Len(), 16<<10)
	}
}

// TestWhereALogIsCut goes to the byte: characters stay whole, and only the line's own message may be longer than other values.
func TestWhereALogIsCut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: door.CutAttr, AddSource: true}))
	long := strings.Repeat("a", 1<<15)
	log.WithGroup("g").Error(long, "msg", long, "fits", long[:1<<10], "half", long[:1<<10-1]+"é", door.StackKey, long, "error", errors.New(long))
	var line struct {
		Msg    string
		Source map[string]any
		G      map[string]string
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	cut := func(size int) string { return long[:size] + "… (32768 bytes)" }
	require.Equal(t, cut(4<<10), line.Msg)
	require.Contains(t, line.Source, "line", "it is no text")
	require.Equal(t, map[string]string{
		"msg": cut(1 << 10), "fits": long[:1<<10], "half": long[:1<<10-1] + "… (1025 bytes)", "stack": cut(16 << 10), "error": cut(1 << 10),
	}, line.G)
}

func TestWhatIsShortIsLoggedAsItIs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: door.CutAttr}))
	log.Error("a message", "text", "café ✓", "number", 7, "error", errors.New("refused"), "nothing", nil, door.StackKey, "a\n\tb")
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	delete(line, "time")
	require.Equal(t, map[string]any{
		"level": "ERROR", "msg": "a message", "text": "café ✓", "number": 7.0, "error": "refused", "nothing": nil, "stack": "a\n\tb",
	}, line)
}
