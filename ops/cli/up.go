package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/local"
)

func newUpCommand(a *app) *cobra.Command {
	config := local.Config{Release: a.version}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run everything on this machine, with a demo account",
		Long: "Runs control-plane servers, a database, a gateway, nodes and a demo account as processes of this machine, below one state folder, " +
			"until it is interrupted. The next run with the same folder goes on where this one ended.",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if config.Program, err = os.Executable(); err != nil {
				return fmt.Errorf("find our own program: %w", err)
			}
			return local.Run(cmd.Context(), config, a.Out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&config.Dir, "dir", ".fluent", "state folder")
	f.StringVar(&config.Listen, "listen", "127.0.0.1:8080", "address of the gateway; port 0 takes a free one")
	f.IntVar(&config.ControlPlanes, "control-planes", 3, "control-plane servers; later runs keep the first run's number")
	f.IntVar(&config.Nodes, "nodes", 2, "data-plane nodes")
	f.StringVar(&config.Database, "database", "auto", "auto, postgres, cockroach, or the URL of a database: postgres://user:password@host:5432/name")
	f.BoolVar(&config.Demo, "demo", true, "make the account DEMO with sample data")
	f.Var(&config.Memory, "memory-limit", "most memory of all processes together, without the database: 2GiB or 40% of the machine's or cgroup's (default GOMEMLIMIT for each, else 60%)")
	f.StringVar(&config.Outbound, outboundOption, "", "of the nodes: "+outboundUsage)
	f.StringVar(&config.ReadyFile, "ready-file", "", "write URLs and credentials to this file, as JSON, when everything answers")
	return cmd
}
