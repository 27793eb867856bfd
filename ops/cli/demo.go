package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Tell the story of one order, from tenant to trace, over real processes",
		Long: "Provisions a tenant, loads it, places an order and prints what each step took and what the workflow did.\n" +
			"With --ready-file it uses the platform that `fluent up` wrote that file for; else it starts one and stops it afterwards.",
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
			teller := story.Teller{Platform: platform, Account: account, Out: a.Out}
			return teller.Tell(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&ready, "ready-file", "", "ready file of a running `fluent up`")
	cmd.Flags().StringVar(&account, "account", "", "name of the account to make (default: one that is new)")
	return cmd
}

// stage finds the running platform, or starts one in a temporary folder; stop ends what was started.
func (a *app) stage(ctx context.Context, readyFile string) (p story.Platform, stop func() error, err error) {
	var ready stack.Ready
	stop = func() error { return nil }
	if readyFile != "" {
		content, err := os.ReadFile(readyFile)
		if err != nil {
			return p, stop, fmt.Errorf("read the ready file: %w", err)
		}
		if err := json.Unmarshal(content, &ready); err != nil {
			return p, stop, fmt.Errorf("read the ready file %s: %w", readyFile, err)
		}
	} else {
		program, err := os.Executable()
		if err != nil {
			return p, stop, fmt.Errorf("find this program: %w", err)
		}
		dir, err := os.MkdirTemp("", "fluent-demo-")
		if err != nil {
			return p, stop, err
		}
		start := time.Now()
		running, err := stack.Start(ctx, stack.Options{Binary: program, Dir: dir, Args: []string{"--demo=false"}})
		if err != nil {
			return p, stop, errors.Join(err, os.RemoveAll(dir))
		}
		stop = func() error { return errors.Join(running.Stop(), os.RemoveAll(dir)) }
		ready = running.Ready
		fmt.Fprintf(a.Out, "%7.3f s  %-12s three control-plane servers, a database, two nodes and a gateway are up\n\n", time.Since(start).Seconds(), "fluent up")
	}
	return story.Platform{
		ControlPlane: ready.ControlPlane, Gateway: ready.Gateway, Username: ready.Operator.Username, Password: ready.Operator.Password,
	}, stop, nil
}
