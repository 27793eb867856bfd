package hostagent

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/fluent-oms/fluent/auth/trust"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// join gets a certificate unless one was kept that is still good; it repeats until it has one. False means that ctx ended first.
func (a *Agent) join(ctx context.Context) bool {
	pause := newBackoff()
	for a.holder.Current() == nil || a.holder.Ended() {
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
	text, err := a.config.JoinToken(ctx)
	if err != nil {
		return fmt.Errorf("get a join token: %w", err)
	}
	token, err := trust.ParseJoinToken(text)
	if err != nil {
		return err
	}
	wish, err := trust.NewRequest()
	if err != nil {
		return err
	}
	answer, err := a.over(trust.NewJoinClient(token, time.Now)).Join(ctx, &cpv1.JoinRequest{
		Token: text, HostId: a.config.HostID, Capacity: a.config.Capacity, ClusterId: token.Cluster, CertificateRequest: wish.Bytes(),
	})
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	return a.holder.Accept(wish, answer.GetCertificate(), answer.GetAuthorities())
}

// rejected joins anew when the control plane refuses the certificate, or when that has ended.
func (a *Agent) rejected(ctx context.Context, err error) {
	if connect.CodeOf(err) != connect.CodeUnauthenticated && !a.holder.Ended() {
		return
	}
	a.deps.Logger.Warn("the control plane refuses this host's certificate; joining again", "error", err)
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
		err := a.report(ctx)
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

// report tells what runs, and asks for a new certificate when the old one is no longer young.
func (a *Agent) report(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	wish, err := a.holder.Renewal()
	if err != nil {
		return err
	}
	answer, err := a.client.Report(ctx, &cpv1.ReportRequest{Processes: a.reports(), CertificateRequest: wish.Bytes(), Trusted: a.holder.Trusted()})
	if err != nil {
		return err
	}
	return a.holder.Renewed(wish, answer.GetCertificate(), answer.GetAuthorities())
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
