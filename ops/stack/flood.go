package stack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Starve leaves a process only few descriptors beyond those that it has open, until end is called. It needs Linux and util-linux.
func Starve(pid, left int) (end func() error, err error) {
	before, err := prlimit(pid, "--output", "SOFT,HARD", "--noheadings", "--raw", "--nofile")
	if err != nil {
		return nil, err
	}
	limits := strings.Fields(before)
	if len(limits) != 2 {
		return nil, fmt.Errorf("read the limit of open files of %d: %q", pid, before)
	}
	highest, err := highestDescriptor(pid)
	if err != nil {
		return nil, err
	}
	if _, err := prlimit(pid, fmt.Sprintf("--nofile=%d:%s", highest+1+left, limits[1])); err != nil {
		return nil, err
	}
	return func() error {
		_, err := prlimit(pid, "--nofile="+limits[0]+":"+limits[1])
		return err
	}, nil
}

func prlimit(pid int, args ...string) (string, error) {
	out, err := exec.Command("prlimit", append([]string{"--pid", strconv.Itoa(pid)}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("prlimit of %d: %w: %s", pid, err, out)
	}
	return string(out), nil
}

func highestDescriptor(pid int) (int, error) {
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "fd"))
	if err != nil {
		return 0, fmt.Errorf("list the open files of %d: %w", pid, err)
	}
	highest := 0
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			highest = max(highest, n)
		}
	}
	return highest, nil
}

// Flood opens connections to an address, one after another, asks each once how the process is, and keeps those that were answered.
type Flood struct {
	stop func()
	done sync.WaitGroup

	mu         sync.Mutex
	held       []net.Conn
	turnedAway int
}

// floodPace is the least time between two connections: a flood of descriptors is not to be one of CPU.
const floodPace = 5 * time.Millisecond

// NewFlood begins.
func NewFlood(address string) *Flood {
	ctx, stop := context.WithCancel(context.Background())
	f := &Flood{stop: stop}
	f.done.Go(func() {
		tick := time.NewTicker(floodPace)
		defer tick.Stop()
		for ctx.Err() == nil {
			f.one(ctx, address)
			<-tick.C
		}
	})
	return f
}

func (f *Flood) one(ctx context.Context, address string) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address)
	status := 0
	if err == nil {
		status, _, err = Ask(c, "/healthz")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && status != http.StatusServiceUnavailable {
		f.held = append(f.held, c)
		return
	}
	if ctx.Err() == nil {
		f.turnedAway++
	}
	if c != nil {
		_ = c.Close()
	}
}

// Counts tells how many connections were held, and how many were turned away.
func (f *Flood) Counts() (held, turnedAway int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.held), f.turnedAway
}

// Stop closes all.
func (f *Flood) Stop() {
	f.stop()
	f.done.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.held {
		_ = c.Close()
	}
	f.held = nil
}

// Ask sends a GET over a connection, which stays open, and gives the answer.
func Ask(c net.Conn, path string) (status int, body string, err error) {
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return 0, "", fmt.Errorf("ask %s: %w", c.RemoteAddr(), err)
	}
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+c.RemoteAddr().String()+"\r\n\r\n"); err != nil {
		return 0, "", fmt.Errorf("ask %s: %w", c.RemoteAddr(), err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, "", fmt.Errorf("ask %s: %w", c.RemoteAddr(), err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, "", fmt.Errorf("ask %s: %w", c.RemoteAddr(), err)
	}
	return answer.StatusCode, string(raw), nil
}
