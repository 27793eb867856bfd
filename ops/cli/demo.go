package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/stack"
	"github.com/fluent-oms/fluent/ops/story"
)

// newDemoCommand tells the story of one order. Without a running platform it starts one in a temporary folder.
func newDemoCommand(a *app) *cobra.Command {
	var ready, account string
	var detail bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Tell the story of one order, from tenant to trace, over real processes",
		Long: "Provisions a tenant, loads it, places an order and prints what each step took and what the workflow did.\n" +
			"It does so in the platform whose ready file is given, or is " + readyFileName + " in this folder; where none runs, in one that it starts and stops.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			platform, stop, err := a.stage(cmd.Context(), ready)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			if account == "" {
				account = "HARBOUR" + strings.ToUpper(fmt.Sprintf("%x", time.Now().Unix()))
			}
			teller := story.Teller{Platform: platform, Account: account, Out: a.Out, Detail: detail}
			if err := teller.Tell(cmd.Context()); err != nil {
				return err
			}
			if !detail {
				_, _ = fmt.Fprintln(a.Out, "\nWith --detail (make demo ARGS=--detail) the trace shows all that the event log knows.")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&ready, "ready-file", "", "ready `file` of a running fluent up (default: "+readyFileName+", if there is one)")
	cmd.Flags().StringVar(&account, "account", "", "name of the account to make (default: one that is new)")
	cmd.Flags().BoolVar(&detail, "detail", false, "print the whole trace: rulesets, times, all properties")
	return cmd
}

// stage finds the running platform, or starts one in a temporary folder; stop ends what was started.
func (a *app) stage(ctx context.Context, readyFile string) (p story.Platform, stop func() error, err error) {
	ready, running, err := runningPlatform(readyFile)
	if err != nil {
		return p, nil, err
	}
	stop = func() error { return nil }
	if running {
		fmt.Fprintf(a.Out, "In the platform that runs here, with its gateway at %s:\n\n", ready.Gateway)
	} else if ready, stop, err = a.ownStage(ctx); err != nil {
		return p, nil, err
	}
	return story.Platform{
		ControlPlane: ready.ControlPlane, Gateway: ready.Gateway, Username: ready.Operator.Username, Password: ready.Operator.Password, Stays: running,
	}, stop, nil
}

// runningPlatform reads the ready file that was named, or the one of this folder if there is one.
func runningPlatform(named string) (ready stack.Ready, running bool, err error) {
	path := named
	if path == "" {
		path = readyFileName
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return ready, false, nil
		}
	}
	if ready, err = readReady(path); err != nil {
		return ready, false, err
	}
	answers := http.Client{Timeout: 5 * time.Second}
	res, err := answers.Get(ready.Gateway + "/healthz")
	switch {
	case err == nil:
		return ready, true, res.Body.Close()
	case named == "": // what announced it was killed
		return ready, false, nil
	default:
		return ready, false, fmt.Errorf("the platform of %s does not answer: %w", path, err)
	}
}

// ownStage starts a platform in a temporary folder.
func (a *app) ownStage(ctx context.Context) (stack.Ready, func() error, error) {
	fmt.Fprintf(a.Out, "No platform runs in this folder (there is no %s): one of our own is started, in a temporary folder, and removed afterwards.\n\n", readyFileName)
	program, err := os.Executable()
	if err != nil {
		return stack.Ready{}, nil, fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.MkdirTemp("", "fluent-demo-")
	if err != nil {
		return stack.Ready{}, nil, fmt.Errorf("make a folder for the platform: %w", err)
	}
	start := time.Now()
	running, err := stack.Start(ctx, stack.Options{Binary: program, Dir: dir, Args: []string{"--demo=false"}})
	if err != nil {
		return stack.Ready{}, nil, errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(a.Out, "%7.3f s  %-12s three control-plane servers, a database, two nodes and a gateway are up\n\n", time.Since(start).Seconds(), "fluent up")
	return running.Ready, func() error { return errors.Join(running.Stop(), os.RemoveAll(dir)) }, nil
}
