package gateway

import (
	"errors"
	"io"
	"net/http"
	"net/netip"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/gateway/link"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
)

// incoming is what a gateway knows of a request, and holds of it until it has been sent on.
type incoming struct {
	target  door.Target
	source  netip.Addr
	account string
	guard   *door.Body // nil: there is no body
	buffer  *[]byte    // that body is in; nil before and after
	body    []byte
}

// release gives back what is held of a body. It may be called more than once.
func (g *Gateway) release(in *incoming) {
	if in.buffer != nil {
		*in.buffer = in.body
		g.buffers.give(in.buffer)
	}
	in.buffer, in.body = nil, nil
	in.guard.Release()
}

// read reads a request's body. Of more than door.UnknownBody bytes, and where too many others come, it has a node say first whether the
// caller's token is good: gateways have no keys to tell by.
func (g *Gateway) read(in *incoming, r *http.Request) error {
	if in.guard == nil {
		return nil
	}
	if in.guard.Declared() > httpapi.MaxBody {
		return httpapi.TooLarge(httpapi.MaxBody)
	}
	_, in.guard.Provable = token.Bearer(r.Header.Get("Authorization"))
	in.buffer = g.buffers.take()
	in.body = *in.buffer
	for {
		err := in.readOn()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, door.ErrUnknownCaller) && in.guard.Provable:
			if err := g.prove(in, r); err != nil {
				return err
			}
			in.guard.Allow(httpapi.MaxBody)
		default:
			return err
		}
	}
}

// readOn reads what comes next of the body, into a buffer that is never larger than the room that was found.
func (in *incoming) readOn() error {
	if len(in.body) == cap(in.body) {
		room, err := in.guard.Reserve()
		if err != nil {
			return err
		}
		larger := make([]byte, len(in.body), max(int(room), len(in.body)+1))
		copy(larger, in.body)
		in.body = larger
	}
	n, err := in.guard.Read(in.body[len(in.body):cap(in.body)])
	in.body = in.body[:len(in.body)+n]
	return err
}

// ProofPath is where nodes say of a request's token whether it is good: 204 if it is, else what any request with it would get.
const ProofPath = "/internal/token"

// answeredByNode is what a node says to a caller whose token is not good.
type answeredByNode struct {
	res  *http.Response
	node *backend
}

// Error implements error.
func (a *answeredByNode) Error() string { return "the node refused the token: " + a.res.Status }

// prove asks a node whether a request's token is good.
func (g *Gateway) prove(in *incoming, r *http.Request) error {
	question := (&http.Request{Method: http.MethodGet}).WithContext(r.Context())
	head := g.buffers.take()
	defer g.buffers.give(head)
	to := append(*head, "GET "+ProofPath+" HTTP/1.1\r\n"...)
	to = appendHeader(to, "Host", r.Host)
	for _, name := range []string{"Authorization", httpapi.RequestIDHeader} {
		to = appendHeader(to, name, r.Header.Get(name))
	}
	if in.source.IsValid() {
		to = appendHeader(to, "X-Forwarded-For", in.source.String())
	}
	*head = append(appendHeader(to, AccountHeader, in.account), "\r\n"...)
	res, node, err := g.send(question, link.Message{Head: *head}, func() bool { return true })
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusNoContent {
		return &answeredByNode{res, node}
	}
	node.inFlight.Add(-1)
	return res.Body.Close()
}
