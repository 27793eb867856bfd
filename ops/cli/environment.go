package cli

import (
	"context"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func environmentColumns() []render.Column[*cpv1.Environment] {
	return []render.Column[*cpv1.Environment]{
		{Title: "NAME", Value: (*cpv1.Environment).GetName},
		{Title: "REGION", Value: (*cpv1.Environment).GetRegion},
		{Title: "KIND", Value: func(e *cpv1.Environment) string { return render.Enum(e.GetKind()) }},
		{Title: "DRIVER", Value: func(e *cpv1.Environment) string { return render.Enum(e.GetDriver()) }},
		{Title: "NODES", Value: func(e *cpv1.Environment) string { return fmt.Sprintf("%d/%d", e.GetReadyNodes(), e.GetNodeCount()) }},
		{Title: "ACCOUNTS", Value: func(e *cpv1.Environment) string { return fmt.Sprint(e.GetAccounts()) }},
		{Title: "RELEASE", Value: (*cpv1.Environment).GetRelease},
		{Title: "DISPLAY NAME", Value: (*cpv1.Environment).GetDisplayName, Wide: true},
		{Title: "DATABASE", Value: (*cpv1.Environment).GetDatabaseUrl, Wide: true},
		{Title: "CREATED", Value: func(e *cpv1.Environment) string { return render.Time(e.GetCreateTime()) }, Wide: true},
		{Title: "ETAG", Value: (*cpv1.Environment).GetEtag, Wide: true},
	}
}

func newEnvironmentCommand(a *app) *cobra.Command {
	return group("environment", "Databases and the nodes that serve them",
		newEnvironmentList(a), newEnvironmentGet(a), newEnvironmentCreate(a), newEnvironmentUpdate(a), newEnvironmentDelete(a))
}

func newEnvironmentList(a *app) *cobra.Command {
	var region string
	cmd := &cobra.Command{
		Use: "list", Short: "List environments", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewEnvironmentServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Environment, string, error) {
				res, err := service.ListEnvironments(ctx, &cpv1.ListEnvironmentsRequest{Region: region, PageToken: token})
				return res.GetEnvironments(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, environmentColumns())
		}),
	}
	cmd.Flags().StringVar(&region, "region", "", "only those of a region")
	return cmd
}

func newEnvironmentGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Short: "Show an environment", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			res, err := controlplanev1connect.NewEnvironmentServiceClient(client).GetEnvironment(ctx, &cpv1.GetEnvironmentRequest{Name: args[0]})
			if err != nil {
				return err
			}
			return printOne(a, res.GetEnvironment(), environmentColumns())
		}),
	}
}

// environmentFlags are the fields of an environment that can be set, with the names that need to be read.
type environmentFlags struct {
	environment  cpv1.Environment
	kind, driver string
}

func (f *environmentFlags) add(cmd *cobra.Command) {
	e := &f.environment
	cmd.Flags().StringVar(&e.DisplayName, "display-name", "", "name for people")
	cmd.Flags().StringVar(&e.Region, "region", "", "region that it is in")
	cmd.Flags().StringVar(&f.kind, "kind", "shared", "shared, dedicated or sandbox")
	cmd.Flags().StringVar(&f.driver, "driver", "process", "who starts its nodes: process (host agents) or static (someone else)")
	cmd.Flags().StringVar(&e.DatabaseUrl, "database-url", "", "connection URL of its database")
	cmd.Flags().Int32Var(&e.NodeCount, "nodes", 2, "how many nodes the process driver keeps")
	cmd.Flags().StringVar(&e.Release, "release", "", "release of its nodes")
}

// read gives the environment that the flags describe.
func (f *environmentFlags) read(name string) (*cpv1.Environment, error) {
	kind, err := enumValue(cpv1.EnvironmentKind(0), f.kind)
	if err != nil {
		return nil, err
	}
	driver, err := enumValue(cpv1.NodeDriver(0), f.driver)
	if err != nil {
		return nil, err
	}
	e := &f.environment
	e.Name, e.Kind, e.Driver = name, cpv1.EnvironmentKind(kind), cpv1.NodeDriver(driver)
	return e, nil
}

// enumValue finds the value of an enum by its short name, whatever its case: shared for ENVIRONMENT_KIND_SHARED.
func enumValue(e protoreflect.Enum, short string) (protoreflect.EnumNumber, error) {
	values := e.Descriptor().Values()
	var names []string
	for i := range values.Len() {
		v := values.Get(i)
		_, name, _ := strings.Cut(string(v.Name()), longPrefix(e))
		if v.Number() != 0 && strings.EqualFold(name, short) {
			return v.Number(), nil
		}
		if v.Number() != 0 {
			names = append(names, strings.ToLower(name))
		}
	}
	return 0, render.UsageError{Err: fmt.Errorf("%q is none of %s", short, strings.Join(names, ", "))}
}

// longPrefix is what an enum's values begin with, found from its zero value (…_UNSPECIFIED).
func longPrefix(e protoreflect.Enum) string {
	return strings.TrimSuffix(string(e.Descriptor().Values().Get(0).Name()), "UNSPECIFIED")
}

func newEnvironmentCreate(a *app) *cobra.Command {
	f := &environmentFlags{}
	cmd := &cobra.Command{Use: "create NAME", Short: "Make an environment", Args: usage(cobra.ExactArgs(1)),
		Example: "  fluent environment create shared-1 --region ap-southeast-2 --database-url postgres://… --nodes 3"}
	f.add(cmd)
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		e, err := f.read(args[0])
		if err != nil {
			return err
		}
		req := &cpv1.CreateEnvironmentRequest{Environment: e, RequestId: a.requestID()}
		res, err := controlplanev1connect.NewEnvironmentServiceClient(client).CreateEnvironment(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res.GetEnvironment(), environmentColumns())
	})
	return cmd
}

func newEnvironmentUpdate(a *app) *cobra.Command {
	f := &environmentFlags{}
	cmd := &cobra.Command{Use: "update NAME", Short: "Change an environment", Args: usage(cobra.ExactArgs(1))}
	f.add(cmd)
	cmd.Flags().StringVar(&f.environment.Etag, "etag", "", "change it only if this is its current etag")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		e, err := f.read(args[0])
		if err != nil {
			return err
		}
		mask, err := changed(cmd, map[string]string{"display-name": "display_name", "region": "region", "kind": "kind",
			"driver": "driver", "database-url": "database_url", "nodes": "node_count", "release": "release"})
		if err != nil {
			return err
		}
		req := &cpv1.UpdateEnvironmentRequest{Environment: e, UpdateMask: mask, RequestId: a.requestID()}
		res, err := controlplanev1connect.NewEnvironmentServiceClient(client).UpdateEnvironment(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res.GetEnvironment(), environmentColumns())
	})
	return cmd
}

func newEnvironmentDelete(a *app) *cobra.Command {
	return newDelete(a, deletion{use: "delete NAME", short: "Remove an environment that has no accounts; its nodes stop", what: "environment", verb: "Remove", done: "Removed"},
		func(ctx context.Context, client *connect.Client, name, etag string) error {
			req := &cpv1.DeleteEnvironmentRequest{Name: name, Etag: etag, RequestId: a.requestID()}
			_, err := controlplanev1connect.NewEnvironmentServiceClient(client).DeleteEnvironment(ctx, req)
			return err
		})
}
