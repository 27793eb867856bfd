package stack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Process is one process below `fluent up`.
type Process struct {
	Pid     int
	Parent  int
	Command []string
}

// Role is what the process does: the subcommand of fluent (server, node, gateway, host), or postgres or cockroach for a database.
func (p Process) Role() string {
	switch name := filepath.Base(p.Command[0]); {
	case strings.HasPrefix(name, "postgres"):
		return "postgres"
	case strings.HasPrefix(name, "cockroach"):
		return "cockroach"
	case len(p.Command) > 1:
		return p.Command[1]
	}
	return ""
}

// Processes lists the processes of a role below `fluent up`, parents before children, oldest first. The database's role gives
// the server, not the backends that it starts.
func (s *Stack) Processes(role string) ([]Process, error) {
	all, err := running()
	if err != nil {
		return nil, err
	}
	below := map[int]bool{s.Pid(): true}
	var found []Process
	for changed := true; changed; {
		changed = false
		for _, p := range all {
			if below[p.Parent] && !below[p.Pid] {
				below[p.Pid], changed = true, true
				if p.Role() == role && !slices.ContainsFunc(found, func(f Process) bool { return f.Pid == p.Parent }) {
					found = append(found, p)
				}
			}
		}
	}
	return found, nil
}

// Kill ends the i-th process of a role with SIGKILL and returns its pid.
func (s *Stack) Kill(role string, i int) (int, error) {
	found, err := s.Processes(role)
	if err != nil {
		return 0, err
	}
	if i >= len(found) {
		return 0, fmt.Errorf("there are %d processes %s, none with index %d", len(found), role, i)
	}
	return found[i].Pid, syscall.Kill(found[i].Pid, syscall.SIGKILL)
}

// KillAll ends `fluent up` and everything below it with SIGKILL.
func (s *Stack) KillAll() error {
	all, err := Tree(s.Pid())
	if err != nil {
		return err
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill %d: %w", pid, err)
		}
	}
	<-s.exited
	return nil
}

// Tree lists a process and all below it.
func Tree(pid int) ([]int, error) {
	all, err := running()
	if err != nil {
		return nil, err
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		for _, p := range all {
			if p.Parent == tree[i] {
				tree = append(tree, p.Pid)
			}
		}
	}
	return tree, nil
}

// running reads the process table.
func running() ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("read the process table: %w", err)
	}
	var all []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err1 := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		command, err2 := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err1 != nil || err2 != nil || len(command) == 0 {
			continue // it has ended meanwhile, or is the kernel's
		}
		// The name in parentheses may hold spaces; the parent is the second field after it.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("read the parent of %d: %w", pid, err)
		}
		all = append(all, Process{Pid: pid, Parent: parent, Command: strings.Split(strings.TrimRight(string(command), "\x00"), "\x00")})
	}
	slices.SortFunc(all, func(a, b Process) int { return a.Pid - b.Pid })
	return all, nil
}
