package history_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
)

// FuzzItemID: an item's id leads back to its turn, whatever a caller sends as an id.
func FuzzItemID(f *testing.F) {
	f.Add("501a209b-dd23-8bc9-a234-cb0f41c80000", 11)
	f.Add("", 0)
	f.Add("abc", 70000)
	f.Fuzz(func(t *testing.T, id string, ordinal int) {
		turn := history.TurnOf(id)
		if ordinal >= 0 && ordinal <= 0xffff {
			require.Equal(t, turn, history.TurnOf(history.ItemID(turn, ordinal)))
		}
	})
}
