package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// leftoverGrace is how long a server that lost its owner gets to write its checkpoint.
const leftoverGrace = 20 * time.Second

// stopLeftovers ends the processes of a server that outlived its owner, and removes the lock file of one that did not. All
// processes of a PostgreSQL server work in its data folder, which is how they are known.
func stopLeftovers(ctx context.Context, data string, progress func(string)) error {
	left := processesIn(data)
	lock := readPIDFile(data)
	if len(left) > 0 {
		progress("stopping the database server of an earlier run")
	}
	if slices.Contains(left, lock.pid) {
		_ = syscall.Kill(lock.pid, syscall.SIGINT) // the wait below tells whether it worked
		left = awaitNone(ctx, data, leftoverGrace)
	}
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		if len(left) == 0 {
			break
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, sig) // the wait below tells whether it worked
		}
		left = awaitNone(ctx, data, 5*time.Second)
	}
	if len(left) > 0 {
		return fmt.Errorf("processes %v still use %s: end them first", left, data)
	}
	if lock = readPIDFile(data); lock.pid == 0 || !signalable(lock.pid) {
		return nil // PostgreSQL itself sees that such a lock is stale
	}
	// The id was given to an unrelated process meanwhile, which PostgreSQL could take for its own kind.
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a stale lock: %w", err)
	}
	return nil
}

func awaitNone(ctx context.Context, data string, grace time.Duration) []int {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left := processesIn(data)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return left
		case <-tick.C:
		}
	}
}

// processesIn lists the processes whose working directory is dir. It sees those of our user, and as root all.
func processesIn(dir string) []int {
	entries, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	var pids []int
	for _, link := range entries {
		cwd, err := os.Readlink(link)
		if err != nil || cwd != dir {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}
