package uplink

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// follow holds the stream of desired state, opening it again from where it ended.
func (u *Uplink) follow(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		started := time.Now()
		err := u.call(ctx, 0, u.watch)
		if ctx.Err() != nil {
			return
		}
		u.log.InfoContext(ctx, "desired-state stream ended", "error", err)
		if time.Since(started) > 5*time.Second {
			pause = firstPause
		}
		pause = sleep(ctx, pause, longPause)
	}
}

func (u *Uplink) watch(ctx context.Context, c *plane) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := u.opened(c, cancel)
	view := u.state.View()
	stream, err := c.Watch(ctx, &nodev1.WatchRequest{Incarnation: view.Incarnation, Index: view.Index})
	if err != nil {
		return err
	}
	defer stream.Close()
	frames := readAhead(ctx, func() (*nodev1.WatchResponse, error) {
		frame, err := stream.Receive()
		heard.Store(time.Now().UnixNano())
		return frame, err
	})
	defer frames.stop(cancel)
	u.state.Begin()
	for {
		group := frames.next()
		if len(group) == 0 {
			return frames.err
		}
		if u.state.Apply(group...) {
			u.state.Forget()
			return connect.NewError(connect.CodeUnavailable, "the control plane asked to start over: "+group[len(group)-1].GetReset_().GetReason())
		}
	}
}

// opened notes with which server the stream is, and gives where to note that it was heard.
func (u *Uplink) opened(c *plane, cancel context.CancelFunc) (heard *atomic.Int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	heard = new(atomic.Int64)
	for i := range u.clients {
		if u.clients[i] == c {
			u.stream = stream{server: i, cancel: cancel, heard: heard}
		}
	}
	return heard
}

// silence is for how long nothing may have come from a server that does not answer other calls.
const silence = 2 * reportInterval

// abandon ends the stream with a server that does not answer other calls: one that hangs would never end it.
func (u *Uplink) abandon(server int) {
	u.mu.Lock()
	s := u.stream
	u.mu.Unlock()
	if s.cancel != nil && s.server == server {
		s.endIfSilent()
	}
}

// endIfSilent ends the stream, or looks again when it could have fallen silent. While frames come the server does not hang: a large snapshot
// over a busy line, on which other calls take their time, would else be begun again and again.
func (s stream) endIfSilent() {
	if heard := time.Since(time.Unix(0, s.heard.Load())); heard >= 0 && heard < silence {
		time.AfterFunc(silence-heard, s.endIfSilent)
		return
	}
	s.cancel()
}

// reportInterval is how often a process reports; the control plane judges it gone after several of them are missing.
const reportInterval = time.Second

// settle is how long a process that applied a change waits for further ones before it says so: operations wait for that report.
const settle = 20 * time.Millisecond

func (u *Uplink) report(ctx context.Context, load func() *nodev1.ReportRequest, drain func()) {
	tick := time.NewTicker(reportInterval)
	defer tick.Stop()
	var once sync.Once
	problem := ""
	for {
		changed := u.state.Changed() // asked for before load, so that no change is missed
		problem = u.problem(ctx, problem)
		said := load()
		said.Problem = strings.Trim(problem+"; "+said.GetProblem(), "; ") // the node's own follows
		err := u.reportOnce(ctx, said, func() { once.Do(drain) })
		if err != nil && ctx.Err() == nil {
			u.log.DebugContext(ctx, "report failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-u.reportNow:
		case <-changed:
			sleep(ctx, settle, settle)
		}
	}
}

// reportOnce sends one report, which also asks for a new certificate when the old one is no longer young.
func (u *Uplink) reportOnce(ctx context.Context, request *nodev1.ReportRequest, drain func()) error {
	wish, err := u.holder.Renewal()
	if err != nil {
		return err
	}
	request.CertificateRequest, request.Trusted = wish.Bytes(), u.holder.Trusted()
	return u.call(ctx, 2*reportInterval, func(ctx context.Context, c *plane) error {
		answer, err := c.Report(ctx, request)
		if err != nil {
			return err
		}
		if answer.GetDrain() {
			drain()
		}
		return u.holder.Renewed(wish, answer.GetCertificate(), answer.GetAuthorities())
	})
}

// problem tries again to write what could not be written, and says what still cannot be. before is what it said the last time.
func (u *Uplink) problem(ctx context.Context, before string) string {
	err := errors.Join(u.state.Unkept(), u.holder.Unkept())
	switch {
	case err != nil && before == "":
		u.log.ErrorContext(ctx, "what the control plane says is not on disk; this process goes on from memory", "error", err)
	case err == nil && before != "":
		u.log.InfoContext(ctx, "what the control plane says is on disk again")
	}
	if err == nil {
		return ""
	}
	text := "What the control plane says is not on disk; after a restart it would be forgotten: " + err.Error()
	return strings.ToValidUTF8(text[:min(len(text), longestProblem)], "")
}

const longestProblem = 500 // bytes

// ReportNow sends a report at once, for changes that others wait for, such as becoming ready.
func (u *Uplink) ReportNow() { signal(u.reportNow) }
