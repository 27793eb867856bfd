package door

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/fault"
)

// MaxTarget is the longest request target, in bytes.
const MaxTarget = 16 << 10

// Target is what a request asks for. Whoever decides over a path and whoever sends the request on look at the same value.
type Target struct {
	Path  string // decoded
	Query string // as it was sent, without the question mark
	raw   string
}

// String is the target as it was sent, and as it is sent on.
func (t Target) String() string { return t.raw }

// ParseTarget reads a request target. It takes origin form only, a path with or without a query, and of those only what every parser reads
// alike:
//
//   - Absolute form (http://host/path) is for proxies, authority form (host:port) for CONNECT, the asterisk for servers as a whole. We are
//     none of these, and parsers differ in which part of an absolute form is the path.
//   - Empty segments (//) and dot segments (., .., escaped or not) are taken out by some and kept by others.
//   - An escaped slash (%2F) is a letter of a segment for some and ends it for others. A backslash, bare or escaped, is a slash for some.
//   - Escaped control bytes, and escapes that are no UTF-8, end a path for some and stand in no name of ours.
//   - Bare control bytes, spaces and bytes beyond ASCII must be escaped; a fragment (#) is never sent; what follows % are two digits.
//   - A bare semicolon in a query is a separator for some; ours would leave the parameter out, and with it, say, a filter.
//
// Other escapes are taken: they mean the same to all. The error is Invalid and says what is wrong at which byte.
func ParseTarget(raw string) (Target, error) {
	switch {
	case len(raw) > MaxTarget:
		return Target{}, badTarget("it is longer than %d bytes", MaxTarget)
	case raw == "" || raw[0] != '/':
		return Target{}, badTarget("a path that begins with / is expected, in origin form")
	}
	path, query, _ := strings.Cut(raw, "?")
	escaped, err := checkPath(path)
	if err != nil {
		return Target{}, err
	}
	if err := checkQuery(query, len(path)+1); err != nil {
		return Target{}, err
	}
	t := Target{Path: path, Query: query, raw: raw}
	if escaped {
		if t.Path, err = url.PathUnescape(path); err != nil || !utf8.ValidString(t.Path) {
			return Target{}, badTarget("its escapes are not UTF-8")
		}
	}
	for segment := range strings.SplitSeq(t.Path, "/") {
		if segment == "." || segment == ".." {
			return Target{}, badTarget("the segment %q leads elsewhere", segment)
		}
	}
	return t, nil
}

func badTarget(format string, args ...any) error {
	return fault.Invalidf("target", "The request target cannot be read: "+format, args...)
}

// checkPath looks at each byte of a path, and reports whether there are escapes.
func checkPath(path string) (escaped bool, err error) {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			value, ok := escape(path, i)
			switch {
			case !ok:
				return false, badTarget("byte %d begins an escape that has no two hexadecimal digits", i)
			case value == '/' || value == '\\' || value < ' ' || value == 0x7f:
				return false, badTarget("the escape %s, at byte %d, cannot stand in a path", path[i:i+3], i)
			}
			escaped = true
			i += 2
			continue
		}
		if !printable(c) || c == '\\' {
			return false, badTarget("byte %d, 0x%02x, cannot stand in a path", i, c)
		}
		if c == '/' && i > 0 && path[i-1] == '/' {
			return false, badTarget("the segment at byte %d is empty", i)
		}
	}
	return escaped, nil
}

func checkQuery(query string, at int) error {
	for i := 0; i < len(query); i++ {
		c := query[i]
		if _, ok := escape(query, i); c == '%' && !ok {
			return badTarget("byte %d begins an escape that has no two hexadecimal digits", at+i)
		}
		if !printable(c) || c == ';' {
			return badTarget("byte %d, 0x%02x, cannot stand in a query as it is", at+i, c)
		}
	}
	return nil
}

// printable reports whether a byte may stand in a target: of what a target may hold, a fragment is never sent.
func printable(c byte) bool { return c > ' ' && c < 0x7f && c != '#' }

// escape is the byte that the escape at i stands for.
func escape(text string, i int) (byte, bool) {
	if i+2 >= len(text) {
		return 0, false
	}
	high, ok := digit(text[i+1])
	low, also := digit(text[i+2])
	return high<<4 | low, ok && also
}

func digit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// ReadTarget reads the target of a request that a server took, and checks the rest of its first lines: a method that we know, in capitals
// (others might be read as one of those further on), and one host, a name or an address, with or without a port. The error is Invalid.
func ReadTarget(r *http.Request) (Target, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		return Target{}, fault.Invalidf("method", "The method %q is not known here", r.Method)
	}
	if !validHost(r.Host) {
		return Target{}, fault.Invalidf("host", "A host name or address is expected in the header Host, with or without a port")
	}
	return ParseTarget(r.RequestURI)
}

// maxHost is the length of the longest name, a colon and a port.
const maxHost = 253 + 6

func validHost(host string) bool {
	if len(host) > maxHost {
		return false
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return false
		}
	}
	letters := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
	if inner, ok := strings.CutPrefix(name, "["); ok {
		if name, ok = strings.CutSuffix(inner, "]"); !ok {
			return false
		}
		letters = "0123456789abcdefABCDEF:."
	}
	return name != "" && strings.Trim(name, letters) == ""
}
