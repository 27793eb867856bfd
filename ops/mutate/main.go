// Command mutate changes the code a little, in one place at a time, and runs the tests: a change that no test notices is printed with its
// place. Without packages it takes the lines that differ from the main branch. Nothing in the tree is written: the compiler gets each
// changed file by -overlay.
//
// Usage: mutate [options] [packages]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func main() {
	limited()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:], os.Stdout, term.IsTerminal(int(os.Stdout.Fd())))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
	}
	os.Exit(code)
}

// memoryVariable is set for a child that is to run a test binary with bounded memory: a loop whose end is gone may fill the machine
// before its time is up.
const memoryVariable = "FLUENT_MUTATE_MEMORY"

// limited becomes the program in the arguments if the environment asks for it, and does not return then.
func limited() {
	var limit uint64
	if _, err := fmt.Sscan(os.Getenv(memoryVariable), &limit); err != nil || len(os.Args) < 2 {
		return
	}
	err := errors.Join(os.Unsetenv(memoryVariable), unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit}))
	if err == nil {
		err = syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "mutate: run tests with bounded memory:", err)
	os.Exit(2)
}

// options is what the command line says.
type options struct {
	goTool, dir, since      string
	whole, race, list, tell bool
	fail                    bool
	sample, above, jobs     int
	seed                    uint64
	memory                  int64 // MiB for a test binary
	only                    *regexp.Regexp
	with                    []string
}

func parse(args []string, out io.Writer) (options, []string, error) {
	var o options
	var only, with string
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.goTool, "go", "go", "the go `command`")
	flags.StringVar(&o.dir, "dir", ".", "`folder` of the module")
	flags.StringVar(&o.since, "since", "main", "without packages: take what differs from this `branch`")
	flags.BoolVar(&o.whole, "whole", false, "without packages: take all of the changed packages, not only the changed lines")
	flags.IntVar(&o.sample, "sample", 0, "take `n` mutants at random; 0: all")
	flags.Uint64Var(&o.seed, "seed", 0, "seed of the sample; 0: another one each time")
	flags.StringVar(&only, "only", "", "take those whose line in the output matches the `expression`")
	flags.IntVar(&o.above, "above", 0, "also run the tests of packages that import the mutated one by at most `n` steps")
	flags.StringVar(&with, "with", "", "also run the tests of these `packages`, separated by commas")
	flags.BoolVar(&o.race, "race", false, "run tests with the race detector, which is what notices that a lock is gone")
	flags.IntVar(&o.jobs, "jobs", max(1, runtime.NumCPU()/2), "try `n` mutants at a time")
	flags.Int64Var(&o.memory, "memory", 4096, "a test binary may have `MiB` of memory")
	flags.BoolVar(&o.list, "list", false, "print the mutants, run nothing")
	flags.BoolVar(&o.tell, "v", false, "print those that were killed, too, and by which test")
	flags.BoolVar(&o.fail, "fail", false, "exit with status 1 if any survives")
	if err := flags.Parse(args); err != nil {
		return o, nil, err
	}
	var err error
	if o.only, err = regexp.Compile(only); err != nil {
		return o, nil, fmt.Errorf("-only: %w", err)
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return o, nil, fmt.Errorf("-dir: %w", err)
	}
	o.with = strings.FieldsFunc(with, func(r rune) bool { return r == ',' })
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	return o, flags.Args(), nil
}

// run returns the exit status.
func run(ctx context.Context, args []string, out io.Writer, terminal bool) (int, error) {
	o, patterns, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return 0, nil
	}
	if err != nil {
		return 2, err
	}
	all, err := o.find(ctx, patterns)
	if err != nil {
		return 2, err
	}
	if len(all) == 0 {
		fmt.Fprintf(out, "nothing to mutate: no such code differs from %s, or in the packages named\n", o.since)
		return 0, nil
	}
	wanted := len(all)
	if o.sample > 0 && o.sample < wanted {
		wanted = o.sample
		random := rand.New(rand.NewPCG(o.seed, 0))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		fmt.Fprintf(out, "%d mutants of %d, -seed %d\n", wanted, len(all), o.seed)
	}
	if o.list {
		for _, m := range all[:wanted] {
			fmt.Fprintln(out, place(o.dir, m))
		}
		return 0, nil
	}
	fmt.Fprintf(out, "%d mutants to try, %d at a time; first the tests on the code as it is\n", wanted, o.jobs)
	report := newReport(out, o.dir, wanted, terminal, o.tell)
	err = o.try(ctx, all, report)
	report.end()
	switch {
	case err != nil:
		return 2, err
	case o.fail && report.survivors() > 0:
		return 1, nil
	}
	return 0, nil
}

// find returns the mutants that are wanted.
func (o options) find(ctx context.Context, patterns []string) ([]mutant, error) {
	var changed changes
	if len(patterns) == 0 {
		var err error
		if changed, err = o.changed(ctx); err != nil {
			return nil, err
		}
		if patterns = changed.folders(); len(patterns) == 0 {
			return nil, nil
		}
	}
	all, err := o.load(ctx, patterns)
	return slices.DeleteFunc(all, func(m mutant) bool {
		return !o.only.MatchString(place(o.dir, m)) || changed != nil && !o.whole && !changed.touches(m.file.path, m.Place.Line)
	}), err
}

// try tries mutants until as many as the report wants were judged.
func (o options) try(ctx context.Context, all []mutant, report *report) error {
	folder, err := os.MkdirTemp("", "fluent-mutate")
	if err != nil {
		return fmt.Errorf("make a folder for mutants: %w", err)
	}
	defer os.RemoveAll(folder)
	benches, err := o.benches(ctx, folder, all)
	if err != nil {
		return err
	}
	var judged atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.jobs)
	for _, m := range all {
		group.Go(func() error {
			if ctx.Err() != nil || judged.Add(1) > int64(report.all) {
				return ctx.Err()
			}
			v, by, err := benches[m.file.pack].try(ctx, m)
			if err != nil {
				return err
			}
			if v == unviable {
				judged.Add(-1)
			}
			report.add(m, v, by)
			return nil
		})
	}
	return group.Wait()
}

// benches makes one for each package that has mutants.
func (o options) benches(ctx context.Context, folder string, all []mutant) (map[string]*bench, error) {
	var tree []listed
	var err error
	if o.above > 0 {
		if tree, err = o.listPackages(ctx, "./..."); err != nil {
			return nil, err
		}
	}
	benches := map[string]*bench{}
	for _, m := range all {
		pack := m.file.pack
		if benches[pack] != nil {
			continue
		}
		tests := slices.Concat([]string{pack}, importers(tree, pack, o.above), o.with)
		own, err := os.MkdirTemp(folder, "package")
		if err != nil {
			return nil, fmt.Errorf("make a folder for mutants: %w", err)
		}
		if benches[pack], err = o.newBench(ctx, own, pack, tests); err != nil {
			return nil, fmt.Errorf("package %s: %w", pack, err)
		}
	}
	return benches, nil
}

// output runs a program in the module's folder and returns what it printed.
func (o options) output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = o.dir
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(out), nil
}
