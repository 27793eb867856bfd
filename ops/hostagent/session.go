package hostagent

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/ops/cli/login"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// join gets a credential unless one was kept; it repeats until it has one. False means that ctx ended first.
func (a *Agent) join(ctx context.Context) bool {
	pause := newBackoff()
	for a.currentCredential() == "" {
		err := a.joinOnce(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return false
		}
		a.deps.Logger.Warn("cannot join the control plane yet", "error", err)
		if !pause.wait(ctx) {
			return false
		}
	}
	return true
}

func (a *Agent) joinOnce(ctx context.Context) error {
	token, err := a.config.JoinToken(ctx)
	if err != nil {
		return fmt.Errorf("get a join token: %w", err)
	}
	answer, err := a.client.Join(ctx, &cpv1.JoinRequest{Token: token, HostId: a.config.HostID, Capacity: a.config.Capacity})
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	return a.keepCredential(answer.GetCredential())
}

func (a *Agent) keepCredential(credential string) error {
	if credential == "" {
		return nil
	}
	if err := login.WritePrivate(a.path("credential"), []byte(credential)); err != nil {
		return fmt.Errorf("keep the host's credential: %w", err)
	}
	a.credentialMu.Lock()
	defer a.credentialMu.Unlock()
	a.credential = credential
	return nil
}

// rejected forgets a credential that the control plane refuses, and joins anew.
func (a *Agent) rejected(ctx context.Context, err error) {
	if connect.CodeOf(err) != connect.CodeUnauthenticated {
		return
	}
	a.deps.Logger.Warn("the control plane refuses this host's credential; joining again", "error", err)
	if joinErr := a.joinOnce(ctx); joinErr != nil {
		a.deps.Logger.Warn("cannot join again", "error", joinErr)
	}
}

// watchLoop follows the list of desired processes over broken streams.
func (a *Agent) watchLoop(ctx context.Context) {
	pause := newBackoff()
	for ctx.Err() == nil {
		heard, err := a.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		if heard {
			pause = newBackoff()
		}
		a.deps.Logger.Info("the list of nodes is not watched for a moment", "error", err)
		a.rejected(ctx, err)
		pause.wait(ctx)
	}
}

func (a *Agent) watch(ctx context.Context) (heard bool, err error) {
	stream, err := a.client.Watch(ctx, &cpv1.WatchRequest{})
	if err != nil {
		return false, fmt.Errorf("watch: %w", err)
	}
	defer func() { _ = stream.Close() }()
	for {
		answer, err := stream.Receive()
		if err != nil {
			return heard, fmt.Errorf("watch: %w", err)
		}
		heard = true
		if err := a.want(answer.GetProcesses()); err != nil {
			a.deps.Logger.Error("cannot keep the list of nodes", "error", err)
		}
	}
}

func (a *Agent) reportLoop(ctx context.Context) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		callCtx, cancel := context.WithTimeout(ctx, 5*time.Second)
		answer, err := a.client.Report(callCtx, &cpv1.ReportRequest{Processes: a.reports()})
		cancel()
		if err == nil {
			err = a.keepCredential(answer.GetCredential())
		}
		if err != nil && ctx.Err() == nil {
			a.deps.Logger.Debug("cannot report", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *Agent) reports() []*cpv1.ProcessReport {
	a.mu.Lock()
	defer a.mu.Unlock()
	reports := make([]*cpv1.ProcessReport, 0, len(a.running)+len(a.failed))
	for id, child := range a.running {
		s := child.Status()
		reports = append(reports, &cpv1.ProcessReport{NodeId: id, Running: s.Running, Restarts: int32(s.Restarts), Detail: s.Detail})
	}
	for id, why := range a.failed {
		reports = append(reports, &cpv1.ProcessReport{NodeId: id, Detail: why})
	}
	return reports
}

// backoff is a pause that doubles from a tenth of a second to two seconds.
type backoff struct{ next time.Duration }

func newBackoff() *backoff { return &backoff{next: 100 * time.Millisecond} }

// wait reports whether the pause passed before ctx ended.
func (b *backoff) wait(ctx context.Context) bool {
	timer := time.NewTimer(b.next)
	defer timer.Stop()
	b.next = min(2*b.next, 2*time.Second)
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
