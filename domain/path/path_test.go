package path_test

import (
	"testing"

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
