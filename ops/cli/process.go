package cli

import (
	"errors"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// joinTokenVariable holds the one-time token that a node, gateway or host joins with: an argument would be everybody's to read.
const joinTokenVariable = "FLUENT_JOIN_TOKEN"

// joiner holds the options of processes that join a control plane.
type joiner struct {
	id, dir, listen, servers string
}

func (j *joiner) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&j.id, "id", "", "name of this process; empty: the control plane chooses")
	f.StringVar(&j.dir, "dir", "", "state folder of this process")
	f.StringVar(&j.servers, "servers", "", "control-plane servers, comma-separated")
}

// serverList checks the options and returns the servers.
func (j *joiner) serverList() ([]string, error) {
	servers, err := remote.ParseServers(j.servers)
	if j.dir == "" {
		err = errors.Join(errors.New("--dir is missing"), err)
	}
	if err != nil {
		return nil, render.UsageError{Err: err}
	}
	return servers, nil
}

// collectAt is how much a serving process's heap grows, in per cent of what is alive, before the next collection. What is alive is small
// beside what requests leave behind: at the usual 100 a third of the CPU goes into collections.
const collectAt = 400

// serveTuned prepares the runtime for a process that serves requests; GOGC in the environment takes precedence.
func serveTuned() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}

func joinToken() string { return os.Getenv(joinTokenVariable) }

// processLogger is the log of a long-running process: JSON lines on the error stream. FLUENT_LOG sets the level.
func (a *app) processLogger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(os.Getenv("FLUENT_LOG"))); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(a.Err, &slog.HandlerOptions{Level: level}))
}
