package local

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/hostagent"
	"github.com/fluent-oms/fluent/ops/supervise"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// startDataPlane starts the gateway, and the host agent that starts the nodes.
func (i *Installation) startDataPlane(ctx context.Context, work *sync.WaitGroup, cp *controlPlane) error {
	var err error
	i.gateway, err = i.group.Start(supervise.Spec{
		Layer:   2, // above the nodes, so that no request meets one that has gone
		Name:    "gateway",
		Grace:   20 * time.Second,
		Command: func(ctx context.Context) (*exec.Cmd, error) { return i.gatewayCommand(ctx, cp) },
	})
	if err != nil {
		return err
	}
	host, _, err := splitAddress(i.config.Listen)
	if err != nil {
		return err
	}
	i.agent, err = hostagent.New(hostagent.Config{
		Dir: filepath.Join(i.config.Dir, "host"), HostID: "local", Address: host,
		JoinToken: func(ctx context.Context) (string, error) {
			return cp.joinToken(ctx, &cpv1.CreateJoinTokenRequest{Kind: cpv1.MachineKind_MACHINE_KIND_HOST, Region: regionName})
		},
		Command: i.nodeCommand,
	}, hostagent.Deps{Transport: remote.Machines(i.serverURLs()), Group: i.group, Logger: i.log})
	if err != nil {
		return err
	}
	work.Go(func() { i.agent.Run(ctx) })
	return nil
}

// joinToken makes a token that is good for a minute.
func (cp *controlPlane) joinToken(ctx context.Context, request *cpv1.CreateJoinTokenRequest) (string, error) {
	request.Lifetime = durationpb.New(time.Minute)
	answer, err := controlplanev1connect.NewNodeAdminServiceClient(cp.client).CreateJoinToken(ctx, request)
	if err != nil {
		return "", fmt.Errorf("create a join token: %w", err)
	}
	return answer.GetToken(), nil
}

func (i *Installation) gatewayCommand(ctx context.Context, cp *controlPlane) (*exec.Cmd, error) {
	dir := filepath.Join(i.config.Dir, "gateway")
	token := ""
	if !trust.Usable(filepath.Join(dir, trust.File), time.Now()) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		request := &cpv1.CreateJoinTokenRequest{Kind: cpv1.MachineKind_MACHINE_KIND_GATEWAY, Environment: environmentName}
		var err error
		if token, err = cp.joinToken(ctx, request); err != nil {
			return nil, err
		}
	}
	args := []string{"gateway", "--id", "gateway", "--dir", dir, "--listen", i.state.Gateway, "--servers", strings.Join(i.serverURLs(), ",")}
	return i.command(args, token), nil
}

func (i *Installation) nodeCommand(s hostagent.Start) *exec.Cmd {
	kind := "node"
	if s.Kind == cpv1.MachineKind_MACHINE_KIND_GATEWAY {
		kind = "gateway"
	}
	args := []string{kind, "--id", s.NodeID, "--dir", s.Dir, "--listen", s.Listen, "--servers", strings.Join(i.serverURLs(), ",")}
	if kind == "node" {
		host, _, _ := splitAddress(i.config.Listen) // it was looked at before the first node
		args = append(args, "--door", net.JoinHostPort(host, "0"), "--outbound-networks", i.config.Outbound)
	}
	return i.command(args, s.JoinToken)
}

// awaitDataPlane waits until as many nodes are ready as were asked for, and the gateway sees one.
func (i *Installation) awaitDataPlane(ctx context.Context, cp *controlPlane) error {
	i.say("starting %d nodes and the gateway", i.config.Nodes)
	nodes := controlplanev1connect.NewNodeAdminServiceClient(cp.client)
	err := i.await(ctx, "the nodes", func(ctx context.Context) error {
		answer, err := nodes.ListNodes(ctx, &cpv1.ListNodesRequest{Environment: environmentName})
		if err != nil {
			return fmt.Errorf("list the nodes: %w", err)
		}
		ready := 0
		for _, n := range answer.GetNodes() {
			if n.GetKind() == cpv1.MachineKind_MACHINE_KIND_NODE && n.GetState() == cpv1.NodeState_NODE_STATE_READY {
				ready++
			}
		}
		if ready < i.config.Nodes {
			return fmt.Errorf("%d of %d are ready", ready, i.config.Nodes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := i.await(ctx, "the gateway", i.gatewayHealth); err != nil {
		return err
	}
	i.say("%d nodes and the gateway are ready", i.config.Nodes)
	return nil
}

func (i *Installation) gatewayHealth(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.state.Gateway+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("ask for the gateway's health: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask for the gateway's health: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway's health is %s", answer.Status)
	}
	return nil
}
