package state_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
)

// FuzzRestore: a spoilt snapshot is refused, and the store keeps what it had.
func FuzzRestore(f *testing.F) {
	source, err := state.New()
	require.NoError(f, err)
	var whole bytes.Buffer
	require.NoError(f, state.Persist(source.View(), &whole))
	f.Add(whole.Bytes())
	f.Add(whole.Bytes()[:whole.Len()/2])
	f.Add([]byte("x"))
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		store, err := state.New()
		require.NoError(t, err)
		if err := store.Restore(bytes.NewReader(snapshot)); err != nil {
			return
		}
		var again bytes.Buffer
		require.NoError(t, state.Persist(store.View(), &again), "a snapshot that was taken cannot be written")
	})
}
