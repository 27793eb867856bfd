package cli

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func nodeColumns() []render.Column[*cpv1.Node] {
	return []render.Column[*cpv1.Node]{
		{Title: "ID", Value: (*cpv1.Node).GetId},
		{Title: "ENVIRONMENT", Value: (*cpv1.Node).GetEnvironment},
		{Title: "KIND", Value: func(n *cpv1.Node) string { return render.Enum(n.GetKind()) }},
		{Title: "STATE", Value: nodeState},
		{Title: "ADDRESS", Value: (*cpv1.Node).GetAddress},
		{Title: "HOST", Value: (*cpv1.Node).GetHost},
		{Title: "CPU", Value: nodeLoad(func(l *cpv1.NodeLoad) string { return fmt.Sprintf("%.0f%%", 100*l.GetCpuShare()) })},
		{Title: "OLDEST EVENT", Value: nodeLoad(func(l *cpv1.NodeLoad) string { return fmt.Sprintf("%.1fs", l.GetOldestEventSeconds()) })},
		{Title: "PROBLEM", Value: (*cpv1.Node).GetProblem},
		{Title: "TURNS", Value: nodeLoad(func(l *cpv1.NodeLoad) string { return fmt.Sprint(l.GetTurns()) }), Wide: true},
		{Title: "REQUESTS", Value: nodeLoad(func(l *cpv1.NodeLoad) string { return fmt.Sprint(l.GetRequests()) }), Wide: true},
		{Title: "RELEASE", Value: (*cpv1.Node).GetRelease, Wide: true},
		{Title: "APPLIED INDEX", Value: func(n *cpv1.Node) string { return fmt.Sprint(n.GetAppliedIndex()) }, Wide: true},
		{Title: "LAST SEEN", Value: func(n *cpv1.Node) string { return render.Time(n.GetLastSeen()) }, Wide: true},
		{Title: "ETAG", Value: (*cpv1.Node).GetEtag, Wide: true},
	}
}

// nodeState is what a node does. One that was asked to drain is on its way there before it has heard of it.
func nodeState(n *cpv1.Node) string {
	if s := n.GetState(); n.GetDrain() && (s == cpv1.NodeState_NODE_STATE_JOINING || s == cpv1.NodeState_NODE_STATE_READY) {
		return render.Enum(cpv1.NodeState_NODE_STATE_DRAINING)
	}
	return render.Enum(n.GetState())
}

// nodeLoad prints a figure of a node's last report; nothing where there is no report.
func nodeLoad(figure func(*cpv1.NodeLoad) string) func(*cpv1.Node) string {
	return func(n *cpv1.Node) string {
		if n.GetLoad() == nil {
			return ""
		}
		return figure(n.GetLoad())
	}
}

// newNodeAdminCommands are what operators do with nodes; the process itself is started by newNodeCommand.
func newNodeAdminCommands(a *app) []*cobra.Command {
	return []*cobra.Command{newNodeList(a), newNodeGet(a), newNodeDrain(a), newNodeDelete(a), newNodeInvite(a), newHostList(a)}
}

func newNodeList(a *app) *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "list", Short: "List nodes and gateways", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewNodeAdminServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Node, string, error) {
				res, err := service.ListNodes(ctx, &cpv1.ListNodesRequest{Environment: environment, PageToken: token})
				return res.GetNodes(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, nodeColumns())
		}),
	}
	cmd.Flags().StringVar(&environment, "environment", "", "only those of an environment")
	return cmd
}

func newNodeGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a node", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			res, err := controlplanev1connect.NewNodeAdminServiceClient(client).GetNode(ctx, &cpv1.GetNodeRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return printOne(a, res.GetNode(), nodeColumns())
		}),
	}
}

func newNodeDrain(a *app) *cobra.Command {
	var etag string
	cmd := &cobra.Command{
		Use: "drain ID", Short: "Let a node finish its work and stop; the process driver replaces it", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			req := &cpv1.DrainNodeRequest{Id: args[0], Etag: etag, RequestId: a.requestID()}
			res, err := controlplanev1connect.NewNodeAdminServiceClient(client).DrainNode(ctx, req)
			if err != nil {
				return err
			}
			return printOne(a, res.GetNode(), nodeColumns())
		}),
	}
	cmd.Flags().StringVar(&etag, "etag", "", "drain it only if this is its current etag")
	return cmd
}

func newNodeDelete(a *app) *cobra.Command {
	return newDelete(a, deletion{use: "delete ID", short: "Forget a node that is gone; its credential stops working", what: "node", verb: "Forget", done: "Forgot"},
		func(ctx context.Context, client *connect.Client, id, etag string) error {
			req := &cpv1.DeleteNodeRequest{Id: id, Etag: etag, RequestId: a.requestID()}
			_, err := controlplanev1connect.NewNodeAdminServiceClient(client).DeleteNode(ctx, req)
			return err
		})
}

func newNodeInvite(a *app) *cobra.Command {
	var kind string
	var life time.Duration
	req := &cpv1.CreateJoinTokenRequest{}
	cmd := &cobra.Command{Use: "invite", Short: "Make a token with which one node, gateway or host may join", Args: usage(cobra.NoArgs)}
	cmd.Flags().StringVar(&kind, "kind", "node", "node, gateway or host")
	cmd.Flags().StringVar(&req.Environment, "environment", "", "environment of a node or gateway")
	cmd.Flags().StringVar(&req.Region, "region", "", "region of a host")
	cmd.Flags().DurationVar(&life, "lifetime", time.Hour, "how long the token can be used")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
		number, err := enumValue(cpv1.MachineKind(0), kind)
		if err != nil {
			return err
		}
		req.Kind, req.Lifetime, req.RequestId = cpv1.MachineKind(number), durationpb.New(life), a.requestID()
		res, err := controlplanev1connect.NewNodeAdminServiceClient(client).CreateJoinToken(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res, []render.Column[*cpv1.CreateJoinTokenResponse]{
			{Title: "TOKEN", Value: (*cpv1.CreateJoinTokenResponse).GetToken},
			{Title: "UNTIL", Value: func(r *cpv1.CreateJoinTokenResponse) string { return render.Time(r.GetExpireTime()) }},
		})
	})
	return cmd
}

func newHostList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "hosts", Short: "List the hosts that run node processes", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewNodeAdminServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Host, string, error) {
				res, err := service.ListHosts(ctx, &cpv1.ListHostsRequest{PageToken: token})
				return res.GetHosts(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, []render.Column[*cpv1.Host]{
				{Title: "ID", Value: (*cpv1.Host).GetId},
				{Title: "REGION", Value: (*cpv1.Host).GetRegion},
				{Title: "STATE", Value: func(h *cpv1.Host) string { return render.Enum(h.GetState()) }},
				{Title: "CAPACITY", Value: func(h *cpv1.Host) string { return fmt.Sprint(h.GetCapacity()) }},
				{Title: "SINCE", Value: func(h *cpv1.Host) string { return render.Time(h.GetCreateTime()) }},
			})
		}),
	}
}
