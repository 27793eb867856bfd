// Command bench measures the platform from outside of its API, beside raw SQL for the same rows on the same database in the same run:
// order placement, reads of orders and of availability, stock batches, the making of accounts, and the start. docs/performance.md
// says how to read the figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fluent-oms/fluent/ops/bench/report"
	"github.com/fluent-oms/fluent/ops/debug"
)

// config is what the flags say.
type config struct {
	binary   string
	dir      string
	json     string
	profiles string
	benches  string
	orders   int
	clients  int
	reads    time.Duration
	rows     int
	accounts int
	list     int
	nodes    int

	statements int

	against string
	pairs   int
}

func (c *config) wants(bench string) bool {
	for part := range strings.SplitSeq(c.benches, ",") {
		if part == bench || part == "all" && bench != provisioning && bench != searching {
			return true
		}
	}
	return false
}

func main() {
	var c config
	flag.StringVar(&c.binary, "binary", "bin/fluent", "the program to measure")
	flag.StringVar(&c.dir, "dir", "", "state folder, kept afterwards; empty: a temporary one")
	flag.StringVar(&c.json, "json", "", "write the figures to this file, too")
	flag.StringVar(&c.profiles, "profiles", "", "write CPU profiles of all nodes and gateways under each load to this folder")
	flag.StringVar(&c.benches, "bench", "all", "which, separated by commas: start, accounts, orders, order-read, order-list, availability, batch; by their names only: provisioning, search")
	flag.IntVar(&c.orders, "orders", 2000, "orders to place")
	flag.IntVar(&c.clients, "clients", 16, "clients at once, and connections of raw SQL")
	flag.DurationVar(&c.reads, "reads-for", 5*time.Second, "how long each read is repeated")
	flag.IntVar(&c.rows, "rows", 100_000, "positions to load by batches")
	flag.IntVar(&c.accounts, "accounts", 20, "accounts to make")
	flag.IntVar(&c.list, "list", 1_000_000, "orders to search among")
	flag.IntVar(&c.nodes, "nodes", 2, "data-plane nodes")
	flag.IntVar(&c.statements, "statements", 0, "print so many of the costliest SQL statements of each load; counting them costs a little")
	flag.StringVar(&c.against, "against", "", "an earlier build of the program: run both at once, and print what each operation costs in CPU time with either")
	flag.IntVar(&c.pairs, "pairs", 5, "with -against: how often")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &c); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c *config) (err error) {
	if c.against != "" {
		return comparePrograms(ctx, c)
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "fluentbench"); err != nil {
			return fmt.Errorf("make a state folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return fmt.Errorf("find the state folder: %w", err)
	}
	if err := c.prepareProfiles(); err != nil {
		return err
	}
	w := &world{config: c, report: &report.Report{
		Machine: fmt.Sprintf("%d CPUs, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH), Taken: time.Now().UTC(),
	}}
	defer func() { err = errors.Join(err, w.stop(context.WithoutCancel(ctx))) }()
	if err := w.start(ctx); err != nil {
		return err
	}
	for _, bench := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"accounts", w.makeAccounts}, {"orders", w.placeOrders}, {"order-read", w.readOrders}, {"order-list", w.listOrders},
		{"availability", w.readAvailability}, {"batch", w.loadStock}, {"start", w.startAgain}, {provisioning, w.provisionBesideOrders}, {searching, w.search},
	} {
		if !c.wants(bench.name) {
			continue
		}
		say("%s …", bench.name)
		if err := bench.run(ctx); err != nil {
			return errors.Join(fmt.Errorf("bench %s: %w", bench.name, err), w.publish())
		}
	}
	return w.publish()
}

// prepareProfiles lets the stack's processes, which inherit our environment, serve profiles.
func (c *config) prepareProfiles() error {
	if c.profiles == "" {
		return nil
	}
	sockets := filepath.Join(c.dir, "debug")
	return errors.Join(os.MkdirAll(sockets, 0o700), os.MkdirAll(c.profiles, 0o700), os.Setenv(debug.Variable, sockets))
}

func (w *world) publish() error {
	fmt.Println()
	if err := w.report.Table(os.Stdout); err != nil {
		return err
	}
	if w.config.json == "" {
		return nil
	}
	f, err := os.Create(w.config.json)
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	return errors.Join(w.report.JSON(f), f.Close())
}

// say tells of progress.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
