package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/node"
)

// workflowMemory is the option of nodes, and of hosts for their nodes.
const (
	workflowMemory      = "workflow-memory"
	workflowMemoryUsage = "MiB of memory for parsed workflows; 0: a sixteenth of the process's memory limit, or 64 without one"
)

// outboundOption is an option of nodes, and of hosts for their nodes.
const (
	outboundOption = "outbound-networks"
	outboundUsage  = "networks, not public, in which servers may be that tenants name, such as identity providers, comma-separated (default none)"
)

// newNodeCommand is the group of what operators do with nodes. With --dir and --servers, and none of its subcommands, it is the
// node's process itself.
func newNodeCommand(a *app) *cobra.Command {
	var j joiner
	var l limiter
	var m memoryLimit
	var drain time.Duration
	var workflows uint32
	var failures failureLimit
	cmd := group("node", "Data-plane nodes: run one, list and steer them", newNodeAdminCommands(a)...)
	cmd.Long = "With --dir and --servers: runs a node. " + joinHelp +
		"\nOtherwise: lists and steers the nodes of the control plane."
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if j.dir == "" && j.servers == "" {
			return cmd.Help()
		}
		servers, err := j.serverList()
		if err != nil {
			return err
		}
		limits, err := l.limits()
		if err != nil {
			return err
		}
		mayFail, err := failures.perMinute()
		if err != nil {
			return err
		}
		token, err := j.joinToken(a.In)
		if err != nil {
			return err
		}
		serveTuned()
		log := a.processLogger()
		m.apply(log, memory.NodeShare)
		config := node.Config{
			ID: j.id, Dir: j.dir, Listen: j.listen, Servers: servers, JoinToken: token, Release: a.version, DrainTime: drain,
			Proxies: j.proxies, Bodies: j.bodyLimits(), Failures: mayFail, Limits: limits, WorkflowMemory: int64(workflows) << 20, Outbound: j.outbound,
		}
		return joined(node.Run(cmd.Context(), config, log, func(address string) { log.Info("the node takes work", "address", address) }))
	}
	j.flags(cmd)
	l.flags(cmd)
	m.flag(cmd, memory.NodeShare, "this process")
	failures.flag(cmd, 0) // gateways count
	cmd.Flags().StringVar(&j.listen, "listen", "127.0.0.1:0", "address that gateways call")
	cmd.Flags().Uint32Var(&workflows, workflowMemory, 0, workflowMemoryUsage)
	cmd.Flags().Var(networks{&j.outbound}, outboundOption, outboundUsage)
	cmd.Flags().DurationVar(&drain, "drain", 10*time.Second, "how long requests under way may take after a stop was asked for")
	return cmd
}
