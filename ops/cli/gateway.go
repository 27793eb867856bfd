package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	"github.com/fluent-oms/fluent/dataplane/rest"
)

func newGatewayCommand(a *app) *cobra.Command {
	var j joiner
	l := limiter{public: true}
	var m memoryLimit
	var operators string
	var drain time.Duration
	var failures failureLimit
	var hosts []string
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Run a gateway: it sends tenants' requests to the nodes of an environment",
		Long:  "Runs a gateway. " + joinHelp,
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			servers, err := j.serverList()
			if err != nil {
				return err
			}
			limits, err := l.limits()
			if err != nil {
				return err
			}
			token, err := j.joinToken(a.In)
			if err != nil {
				return err
			}
			mayFail, err := failures.perMinute()
			if err != nil {
				return err
			}
			serveTuned()
			go keepHeadroom(cmd.Context())
			log := a.processLogger()
			m.apply(log, memory.GatewayShare)
			config := gateway.Config{
				Listen: j.listen, Operators: operators, Dir: j.dir, ID: j.id, Servers: servers, JoinToken: token, Release: a.version, DrainTime: drain,
				Proxies: j.proxies, Bodies: j.bodyLimits(), Failures: mayFail, Limits: limits, Hosts: hosts, Paths: rest.Paths(),
			}
			return joined(gateway.Run(cmd.Context(), config, log, func(address string) { log.Info("the gateway serves", "address", address) }))
		},
	}
	j.flags(cmd)
	l.flags(cmd)
	m.flag(cmd, memory.GatewayShare, "this process")
	cmd.Flags().StringVar(&j.listen, "listen", "127.0.0.1:8080", "address that tenants call")
	cmd.Flags().StringVar(&operators, "metrics-listen", "", "address for /metrics, /healthz and /readyz, out of the reach of tenants (default none)")
	cmd.Flags().StringSliceVar(&hosts, "own-hosts", nil, "host names of the gateway itself, for all accounts; every other name with a dot in it leads to one account")
	failures.flag(cmd, door.StandardFailures)
	cmd.Flags().DurationVar(&drain, "drain", 10*time.Second, "how long requests under way may take after a stop was asked for")
	return cmd
}
