package server

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/controlplane/cluster"
	"github.com/fluent-oms/fluent/controlplane/keyring"
	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// committer breaks a circle: duties commit through the cluster, which is opened with its duties. A duty waits until it is bound.
type committer struct {
	ready chan struct{}
	hold  func(ctx context.Context, kind string) // before each command; may be nil
	to    *cluster.Cluster                       // set before ready is closed
}

func (c *committer) bind(to *cluster.Cluster) {
	c.to = to
	close(c.ready)
}

func (c *committer) bound(d cluster.Duty) cluster.Duty {
	return cluster.Duty{Name: d.Name, Run: func(ctx context.Context) error {
		select {
		case <-c.ready:
			return d.Run(ctx)
		case <-ctx.Done():
			return nil
		}
	}}
}

// Apply commits a command.
func (c *committer) Apply(ctx context.Context, command *statev1.Command) (state.Result, error) {
	if c.hold != nil {
		c.hold(ctx, command.GetKind().String())
	}
	return c.to.Apply(ctx, command)
}

// initialiser writes the first state of a new cluster: its id, a signing key, its authority and the first operator.
type initialiser struct {
	store       *state.Store
	committer   *committer
	hasher      *password.Hasher
	config      Config
	authorities *keyring.Authorities
}

func (i *initialiser) run(ctx context.Context) error {
	if i.store.View().Cluster().GetId() == "" {
		if err := i.initialise(ctx); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

func (i *initialiser) initialise(ctx context.Context) error {
	if i.config.OperatorUsername == "" || i.config.OperatorPassword == "" {
		return errors.New("a new cluster needs the first operator's username and password")
	}
	hash, err := i.hasher.Hash(ctx, string(i.config.OperatorPassword))
	if err != nil {
		return fmt.Errorf("hash the first operator's password: %w", err)
	}
	now := i.config.Now()
	key, err := keyring.NewKey(now)
	if err != nil {
		return err
	}
	authority, err := i.authorities.First(now)
	if err != nil {
		return err
	}
	command, err := state.Command(&statev1.Meta{Time: timestamppb.New(now), Actor: "system/initialise"}, &statev1.Initialise{
		ClusterId: i.authorities.Cluster(), Key: key, SchemaFloor: state.Schema, Authority: authority,
		Operator: &statev1.OperatorRecord{
			PasswordHash: hash,
			Operator: &cpv1.Operator{
				Username: i.config.OperatorUsername, DisplayName: "First operator",
				Bindings: []*cpv1.RoleBinding{{Role: auth.PlatformAdministrator}},
			},
		},
	})
	if err != nil {
		return err
	}
	_, err = i.committer.Apply(ctx, command)
	return err
}
