package main

import (
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// report prints survivors as they are found, and how far the work is: a bar on a terminal, else a line for each tenth of twenty or more.
type report struct {
	mu     sync.Mutex
	out    io.Writer
	dir    string
	all    int
	told   int // tenths
	counts map[verdict]int
	bar    *progressbar.ProgressBar
	killed bool // tell of those, too
}

func newReport(out io.Writer, dir string, all int, terminal, killed bool) *report {
	r := &report{out: out, dir: dir, all: all, counts: map[verdict]int{}, killed: killed}
	if terminal {
		r.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
			progressbar.OptionClearOnFinish(), progressbar.OptionUseANSICodes(true))
	}
	return r
}

func (r *report) done() int { return r.counts[killed] + r.counts[survived] + r.counts[uncovered] }

// add tells of one mutant. Those that do not compile count for nothing.
func (r *report) add(m mutant, v verdict, by string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[v]++
	if v == unviable {
		return
	}
	if r.bar != nil {
		_ = r.bar.Clear() // the only errors of bars are those of writing to the terminal
	}
	switch {
	case v == survived:
		fmt.Fprintln(r.out, place(r.dir, m))
	case v == uncovered:
		fmt.Fprintln(r.out, place(r.dir, m)+"   (no test comes by)")
	case r.killed:
		fmt.Fprintln(r.out, place(r.dir, m)+"   killed by "+by)
	}
	if r.bar != nil {
		_ = r.bar.Set(min(r.done(), r.all))
	} else if tenth := r.done() * 10 / r.all; tenth > r.told && r.all >= 20 && r.done() < r.all {
		r.told = tenth
		fmt.Fprintf(r.out, "… %d of %d\n", r.done(), r.all)
	}
}

// place is a mutant in one line, its file from dir.
func place(dir string, m mutant) string {
	path := m.file.path
	if short, err := filepath.Rel(dir, path); err == nil {
		path = short
	}
	return fmt.Sprintf("%s:%d:%d: %s", path, m.Place.Line, m.Place.Column, m.Change)
}

// survivors is how many lived.
func (r *report) survivors() int { return r.counts[survived] + r.counts[uncovered] }

func (r *report) end() {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
	fmt.Fprintf(r.out, "%d mutants: %d killed, %d survived, of which no test comes by %d\n", r.done(), r.counts[killed], r.survivors(), r.counts[uncovered])
}
