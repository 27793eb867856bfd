package desired

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// TestWhatCannotBeWrittenDoesNotPileUp puts a folder where the file was: each change fails, and is kept for the next try only up to a length, for
// the view has it anyway. When the folder is gone, all is written.
func TestWhatCannotBeWrittenDoesNotPileUp(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "desired")
	s, err := Open(path)
	require.NoError(t, err)
	state := strings.Repeat("x", 1000)
	account := func(index uint64, state string) *nodev1.WatchResponse {
		return &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: index, Resource: &nodev1.Resource{
			Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: "ACME", State: state}}}}}}
	}
	s.Apply(account(1, state))
	require.NoError(t, s.Unkept())
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	most := 0
	for i := range uint64(2 * shortest / len(state)) {
		s.Apply(account(2+i, state))
		most = max(most, len(s.journal.pending))
	}
	require.Error(t, s.Unkept())
	require.Positive(t, most, "a few are kept")
	require.LessOrEqual(t, most, shortest+2*len(state))
	require.NoError(t, os.Remove(path))
	s.Apply(account(1<<20, "LAST"))
	require.NoError(t, s.Unkept())
	again, err := Open(path)
	require.NoError(t, err)
	require.Equal(t, "LAST", again.View().Account("ACME").GetState())
}
