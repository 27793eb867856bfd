package path_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/path"
)

// FuzzAll: any path can be asked of any tree, and the first value is the first of all.
func FuzzAll(f *testing.F) {
	for _, p := range []string{"a.b", "$.a[0].b", "a.edges.node.b", "a.length", "a.-1", "..", "a[", "a[99999999999999999999]"} {
		f.Add(`{"a":[{"b":1},{"b":[2,null]}]}`, p)
	}
	f.Fuzz(func(t *testing.T, tree, p string) {
		var root any
		if json.Unmarshal([]byte(tree), &root) != nil {
			return
		}
		all, _ := path.All(root, p)
		first, ok := path.First(root, p)
		require.Equal(t, len(all) > 0, ok)
		if ok {
			require.Equal(t, all[0], first)
			path.Text(first)
			path.Number(first)
			path.Compare(first, first)
		}
	})
}
