package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

type testName struct{ pkg, test string }

// summary counts tests. A test with subtests is not counted itself: its subtests are.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  []string              // packages that failed outside of any test
	output                  map[testName][]string // of what has not ended yet; test "" is the package itself
	parents                 map[testName]bool
	perPackage              map[string]int
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, output: map[testName][]string{}, parents: map[testName]bool{}, perPackage: map[string]int{}}
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
	name := testName{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		s.print(e.Output)
	case "run":
		if i := strings.LastIndexByte(e.Test, '/'); i >= 0 {
			s.parents[testName{e.Package, e.Test[:i]}] = true
		}
	case "output":
		s.output[name] = append(s.output[name], e.Output)
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
	if action == "fail" {
		s.print(fmt.Sprintf("\n=== %s %s\n%s", name.pkg, name.test, strings.Join(s.output[name], "")))
	}
	if s.parents[name] {
		return
	}
	s.perPackage[name.pkg]++
	switch action {
	case "pass":
		s.passed++
	case "fail":
		s.failed++
	case "skip":
		s.skipped++
	}
}

func (s *summary) endPackage(e event) {
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

// finish prints the last lines.
func (s *summary) finish() {
	for _, pkg := range s.broken {
		s.print(fmt.Sprintf("no test of %s could run to its end\n", pkg))
	}
	s.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped))
}

func (s *summary) print(text string) { _, _ = io.WriteString(s.out, text) }
