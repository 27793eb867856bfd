package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/interceptor"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/ops/cli/login"
	"github.com/fluent-oms/fluent/ops/cli/remote"
	"github.com/fluent-oms/fluent/ops/supervise"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func (i *Installation) operatorPasswordFile() string {
	return filepath.Join(i.config.Dir, "controlplane", "operator-password")
}

// startServers starts the control-plane servers.
func (i *Installation) startServers() error {
	if err := login.WritePrivate(i.operatorPasswordFile(), []byte(i.state.Operator.Password+"\n")); err != nil {
		return err
	}
	if err := i.makeAuthority(); err != nil {
		return err
	}
	for _, s := range i.state.Servers {
		child, err := i.group.Start(supervise.Spec{
			Name:    s.ID,
			Command: func(context.Context) (*exec.Cmd, error) { return i.serverCommand(s), nil },
		})
		if err != nil {
			return err
		}
		i.servers = append(i.servers, child)
	}
	i.say("%d control-plane servers started", len(i.servers))
	return nil
}

func (i *Installation) authorityFile() string {
	return filepath.Join(i.config.Dir, "controlplane", "authority.pem")
}

// makeAuthority makes what the servers need to know each other at their first start. Later they have it from their own folders.
func (i *Installation) makeAuthority() error {
	if _, err := os.Stat(i.authorityFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw, err := keyring.MakeAuthority(trust.NewClusterID(), time.Now())
	if err != nil {
		return err
	}
	return login.WritePrivate(i.authorityFile(), raw)
}

func (i *Installation) serverCommand(s server) *exec.Cmd {
	var peers []string
	for _, peer := range i.state.Servers {
		peers = append(peers, peer.ID+"="+peer.Raft+"="+peer.API)
	}
	return i.command([]string{
		"server", "--id", s.ID, "--dir", filepath.Join(i.config.Dir, "controlplane", s.ID), "--peers", strings.Join(peers, ","), "--bootstrap",
		"--authority", i.authorityFile(),
		"--operator-username", i.state.Operator.Username, "--operator-password-file", i.operatorPasswordFile(),
	}, "")
}

// command prepares one of our own processes, which joins with a token unless that is empty.
func (i *Installation) command(args []string, joinToken string) *exec.Cmd {
	cmd := exec.Command(i.config.Program, i.limited(args)...)
	if joinToken != "" {
		cmd.Args = append(cmd.Args, "--join-token-file", "-")
		supervise.Whisper(cmd, joinToken)
	}
	cmd.Dir, cmd.Env = i.config.Dir, supervise.Environ()
	return cmd
}

func (i *Installation) serverURLs() []string {
	var urls []string
	for _, s := range i.state.Servers {
		urls = append(urls, s.url())
	}
	return urls
}

// controlPlane is the operator's line to the control plane.
type controlPlane struct {
	transport connect.Transport
	auth      controlplanev1connect.AuthServiceClient
	client    *connect.Client
	operator  credentials

	mu      sync.Mutex
	token   string
	expires time.Time
}

// bootTime is how long each part of the start may take.
const bootTime = 2 * time.Minute

// signIn waits until the control plane has a leader and knows the operator.
func (i *Installation) signIn(ctx context.Context) (*controlPlane, error) {
	cp := &controlPlane{transport: remote.NewTransport(remote.HTTPClient(), i.serverURLs()), operator: i.state.Operator}
	cp.auth = controlplanev1connect.NewAuthServiceClient(connect.NewClient(cp.transport))
	cp.client = connect.NewClient(cp.transport, interceptor.Bearer(cp.bearer))
	err := i.await(ctx, "the control plane", func(ctx context.Context) error {
		_, err := cp.bearer(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	i.say("control plane has a leader")
	return cp, i.finaliseUpgrade(ctx, cp)
}

// finaliseUpgrade lets the servers of a folder that an earlier release made write what this one understands. Where each server is upgraded by
// itself, an operator says when; here all of them are this program.
func (i *Installation) finaliseUpgrade(ctx context.Context, cp *controlPlane) error {
	cluster := controlplanev1connect.NewClusterServiceClient(cp.client)
	return i.await(ctx, "all servers to understand this release", func(ctx context.Context) error {
		status, err := cluster.GetStatus(ctx, &cpv1.GetStatusRequest{})
		if err != nil || status.GetSchemaFloor() >= status.GetSchema() {
			return err
		}
		if _, err := cluster.FinaliseUpgrade(ctx, &cpv1.FinaliseUpgradeRequest{}); err != nil {
			return err
		}
		i.say("upgrade finalised: the control plane writes schema %d, before it was %d", status.GetSchema(), status.GetSchemaFloor())
		return nil
	})
}

// bearer is the operator's token, renewed a minute before it ends.
func (cp *controlPlane) bearer(ctx context.Context) (string, error) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	if cp.token != "" && time.Until(cp.expires) > time.Minute {
		return cp.token, nil
	}
	answer, err := cp.auth.Login(ctx, &cpv1.LoginRequest{Username: cp.operator.Username, Password: cp.operator.Password})
	if err != nil {
		return "", fmt.Errorf("log in as %s: %w", cp.operator.Username, err)
	}
	cp.token, cp.expires = answer.GetAccessToken(), answer.GetExpireTime().AsTime()
	return cp.token, nil
}

// await repeats try until it succeeds or bootTime has passed; the last error and where the logs are end up in the error.
func (i *Installation) await(ctx context.Context, what string, try func(context.Context) error) error {
	deadline, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	said := time.Now()
	for {
		callCtx, cancelCall := context.WithTimeout(deadline, 10*time.Second)
		err := try(callCtx)
		cancelCall()
		if err == nil {
			return nil
		}
		if deadline.Err() != nil {
			return fmt.Errorf("waited %s for %s; see the logs in %s: %w", bootTime, what, filepath.Join(i.config.Dir, "logs"), err)
		}
		if time.Since(said) > 5*time.Second {
			i.say("waiting for %s: %v", what, err)
			said = time.Now()
		}
		select {
		case <-deadline.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}
