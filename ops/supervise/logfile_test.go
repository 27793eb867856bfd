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

// TestALogTakes128MiBAtTheMost begins with a log that a line fills to the last byte, and older ones beside it. The files are holes, and take no room.
func TestALogTakes128MiBAtTheMost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hole := func(name string, size int64) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		require.NoError(t, os.Truncate(filepath.Join(dir, name), size))
	}
	const line = "the last\n"
	hole("node.log", 32<<20-int64(len(line)))
	for _, day := range []string{"01", "02", "03", "04", "05"} {
		hole("node-2026-01-"+day+"T00-00-00.000.log", 32<<20)
	}
	hole("other-2026-01-01T00-00-00.000.log", 1)
	files := func() (names []string, sum int64) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			if info, err := e.Info(); err == nil && e.Name() != "other-2026-01-01T00-00-00.000.log" { // it may be on its way out
				names, sum = append(names, e.Name()), sum+info.Size()
			}
		}
		return names, sum
	}
	l, err := OpenLog(filepath.Join(dir, "node.log"))
	require.NoError(t, err)
	_, err = l.Write([]byte(line))
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(dir, "node.log"))
	require.NoError(t, err)
	require.Equal(t, int64(32<<20), info.Size(), "it is full, and not more than that: the same file") // old ones are on their way out by now, or not
	var names []string
	_, err = l.Write([]byte(line))
	require.NoError(t, err)
	require.Eventually(t, func() bool { names, _ = files(); return len(names) == 4 }, time.Minute, time.Millisecond, "the oldest are removed")
	require.Subset(t, names, []string{"node-2026-01-04T00-00-00.000.log", "node-2026-01-05T00-00-00.000.log", "node.log"})
	_, sum := files()
	require.Equal(t, int64(3*32<<20+len(line)), sum)
	require.FileExists(t, filepath.Join(dir, "other-2026-01-01T00-00-00.000.log"), "what another one wrote is not its own")
	require.NoError(t, l.Close())
}
