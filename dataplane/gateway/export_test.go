package gateway

import (
	"time"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// Meet has the control plane tell the gateway of another node.
func (g *Gateway) Meet(p *nodev1.Peer) {
	g.state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{
		Index: g.state.View().Index + 1, Resource: &nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: p}},
	}}})
}

// Busy is how many requests a node has under way, as far as the gateway knows, and whether it rests.
func (g *Gateway) Busy(address string) (inFlight int64, rests bool) {
	n := g.nodes.backend(address)
	return n.inFlight.Load(), n.rests(time.Now())
}
