package supervise

import (
	"fmt"
	"io"
	"sync"

	"gopkg.in/natefinch/lumberjack.v2"
)

// Log files are put aside when they have grown to this size; so many older ones are kept of each.
const (
	largestLog = 32 // MiB
	olderLogs  = 3
)

// LogFile is a log that is put aside while it is written, under a name with the time. This process is the only one that writes it: what
// children print comes through pipes, so that no line is lost when the file changes. Write never fails, for a child must not end because a disk
// is full: what cannot be written is dropped, and once it can be again, a line says how much it was.
type LogFile struct {
	mu   sync.Mutex
	file *lumberjack.Logger
	lost int64 // bytes since the last one that was written
}

// OpenLog opens or makes a log file.
func OpenLog(path string) (*LogFile, error) { return openLog(path, largestLog) }

func openLog(path string, mebibytes int) (*LogFile, error) {
	l := &LogFile{file: &lumberjack.Logger{Filename: path, MaxSize: mebibytes, MaxBackups: olderLogs}}
	if _, err := l.file.Write(nil); err != nil {
		return nil, fmt.Errorf("open the log %s: %w", path, err)
	}
	return l, nil
}

// Write implements io.Writer.
func (l *LogFile) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > 0 {
		if _, err := fmt.Fprintf(l.file, "%d bytes of this log could not be written\n", l.lost); err == nil {
			l.lost = 0
		}
	}
	n, err := l.file.Write(text)
	if err != nil {
		l.lost += int64(len(text) - n)
	}
	return len(text), nil
}

// Close closes the file.
func (l *LogFile) Close() error { return l.file.Close() }

var _ io.WriteCloser = (*LogFile)(nil)
