package gateway

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/fluent-oms/fluent/dataplane/gateway/link"
)

// maxKept is the size up to which buffers are used again. Larger ones, kept for nobody, were most of what an attack left behind.
const maxKept = 16 << 10

// buffers are for requests on their way to a node, and for answers on their way back.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{pool: sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}}
}

func (b *buffers) take() *[]byte { return b.pool.Get().(*[]byte) } // the pool holds nothing else

func (b *buffers) give(used *[]byte) {
	if cap(*used) <= maxKept {
		*used = (*used)[:0]
		b.pool.Put(used)
	}
}

// ours begins the names of the headers in which our own processes tell each other something.
const ours = "Fluent-"

// passedOn reports whether a header goes on to the other side. Those between a client and its server concern one connection; what callers
// say about where they come from, or in our own headers, would be believed.
func passedOn(name string) bool {
	if strings.HasPrefix(name, ours) {
		return false
	}
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Content-Length", "Expect", "Host":
		return false
	}
	return true
}

// named reports whether a Connection header says that another header concerns the connection only.
func named(connection []string, name string) bool {
	for _, line := range connection {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), name) {
				return true
			}
		}
	}
	return false
}

// appendHead writes the head of a request out for a node. The server that read it has made sure that neither names nor values hold line ends.
func appendHead(to []byte, r *http.Request, in *incoming) []byte {
	to = append(append(append(to, r.Method...), ' '), in.target.String()...)
	to = appendHeader(append(to, " HTTP/1.1\r\n"...), "Host", r.Host)
	connection := r.Header["Connection"]
	for name, values := range r.Header {
		if !passedOn(name) || len(connection) > 0 && named(connection, name) {
			continue
		}
		for _, v := range values {
			to = appendHeader(to, name, v)
		}
	}
	to = appendHeader(to, AccountHeader, in.account)
	if in.source.IsValid() {
		to = appendHeader(to, "X-Forwarded-For", in.source.String())
	}
	to = appendHeader(to, "X-Forwarded-Host", r.Host)
	proto := "http"
	if r.TLS != nil {
		proto = "https"
	}
	to = appendHeader(to, "X-Forwarded-Proto", proto)
	to = append(to, "Content-Length: "...)
	return append(strconv.AppendInt(to, int64(len(in.body)), 10), "\r\n\r\n"...)
}

func appendHeader(to []byte, name, value string) []byte {
	return append(append(append(append(to, name...), ": "...), value...), "\r\n"...)
}

// aside is the size from which a body is not copied to go with its head.
const aside = 16 << 10

// forward sends a request to a node and its answer back.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, in *incoming) {
	head := g.buffers.take()
	*head = appendHead(*head, r, in)
	message := link.Message{Body: in.body}
	if len(in.body) < aside {
		*head, message.Body = append(*head, in.body...), nil
	}
	message.Head = *head
	res, node, err := g.send(r, message, func() bool { return onlyReads(r.Method, in.target, in.body) })
	g.buffers.give(head)
	g.release(in) // the caller may take his time to read the answer
	if err != nil {
		g.failed(w, r, err)
		return
	}
	g.relay(w, res, node)
}

// relay sends a node's answer back.
func (g *Gateway) relay(w http.ResponseWriter, res *http.Response, node *backend) {
	defer node.inFlight.Add(-1)
	defer func() { _ = res.Body.Close() }()
	header, connection := w.Header(), res.Header["Connection"]
	for name, values := range res.Header {
		if (passedOn(name) || name == "Content-Length") && !(len(connection) > 0 && named(connection, name)) {
			header[name] = values
		}
	}
	w.WriteHeader(res.StatusCode)
	if err := g.copy(w, res); err != nil {
		panic(http.ErrAbortHandler) // the client must see that its answer is not whole
	}
}

// copy passes an answer's body on. What comes without a length may come slowly, and is passed on as it comes.
func (g *Gateway) copy(w http.ResponseWriter, res *http.Response) error {
	buffer := g.buffers.take()
	defer g.buffers.give(buffer)
	part := (*buffer)[:cap(*buffer)]
	for {
		n, err := res.Body.Read(part)
		if n > 0 {
			if _, err := w.Write(part[:n]); err != nil {
				return err
			}
			if res.ContentLength < 0 && err == nil {
				if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
					return err
				}
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
