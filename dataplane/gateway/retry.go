package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/domain/fault"
)

// DrainingHeader marks a node's 503 that was given before any work: the request may go to another node, whatever it does.
const DrainingHeader = "Fluent-Draining"

// hold is how long a request waits for a node to become ready before it is refused.
const hold = 5 * time.Second

// errDraining stands for such an answer.
var errDraining = errors.New("the node is stopping or starting")

// roundTripper sends a request to a node, and to another one when that can do no harm: the first took no connection or refused
// before working, or the request only reads.
type roundTripper struct {
	gateway *Gateway
	base    http.RoundTripper
}

// RoundTrip implements http.RoundTripper. The request's body was buffered by the gateway.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := bodyOf(req)
	if err != nil {
		return nil, err
	}
	tried := map[string]bool{}
	deadline := time.Now().Add(hold)
	var last error
	for {
		node := t.gateway.nodes.pick(t.gateway.state.View(), tried, time.Now())
		if node == nil {
			if !t.wait(req, deadline) {
				t.gateway.figures.shed.Add(1)
				return nil, refusal(last)
			}
			clear(tried) // who failed a moment ago may answer again
			continue
		}
		if last != nil {
			t.gateway.figures.again.Add(1)
		}
		tried[node.address] = true
		res, err := t.send(req, node, body)
		switch {
		case err == nil && res.Header.Get(DrainingHeader) == "":
			return res, nil
		case err == nil:
			res.Body.Close()
			err = errDraining
			node.rest(time.Now())
		case notSent(err):
			node.rest(time.Now())
		case !onlyReads(req, body) || req.Context().Err() != nil:
			return nil, err
		}
		last = err
	}
}

// bodyOf reads a request's body, which is nil where there is none.
func bodyOf(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

func (t *roundTripper) send(req *http.Request, node *backend, body []byte) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Host = node.address
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	node.inFlight.Add(1)
	res, err := t.base.RoundTrip(out)
	if err != nil {
		node.inFlight.Add(-1)
		return nil, err
	}
	res.Body = &counted{ReadCloser: res.Body, node: node}
	return res, nil
}

// counted takes a request out of its node's count when its answer has been read.
type counted struct {
	io.ReadCloser
	node *backend
	done bool
}

// Close implements io.Closer.
func (c *counted) Close() error {
	if !c.done {
		c.done = true
		c.node.inFlight.Add(-1)
	}
	return c.ReadCloser.Close()
}

// wait blocks until the set of nodes may have changed; false when the request's patience ends first.
func (t *roundTripper) wait(req *http.Request, deadline time.Time) bool {
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	t.gateway.figures.held.Add(1)
	defer t.gateway.figures.held.Add(-1)
	select {
	case <-req.Context().Done():
		return false
	case <-t.gateway.state.Changed():
	case <-time.After(min(left, 50*time.Millisecond)):
	}
	return true
}

func refusal(cause error) error {
	f := fault.New(fault.Unavailable, "No node of the environment is ready; try again in a moment").WithCode("S0002E")
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

// onlyReads reports whether repeating the request can change nothing: a GET, or a GraphQL document without a mutation.
func onlyReads(req *http.Request, body []byte) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	case http.MethodPost:
		return strings.HasSuffix(req.URL.Path, "/graphql") && !bytes.Contains(body, []byte("mutation"))
	}
	return false
}
