package debug

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// holdPoll is how often a process that is held looks whether it may go on.
const holdPoll = 5 * time.Millisecond

// Hold stands still while the file <folder>/hold/<point> exists, so that a fault can be made to strike at that point. The process adds its id
// to the file, on a line of its own, when it arrives there. Without the folder in the environment it does nothing.
func Hold(ctx context.Context, point string) {
	dir := os.Getenv(Variable)
	if dir == "" {
		return
	}
	path := filepath.Join(dir, "hold", point)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return // nobody asks for a stop here
	}
	_, _ = fmt.Fprintln(file, os.Getpid()) // whoever asks sees that it is not there
	_ = file.Close()
	tick := time.NewTicker(holdPoll)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
