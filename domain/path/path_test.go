package path_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/path"
)

func TestAllFlattensListsAndSkipsConnectionWords(t *testing.T) {
	t.Parallel()
	tree := map[string]any{
		"type":  "HD",
		"items": map[string]any{"edges": []any{}},
		"lines": []any{
			map[string]any{"product": map[string]any{"ref": "P1"}, "currency": "AUD"},
			map[string]any{"product": map[string]any{"ref": "P2"}, "currency": "EUR"},
		},
	}
	for _, c := range []struct {
		path string
		want []any
		list bool
	}{
		{"type", []any{"HD"}, false},
		{"lines.product.ref", []any{"P1", "P2"}, true},
		{"lines.edges.node.product.ref", []any{"P1", "P2"}, true},
		{"lines.1.currency", []any{"EUR"}, false},
		{"lines[0].currency", []any{"AUD"}, false},
		{"lines.length", []any{2.0}, false},
		{"$.type", []any{"HD"}, false},
		{"nowhere.at.all", nil, false},
		{"lines.9.currency", nil, false},
		{"lines.2.currency", nil, false}, // one beyond the last
		{"lines.-1.currency", nil, false},
		{"lines.0", []any{map[string]any{"product": map[string]any{"ref": "P1"}, "currency": "AUD"}}, false},
	} {
		got, list := path.All(tree, c.path)
		require.Equal(t, c.want, got, c.path)
		require.Equal(t, c.list, list, c.path)
	}
}

func TestEqualMeansNumbersAndInstants(t *testing.T) {
	t.Parallel()
	require.True(t, path.Equal(1000.0, "1000"))
	require.True(t, path.Equal("2026-03-02T10:00:00Z", "2026-03-02T11:00:00+01:00"))
	require.False(t, path.Equal("GOLD", "SILVER"))
	require.True(t, path.Equal(true, "true"))
	_, ok := path.Compare("GOLD", 3.0)
	require.False(t, ok)
}

// order is an entity: it has members only when asked for.
type order map[string]any

func (o order) Member(name string) (any, bool) {
	v, ok := o[name]
	return v, ok
}

// TestAllGoesThroughWhatHoldsMembers: entities, JSON that was not read yet, and nothing.
func TestAllGoesThroughWhatHoldsMembers(t *testing.T) {
	t.Parallel()
	tree := order{
		"ref":    "O1",
		"raw":    json.RawMessage(`{"tier":"GOLD","list":[{"n":1},{"n":2}]}`),
		"broken": json.RawMessage(`{"tier":`),
		"none":   nil,
		"lines":  []any{order{"ref": "L1"}, nil, order{}, order{"ref": nil}, order{"ref": "L2"}},
	}
	for _, c := range []struct {
		path string
		want []any
		list bool
	}{
		{"ref", []any{"O1"}, false},
		{"", []any{tree}, false},
		{"other", nil, false},
		{"ref.deeper", nil, false},
		{"raw.tier", []any{"GOLD"}, false},
		{"raw.list.n", []any{1.0, 2.0}, true},
		{"broken", nil, false},
		{"broken.tier", nil, false},
		{"none", nil, false},
		{"lines.ref", []any{"L1", "L2"}, true},
		{"lines.0.ref", []any{"L1"}, false},
		{"lines.1.ref", nil, false},
		{"lines.4.ref", []any{"L2"}, false},
		{"lines.5.ref", nil, false},
	} {
		got, list := path.All(tree, c.path)
		require.Equal(t, c.want, got, c.path)
		require.Equal(t, c.list, list, c.path)
	}
	first, ok := path.First(tree, "lines.ref")
	require.True(t, ok)
	require.Equal(t, "L1", first)
	_, ok = path.First(tree, "none")
	require.False(t, ok)
}

func ptr[T any](v T) *T { return &v }

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    any
		want float64
		ok   bool
	}{
		{2.5, 2.5, true}, {json.Number("2.5"), 2.5, true}, {json.Number("x"), 0, false}, {3, 3, true}, {int64(4), 4, true}, {int32(5), 5, true},
		{ptr(6.5), 6.5, true}, {(*float64)(nil), 0, false}, {ptr(7), 7, true}, {(*int)(nil), 0, false},
		{"-Inf", math.Inf(-1), false}, {"Inf", math.Inf(1), false},
		{" 8.25 ", 8.25, true}, {"eight", 0, false}, {"", 0, false}, {true, 0, false}, {nil, 0, false},
	} {
		got, ok := path.Number(c.v)
		require.Equal(t, c.ok, ok, "%#v", c.v)
		require.Equal(t, c.want, got, "%#v", c.v)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 11, 0, 0, 5e8, time.FixedZone("", 3600))
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, ""}, {"a", "a"}, {1e6, "1000000"}, {0.1, "0.1"}, {2.0, "2"}, {at, "2026-03-02T10:00:00.5Z"},
		{ptr("b"), "b"}, {(*string)(nil), ""}, {7, "7"}, {true, "true"},
	} {
		require.Equal(t, c.want, path.Text(c.v), "%#v", c.v)
	}
}

func TestCompareOrdersNumbersAndTimesOnly(t *testing.T) {
	t.Parallel()
	early := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	late := early.Add(time.Hour)
	for _, c := range []struct {
		a, b  any
		order int
		ok    bool
	}{
		{1.0, 1.25, -1, true}, {1.25, 1.0, 1, true}, {"7", 7, 0, true}, {-1.5, -0.5, -1, true}, {0.5, 0.25, 1, true},
		{early, late, -1, true}, {late, early, 1, true}, {ptr(late), early, 1, true}, {early, ptr(early), 0, true},
		{"2026-03-02", "2026-03-03", -1, true}, {"2026-03-02T10:00:00", early, 0, true}, {"2026-03-02T10:00:00.5", early, 1, true},
		{(*time.Time)(nil), early, 0, false}, {early, (*time.Time)(nil), 0, false}, {early, "soon", 0, false}, {early, 3.0, 0, false},
		{"a", "b", 0, false}, {1.0, "a", 0, false}, {"a", 1.0, 0, false}, {nil, nil, 0, false},
	} {
		order, ok := path.Compare(c.a, c.b)
		require.Equal(t, c.ok, ok, "%#v %#v", c.a, c.b)
		require.Equal(t, c.order, order, "%#v %#v", c.a, c.b)
	}
	require.False(t, path.Equal(1.0, 1.5))
	require.False(t, path.Equal(early, late))
	require.True(t, path.Equal("a", ptr("a")))
	require.True(t, path.Equal(nil, ""))
}
