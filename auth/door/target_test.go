package door_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/domain/fault"
)

func TestTargetsThatEveryParserReadsAlikeAreTaken(t *testing.T) {
	t.Parallel()
	for raw, path := range map[string]string{
		"/":                                     "/",
		"/graphql":                              "/graphql",
		"/graphql?":                             "/graphql",
		"/graphql/":                             "/graphql/",
		"/api/v4.1/event?a=b%20c&x=/../%2F//\\": "/api/v4.1/event",
		"/a%20b/ORDER::HD":                      "/a b/ORDER::HD",
		"/%6detrics":                            "/metrics",
		"/a%25b%3Fc%23d%C3%A9":                  "/a%b?c#dé",
		"/...":                                  "/...",
		"/.well-known/x":                        "/.well-known/x",
		"/a;b=c@d:e,f":                          "/a;b=c@d:e,f",
	} {
		target, err := door.ParseTarget(raw)
		require.NoError(t, err, raw)
		require.Equal(t, path, target.Path, raw)
		require.Equal(t, raw, target.String())
	}
}

func TestTargetsThatAreReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "*", "graphql", "http://x/metrics", "HTTP://x/metrics", "http:/metrics", "http:metrics", "//x/metrics", "host:80", "?a",
		"/a//b", "//", "/.", "/..", "/a/./b", "/a/../metrics", "/a/..", "/%2e%2E/metrics", "/a/.%2e", "/%2e",
		"/a%2fb", "/a%2Fb", "/a\\b", "/a%5cb", "/a%00", "/a%0d%0aX:y", "/a%7f", "/a%1F", "/a%", "/a%2", "/a%zz", "/a%C3", "/a%ff",
		"/a b", "/a\tb", "/a\x00", "/a\x7f", "/caf\xc3\xa9", "/a#b", "/a?b#c", "/a?b c", "/a?b\r\nX: y", "/a?b%", "/a?b%g1", "/a?b;c", "/a?\xff",
		"/" + strings.Repeat("a", door.MaxTarget),
	} {
		_, err := door.ParseTarget(raw)
		require.True(t, fault.Is(err, fault.Invalid), "%q: %v", raw, err)
	}
}

func TestHostsAndMethodsAreChecked(t *testing.T) {
	t.Parallel()
	read := func(method, host string) error {
		_, err := door.ReadTarget(&http.Request{Method: method, Host: host, RequestURI: "/graphql"})
		return err
	}
	for _, host := range []string{"a", "a.example:8080", "A_b-c.example.", "127.0.0.1", "[::1]", "[::1]:80"} {
		require.NoError(t, read("GET", host), host)
	}
	for _, host := range []string{"", ":80", "a:", "a:b", "a b", "a/b", "u@a", "a?b", "[::1", "::1]", "[::1]x", "[a/b]", "a\tb", "a\x00", strings.Repeat("a", 300)} {
		require.Error(t, read("GET", host), host)
	}
	for _, method := range []string{"get", "Get", "CONNECT", "TRACE", "PRI", "GETS", ""} {
		require.Error(t, read(method, "a"), method)
	}
}

// FuzzTarget sends on what is accepted, and has it read as a node reads it.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/graphql", "/a%20b?c=d%2F", "/%2e%2e/x", "//x", "http://x/y", "/a;b?c", "/%25%32%66", "/a?b?c", "*", "/\u00e9", "/%C3%A9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		target, err := door.ParseTarget(raw)
		if err != nil {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target.String() + " HTTP/1.1\r\nHost: a\r\n\r\n")))
		if err != nil {
			t.Fatalf("%q is accepted, and a node cannot read it: %v", raw, err)
		}
		if r.URL.Path != target.Path || r.URL.RawQuery != target.Query || r.RequestURI != raw || r.Host != "a" {
			t.Fatalf("%q is %q ? %q here, and %q ? %q (%q at %q) there", raw, target.Path, target.Query, r.URL.Path, r.URL.RawQuery, r.RequestURI, r.Host)
		}
		again, err := door.ParseTarget(r.RequestURI)
		if err != nil || again != target {
			t.Fatalf("%q is read another way by a node: %v", raw, err)
		}
	})
}
