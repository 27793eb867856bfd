package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/controlplane/server"
	"github.com/fluent-oms/fluent/ops/cli/render"
	"github.com/fluent-oms/fluent/ops/debug"
)

func newServerCommand(a *app) *cobra.Command {
	var config server.Config
	var peers, passwordFile string
	var l limiter
	var m memoryLimit
	var failures failureLimit
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run a control-plane server",
		Long:  "Runs one server of the control plane. Give every server the same --peers; addresses may change between starts, ids may not.",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if config.Peers, err = server.ParsePeers(peers); err != nil {
				return render.UsageError{Err: fmt.Errorf("--peers: %w", err)}
			}
			if config.OperatorPassword, err = readSecret(passwordFile); err != nil {
				return err
			}
			if config.Limits, err = l.limits(); err != nil {
				return err
			}
			if config.Failures, err = failures.perMinute(); err != nil {
				return err
			}
			if err := config.Validate(); err != nil {
				return render.UsageError{Err: err}
			}
			config.Logger = a.processLogger()
			m.apply(config.Logger, memory.ServerShare)
			config.Hold = debug.Hold
			config.Ready = func(address string) { config.Logger.Info("the control-plane server answers", "address", address) }
			return server.Run(cmd.Context(), config)
		},
	}
	l.flags(cmd)
	m.flag(cmd, memory.ServerShare, "this process")
	f := cmd.Flags()
	failures.flag(cmd, door.StandardFailures)
	serverFlags(cmd, &config)
	f.StringVar(&peers, "peers", "", "all servers: id=raft-host:port=api-host:port,…")
	f.StringVar(&passwordFile, "operator-password-file", "", "file with the first operator's password")
	return cmd
}

// serverFlags are those that fill a field each.
func serverFlags(cmd *cobra.Command, c *server.Config) {
	f := cmd.Flags()
	f.StringVar(&c.ID, "id", "", "name of this server among the peers")
	f.StringVar(&c.Dir, "dir", "", "state folder of this server")
	f.StringVar(&c.RaftListen, "raft", "", "address to bind for raft (default: this server's among the peers)")
	f.StringVar(&c.APIListen, "listen", "", "address to bind for the API (default: this server's among the peers)")
	f.StringVar(&c.Authority, "authority", "", "file with the cluster's authority, for the first start (see: fluent cluster authority)")
	f.StringVar(&c.Certificate, "tls-cert", "", "certificate for operators and browsers (default: one by the cluster's authority)")
	f.StringVar(&c.Key, "tls-key", "", "key of that certificate")
	f.Var(networks{&c.Proxies}, "trusted-proxies", proxiesUsage)
	f.BoolVar(&c.Bootstrap, "bootstrap", false, "form a new cluster of the peers if there is no state yet; harmless otherwise")
	f.StringVar(&c.OperatorUsername, "operator-username", "", "first operator of a new cluster")
}

// readSecret reads the first line of a file; nothing when no file is named.
func readSecret(path string) (server.Secret, error) {
	if path == "" {
		return "", nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("read the password: " + path + " is empty")
	}
	return server.Secret(line), nil
}
