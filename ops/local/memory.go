package local

import (
	"fmt"

	"github.com/fluent-oms/fluent/auth/memory"
)

// parts are how the memory of everything that is ours on this machine is divided; the database is not among it.
var parts = map[string]float64{"up": 1, "server": 2, "gateway": 3, "node": 8}

// divideMemory decides on the limit of each kind of process: they add up to what --memory-limit says, or to memory.Together. Where
// GOMEMLIMIT is set, each process reads that by itself.
func (i *Installation) divideMemory(servers int) error {
	limit, from, err := memory.Decide(i.config.Memory, memory.Together)
	if err != nil {
		return fmt.Errorf("divide the memory among the processes: %w", err)
	}
	if from == memory.FromEnvironment {
		return nil
	}
	i.memory = shares(limit, servers, i.config.Nodes)
	memory.Apply(max(i.memory["up"], memory.Least))
	return nil
}

// shares divides a limit among one process up, one gateway, servers and nodes.
func shares(limit int64, servers, nodes int) map[string]int64 {
	whole := parts["up"] + parts["gateway"] + float64(servers)*parts["server"] + float64(nodes)*parts["node"]
	out := make(map[string]int64, len(parts))
	for kind, part := range parts {
		out[kind] = int64(float64(limit) * part / whole)
	}
	return out
}

// limited adds the memory limit of its kind to a process's arguments.
func (i *Installation) limited(args []string) []string {
	if n := i.memory[args[0]]; n > 0 {
		return append(args, "--memory-limit", memory.Bytes(n))
	}
	return args
}
