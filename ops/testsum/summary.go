package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Elapsed    float64 // seconds
	Output     string
	Key, Value string // of attributes; see testing.T.Attr
}

type testName struct{ pkg, test string }

// summary counts tests. A test with subtests is not counted itself: its subtests are.
type summary struct {
	now   func() time.Time
	began time.Time

	mu     sync.Mutex // guards all below: what is said after a silence is said by another goroutine
	out    io.Writer
	spoken time.Time              // when something was last printed
	begun  map[string]time.Time   // packages whose tests run now
	tests  map[testName]time.Time // tests that run now

	ended                   int      // packages
	skips                   []string // "package test: reason"
	attributes              []string // "key: value", what tests tell beside whether they passed
	passed, failed, skipped int
	broken                  []string              // packages that failed outside of any test
	output                  map[testName][]string // of what has not ended yet; test "" is the package itself
	parents                 map[testName]bool
	blamed                  map[testName]bool // parents of which a part failed
	perPackage              map[string]int
}

func newSummary(out io.Writer, now func() time.Time) *summary {
	return &summary{
		out: out, now: now, began: now(), spoken: now(), begun: map[string]time.Time{}, tests: map[testName]time.Time{},
		output: map[testName][]string{}, parents: map[testName]bool{}, blamed: map[testName]bool{}, perPackage: map[string]int{},
	}
}

func (s *summary) total() int { return s.passed + s.failed + s.skipped }

// read takes events until the end of in. Lines that are no events are printed as they are.
func (s *summary) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				s.take(e)
			} else {
				s.print(string(line))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the output of go test: %w", err)
		}
	}
}

func (s *summary) take(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := testName{e.Package, e.Test}
	switch e.Action {
	case "start":
		s.begun[e.Package] = s.now()
	case "build-output":
		s.print(e.Output)
	case "run":
		s.tests[name] = s.now()
		if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
			s.parents[testName{e.Package, e.Test[:i]}] = true
		}
	case "output":
		s.output[name] = append(s.output[name], e.Output)
	case "attr":
		s.attributes = append(s.attributes, e.Key+": "+e.Value)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e.Action, name)
		}
		delete(s.output, name)
	}
}

func (s *summary) endTest(action string, name testName) {
	delete(s.tests, name)
	if action == "fail" {
		s.print(fmt.Sprintf("\n=== %s %s\n%s", name.pkg, name.test, strings.Join(s.output[name], "")))
	}
	if action == "fail" {
		for at := strings.LastIndexByte(name.test, '/'); at > 0; at = strings.LastIndexByte(name.test[:at], '/') {
			s.blamed[testName{name.pkg, name.test[:at]}] = true
		}
	}
	if s.parents[name] && (action != "fail" || s.blamed[name]) {
		return // its parts are counted, unless it failed where they did not
	}
	s.perPackage[name.pkg]++
	switch action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
	case "skip":
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", name.pkg, name.test, reason(s.output[name])))
	}
}

// reason is what a test said before it was skipped: its output less the lines of the testing package itself.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if place, text, found := strings.Cut(line, ": "); found && strings.Contains(place, ".go:") {
			line = text
		}
		said = append(said, line)
	}
	if said == nil {
		return "no reason given"
	}
	return strings.Join(said, " ")
}

func (s *summary) endPackage(e event) {
	delete(s.begun, e.Package)
	s.ended++
	tests := s.perPackage[e.Package]
	switch {
	case e.Action == "pass" && tests > 0:
		s.print(fmt.Sprintf("ok    %-60s %4d tests %7.1fs\n", e.Package, tests, e.Elapsed))
	case e.Action == "fail":
		s.print(fmt.Sprintf("FAIL  %-60s %4d tests %7.1fs\n", e.Package, tests, e.Elapsed))
		s.printUnfinished(e.Package)
	}
}

// printUnfinished shows what a package said outside of tests that ended: build errors, panics, time-outs.
func (s *summary) printUnfinished(pkg string) {
	for name, lines := range s.output {
		if name.pkg != pkg {
			continue
		}
		if name.test != "" {
			s.failed++
			s.print(fmt.Sprintf("\n=== %s %s did not end\n", name.pkg, name.test))
		}
		s.print(strings.Join(lines, ""))
		delete(s.output, name)
	}
	if s.perPackage[pkg] == 0 {
		s.broken = append(s.broken, pkg)
	}
}

// tell prints what runs whenever nothing was printed for the given time; the function that it returns ends that.
func (s *summary) tell(silence time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.speakAfter(silence)
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// speakAfter says what runs now, unless something was printed within the given time.
func (s *summary) speakAfter(silence time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.Sub(s.spoken) < silence {
		return
	}
	s.print(fmt.Sprintf("… %4.0fs  %d packages done, %s\n", now.Sub(s.began).Seconds(), s.ended, s.running(now)))
}

// running says what has run for longest, a test if one runs.
func (s *summary) running(now time.Time) string {
	if len(s.begun) == 0 {
		return "compiling"
	}
	oldest, since := "", now
	for pkg, at := range s.begun {
		if !at.After(since) {
			oldest, since = pkg, at
		}
	}
	for name, at := range s.tests {
		if name.pkg == oldest && !s.parents[name] {
			return fmt.Sprintf("in %s: %s (%.0fs)", oldest, name.test, now.Sub(at).Seconds())
		}
	}
	return fmt.Sprintf("in %s (%.0fs)", oldest, now.Sub(since).Seconds())
}

// finish prints the last lines.
func (s *summary) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, skip := range s.skips {
		s.print("skipped: " + skip + "\n")
	}
	for _, attribute := range s.attributes {
		s.print(attribute + "\n")
	}
	for _, pkg := range s.broken {
		s.print(fmt.Sprintf("no test of %s could run to its end\n", pkg))
	}
	s.print(fmt.Sprintf("took %s\n", s.now().Sub(s.began).Round(time.Second)))
	s.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped))
}

func (s *summary) print(text string) {
	s.spoken = s.now()
	_, _ = io.WriteString(s.out, text)
}
