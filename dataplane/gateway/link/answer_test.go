package link_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/gateway/link"
)

// usualAnswers are read in one go.
var usualAnswers = []string{
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
	"HTTP/1.1 503 Service Unavailable\r\nRetry-After:1 \r\nFluent-Draining: \t1\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d: e\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 418 \r\nContent-Length: 2\r\n\r\nhi and more",
}

// otherAnswers are left to the standard library.
var otherAnswers = []string{
	"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 2xx OK\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
	"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX : y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\x01\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 200 OK\r\nX: a\nY: b\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n",
}

// both reads an answer in either way; the first is nil if that way leaves it. What is left behind each is given, too.
func both(t *testing.T, raw []byte) (quick, slow *http.Response, left, leftSlow string) {
	t.Helper()
	read := func(res *http.Response, r *bufio.Reader) string {
		body, err := io.ReadAll(res.Body)
		res.Body = nil
		if err != nil {
			return err.Error()
		}
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		return string(body) + "|" + string(rest)
	}
	req, err := http.NewRequest(http.MethodPost, "/", nil)
	require.NoError(t, err)
	r := bufio.NewReaderSize(bytes.NewReader(raw), 8<<10)
	if quick = link.Quickly(r, req); quick == nil {
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, string(raw), string(rest), "nothing is taken")
		return nil, nil, "", ""
	}
	left = read(quick, r)
	r = bufio.NewReaderSize(bytes.NewReader(raw), 8<<10)
	slow, err = http.ReadResponse(r, req)
	require.NoError(t, err, "what is read in one go is an answer")
	return quick, slow, left, read(slow, r)
}

func TestAnswersThatAreReadInOneGo(t *testing.T) {
	t.Parallel()
	for _, raw := range usualAnswers {
		quick, slow, left, leftSlow := both(t, []byte(raw))
		require.NotNil(t, quick, raw)
		require.Equal(t, slow, quick)
		require.Equal(t, leftSlow, left)
	}
	for _, raw := range otherAnswers {
		quick, _, _, _ := both(t, []byte(raw))
		require.Nil(t, quick, raw)
	}
	cut := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"
	_, _, left, leftSlow := both(t, []byte(cut))
	require.Equal(t, io.ErrUnexpectedEOF.Error(), left)
	require.Equal(t, leftSlow, left)
	head, err := http.NewRequest(http.MethodHead, "/", nil)
	require.NoError(t, err)
	require.Nil(t, link.Quickly(bufio.NewReader(bytes.NewReader([]byte(usualAnswers[0]))), head), "of which no body follows")
}

// FuzzAnswers compares the two ways.
func FuzzAnswers(f *testing.F) {
	for _, raw := range append(usualAnswers, otherAnswers...) {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		quick, slow, left, leftSlow := both(t, raw)
		require.Equal(t, slow, quick)
		require.Equal(t, leftSlow, left)
	})
}
