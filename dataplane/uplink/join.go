package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
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

// errEnded says that the process was away for longer than its certificate is good for.
var errEnded = errors.New("the certificate has ended; start with a new join token")

// errNoToken says that a process has nothing to come in with.
var errNoToken = errors.New("there is neither a certificate nor a join token")

// final reports whether trying again cannot help.
func final(err error) bool {
	return errors.Is(err, errMoved) || errors.Is(err, errEnded) || errors.Is(err, errNoToken) || !elsewhere(err)
}

// join brings a process in that has no certificate yet. It goes on until a server lets it in or refuses it.
func (u *Uplink) join(ctx context.Context) error {
	pause := firstPause
	for {
		err := u.enter(ctx)
		if err == nil {
			return nil
		}
		if final(err) {
			return fmt.Errorf("join the control plane as %s: %w", u.config.NodeID, err)
		}
		u.log.WarnContext(ctx, "cannot join yet", "error", err)
		if pause = sleep(ctx, pause, longPause); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// attend tells the control plane that this process has started, where it answers and which release it is, unless it has just joined;
// and joins anew whenever the certificate is refused. Nothing waits for it.
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
		case !final(err):
			pause = sleep(ctx, pause, longPause)
		default:
			u.log.ErrorContext(ctx, "the control plane refuses this process, which goes on from the state on disk: stop it, or start it with a new join token",
				"node", u.NodeID(), "error", err)
			pause = sleep(ctx, max(pause, longPause), refusePause)
		}
	}
}

// enter joins with the certificate, or with the join token if there is none or it is refused.
func (u *Uplink) enter(ctx context.Context) error {
	have, ended, token := u.holder.Current() != nil, u.holder.Ended(), len(u.joiners) > 0
	switch {
	case have && !ended:
		err := u.introduce(ctx)
		if connect.CodeOf(err) != connect.CodeUnauthenticated || !token {
			return err
		}
	case ended && !token:
		return errEnded
	case !token:
		return errNoToken
	}
	return u.introduce(context.WithValue(ctx, byToken{}, true))
}

func (u *Uplink) introduce(ctx context.Context) error {
	wish, err := trust.NewRequest()
	if err != nil {
		return err
	}
	cluster := u.Identity().Cluster
	if cluster == "" {
		cluster = u.token.Cluster
	}
	return u.call(ctx, joinTime, func(ctx context.Context, c *plane) error {
		request := &nodev1.JoinRequest{
			NodeId: u.NodeID(), Kind: u.config.Kind, Address: u.config.Address, Release: u.config.Release, Door: u.config.Door,
			ClusterId: cluster, CertificateRequest: wish.Bytes(),
		}
		if ctx.Value(byToken{}) != nil {
			request.Token = u.config.JoinToken
		}
		answer, err := c.Join(ctx, request)
		if err != nil {
			return err
		}
		return u.admitted(wish, answer)
	})
}

// admitted keeps what joining gave: with the certificate on disk the process has joined.
func (u *Uplink) admitted(wish *trust.Request, answer *nodev1.JoinResponse) error {
	if e := u.state.View().Environment(); e != nil && e.GetName() != answer.GetEnvironment() {
		return fmt.Errorf("%w: it is of %s, not of %s", errMoved, e.GetName(), answer.GetEnvironment())
	}
	if err := u.holder.Accept(wish, answer.GetCertificate(), answer.GetAuthorities()); err != nil {
		return err
	}
	select {
	case <-u.refused: // that was about an older certificate
	default:
	}
	return nil
}
