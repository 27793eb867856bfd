package graphql

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// maxBody is the largest request, in bytes.
const maxBody = 2 << 20

// Handler serves POST /graphql. It expects the principal in the request's context (see auth/tenant). GraphQL errors, those of
// validation included, are answered with 200; only what is no GraphQL request at all is refused by status, and what brought nothing
// because the database or the control plane is not to be had now is answered with 503: clients send it again.
func (e *Executor) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, fault.New(fault.Invalid, "use POST").WithCode(fault.CodeMissing))
			return
		}
		p, ok := tenant.FromContext(r.Context())
		if !ok {
			refuse(w, http.StatusUnauthorized, fault.New(fault.Unauthenticated, "a token is required").WithCode(fault.CodeToken))
			return
		}
		if err := e.quotas.Admit(r.Context(), p.Account); err != nil {
			httpapi.SayWhen(w, err)
			refuse(w, http.StatusOK, err) // with any other status the official client does not read what it was
			return
		}
		req, ok := read(w, r)
		if !ok {
			return
		}
		res, status := e.safely(r.Context(), p, req), http.StatusOK
		if res.Unavailable() {
			status = http.StatusServiceUnavailable
		}
		reply(w, status, res)
	})
}

// usualBody is the size up to which room for a body is made in advance, and used again.
const usualBody = 64 << 10

// bodies are buffers to read bodies into. Nothing of a request points into them.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read reads a request, or refuses it.
func read(w http.ResponseWriter, r *http.Request) (document.Request, bool) {
	body := bodies.Get().(*bytes.Buffer) // the pool holds nothing else
	defer func() {
		if body.Cap() <= usualBody+bytes.MinRead {
			body.Reset()
			bodies.Put(body)
		}
	}()
	body.Grow(int(min(max(r.ContentLength, 0), usualBody)) + bytes.MinRead)
	from := io.Reader(r.Body)
	if r.ContentLength < 0 || r.ContentLength > maxBody {
		from = http.MaxBytesReader(w, r.Body, maxBody)
	}
	if _, err := body.ReadFrom(from); err != nil {
		refuseBody(w, err)
		return document.Request{}, false
	}
	req, err := document.Decode(body.Bytes())
	if err != nil {
		status := http.StatusBadRequest
		if fault.Is(err, fault.TooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status, err)
	}
	return req, err == nil
}

// safely executes a request and answers a panic, which is our mistake, like any other internal error.
func (e *Executor) safely(ctx context.Context, p *tenant.Principal, req document.Request) (res answer.Response) {
	defer func() {
		if cause := recover(); cause != nil {
			e.log.ErrorContext(ctx, "request panicked", "cause", cause, "stack", string(debug.Stack()))
			res = answer.Response{Errors: []*answer.Error{answer.FromFault(fault.New(fault.Internal, "internal error"), nil)}}
		}
	}()
	return e.Execute(ctx, p, req)
}

// refuseBody answers a request whose body could not be read. Those of guarded bodies say why by themselves.
func refuseBody(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	var known *fault.Error
	switch {
	case errors.As(err, &known) && known.Kind == fault.Unavailable:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, known)
	case errors.As(err, &known) && known.Kind == fault.TooLarge:
		refuse(w, http.StatusRequestEntityTooLarge, known.WithCode(fault.CodeTooLong))
	case errors.As(err, &known):
		refuse(w, http.StatusBadRequest, known.WithCode(fault.CodeMissing))
	case errors.As(err, &large):
		refuse(w, http.StatusRequestEntityTooLarge, httpapi.TooLarge(maxBody).WithCode(fault.CodeTooLong))
	default:
		refuse(w, http.StatusBadRequest, fault.New(fault.Invalid, "the body could not be read").WithCode(fault.CodeMissing))
	}
}

func refuse(w http.ResponseWriter, status int, err error) {
	reply(w, status, answer.Response{Errors: []*answer.Error{answer.FromFault(err, nil)}})
}

// asJSON is shared by all answers: a header's list of values is never written to.
var asJSON = []string{"application/json"}

func reply(w http.ResponseWriter, status int, res answer.Response) {
	parts, err := res.Parts()
	if err != nil {
		status = http.StatusInternalServerError
		parts = [3][]byte{[]byte(`{"errors":[{"message":"internal error","extensions":{"code":"` + fault.CodeInternal + `"}}]}`)}
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	header := w.Header()
	header["Content-Type"], header["Content-Length"] = asJSON, []string{strconv.Itoa(length)}
	w.WriteHeader(status)
	for _, part := range parts {
		_, _ = w.Write(part) // a caller that is gone needs no answer
	}
}
