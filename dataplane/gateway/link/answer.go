package link

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// quick is an answer with all that it points at.
type quick struct {
	http.Response
	body known
}

// known is a body whose length was told.
type known struct {
	from io.Reader
	left int64
}

// Read implements io.Reader. The end comes with the last bytes.
func (k *known) Read(to []byte) (int, error) {
	if k.left == 0 {
		return 0, io.EOF
	}
	n, err := k.from.Read(to[:min(int64(len(to)), k.left)])
	if k.left -= int64(n); k.left == 0 {
		return n, io.EOF
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer.
func (k *known) Close() error { return nil }

// quickly reads an answer as nodes write nearly all: a head that has come whole, of HTTP/1.1, with a status that a body belongs to, whose length is told, and
// nothing about the connection. nil stands for every other answer, and for what is none: nothing of it has been taken, and http.ReadResponse knows
// what to make of it.
func (c *conn) quickly(req *http.Request) *http.Response {
	if _, err := c.r.Peek(1); err != nil || req.Method == http.MethodHead {
		return nil
	}
	come, _ := c.r.Peek(c.r.Buffered()) // does not fail for what is there
	end := bytes.Index(come, []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	head := string(come[:end])
	line, rest, _ := strings.Cut(head, "\r\n")
	status, ok := statusOf(line)
	if !ok {
		return nil
	}
	q := &quick{body: known{from: c.r}}
	if q.Header, q.body.left = headerOf(rest); q.Header == nil {
		return nil
	}
	_, _ = c.r.Discard(end + 4) // does not fail for what is there
	q.Status, q.StatusCode, q.ContentLength, q.Request = line[len("HTTP/1.1 "):], status, q.body.left, req
	q.Proto, q.ProtoMajor, q.ProtoMinor = "HTTP/1.1", 1, 1
	q.Body = &q.body
	return &q.Response
}

// statusOf reads a status line.
func statusOf(line string) (int, bool) {
	rest, ok := strings.CutPrefix(line, "HTTP/1.1 ")
	if !ok || len(rest) < 4 || rest[3] != ' ' || !printable(rest) {
		return 0, false
	}
	status, err := strconv.ParseUint(rest[:3], 10, 16)
	return int(status), err == nil && status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// headerOf reads the lines of a header, and the length that it tells; nil if it does not, tells of the connection, or is not written as usual.
func headerOf(lines string) (http.Header, int64) {
	count := strings.Count(lines, "\r\n") + 1
	header, values, length := make(http.Header, count), make([]string, 0, count), int64(-1)
	for line := range strings.SplitSeq(lines, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !ok || !canonical(name) || !printable(value) {
			return nil, 0
		}
		switch name {
		case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Trailer", "Upgrade":
			return nil, 0
		case "Content-Length":
			n, err := strconv.ParseUint(value, 10, 63)
			if err != nil || length >= 0 {
				return nil, 0
			}
			length = int64(n)
		}
		if before := header[name]; before != nil {
			header[name] = append(before, value)
			continue
		}
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if length < 0 {
		return nil, 0
	}
	return header, length
}

// canonical reports whether a header's name consists of words as Go writes them, such as X-Request-Id.
func canonical(name string) bool {
	begins := true
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z' && !begins, c >= 'a' && c <= 'z' && begins:
			return false
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
			begins = c == '-'
		default:
			return false
		}
	}
	return name != ""
}

// printable reports whether a text has nothing but visible characters of ASCII and blanks.
func printable(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
