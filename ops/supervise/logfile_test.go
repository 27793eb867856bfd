package supervise

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLogsAreBoundedWhileTheyAreWritten writes ten times what one file may have.
func TestLogsAreBoundedWhileTheyAreWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := openLog(filepath.Join(dir, "node.log"), 1)
	require.NoError(t, err)
	line := append(bytes.Repeat([]byte("x"), 1023), '\n')
	const lines = 10 << 10
	for range lines {
		n, err := l.Write(line)
		require.NoError(t, err)
		require.Equal(t, len(line), n)
	}
	require.NoError(t, l.Close())
	sizes := func() (sum int64) {
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, f := range files {
			info, err := f.Info()
			require.NoError(t, err)
			require.LessOrEqual(t, info.Size(), int64(1<<20))
			require.Zero(t, info.Size()%int64(len(line)), "whole lines")
			sum += info.Size()
		}
		return sum
	}
	require.Eventually(t, func() bool { return sizes() <= (1+olderLogs)<<20 }, time.Minute, time.Millisecond, "older ones are removed")
}

// TestALogThatCannotBeWrittenEndsNobody puts a file where the log's folder should be.
func TestALogThatCannotBeWrittenEndsNobody(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "logs")
	l, err := openLog(filepath.Join(folder, "node.log"), 1)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	n, err := l.Write([]byte("lost\n"))
	require.NoError(t, err)
	require.Equal(t, 5, n)
	require.NoError(t, os.Remove(folder))
	for _, line := range []string{"kept\n", "and more\n"} {
		_, err = l.Write([]byte(line))
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	text, err := os.ReadFile(filepath.Join(folder, "node.log"))
	require.NoError(t, err)
	require.Equal(t, "5 bytes of this log could not be written\nkept\nand more\n", string(text))
	_, err = openLog(filepath.Join(folder, "node.log", "x"), 1)
	require.Error(t, err)
}
