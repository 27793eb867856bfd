package api

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/controlplane/state"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/node/v1/nodev1connect"
)

// Watch streams the desired state of the caller's environment.
func (a nodes) Watch(ctx context.Context, r *nodev1.WatchRequest, stream nodev1connect.NodeServiceWatchServerStream) error {
	p, err := machine(ctx, nodeKind, gatewayKind)
	if err != nil {
		return err
	}
	w := &watcher{API: a.API, node: p, stream: stream}
	w.awaitNode(ctx)
	if _, err := w.known(w.Store.View(), p); err != nil {
		return err
	}
	changes, reason := w.resume(r)
	for {
		if changes == nil {
			if changes, err = w.snapshot(reason); err != nil {
				return err
			}
		}
		if err := w.follow(ctx, changes); !errors.Is(err, state.ErrReset) {
			return err
		}
		changes, reason = nil, "the stream fell behind, or the server's state was replaced"
	}
}

// watcher is one stream of desired state.
type watcher struct {
	*API
	node   *auth.Principal
	stream nodev1connect.NodeServiceWatchServerStream
}

// resume finds the place where a node's token says it was; nil when it has to start over, with the reason if there was a token.
func (w *watcher) resume(r *nodev1.WatchRequest) (*state.Changes, string) {
	if r.GetIncarnation() == "" || r.GetIndex() == 0 {
		return nil, ""
	}
	v := w.Store.View()
	if r.GetIncarnation() != v.Incarnation(state.Index(r.GetIndex())) || state.Index(r.GetIndex()) > v.Index() {
		return nil, "the resume token is of another incarnation of the state"
	}
	changes, err := v.Follow(w.node.Environment, state.Index(r.GetIndex()))
	if err != nil {
		return nil, "the changes since the resume token are not kept any more"
	}
	return changes, ""
}

func (w *watcher) snapshot(reason string) (*state.Changes, error) {
	if reason != "" {
		if err := w.stream.Send(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Reset_{Reset_: &nodev1.Reset{Reason: reason}}}); err != nil {
			return nil, err
		}
	}
	v := w.Store.View()
	changes, err := v.Follow(w.node.Environment, v.Index())
	if err != nil {
		return nil, err
	}
	for _, resource := range state.Desired(v, w.node.Environment) {
		if err := w.stream.Send(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Snapshot{Snapshot: w.visible(resource)}}); err != nil {
			return nil, err
		}
	}
	end := &nodev1.SnapshotEnd{Incarnation: v.Incarnation(v.Index()), Index: uint64(v.Index())}
	return changes, w.stream.Send(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_SnapshotEnd{SnapshotEnd: end}})
}

// awaitNode waits for a while until this server knows the node: it may be behind the one where the node has just joined.
func (w *watcher) awaitNode(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaderPatience)
	defer cancel()
	for ctx.Err() == nil {
		view := w.Store.View()
		_, found, changed := state.Nodes.Watch(view, w.node.Subject)
		if found {
			return
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-view.Abandoned():
		}
	}
}

func (w *watcher) follow(ctx context.Context, changes *state.Changes) error {
	for {
		_, batch, err := changes.Next(ctx)
		if err != nil {
			return err
		}
		v := w.Store.View()
		if _, err := w.known(v, w.node); err != nil {
			return err
		}
		for _, c := range batch {
			visible := proto.CloneOf(c)
			visible.Incarnation = v.Incarnation(state.Index(c.GetIndex()))
			visible.Resource = w.visible(c.GetResource())
			if err := w.stream.Send(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: visible}}); err != nil {
				return err
			}
		}
	}
}

// visible hides from gateways what only nodes need: the database, the hashes by which clients are proved, and what they act as.
func (w *watcher) visible(r *nodev1.Resource) *nodev1.Resource {
	if w.node.NodeKind != gatewayKind || r.GetEnvironment() == nil && r.GetAccount() == nil {
		return r
	}
	r = proto.CloneOf(r)
	if e := r.GetEnvironment(); e != nil {
		e.DatabaseUrl = ""
	}
	for _, c := range r.GetAccount().GetClients() {
		c.SecretHash, c.Secrets, c.Roles = nil, nil, nil
	}
	return r
}
