package path_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/path"
)

type m = map[string]any

// TestPathsAtTheEdgesOfLists: the first and the last element are there, what is before and behind is nowhere.
func TestPathsAtTheEdgesOfLists(t *testing.T) {
	t.Parallel()
	tree := m{"a": []any{m{"n": 1.0}, m{"n": 2.0}}, "none": []any{}, "deep": []any{[]any{1.0, 2.0}, []any{3.0}}, "raw": json.RawMessage(`[{"n": 7}]`)}
	for _, c := range []struct {
		path string
		want []any
		list bool
	}{
		{"a.0.n", []any{1.0}, false},
		{"a.1.n", []any{2.0}, false},
		{"a[1].n", []any{2.0}, false},
		{"a.2.n", nil, false},
		{"a[2]", nil, false},
		{"a.-1.n", nil, false},
		{"a.0", []any{m{"n": 1.0}}, false},
		{"a.length", []any{2.0}, false},
		{"a.0.length", nil, false},
		{"none", nil, true},
		{"none.0", nil, false},
		{"none.length", []any{0.0}, false},
		{"deep", []any{1.0, 2.0, 3.0}, true},
		{"deep.1", []any{3.0}, true},
		{"deep.0.1", []any{2.0}, false},
		{"raw.0.n", []any{7.0}, false},
		{"raw.1.n", nil, false},
	} {
		got, list := path.All(tree, c.path)
		require.Equal(t, c.want, got, c.path)
		require.Equal(t, c.list, list, c.path)
	}
}

// TestNullIsNoValue, wherever it stands: on the way, at the end, among others.
func TestNullIsNoValue(t *testing.T) {
	t.Parallel()
	tree := m{"null": nil, "list": []any{nil, m{"n": nil}, m{"n": 3.0}, nil}, "raw": json.RawMessage("null"), "broken": json.RawMessage("{"), "empty": ""}
	for _, p := range []string{"null", "null.x", "list.0", "list.1.n", "list.3.n", "raw", "raw.x", "broken", "broken.x"} {
		_, ok := path.First(tree, p)
		require.False(t, ok, p)
	}
	got, _ := path.All(tree, "list.n")
	require.Equal(t, []any{3.0}, got)
	got, _ = path.All(tree, "list.length")
	require.Equal(t, []any{4.0}, got, "it takes its place in the list all the same")
	v, ok := path.First(tree, "empty")
	require.True(t, ok, "an empty text is a value")
	require.Empty(t, v)
	_, ok = path.First(nil, "x")
	require.False(t, ok)
	v, ok = path.First(tree, "$.list[2].n")
	require.True(t, ok)
	require.InDelta(t, 3, v, 0)
}

func TestOrderOfNumbersAndTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	five, seven := 5.0, 7
	var none *float64
	for _, c := range []struct {
		a, b  any
		order int
		ok    bool
	}{
		{1.5, 1, 1, true},
		{1, 1.5, -1, true},
		{"9", "10", -1, true},
		{" 9 ", 9, 0, true},
		{json.Number("2.50"), "2.5", 0, true},
		{&five, int64(5), 0, true},
		{&seven, int32(8), -1, true},
		{none, 5, 0, false},
		{nil, 0, 0, false},
		{"", 0, 0, false},
		{true, 1, 0, false},
		{"2026-03-02T10:00:00Z", at, 0, true},
		{"2026-03-02T10:00:00.001Z", &at, 1, true},
		{"2026-03-02", at, -1, true},
		{"2026-03-02T10:00:00", "2026-03-02T11:00:00+01:00", 0, true},
		{at, 5, 0, false},
		{"soon", at, 0, false},
		{"nan", 7, 0, false},
		{"Infinity", 7, 0, false},
	} {
		order, ok := path.Compare(c.a, c.b)
		require.Equal(t, c.ok, ok, "%v %v", c.a, c.b)
		require.Equal(t, c.order, order, "%v %v", c.a, c.b)
		back, ok := path.Compare(c.b, c.a)
		require.Equal(t, c.ok, ok)
		require.Equal(t, -c.order, back, "%v %v", c.b, c.a)
	}
	require.False(t, path.Equal("Nan", 7), "a name is no number")
	require.False(t, path.Equal("inf", "-inf"))
	require.True(t, path.Equal("Nan", "Nan"))
	require.False(t, path.Equal(nil, 0.0))
	require.True(t, path.Equal(nil, ""))
	require.False(t, path.Equal(1.5, 1))
	require.Equal(t, "0.1", path.Text(0.1))
	require.Equal(t, "1000000", path.Text(1e6))
	require.Equal(t, "2026-03-02T10:00:00Z", path.Text(at.In(time.FixedZone("", 3600))))
}
