package cli

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/ops/cli/render"
)

// The environment may set what the options --connections and --connections-per-address are where they are not given, for processes that others
// start: a host its nodes, and fluent up everything.
const (
	connectionsVariable = "FLUENT_CONNECTIONS"
	perAddressVariable  = "FLUENT_CONNECTIONS_PER_ADDRESS"
)

// unset stands for an option that was given neither way.
const unset = -1

// limiter holds the options that limit connections.
type limiter struct {
	connections, perAddress int
	public                  bool // strangers reach this port: one address does not get all of it
}

func (l *limiter) flags(cmd *cobra.Command) {
	perAddress := "no limit"
	if l.public {
		perAddress = "a quarter of --connections"
	}
	f := cmd.Flags()
	f.IntVar(&l.connections, "connections", unset, fmt.Sprintf("most connections at once; more are turned away (default half of the open files allowed, %d at most; or %s)",
		door.MostByDefault, connectionsVariable))
	f.IntVar(&l.perAddress, "connections-per-address", unset, fmt.Sprintf("most connections from one address, 0: no limit (default %s; or %s)",
		perAddress, perAddressVariable))
	for _, name := range []string{"connections", "connections-per-address"} {
		f.Lookup(name).DefValue = "0" // the text says what it is
	}
}

// limits puts options and environment together.
func (l *limiter) limits() (door.Limits, error) {
	connections, err := option(l.connections, connectionsVariable, door.DefaultConnections())
	if err != nil {
		return door.Limits{}, err
	}
	fallback := 0
	if l.public {
		fallback = max(connections/4, 1)
	}
	perAddress, err := option(l.perAddress, perAddressVariable, fallback)
	if err != nil {
		return door.Limits{}, err
	}
	limits := door.Limits{Connections: connections, PerAddress: perAddress}
	if connections < 1 {
		return door.Limits{}, render.UsageError{Err: fmt.Errorf("--connections %d: nobody could connect", connections)}
	}
	if err := limits.Check(); err != nil {
		return door.Limits{}, render.UsageError{Err: err}
	}
	return limits, nil
}

// option is a count that was given, else the environment's, else fallback.
func option(given int, variable string, fallback int) (int, error) {
	text := os.Getenv(variable)
	if given != unset || text == "" {
		if given == unset {
			return fallback, nil
		}
		return given, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, render.UsageError{Err: fmt.Errorf("%s=%q is no count", variable, text)}
	}
	return n, nil
}

// failuresVariable sets what the option --failures-per-minute is where it is not given.
const failuresVariable = "FLUENT_FAILURES_PER_MINUTE"

// failureLimit is how many requests of one address may fail before it is known who calls.
type failureLimit struct{ given, fallback int }

func (l *failureLimit) flag(cmd *cobra.Command, fallback int) {
	l.fallback = fallback
	cmd.Flags().IntVar(&l.given, "failures-per-minute", unset,
		fmt.Sprintf("requests that one address may have fail in a minute before it is known who calls, 0: no limit (default %d; or %s)", fallback, failuresVariable))
	cmd.Flags().Lookup("failures-per-minute").DefValue = "0" // the text says what it is
}

// perMinute puts option and environment together.
func (l *failureLimit) perMinute() (int, error) { return option(l.given, failuresVariable, l.fallback) }
