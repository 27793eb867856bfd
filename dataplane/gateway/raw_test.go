package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is a node that notes each request as it came: method, target, host, body, and the headers named below.
type recorder struct {
	mu   sync.Mutex
	seen []string
}

// told are the headers that the recorder notes, where they are there.
func told() []string {
	return []string{"X-Folded", "X-A", "X-B", "Transfer-Encoding", "Fluent-Caller", "Upgrade", "Content-Length"}
}

// ServeHTTP implements http.Handler.
func (r *recorder) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	line := req.Method + " " + req.RequestURI + " " + req.Host + " " + string(body)
	for _, name := range told() {
		for _, value := range req.Header.Values(name) {
			line += " " + name + "=" + value
		}
	}
	for _, coding := range req.TransferEncoding {
		line += " coded " + coding
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, strings.TrimSpace(line))
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// ask writes bytes to the gateway as they are and reads all answers until it closes the connection.
func ask(t *testing.T, url, raw string) (statuses []int) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer func() { _ = c.Close() }()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(c, raw)
	require.NoError(t, err)
	answers := bufio.NewReader(c)
	for {
		if _, err := answers.Peek(1); err != nil {
			return statuses
		}
		res, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		_, err = io.ReadAll(res.Body)
		require.NoError(t, err)
		statuses = append(statuses, res.StatusCode)
	}
}

// rawCase is a request, byte for byte, and what must come of it.
type rawCase struct {
	name, raw string
	status    int
	seen      string // what the node saw; empty: nothing
}

// targets are requests that differ in their target alone.
func targets() (all []rawCase) {
	for target, status := range map[string]int{
		"/graphql":                          200,
		"/graphql?a=%2Fmetrics&b=/../c":     200,
		"/api/v4.1/workflow/1/ORDER::HD%20": 200,
		"/retailer/2/graphql":               200,
		"/oauth/token?x=//":                 200,
		"/api/v4.1/..%252fmetrics":          200, // a name with a percent sign in it

		"/metrics": 404, "/readyz": 404, "/internal/nudge": 404, "/fluent.node.v1.TenantService/PrepareAccount": 404, "/%6detrics": 404,
		"/Graphql": 404, "/graphql/": 404, "/retailer/1/metrics": 404, "/apix/": 404, "/healthz/": 404, "/debug/pprof/": 404,

		"http://acme.localhost/metrics": 400, "http://acme.localhost/graphql": 400, "HTTP://evil/graphql": 400, "http:/metrics": 400, "http:metrics": 400,
		"https://acme.localhost:80/internal/nudge": 400, "//metrics": 400, "//acme.localhost/metrics": 400, "acme.localhost:80": 400, "*": 400, "metrics": 400,
		"/graphql//": 400, "/graphql/../metrics": 400, "/graphql/..": 400, "/./metrics": 400, "/graphql/%2e%2e/metrics": 400, "/graphql/.%2E/metrics": 400,
		"/graphql%2f..%2fmetrics": 400, "/graphql%2Fx": 400, "/graphql\\..\\metrics": 400, "/graphql%5c": 400, "/graphql%00": 400, "/graphql%0d%0aX:y": 400,
		"/graphql%": 400, "/graphql%zz": 400, "/graphql#x": 400, "/graphql?x#y": 400, "/graphql\x01": 400, "/graphql\xff": 400, "/graphql?\xff": 400,
		"/graphql?a;b": 400, "/graphql?%": 400, "/graphql%ff": 400, "/graphql x": 400,
		"/" + strings.Repeat("a", 17<<10): 400,
	} {
		c := rawCase{target, "GET " + target + " HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n", status, ""}
		if status == 200 {
			c.seen = "GET " + target + " acme.localhost  Content-Length=0"
		}
		all = append(all, c)
	}
	return append(all, rawCase{"the page for browsers", "GET / HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n\r\n", 200, ""})
}

