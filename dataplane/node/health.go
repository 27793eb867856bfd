package node

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fluent-oms/fluent/auth/memory"
	"github.com/fluent-oms/fluent/dataplane/store"
)

const (
	probeInterval = time.Second
	// patience is how long the database may be silent before the node is taken out of service: a fail-over's blink is no reason, since
	// calls are repeated for longer than that.
	patience = 4 * time.Second
)

// reason is why a node is not ready, for machines and for people.
type reason struct {
	Code    string `json:"code"` // STARTING, DRAINING, DATABASE_UNREACHABLE, OWN_PORT_UNREACHABLE, MEMORY_SHORT
	Message string `json:"message"`
}

// health watches what a node cannot work without.
type health struct {
	database atomic.Pointer[reason]
	problem  atomic.Pointer[reason] // what should be mended although the node serves: the database takes no writes
}

// watch probes the database until ctx ends. Each change of judgement is one line in the log, and a report.
func (h *health) watch(ctx context.Context, n *Node, probe *store.Probe) {
	defer probe.Close()
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	answered := time.Now()
	for {
		err := probe.Check(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			answered = time.Now()
			if h.database.Swap(nil) != nil {
				n.log.InfoContext(ctx, "the database answers again; ready")
				n.link.ReportNow()
			}
			h.judge(ctx, n, probe.Refusal(ctx))
		default:
			h.silent(ctx, n, err, time.Since(answered))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// silent notes that the database has not answered for a while.
func (h *health) silent(ctx context.Context, n *Node, err error, lasts time.Duration) {
	if lasts < patience || h.database.Load() != nil {
		return
	}
	// The driver's message names host, user and database, but never the password.
	h.database.Store(&reason{Code: "DATABASE_UNREACHABLE", Message: "the database does not answer: " + err.Error()})
	n.log.ErrorContext(ctx, "the database does not answer; not ready until it does", "error", err)
	n.link.ReportNow()
}

// judge notes whether the database takes writes. A change is one line in the log, and a report.
func (h *health) judge(ctx context.Context, n *Node, refused *store.Refusal) {
	before := h.problem.Load()
	switch {
	case refused != nil && (before == nil || before.Code != refused.Reason):
		h.problem.Store(&reason{Code: refused.Reason, Message: refused.Message})
		n.log.ErrorContext(ctx, "the database takes no writes; reads go on, and it is tried again each second", "reason", refused.Reason, "detail", refused.Message)
		n.link.ReportNow()
	case refused == nil && before != nil:
		h.problem.Store(nil)
		n.log.InfoContext(ctx, "the database takes writes again", "reason", before.Code)
		n.link.ReportNow()
	}
}

// reasons are what keeps the node from taking tenants' requests; none if it is ready.
func (n *Node) reasons() []reason {
	out := []reason{}
	if n.draining.Load() {
		out = append(out, reason{"DRAINING", "the node was asked to stop"})
	}
	if n.services.Load() == nil {
		out = append(out, reason{"STARTING", "the node waits for the desired state, or opens its database"})
	}
	if deaf := n.self.Deaf(); deaf != "" {
		out = append(out, reason{ownPort, deaf})
	}
	if short := n.guard.Short(); short != "" {
		out = append(out, reason{memory.Code, short})
	}
	if r := n.health.database.Load(); r != nil {
		out = append(out, *r)
	}
	return out
}

// standing is what the control plane, and gateways through it, are told: READY only if nothing stands against it, and else the worst reason.
func (n *Node) standing() (state, problem string) {
	reasons := n.reasons()
	switch {
	case n.draining.Load():
		state = "DRAINING"
	case len(reasons) == 0:
		state = "READY"
	default:
		state = "JOINING"
	}
	if p := n.health.problem.Load(); p != nil {
		problem = p.Code + ": " + p.Message
	}
	for _, r := range reasons {
		if r.Code == "DATABASE_UNREACHABLE" || r.Code == ownPort || r.Code == memory.Code {
			problem = r.Code + ": " + shortened(r.Message, 900)
		}
	}
	return state, problem
}

// ownPort is the reason of a node that does not reach itself.
const ownPort = "OWN_PORT_UNREACHABLE"

// serveReadiness answers GET /readyz.
func (n *Node) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	reasons := n.reasons()
	w.Header().Set("Content-Type", "application/json")
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	problems := []reason{}
	if p := n.health.problem.Load(); p != nil {
		problems = append(problems, *p)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": len(reasons) == 0, "reasons": reasons, "problems": problems}) // the reader may have gone
}

// shortened cuts a text for people after so many bytes, at a letter's end.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
