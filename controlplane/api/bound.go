package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-oms/fluent/auth/wire"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// envelope is how many bytes come before a message in gRPC.
const envelope = 5

// limits are how long calls may take.
type limits struct {
	unary   time.Duration // of a caller who names no deadline; a request has to arrive within this, too
	waiting time.Duration // of WaitOperation, on top of what the caller wants to wait
	longest time.Duration // of WaitOperation when that cannot be told; the longest that validation lets through, and waiting
	idle    time.Duration // how long a stream that is passed on may be silent, also before it says anything
}

var standardLimits = limits{unary: 30 * time.Second, waiting: 5 * time.Second, longest: 305 * time.Second, idle: 5 * time.Minute}

// of is what holds for one call.
func (l limits) of(spec connect.Spec, r *http.Request) *bound {
	b := &bound{limits: l, spec: spec}
	if own, ok := deadlineOf(r.Header); ok {
		b.most = max(own, 1)
		return b
	}
	switch {
	case spec.StreamType != connect.StreamTypeUnary:
	case spec.Procedure == controlplanev1connect.OperationServiceWaitOperationProcedure:
		b.most = l.longest
	default:
		b.most = l.unary
	}
	return b
}

// longDeadline is as good as none.
const longDeadline = 1000 * time.Hour

// deadlineOf is how long a caller wants to wait at most, as Connect and gRPC say it.
func deadlineOf(h http.Header) (time.Duration, bool) {
	if ms, err := strconv.ParseUint(h.Get("Connect-Timeout-Ms"), 10, 33); err == nil {
		return min(time.Duration(ms)*time.Millisecond, longDeadline), true
	}
	text := h.Get("Grpc-Timeout")
	if len(text) < 2 || len(text) > 9 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second, 'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}[text[len(text)-1]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 64)
	if !ok || err != nil || n < 0 {
		return 0, false
	}
	return time.Duration(min(n, int64(longDeadline/unit))) * unit, true
}

// bound ends a call that takes too long.
type bound struct {
	limits limits
	spec   connect.Spec
	most   time.Duration // 0: as long as it says something
	began  time.Time
	end    context.CancelCauseFunc
	timer  *time.Timer // nil without a bound
	silent *time.Timer // of a stream that was passed on; else nil
}

// apply makes the bound hold for a request, and for the reading of it. The returned function takes it off.
func (b *bound) apply(w http.ResponseWriter, r *http.Request) (*http.Request, func()) {
	ctx, end := context.WithCancelCause(r.Context())
	b.began, b.end = time.Now(), end
	r = r.WithContext(ctx)
	if b.most > 0 {
		b.timer = time.AfterFunc(b.most, func() { end(context.DeadlineExceeded) })
		r.Body = arriveWithin(min(b.limits.unary, b.most), w, r)
	}
	return r, func() {
		for _, t := range []*time.Timer{b.timer, b.silent} {
			if t != nil {
				t.Stop()
			}
		}
		end(nil)
	}
}

// arriveWithin bounds how long the reading of a request may take. The bound ends with the reading: what is left of it would end an HTTP/1
// connection on which the answer is still under way.
func arriveWithin(most time.Duration, w http.ResponseWriter, r *http.Request) io.ReadCloser {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body
	}
	connection := http.NewResponseController(w)
	if connection.SetReadDeadline(time.Now().Add(most)) != nil {
		return r.Body // no connection: a handler that is called directly
	}
	return &arriving{ReadCloser: r.Body, all: func() { _ = connection.SetReadDeadline(time.Time{}) }} // one was set above
}

// arriving is a request whose reading is bounded.
type arriving struct {
	io.ReadCloser
	all func() // no more is to come
}

// Read implements io.Reader.
func (a *arriving) Read(to []byte) (int, error) {
	n, err := a.ReadCloser.Read(to)
	if err != nil {
		a.all()
	}
	return n, err
}

// requestRead tells the bound that the call is about to be passed on, and what it asks for: WaitOperation says how long it is to take. A
// stream is silent from here on.
func (b *bound) requestRead(r *http.Request, body []byte) {
	if b.spec.StreamType != connect.StreamTypeUnary {
		b.silent = time.AfterFunc(b.limits.idle, func() { b.end(errIdle) })
		return
	}
	_, own := deadlineOf(r.Header)
	if own || b.spec.Procedure != controlplanev1connect.OperationServiceWaitOperationProcedure {
		return
	}
	if wait, ok := waitOf(r, body); ok {
		b.most = wait + b.limits.waiting
		b.timer.Reset(time.Until(b.began.Add(b.most)))
	}
}

// waitOf reads how long a WaitOperation wants to wait.
func waitOf(r *http.Request, body []byte) (time.Duration, bool) {
	kind, zipped := r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding") == "gzip"
	if strings.HasPrefix(kind, "application/grpc") && len(body) >= envelope {
		zipped, body = body[0]&1 == 1, body[envelope:]
	}
	if zipped {
		unzipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return 0, false
		}
		if body, err = io.ReadAll(io.LimitReader(unzipped, wire.MaxStranger)); err != nil {
			return 0, false
		}
	}
	read, request := proto.Unmarshal, new(cpv1.WaitOperationRequest)
	if strings.Contains(kind, "json") {
		read = protojson.Unmarshal
	}
	if r.Method != http.MethodPost || read(body, request) != nil {
		return 0, false
	}
	if request.GetTimeout() == nil {
		return defaultWait, true
	}
	return request.GetTimeout().AsDuration(), true
}

// errIdle ends a stream that nothing comes through any more.
var errIdle = errors.New("the stream was silent for too long")

// watch ends an answer that is a stream when it has been silent for too long. A leader that hangs is noticed sooner, by its connection.
func (b *bound) watch(res *http.Response) error {
	if b.spec.StreamType == connect.StreamTypeUnary {
		return nil
	}
	b.silent.Reset(b.limits.idle)
	res.Body = &watched{ReadCloser: res.Body, idle: b.limits.idle, timer: b.silent}
	return nil
}

type watched struct {
	io.ReadCloser
	idle  time.Duration
	timer *time.Timer
}

// Read implements io.Reader.
func (w *watched) Read(to []byte) (int, error) {
	n, err := w.ReadCloser.Read(to)
	if n > 0 {
		w.timer.Reset(w.idle)
	}
	return n, err
}

// Close implements io.Closer.
func (w *watched) Close() error {
	w.timer.Stop()
	return w.ReadCloser.Close()
}
