package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// joinTokenVariable may hold the one-time token that a node, gateway or host joins with, for who has no file for it. It stays readable in
// /proc for as long as the process runs; children are never given it.
const joinTokenVariable = "FLUENT_JOIN_TOKEN"

// joinHelp is what the help of node, gateway and host says.
const joinHelp = "At its first start it joins with the token in the file --join-token-file (-: standard input), or in the environment variable " + joinTokenVariable + "."

// mostToken is more than a token has.
const mostToken = 4 << 10

// joiner holds the options of processes that join a control plane.
type joiner struct {
	id, dir, listen, servers string
	tokenFile                string
	proxies                  []netip.Prefix
	outbound                 []netip.Prefix // of nodes
	bodies                   uint32         // MiB
}

// bodyLimits are what --body-memory asks for.
func (j *joiner) bodyLimits() door.BodyLimits { return door.BodyLimits{Total: int64(j.bodies) << 20} }

func (j *joiner) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&j.id, "id", "", "name of this process; empty: the control plane chooses")
	f.StringVar(&j.dir, "dir", "", "state folder of this process")
	f.StringVar(&j.servers, "servers", "", "control-plane servers, comma-separated")
	f.StringVar(&j.tokenFile, "join-token-file", "", "file with the one-time token for the first start; -: standard input")
	f.Var(networks{&j.proxies}, "trusted-proxies", proxiesUsage)
	f.Uint32Var(&j.bodies, "body-memory", 0, "MiB of memory for requests' bodies (of a host: for each of its nodes); 0: an eighth of the process's memory limit, and 64 at most")
}

const proxiesUsage = "addresses and networks of proxies whose X-Forwarded-For is believed, comma-separated (default none)"

// networks is an option that lists addresses and networks.
type networks struct{ of *[]netip.Prefix }

// Set implements pflag.Value.
func (n networks) Set(list string) (err error) {
	*n.of, err = door.ParseProxies(list)
	return err
}

// String implements pflag.Value.
func (n networks) String() string {
	if n.of == nil {
		return ""
	}
	texts := make([]string, len(*n.of))
	for i, each := range *n.of {
		texts[i] = each.String()
	}
	return strings.Join(texts, ",")
}

// Type implements pflag.Value.
func (networks) Type() string { return "networks" }

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

// joinToken reads the token. A file that is not there any more is no error for who has joined.
func (j *joiner) joinToken(in io.Reader) (string, error) {
	if j.tokenFile == "" {
		return os.Getenv(joinTokenVariable), nil
	}
	if j.tokenFile != "-" {
		file, err := os.Open(j.tokenFile)
		if errors.Is(err, fs.ErrNotExist) && trust.Usable(filepath.Join(j.dir, trust.File), time.Now()) {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("read the join token: %w", err)
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, mostToken))
	if err != nil {
		return "", fmt.Errorf("read the join token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// joined tells who started a node or gateway that the control plane does not let in what helps: another token, not a login.
func joined(err error) error {
	var said *connect.Error
	if !errors.As(err, &said) || said.Code() != connect.CodeUnauthenticated {
		return err
	}
	return render.RefusedError{Text: said.Message() + " A token serves one machine, for an hour or its --lifetime, and ends with its environment." +
		" Make another: fluent node invite"}
}

// processLogger is the log of a long-running process: JSON lines on the error stream. FLUENT_LOG sets the level.
func (a *app) processLogger() *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(os.Getenv("FLUENT_LOG"))); err != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(a.Err, &slog.HandlerOptions{Level: level, ReplaceAttr: door.CutAttr}))
}
