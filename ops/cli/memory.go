package cli

import (
	"fmt"
	"log/slog"
	"math"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/memory"
)

// memoryLimit is the option of processes that may take a part of the machine's memory.
type memoryLimit struct{ option memory.Option }

func (m *memoryLimit) flag(cmd *cobra.Command, share float64, of string) {
	cmd.Flags().Var(&m.option, "memory-limit", fmt.Sprintf("most memory of %s: 512MiB, 2GiB or 20%% of the machine's or cgroup's (default GOMEMLIMIT, else %.0f%%)",
		of, 100*share))
}

// apply makes the limit hold. A machine that does not tell of its memory is no reason not to start.
func (m *memoryLimit) apply(log *slog.Logger, share float64) {
	limit, from, err := memory.Decide(m.option, share)
	switch {
	case err != nil:
		log.Warn("this process has no memory limit", "error", err)
	case limit == math.MaxInt64:
		log.Warn("this process has no memory limit", "from", from)
	default:
		memory.Apply(limit)
		log.Info("memory limit", "bytes", limit, "from", from)
	}
}

// hostedNodes is for how many nodes a host without a --capacity keeps memory.
const hostedNodes = 4

// agentPart is how much of a host's memory its agent takes; its nodes share the rest.
const agentPart = 0.05

// divide gives the host's agent its part, and returns what each of its nodes is told; empty where they read GOMEMLIMIT as the agent does.
func (m *memoryLimit) divide(log *slog.Logger, capacity int32) (node string) {
	limit, from, err := memory.Decide(m.option, memory.HostShare)
	switch {
	case err != nil:
		log.Warn("this host's processes have no memory limit", "error", err)
		return ""
	case from == memory.FromEnvironment:
		return ""
	}
	nodes := float64(capacity)
	if capacity == 0 {
		nodes = hostedNodes
	}
	memory.Apply(max(int64(agentPart*float64(limit)), memory.Least))
	each := int64((1 - agentPart) * float64(limit) / nodes)
	log.Info("memory limit", "bytes", limit, "from", from, "for each node", each)
	return memory.Bytes(each)
}
