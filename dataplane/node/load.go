package node

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

// cpuMeter tells which share of the machine's cores this process used since it was last asked.
type cpuMeter struct {
	mu   sync.Mutex
	at   time.Time
	used time.Duration
}

// share is 0 to 1 of all cores; 0 when first asked.
func (m *cpuMeter) share() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // only a wrong argument fails
	}
	now := time.Now()
	used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	m.mu.Lock()
	defer m.mu.Unlock()
	before, usedBefore := m.at, m.used
	m.at, m.used = now, used
	if before.IsZero() || !now.After(before) {
		return 0
	}
	return float64(used-usedBefore) / float64(now.Sub(before)) / float64(runtime.NumCPU())
}
