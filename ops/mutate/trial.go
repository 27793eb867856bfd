package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// verdict is what became of a mutant.
type verdict int

const (
	killed    verdict = iota
	survived          // all tests passed
	uncovered         // no test comes by
	unviable          // it does not compile
)

// outcome is what one run of tests said.
type outcome struct {
	broken   bool          // did not compile
	failed   string        // first test that failed; empty if all passed
	slowest  time.Duration // of the packages
	complete string        // all output, for who has to find out why
}

// test runs the tests of packages, with the files that overlay replaces, and returns what they said. An error means that it is not
// known.
func (o options) test(ctx context.Context, overlay string, limit time.Duration, args ...string) (outcome, error) {
	self, err := os.Executable()
	if err != nil {
		return outcome{}, fmt.Errorf("find the own program: %w", err)
	}
	all := []string{"test", "-json", "-vet=off", "-count=1", "-failfast", "-exec", self, "-timeout", limit.String()}
	if o.race {
		all = append(all, "-race")
	}
	cmd := exec.CommandContext(ctx, o.goTool, append(all, args...)...)
	cmd.Dir = o.dir
	// The cases for which a property fails on a mutant are none to be kept in testdata.
	cmd.Env = append(os.Environ(), memoryVariable+"="+strconv.FormatInt(o.memory<<20, 10), "RAPID_NOFAILFILE=true")
	if overlay != "" {
		// In the environment, so that what tests build is built of the same files.
		cmd.Env = append(cmd.Env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	// What a test that is ended leaves behind ends with its group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	text, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	found := read(string(text))
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		return outcome{}, fmt.Errorf("run tests: %w", err)
	case err != nil && found.failed == "" && !found.broken:
		return outcome{}, fmt.Errorf("go test failed, and no test did:\n%s", text)
	}
	return found, nil
}

// read reads what `go test -json` prints.
func read(text string) outcome {
	found := outcome{complete: text}
	ranOut := false
	for line := range strings.Lines(text) {
		var e struct {
			Action, Package, Test, Output string
			Elapsed                       float64
		}
		if json.Unmarshal([]byte(line), &e) != nil {
			continue
		}
		ranOut = ranOut || strings.HasPrefix(e.Output, "panic: test timed out")
		switch {
		case e.Action == "build-fail":
			found.broken = true
		case e.Action == "fail" && found.failed == "":
			found.failed = strings.TrimSpace(filepath.Base(e.Package) + "." + e.Test)
			if ranOut {
				found.failed = "the time limit, in " + found.failed
			}
		}
		if e.Test == "" && (e.Action == "pass" || e.Action == "fail") {
			found.slowest = max(found.slowest, time.Duration(e.Elapsed*float64(time.Second)))
		}
	}
	return found
}

// bench is where the mutants of one package are tried.
type bench struct {
	options
	folder string   // for files, the bench's own
	tests  []string // packages whose tests may kill, the nearest first
	limit  time.Duration
	hits   coverage
}

// newBench runs the tests on the package as it is, for how long they take and what they come by.
func (o options) newBench(ctx context.Context, folder, pack string, tests []string) (*bench, error) {
	profile := filepath.Join(folder, "coverage")
	clean, err := o.test(ctx, "", 15*time.Minute, append([]string{"-coverprofile", profile, "-coverpkg", pack}, tests...)...)
	if err != nil {
		return nil, err
	}
	if clean.broken || clean.failed != "" {
		return nil, fmt.Errorf("tests fail on the code as it is (%s), so that they tell nothing:\n%s", clean.failed, clean.complete)
	}
	hits, err := readCoverage(profile)
	if err != nil {
		return nil, err
	}
	return &bench{options: o, folder: folder, tests: tests, hits: hits, limit: 10*time.Second + 5*clean.slowest}, nil
}

// try returns what became of a mutant, and which test killed it.
func (b *bench) try(ctx context.Context, m mutant) (verdict, string, error) {
	if b.hits.misses(m.file.pack+"/"+filepath.Base(m.file.path), m.Place.Line, m.Place.Column) {
		return uncovered, "", nil
	}
	folder, err := os.MkdirTemp(b.folder, "mutant")
	if err != nil {
		return killed, "", fmt.Errorf("make a folder for a mutant: %w", err)
	}
	defer os.RemoveAll(folder)
	file, overlay := filepath.Join(folder, filepath.Base(m.file.path)), filepath.Join(folder, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{m.file.path: file}})
	if err != nil {
		return killed, "", fmt.Errorf("write a mutant: %w", err)
	}
	if err := errors.Join(os.WriteFile(file, m.Apply(m.file.text), 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		return killed, "", fmt.Errorf("write a mutant: %w", err)
	}
	for _, pack := range b.tests {
		found, err := b.test(ctx, overlay, b.limit, pack)
		switch {
		case err != nil:
			return killed, "", fmt.Errorf("%s: %s: %w", m.Place, m.Change, err)
		case found.broken:
			return unviable, "", nil
		case found.failed != "":
			return killed, found.failed, nil
		}
	}
	return survived, "", nil
}

// coverage is how often tests came by the blocks of files, which are named by import path.
type coverage map[string][]block

// block is a piece of a file, with positions as line*1000+column.
type block struct {
	from, to int
	hit      bool
}

func position(line, column int) int { return line*1000 + min(column, 999) }

// readCoverage reads a profile: lines such as "path/file.go:1.2,3.4 5 1".
func readCoverage(path string) (coverage, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read what tests come by: %w", err)
	}
	defer file.Close()
	found := coverage{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, rest, ok := strings.Cut(lines.Text(), ".go:")
		if !ok {
			continue
		}
		var l1, c1, l2, c2, statements, count int
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &l1, &c1, &l2, &c2, &statements, &count); err != nil {
			return nil, fmt.Errorf("read what tests come by: %q: %w", lines.Text(), err)
		}
		found[name+".go"] = append(found[name+".go"], block{position(l1, c1), position(l2, c2), count > 0})
	}
	return found, lines.Err()
}

// misses reports whether a place lies in blocks by none of which a test came. What lies outside blocks, such as variables of packages, is
// not known to be missed.
func (c coverage) misses(file string, line, column int) bool {
	at, inside := position(line, column), false
	for _, b := range c[file] {
		if b.from <= at && at < b.to {
			inside = true
			if b.hit {
				return false
			}
		}
	}
	return inside
}
