package gateway

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/domain/fault"
)

// DrainingHeader marks a node's 503 that was given before any work: the request may go to another node, whatever it does.
const DrainingHeader = "Fluent-Draining"

// hold is how long a request waits for a node to become ready before it is refused.
const hold = 5 * time.Second

// errDraining stands for such an answer.
var errDraining = errors.New("the node is stopping or starting")

// send sends a request, written out in message, to a node, and to another one when that can do no harm: the first took no connection or
// refused before working, or the request may be repeated. The node counts as busy with it until it is released.
func (g *Gateway) send(r *http.Request, message link.Message, repeatable func() bool) (*http.Response, *backend, error) {
	var tried map[string]bool // none, most often
	var deadline time.Time
	var last error
	for {
		node := g.nodes.pick(g.state.View(), tried, time.Now())
		if node == nil {
			if deadline.IsZero() {
				deadline = time.Now().Add(hold)
			}
			if !g.wait(r, deadline) {
				g.figures.shed.Add(1)
				return nil, nil, refusal(last)
			}
			clear(tried) // who failed a moment ago may answer again
			continue
		}
		if last != nil {
			g.figures.again.Add(1)
		}
		node.inFlight.Add(1)
		res, err := g.link.Send(r, node.address, message)
		if err == nil && res.Header.Get(DrainingHeader) == "" {
			return res, node, nil
		}
		node.inFlight.Add(-1)
		switch {
		case err == nil:
			_ = res.Body.Close()
			err = errDraining
			node.rest(time.Now())
		case r.Context().Err() != nil: // it is the caller who has gone, and says nothing of the node
			return nil, nil, err
		case notSent(err):
			node.rest(time.Now())
		case !repeatable():
			return nil, nil, err
		}
		if tried == nil {
			tried = map[string]bool{}
		}
		tried[node.address] = true
		if last = err; deadline.IsZero() {
			deadline = time.Now().Add(hold)
		}
	}
}

// wait blocks until the set of nodes may have changed; false when the request's patience ends first.
func (g *Gateway) wait(req *http.Request, deadline time.Time) bool {
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	g.figures.held.Add(1)
	defer g.figures.held.Add(-1)
	select {
	case <-req.Context().Done():
		return false
	case <-g.state.Changed():
	case <-time.After(min(left, 50*time.Millisecond)):
	}
	return true
}

func refusal(cause error) error {
	f := fault.New(fault.Unavailable, "No node of the environment is ready; try again in a moment").WithCode(fault.CodeRetry)
	if cause != nil {
		f = f.Wrap(cause)
	}
	return f
}

// notSent reports whether an error came before any byte of the request reached a node.
func notSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// onlyReads reports whether repeating the request can change nothing: a GET, or a GraphQL document, decoded as nodes decode it, without a
// mutation. It is asked only once a node was lost.
func onlyReads(method string, target door.Target, body []byte) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	case http.MethodPost:
		request, err := document.Decode(body)
		return err == nil && strings.HasSuffix(target.Path, "/graphql") && document.OnlyReads(request.Query)
	}
	return false
}
