package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/auth/seal"
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

// The option of nodes, and what is read where it is not given.
const (
	sealingOption   = "sealing-keys"
	sealingFile     = "FLUENT_SEALING_KEYS_FILE"
	sealingVariable = "FLUENT_SEALING_KEYS"
	mostSealing     = 64 << 10
)

// sealingKeys are the operator's keys: of a file, whose name is given by the option or else in the environment, or in the environment themselves. None
// given are none.
func sealingKeys(file string) ([]seal.Key, error) {
	file = cmp.Or(file, os.Getenv(sealingFile))
	text := os.Getenv(sealingVariable)
	if file == "" && text == "" {
		return nil, nil
	}
	from := sealingVariable
	if file != "" {
		from = file
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the sealing keys: %w", err)
		}
		text = string(raw)
	}
	if len(text) > mostSealing {
		return nil, fmt.Errorf("read the sealing keys: %s has more than %d bytes", from, mostSealing)
	}
	keys, err := seal.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("read the sealing keys of %s: %w", from, err)
	}
	return keys, nil
}

// newNodeCommand is the group of what operators do with nodes. With --dir and --servers, and none of its subcommands, it is the
// node's process itself.
func newNodeCommand(a *app) *cobra.Command {
	var o nodeProcessOptions
	cmd := group("node", "Data-plane nodes: run one, list and steer them", newNodeAdminCommands(a)...)
	cmd.Long = "With --dir and --servers: runs a node. " + joinHelp +
		"\nOtherwise: lists and steers the nodes of the control plane."
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.join.dir == "" && o.join.servers == "" {
			return cmd.Help()
		}
		config, err := o.config(a)
		if err != nil {
			return err
		}
		serveTuned()
		log := a.processLogger()
		o.memory.apply(log, memory.NodeShare)
		return joined(node.Run(cmd.Context(), config, log, func(address string) { log.Info("the node takes work", "address", address) }))
	}
	o.flags(cmd)
	return cmd
}

// nodeProcessOptions are those of a node's process.
type nodeProcessOptions struct {
	join      joiner
	limits    limiter
	memory    memoryLimit
	failures  failureLimit
	door      ownDoor
	drain     time.Duration
	workflows uint32 // MiB
	sealing   string // a file
}

func (o *nodeProcessOptions) flags(cmd *cobra.Command) {
	o.join.flags(cmd)
	o.limits.flags(cmd)
	o.memory.flag(cmd, memory.NodeShare, "this process")
	o.failures.flag(cmd, 0) // gateways count
	o.door.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.join.listen, "listen", "127.0.0.1:0", "address that gateways call")
	f.Uint32Var(&o.workflows, workflowMemory, 0, workflowMemoryUsage)
	f.Var(networks{&o.join.outbound}, outboundOption, outboundUsage)
	f.StringVar(&o.sealing, sealingOption, "", "file with the keys that seal those of the environment, one a line, the newest last (or "+sealingFile+", or the keys in "+sealingVariable+")")
	f.DurationVar(&o.drain, "drain", 10*time.Second, "how long requests under way may take after a stop was asked for")
}

func (o *nodeProcessOptions) config(a *app) (c node.Config, err error) {
	j := o.join
	c = node.Config{
		ID: j.id, Dir: j.dir, Listen: j.listen, Release: a.version, DrainTime: o.drain,
		Proxies: j.proxies, Bodies: j.bodyLimits(), WorkflowMemory: int64(o.workflows) << 20, Outbound: j.outbound,
	}
	if c.Servers, err = j.serverList(); err != nil {
		return c, err
	}
	if c.SealingKeys, err = sealingKeys(o.sealing); err != nil {
		return c, err
	}
	if c.Limits, err = o.limits.limits(); err != nil {
		return c, err
	}
	if c.Failures, err = o.failures.perMinute(); err != nil {
		return c, err
	}
	if c.Door, err = o.door.config(&o.failures); err != nil {
		return c, err
	}
	c.JoinToken, err = j.joinToken(a.In)
	return c, err
}

// ownDoor holds the options of a node's own door for tenants.
type ownDoor struct{ listen, url string }

func (o *ownDoor) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.listen, "door", "", "address of a door of the node's own, that tenants' clients call without a gateway between (default none)")
	cmd.Flags().StringVar(&o.url, "door-url", "", "URL at which clients reach that door, such as one of a proxy that ends TLS (default http:// and where it listens)")
}

// config is the door, at which strangers' failures count as they do at a gateway.
func (o *ownDoor) config(failures *failureLimit) (node.Door, error) {
	if o.listen == "" && o.url != "" {
		return node.Door{}, errors.New("--door-url needs --door, where the node listens")
	}
	atGateways := failureLimit{given: failures.given, fallback: door.StandardFailures}
	most, err := atGateways.perMinute()
	return node.Door{Listen: o.listen, URL: o.url, Failures: most}, err
}
