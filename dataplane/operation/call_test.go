package operation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// TestAColumnIsReadAsWhatItHolds: null is the zero value, and nothing else is.
func TestAColumnIsReadAsWhatItHolds(t *testing.T) {
	t.Parallel()
	rows := &operation.Rows{Type: &catalogue.Type{Name: "Shelf"}, Fields: []*catalogue.Field{{Name: "ref"}, {Name: "width"}}}
	width := operation.Column[int64](rows, "width")
	require.EqualValues(t, 7, width([]any{"A", int64(7)}))
	require.Zero(t, width([]any{"A", nil}))
	require.PanicsWithValue(t, "operation: Shelf.width is a int64, and is read as int", func() { operation.Column[int](rows, "width")([]any{"A", int64(7)}) })
	require.PanicsWithValue(t, "operation: Shelf.depth is not read: name it in With", func() { operation.Column[int64](rows, "depth") })
}
