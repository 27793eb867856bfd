package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

const (
	firstPause  = 50 * time.Millisecond
	longPause   = time.Second     // between attempts while no server answers
	refusePause = time.Minute     // between attempts that were refused
	joinTime    = 5 * time.Second // for one server to answer
)

// errMoved says that the control plane puts this process into another environment than its folder is of. What is on disk, above all
// which database is whose, must not be mixed with that.
var errMoved = errors.New("the folder belongs to a process of another environment; join with an empty one")

// join brings a process in that has no credential yet. It goes on until a server lets it in or refuses it.
func (u *Uplink) join(ctx context.Context) error {
	pause := firstPause
	for {
		err := u.enter(ctx)
		if err == nil {
			return nil
		}
		if errors.Is(err, errMoved) || !elsewhere(err) {
			return fmt.Errorf("join the control plane as %s: %w", u.config.NodeID, err)
		}
		u.log.WarnContext(ctx, "cannot join yet", "error", err)
		if pause = sleep(ctx, pause, longPause); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// attend tells the control plane that this process has started, where it answers and which release it is, unless it has just joined;
// and joins anew whenever the credential is refused. Nothing waits for it.
func (u *Uplink) attend(ctx context.Context, joined bool) {
	pause := firstPause
	for ctx.Err() == nil {
		if joined {
			pause = firstPause
			select {
			case <-ctx.Done():
				return
			case <-u.refused:
			}
		}
		err := u.enter(ctx)
		joined = err == nil
		switch {
		case joined:
			u.ReportNow()
		case ctx.Err() != nil:
		case elsewhere(err) && !errors.Is(err, errMoved):
			pause = sleep(ctx, pause, longPause)
		default:
			u.log.ErrorContext(ctx, "the control plane refuses this process, which goes on from the state on disk: stop it, or start it with a new join token",
				"node", u.NodeID(), "error", err)
			pause = sleep(ctx, max(pause, longPause), refusePause)
		}
	}
}

// enter joins with the credential, or with the join token if there is none or it is refused.
func (u *Uplink) enter(ctx context.Context) error {
	if u.get(credentialFile) != "" {
		err := u.introduce(ctx)
		if connect.CodeOf(err) != connect.CodeUnauthenticated || u.config.JoinToken == "" {
			return err
		}
	}
	return u.introduce(context.WithValue(ctx, bare{}, true))
}

func (u *Uplink) introduce(ctx context.Context) error {
	return u.call(ctx, joinTime, func(ctx context.Context, c nodev1connect.NodeServiceClient) error {
		answer, err := c.Join(ctx, &nodev1.JoinRequest{
			Token: u.config.JoinToken, NodeId: u.NodeID(), Kind: u.config.Kind, Address: u.config.Address, Release: u.config.Release,
			ClusterId: u.Cluster(),
		})
		if err != nil {
			return err
		}
		return u.admitted(answer)
	})
}

// admitted keeps what joining gave. The credential comes last: with it on disk the process has joined.
func (u *Uplink) admitted(answer *nodev1.JoinResponse) error {
	if e := u.state.View().Environment(); e != nil && e.GetName() != answer.GetEnvironment() {
		return fmt.Errorf("%w: it is of %s, not of %s", errMoved, e.GetName(), answer.GetEnvironment())
	}
	u.keep(clusterFile, answer.GetClusterId())
	u.keep(nodeFile, answer.GetNodeId())
	u.keep(credentialFile, answer.GetCredential())
	select {
	case <-u.refused: // that was about an older credential
	default:
	}
	return nil
}
