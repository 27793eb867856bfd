package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticks is how many clock ticks a second has in /proc; Linux promises 100 to programs.
const ticks = 100

// usage is CPU time by who used it: database, node, gateway, client.
type usage map[string]time.Duration

// users are the parts of the platform that work on requests.
var users = []string{"client", "gateway", "node", "database"}

// cpu reads what the platform's processes have used so far. Where /proc cannot be read, the figures are zero.
func (w *world) cpu() usage {
	u := usage{"client": processTime(os.Getpid())}
	for _, role := range []string{"gateway", "node"} {
		found, err := w.stack.Processes(role)
		if err != nil {
			return usage{}
		}
		for _, p := range found {
			u[role] += processTime(p.Pid)
		}
	}
	u["database"] = w.databaseTime()
	return u
}

// databaseTime adds the server's processes up; those that ended are in the figures of the server's own.
func (w *world) databaseTime() time.Duration {
	total := processTime(w.database.PID())
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if fields := statFields(path); len(fields) > 1 && fields[1] == strconv.Itoa(w.database.PID()) {
			total += timeIn(fields)
		}
	}
	return total
}

func processTime(pid int) time.Duration { return timeIn(statFields(fmt.Sprintf("/proc/%d/stat", pid))) }

// statFields are the fields after the command's name: the state, the parent, …
func statFields(path string) []string {
	stat, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// timeIn adds user and system time, own and of children that were waited for.
func timeIn(fields []string) time.Duration {
	var sum int64
	for i := 11; i <= 14 && i < len(fields); i++ {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks
}

// reportCPU adds the CPU time of one operation since an earlier reading, in all and by user. Unlike rates it says the same on a busy machine.
func (w *world) reportCPU(bench string, since usage, operations int) {
	now := w.cpu()
	var total time.Duration
	for _, user := range users {
		used := now[user] - since[user]
		total += used
		w.report.Time(bench, "CPU per operation, "+user, used/time.Duration(max(1, operations)))
	}
	w.report.Time(bench, "CPU per operation", total/time.Duration(max(1, operations)))
}

// reportRawCPU adds the CPU time of one operation of raw SQL: the database and its client.
func (w *world) reportRawCPU(bench string, since usage, operations int) {
	now := w.cpu()
	used := now["client"] + now["database"] - since["client"] - since["database"]
	w.report.Time(bench, "CPU per operation, raw SQL", used/time.Duration(max(1, operations)))
}
