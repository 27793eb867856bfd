package cli

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// headroom is how far a gateway's heap grows between two collections. What is alive there is a few megabytes; where it becomes much, since
	// thousands of connections hold back what they send, five times as much would be half a gigabyte.
	headroom = 96 << 20
	// leastGrowth is the growth, in per cent of what is alive, below which collections would take all of the CPU.
	leastGrowth = 50
	// lookEvery is the pause between two looks at what is alive.
	lookEvery = 250 * time.Millisecond
)

// growth is how much a heap may grow before the next collection, in per cent of what is alive in it.
func growth(alive uint64) int {
	return int(min(max(headroom*100/max(alive, 1), leastGrowth), collectAt))
}

// keepHeadroom has a process's heap grow by headroom at most between collections, until ctx ends; GOGC in the environment takes precedence.
func keepHeadroom(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for set := collectAt; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(alive)
		if now := growth(alive[0].Value.Uint64() + alive[1].Value.Uint64()); now < set*9/10 || now > set*11/10 {
			debug.SetGCPercent(now)
			set = now
		}
	}
}
