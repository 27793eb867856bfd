package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/ops/bench/report"
)

// costPrefix begins the measures that are compared between two programs: CPU time, unlike rates, says the same on a busy machine, and two
// stacks that run at once meet the same machine.
const costPrefix = "CPU per operation"

// comparePrograms runs the benches on both programs at once, as often as asked, and prints what an operation costs with each: the medians over
// all pairs, and the median of the pairs' ratios. What is broken off prints the pairs that are whole.
func comparePrograms(ctx context.Context, c *config) error {
	all := comparison{costs: map[string]*costs{}}
	var failed error
	for n := range c.pairs {
		say("pair %d of %d …", n+1, c.pairs)
		ours, theirs, err := runPair(ctx, c, n)
		if err != nil {
			failed = fmt.Errorf("pair %d: %w", n+1, err)
			break
		}
		all.add(ours, theirs)
	}
	return errors.Join(failed, all.print(os.Stdout))
}

// comparison is what operations cost, by bench and process.
type comparison struct {
	costs map[string]*costs
	order []string
}

// add takes in the figures of a pair.
func (c *comparison) add(ours, theirs report.Report) {
	for _, f := range ours.Figures {
		was, known := find(theirs, f)
		if !known || !strings.HasPrefix(f.Measure, costPrefix) || strings.Contains(f.Measure, "raw SQL") {
			continue
		}
		name := f.Bench + "\t" + strings.TrimPrefix(strings.TrimPrefix(f.Measure, costPrefix), ", ")
		if c.costs[name] == nil {
			c.costs[name] = newCosts()
			c.order = append(c.order, name)
		}
		c.costs[name].add(was.API, f.API)
	}
}

// print writes the table, if there is anything in it.
func (c *comparison) print(to io.Writer) error {
	if len(c.order) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "BENCH\tCPU OF\tBEFORE, ms\tAFTER, ms\tRATIO (LEAST, MEDIAN, MOST)")
	for _, name := range c.order {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", name, c.costs[name])
	}
	return w.Flush()
}

// runPair measures both programs, each by a bench of its own: what the client uses is counted by process.
func runPair(ctx context.Context, c *config, n int) (ours, theirs report.Report, err error) {
	dir, err := os.MkdirTemp("", "fluentpair")
	if err != nil {
		return ours, theirs, fmt.Errorf("make a folder for the figures: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) { ours, err = runBench(ctx, c, c.binary, filepath.Join(dir, "after")); return err })
	both.Go(func() (err error) {
		theirs, err = runBench(ctx, c, c.against, filepath.Join(dir, "before"))
		return err
	})
	return ours, theirs, both.Wait()
}

// runBench runs this program on one binary and reads its figures.
func runBench(ctx context.Context, c *config, binary, prefix string) (r report.Report, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, fmt.Errorf("find this program: %w", err)
	}
	figures := prefix + ".json"
	cmd := exec.CommandContext(ctx, self, "-binary", binary, "-json", figures, "-bench", c.benches, "-orders", fmt.Sprint(c.orders),
		"-clients", fmt.Sprint(c.clients), "-reads-for", c.reads.String(), "-rows", fmt.Sprint(c.rows), "-accounts", fmt.Sprint(c.accounts), "-nodes", fmt.Sprint(c.nodes))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if out, err := cmd.CombinedOutput(); err != nil {
		return r, fmt.Errorf("measure %s: %w\n%s", binary, err, out)
	}
	raw, err := os.ReadFile(figures)
	if err != nil {
		return r, fmt.Errorf("read the figures of %s: %w", binary, err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("read the figures of %s: %w", binary, err)
	}
	return r, nil
}

func find(in report.Report, like report.Figure) (report.Figure, bool) {
	i := slices.IndexFunc(in.Figures, func(f report.Figure) bool { return f.Bench == like.Bench && f.Measure == like.Measure })
	if i < 0 {
		return report.Figure{}, false
	}
	return in.Figures[i], true
}

// costs are what one operation cost before and after, a value for each pair.
type costs struct{ before, after, ratios []float64 }

func newCosts() *costs { return &costs{} }

func (c *costs) add(before, after float64) {
	c.before, c.after = append(c.before, before), append(c.after, after)
	if before > 0 {
		c.ratios = append(c.ratios, after/before)
	}
}

// String is a row of the table, from the third column on.
func (c *costs) String() string {
	ratios := "-"
	if len(c.ratios) > 0 {
		ratios = fmt.Sprintf("%.2f  %.2f  %.2f", slices.Min(c.ratios), report.Median(c.ratios), slices.Max(c.ratios))
	}
	return fmt.Sprintf("%.3f\t%.3f\t%s", report.Median(c.before), report.Median(c.after), ratios)
}
