// Package wire is how our own processes speak Connect with each other and with operators' tools: how large messages may be, what is refused
// before a handler sees it, and how errors travel. Every client and server of ours is made here, so that none can forget any of it
// (TestConnectIsSpokenThroughWire). It knows nothing of what a call means, and of callers nothing at all.
package wire

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/fluent-oms/fluent/domain/fault"
)

// The sizes of messages, in bytes as they are after decompression. Whatever one request can put into a single row can be answered in one
// message, in JSON too; lists end a page at PageBytes, which in JSON is several times as much.
const (
	MaxRequest = 1 << 20
	MaxAnswer  = 8 << 20
	PageBytes  = 256 << 10
	// MaxStranger is how much of a request is held for a caller who has not proved yet who he is.
	MaxStranger = 64 << 10
	// worthCompressing is the least size that is compressed: to compress most answers, and the frames by which nodes follow the state, takes longer
	// than to send them.
	worthCompressing = 2 << 10
)

// NewTransport makes a client's way to one server or node.
func NewTransport(client connecthttp.HTTPClient, url string, more ...connecthttp.Option) connect.Transport {
	options := []connecthttp.Option{connecthttp.WithReadMaxBytes(MaxAnswer), connecthttp.WithSendMaxBytes(MaxRequest)}
	return transport{connecthttp.NewTransport(client, url, append(options, more...)...)}
}

// NewServer makes a server whose handlers may return what another process answered: it reaches the caller as it was.
func NewServer(interceptors ...connect.ServerInterceptor) *connect.Server {
	return connect.NewServer(append([]connect.ServerInterceptor{relaying}, interceptors...)...)
}

// Mount serves a server's procedures. Requests in JSON with unknown fields are refused, and those with unknown enum values in any form.
func Mount(mux *http.ServeMux, server *connect.Server, more ...connecthttp.Option) {
	options := []connecthttp.Option{
		connecthttp.WithReadMaxBytes(MaxRequest), connecthttp.WithCompressMinBytes(worthCompressing),
		connecthttp.WithCodecs(binaryCodec{connectproto.NewBinaryCodec()}, newJSONCodec()),
	}
	connecthttp.Mount(mux, server, append(options, more...)...)
}

// relaying is the outermost interceptor of every server.
func relaying(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		return Relay(next(ctx, spec, plain{stream}))
	}
}

// plain is a stream that says in our own words why a message was not taken or sent.
type plain struct{ connect.ServerStream }

// Receive reads the next request.
func (s plain) Receive(request any) error { return inOurWords(s.ServerStream.Receive(request)) }

// Send sends an answer.
func (s plain) Send(answer any) error { return inOurWords(s.ServerStream.Send(answer)) }

// transport is a client's way, with the same words.
type transport struct{ connect.Transport }

// NewClientStream opens a call.
func (t transport) NewClientStream(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
	stream, err := t.Transport.NewClientStream(ctx, spec)
	if err != nil {
		return nil, err
	}
	return asking{stream}, nil
}

type asking struct{ connect.ClientStream }

// Send sends a request.
func (s asking) Send(request any) error { return inOurWords(s.ClientStream.Send(request)) }

// inOurWords explains an error of Connect's own: what our codecs refused, and what is over a limit. Connect calls the latter
// resource_exhausted, which is 429 over HTTP and asks for a repeat.
func inOurWords(err error) error {
	var call *connect.Error
	if !errors.As(err, &call) || call.IsRemote() {
		return err
	}
	var refused *fault.Error
	switch {
	case errors.As(call, &refused):
		return FromFault(refused, "").WithCause(err)
	case call.Code() == connect.CodeResourceExhausted:
		return FromFault(TooLarge(), "").WithCause(err)
	}
	return err
}

// TooLarge says that a request is over its limit.
func TooLarge() *fault.Error {
	return fault.New(fault.TooLarge, "The request is too large: calls take %d bytes at most, and those without a login %d.", MaxRequest, MaxStranger)
}

func answerTooLarge() error {
	return fault.New(fault.TooLarge, "The answer would be larger than %d bytes. Ask for less at once.", MaxAnswer)
}