// heads are requests that differ in the rest: method, host, lengths, other headers.
func heads() []rawCase {
	post := func(headers, body string) string {
		return "POST /graphql HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\n" + headers + "\r\n" + body
	}
	get := func(first, headers string) string { return first + "\r\n" + headers + "Connection: close\r\n\r\n" }
	hidden := "GET /metrics HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"
	seen := "POST /graphql acme.localhost "
	return []rawCase{
		{"a length", post("Content-Length: 4\r\n", "body"), 200, seen + "body Content-Length=4"},
		{"chunks", post("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"), 200, seen + "body Content-Length=4"},
		{"a trailer", post("Transfer-Encoding: chunked\r\nTrailer: X-A\r\n", "4\r\nbody\r\n0\r\nX-A: 1\r\n\r\n"), 200, seen + "body Content-Length=4"},
		{"both lengths", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n"), 200, seen + "body Content-Length=4"},
		{"both lengths, and a request behind", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"+hidden), 200, seen + " Content-Length=0"},
		{"a length, and a request behind", post("Content-Length: 0\r\n", hidden), 200, seen + " Content-Length=0"},
		{"the same length twice", post("Content-Length: 4\r\nContent-Length: 4\r\n", "body"), 200, seen + "body Content-Length=4"},
		{"two lengths", post("Content-Length: 4\r\nContent-Length: 5\r\n", "body"), 400, ""},
		{"a list of lengths", post("Content-Length: 4, 4\r\n", "body"), 400, ""},
		{"a signed length", post("Content-Length: +4\r\n", "body"), 400, ""},
		{"a negative length", post("Content-Length: -4\r\n", "body"), 400, ""},
		{"a hexadecimal length", post("Content-Length: 0x4\r\n", "body"), 400, ""},
		{"an empty length", post("Content-Length:\r\n", "body"), 400, ""},
		{"an unknown coding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501, ""},
		{"two codings", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501, ""},
		{"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501, ""},
		{"a coding with a tab", post("Transfer-Encoding:\tchunked\r\n", "4\r\nbody\r\n0\r\n\r\n"), 200, seen + "body Content-Length=4"},
		{"a coding with a space before the colon", post("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", "body"), 400, ""},
		{"a coding with a control byte", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), 400, ""},
		{"a bad chunk size", post("Transfer-Encoding: chunked\r\n", "g\r\nbody\r\n0\r\n\r\n"), 400, ""},
		{"a chunk longer than it says", post("Transfer-Encoding: chunked\r\n", "2\r\nbody\r\n0\r\n\r\n"), 400, ""},
		{"an upgrade", post("Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\nContent-Length: 0\r\n", ""), 200, seen + " Content-Length=0"},
		{"an expectation", post("Expect: magic\r\nContent-Length: 4\r\n", "body"), 417, ""},

		{"a folded value", post("X-Folded: a\r\n b\r\nContent-Length: 0\r\n", ""), 200, seen + " X-Folded=a b Content-Length=0"},
		{"a first line that is folded", get("GET /graphql HTTP/1.1", " X-A: 1\r\nHost: acme.localhost\r\n"), 400, ""},
		{"a bare line feed", get("GET /graphql HTTP/1.1", "X-A: 1\nX-B: 2\nHost: acme.localhost\r\n"), 200, "GET /graphql acme.localhost  X-A=1 X-B=2 Content-Length=0"},
		{"a bare carriage return", get("GET /graphql HTTP/1.1", "X-A: 1\rX-B: 2\r\nHost: acme.localhost\r\n"), 400, ""},
		{"a zero byte", get("GET /graphql HTTP/1.1", "X-A: 1\x002\r\nHost: acme.localhost\r\n"), 400, ""},
		{"a header without a name", get("GET /graphql HTTP/1.1", ": 1\r\nHost: acme.localhost\r\n"), 400, ""},
		{"a header without a colon", get("GET /graphql HTTP/1.1", "X-A\r\nHost: acme.localhost\r\n"), 400, ""},
		{"a name with a space", get("GET /graphql HTTP/1.1", "X A: 1\r\nHost: acme.localhost\r\n"), 400, ""},
		{"a header of our own processes", get("GET /graphql HTTP/1.1", "fluent-caller: fluent://x/server/cp1\r\nFLUENT-ACCOUNT: OTHER\r\nHost: acme.localhost\r\n"), 200, "GET /graphql acme.localhost  Content-Length=0"},
		{"a header that the connection names", get("GET /graphql HTTP/1.1", "Connection: X-A\r\nX-A: 1\r\nHost: acme.localhost\r\n"), 200, "GET /graphql acme.localhost  Content-Length=0"},

		{"no host", get("GET /graphql HTTP/1.1", ""), 400, ""},
		{"no host, as old clients", get("GET /graphql HTTP/1.0", ""), 400, ""},
		{"an empty host", get("GET /graphql HTTP/1.1", "Host:\r\n"), 400, ""},
		{"two hosts", get("GET /graphql HTTP/1.1", "Host: acme.localhost\r\nHost: other.localhost\r\n"), 400, ""},
		{"a host with a path", get("GET /graphql HTTP/1.1", "Host: acme.localhost/x\r\n"), 400, ""},
		{"a host with a user", get("GET /graphql HTTP/1.1", "Host: a@acme.localhost\r\n"), 400, ""},
		{"a host with a bad port", get("GET /graphql HTTP/1.1", "Host: acme.localhost:80x\r\n"), 400, ""},
		{"a host with a port", get("GET /graphql HTTP/1.1", "Host: acme.localhost:8080\r\n"), 200, "GET /graphql acme.localhost:8080  Content-Length=0"},
		{"a host of nobody", get("GET /graphql HTTP/1.1", "Host: nobody.localhost\r\n"), 200, "GET /graphql nobody.localhost  Content-Length=0"},
		{"health, as balancers ask", get("GET /healthz HTTP/1.0", ""), 200, ""},

		{"a method in small letters", get("get /graphql HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"a method in both", get("Get /graphql HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"a tunnel", get("CONNECT acme.localhost:80 HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"a tunnel to a path", get("CONNECT /internal/nudge HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"a trace", get("TRACE /graphql HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"options of the server, which it answers itself", get("OPTIONS * HTTP/1.1", "Host: acme.localhost\r\n"), 200, ""},
		{"options of a path", get("OPTIONS /graphql HTTP/1.1", "Host: acme.localhost\r\n"), 200, "OPTIONS /graphql acme.localhost  Content-Length=0"},
		{"a method that is none", get("GE(T /graphql HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, ""},
		{"a version that is none", get("GET /graphql HTTP/1.1x", "Host: acme.localhost\r\n"), 400, ""},
		{"two spaces", get("GET  /graphql HTTP/1.1", "Host: acme.localhost\r\n"), 400, ""},
		{"no version", "GET /graphql\r\n\r\n", 400, ""},
	}
}

// TestRawRequests writes requests byte for byte to a gateway on a socket and looks at the answer and at all that a node saw.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	noted := &recorder{}
	back := httptest.NewServer(noted)
	t.Cleanup(back.Close)
	b := setUp(t, back)
	for _, c := range append(targets(), heads()...) {
		statuses := ask(t, b.url, c.raw)
		assert.Equal(t, []int{c.status}, statuses, "%.100s", c.name)
		var want []string
		if c.seen != "" {
			want = []string{c.seen}
		}
		assert.Equal(t, want, noted.take(), "%.100s", c.name)
	}
}
