package state_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
)

// update writes the golden files of the current schema anew. Files of released schemas are never written again: they are what old
// servers have on their disks.
var update = flag.Bool("update", false, "write testdata again")

const (
	goldenLog      = "testdata/schema-1.log"
	goldenSnapshot = "testdata/schema-1.snapshot"
)

// TestOldLogsAndSnapshotsLoad replays a log of schema 1 and loads its snapshot: both must give the same state, byte for byte.
func TestOldLogsAndSnapshotsLoad(t *testing.T) {
	t.Parallel()
	if *update {
		l := story(t)
		var log []byte
		for _, entry := range l.entries {
			log = append(binary.AppendUvarint(log, uint64(len(entry))), entry...)
		}
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(goldenLog, log, 0o644))
		require.NoError(t, os.WriteFile(goldenSnapshot, snapshot(t, l.store), 0o644))
	}
	old, err := os.ReadFile(goldenSnapshot)
	require.NoError(t, err)
	restored, err := state.New()
	require.NoError(t, err)
	require.NoError(t, restored.Restore(bytes.NewReader(old)))
	require.Equal(t, old, snapshot(t, restored))

	log, err := os.ReadFile(goldenLog)
	require.NoError(t, err)
	replayed, err := state.New()
	require.NoError(t, err)
	for index := state.Index(1); len(log) > 0; index++ {
		size, n := binary.Uvarint(log)
		_, err := replayed.Apply(index, log[n:n+int(size)])
		require.NoError(t, err)
		log = log[n+int(size):]
	}
	require.Equal(t, old, snapshot(t, replayed))
}
