package history_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/store"
)

// FuzzDecode: a trail's body that disk or hand has spoilt is an error, never a crash or a flood of memory.
func FuzzDecode(f *testing.F) {
	row, err := history.Encode(&history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", RootType: "ORDER", RootID: "7"})
	require.NoError(f, err)
	f.Add(row.Body)
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, body []byte) {
		spoilt := row
		spoilt.Body = body
		trail, err := history.Decode(&spoilt)
		if err == nil {
			history.Expand("ACME", trail)
		}
	})
}

func TestATrailComesBackAsItWas(t *testing.T) {
	t.Parallel()
	trail := &history.Trail{TurnID: "501a209b-dd23-8bc9-a234-cb0f41c80000", RootType: "ORDER", RootID: "7"}
	row, err := history.Encode(trail)
	require.NoError(t, err)
	again, err := history.Decode(&row)
	require.NoError(t, err)
	require.Equal(t, trail.RootID, again.RootID)
	require.Equal(t, trail.TurnID, again.TurnID)
	_, err = history.Decode(&store.Trail{Body: row.Body[:len(row.Body)/2]})
	require.Error(t, err)
}
