package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/ops/cli/render"
	"github.com/fluent-oms/fluent/ops/debug"
)

// protoMessage is a protobuf message.
type protoMessage = proto.Message

// Main runs the command line and returns its exit code. The first interrupt ends the command in order, the second at once.
func Main(version string, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, version, args, IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// Run runs the command line with the given streams and returns its exit code.
func Run(ctx context.Context, version string, args []string, io IO) int {
	a := &app{IO: io, version: version}
	root := newRoot(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = a.request.unused()
	}
	if err != nil {
		fmt.Fprintln(io.Err, "fluent:", render.Error(err)+a.request.hint(err))
	}
	return render.ExitCode(err)
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "fluent",
		Short: "Fluent, a multi-tenant order management system",
		Long: "Fluent runs the platform (up, server, node, gateway, host), operates it (login, region, environment, account, …), and calls\n" +
			"one account's API as its users do (api, user).",
		Version:       a.version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Args:          usage(cobra.NoArgs),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return debug.Serve(cmd.Context(), cmd.Name())
		},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return render.UsageError{Err: err} })
	root.AddGroup(&cobra.Group{ID: groupRun, Title: "Run the platform:"}, &cobra.Group{ID: groupOperate, Title: "Operate it:"},
		&cobra.Group{ID: groupTenant, Title: "Work in one account, by its own API:"})
	root.AddCommand(inGroup(groupRun, runCommands(a)...)...)
	root.AddCommand(inGroup(groupTenant, newAPICommand(a), newUserCommand(a), newCustomerCommand(a), newWhyCommand(a), newFeedCommand(a))...)
	root.AddCommand(inGroup(groupOperate, operatorCommands(a)...)...)
	root.AddCommand(newVersionCommand(a))
	return root
}

const (
	groupRun     = "run"
	groupOperate = "operate"
	groupTenant  = "tenant"
)

// runCommands are the processes of the platform.
func runCommands(a *app) []*cobra.Command {
	return []*cobra.Command{newUpCommand(a), newDemoCommand(a), newServerCommand(a), newGatewayCommand(a), newHostCommand(a)}
}

// operatorCommands call a control plane.
func operatorCommands(a *app) []*cobra.Command {
	commands := []*cobra.Command{
		newLoginCommand(a), newLogoutCommand(a), newWhoAmICommand(a), newPasswordCommand(a), newOperatorCommand(a),
		newRegionCommand(a), newEnvironmentCommand(a), newAccountCommand(a), newClientCommand(a), newRetailerCommand(a), newNodeCommand(a),
		newOperationCommand(a), newAuditCommand(a), newClusterCommand(a),
	}
	for _, c := range commands {
		c.PersistentFlags().StringVar(&a.server, "server", "", "control-plane servers, comma-separated (default: those of the login, or FLUENT_SERVER)")
		c.PersistentFlags().StringVarP(&a.output, "output", "o", string(render.Table), "output: table or json")
		c.PersistentFlags().StringVar(&a.request.given, "request-id", "", "repeat the change that was asked for with this id: what was done already is not done again")
		c.PersistentFlags().DurationVar(&a.timeout, "timeout", 2*time.Minute, "give up after this long")
	}
	return commands
}

func inGroup(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = group
	}
	return commands
}

// usage marks the errors of an argument check as wrong usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return render.UsageError{Err: fmt.Errorf("%w (see: %s --help)", wanted(cmd, err), cmd.CommandPath())}
		}
		return nil
	}
}

// wanted adds to a complaint about the number of arguments which ones there are.
func wanted(cmd *cobra.Command, err error) error {
	if _, names, ok := strings.Cut(cmd.Use, " "); ok {
		return fmt.Errorf("the arguments are %s: %w", names, err)
	}
	return err
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short, Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	g.AddCommand(commands...)
	return g
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Out, "fluent", a.version)
			return err
		},
	}
}
