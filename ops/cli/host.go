package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/hostagent"
	"github.com/fluent-oms/fluent/ops/supervise"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

func newHostCommand(a *app) *cobra.Command {
	var j joiner
	var capacity int32
	var workflows uint32
	var m memoryLimit
	var doors bool
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Run the nodes that the control plane wants on this machine",
		Long:  "Starts and watches node processes as the control plane asks. " + joinHelp,
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runHost(cmd.Context(), j, m, capacity, nodeOptions{workflows, doors})
		},
	}
	j.flags(cmd)
	cmd.Flags().StringVar(&j.listen, "address", "127.0.0.1", "IP address of this machine on which its nodes are reached")
	m.flag(cmd, memory.HostShare, "the agent and its nodes together, in equal parts for --capacity nodes (four without it)")
	cmd.Flags().Int32Var(&capacity, "capacity", 0, "most node processes; 0: no limit")
	cmd.Flags().Var(networks{&j.outbound}, outboundOption, "of its nodes: "+outboundUsage)
	cmd.Flags().Uint32Var(&workflows, workflowMemory, 0, "for each node: "+workflowMemoryUsage)
	cmd.Flags().BoolVar(&doors, "doors", false, "give each node a door of its own on --address, that tenants' clients call without a gateway between")
	return cmd
}

// nodeOptions are what a host starts its nodes with.
type nodeOptions struct {
	workflows uint32 // MiB
	doors     bool
}

func (a *app) runHost(ctx context.Context, j joiner, m memoryLimit, capacity int32, options nodeOptions) error {
	servers, err := j.serverList()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	if net.ParseIP(j.listen) == nil {
		return fmt.Errorf("--address %q is no IP address", j.listen)
	}
	token, err := j.joinToken(a.In)
	if err != nil {
		return err
	}
	lock, err := supervise.LockFolder(j.dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }() // the end of the process gives it up at the latest
	log := a.processLogger()
	each := m.divide(log, capacity)
	group, err := supervise.NewGroup(filepath.Join(j.dir, "logs"), log)
	if err != nil {
		return err
	}
	defer group.Stop()
	agent, err := hostagent.New(hostagent.Config{
		Dir: j.dir, HostID: j.id, Address: j.listen, Capacity: capacity,
		JoinToken: func(context.Context) (string, error) { return token, nil },
		Command: func(s hostagent.Start) *exec.Cmd {
			cmd := nodeProcess(program, servers, j, s)
			if each != "" {
				cmd.Args = append(cmd.Args, "--memory-limit", each)
			}
			if s.Kind == cpv1.MachineKind_MACHINE_KIND_NODE {
				cmd.Args = append(cmd.Args, fmt.Sprintf("--%s=%d", workflowMemory, options.workflows), "--"+outboundOption, networks{&j.outbound}.String())
				if options.doors {
					cmd.Args = append(cmd.Args, "--door", net.JoinHostPort(j.listen, "0"))
				}
			}
			return cmd
		},
	}, hostagent.Deps{Transport: remote.Machines(servers), Group: group, Logger: log})
	if err != nil {
		return err
	}
	agent.Run(ctx)
	return nil
}

func nodeProcess(program string, servers []string, j joiner, s hostagent.Start) *exec.Cmd {
	command := "node"
	if s.Kind == cpv1.MachineKind_MACHINE_KIND_GATEWAY {
		command = "gateway"
	}
	cmd := exec.Command(program, command, "--id", s.NodeID, "--dir", s.Dir, "--listen", s.Listen, "--servers", strings.Join(servers, ","),
		"--trusted-proxies", networks{&j.proxies}.String(), fmt.Sprintf("--body-memory=%d", j.bodies))
	cmd.Env = supervise.Environ()
	if s.JoinToken != "" {
		cmd.Args = append(cmd.Args, "--join-token-file", "-")
		supervise.Whisper(cmd, s.JoinToken)
	}
	return cmd
}
