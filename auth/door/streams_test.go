package door_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/fluent-oms/fluent/auth/door"
)

// stranger speaks HTTP/2 by hand, and takes none of any answer's body.
type stranger struct {
	t      *testing.T
	framer *http2.Framer
	next   uint32
}

func newStranger(t *testing.T, l net.Listener) *stranger {
	t.Helper()
	c := connect(t, l, "127.0.0.1")
	_, err := io.WriteString(c, http2.ClientPreface)
	require.NoError(t, err)
	s := &stranger{t: t, framer: http2.NewFramer(c, c), next: 1}
	s.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	require.NoError(t, s.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
	return s
}

// asks begins requests: whole ones, or such as announce a body and bring a byte of it.
func (s *stranger) asks(n int, whole bool) {
	s.t.Helper()
	for range n {
		var head bytes.Buffer
		encoder := hpack.NewEncoder(&head)
		for _, f := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "x"}} {
			require.NoError(s.t, encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
		}
		require.NoError(s.t, s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.next, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: whole}))
		if !whole {
			require.NoError(s.t, s.framer.WriteData(s.next, false, []byte("x")))
		}
		s.next += 2
	}
}

// hears reads until so many requests have ended, and counts how: by their status, or "reset".
func (s *stranger) hears(n int) map[string]int {
	s.t.Helper()
	ends, status := map[string]int{}, map[uint32]string{}
	for ended := 0; ended < n; {
		f, err := s.framer.ReadFrame()
		require.NoError(s.t, err, "after %v", ends)
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				require.NoError(s.t, s.framer.WriteSettingsAck())
			}
		case *http2.MetaHeadersFrame:
			status[f.StreamID] = f.PseudoValue("status")
			if f.StreamEnded() {
				ends[status[f.StreamID]]++
				ended++
			}
		case *http2.RSTStreamFrame:
			ends["reset"]++
			ended++
		}
	}
	return ends
}

// TestStreamsThatNobodyTakesEnd: answers that the other end gives no room for, and bodies that do not come.
func TestStreamsThatNobodyTakesEnd(t *testing.T) {
	t.Parallel()
	times := door.StandardTimes()
	times.Take = 50 * time.Millisecond
	for name, handler := range map[string]http.HandlerFunc{
		"a short answer":        func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") },
		"a long one":            func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)) },
		"one that is flushed":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok"); w.(http.Flusher).Flush() },
		"one after a half body": func(w http.ResponseWriter, r *http.Request) { _, err := io.ReadAll(r.Body); _, _ = fmt.Fprint(w, err) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, door.Port{Name: "test"})
			server := door.NewServer(handler, times, true, quietLog())
			go func() { _ = server.Serve(l) }() // ends with Close
			t.Cleanup(func() { _ = server.Close() })
			s := newStranger(t, l)
			s.asks(20, name != "one after a half body")
			require.Equal(t, map[string]int{"reset": 20}, s.hears(20))
			require.Eventually(t, func() bool { return door.StreamsUnderWay(server) == 0 }, patience, time.Millisecond)
		})
	}
}

// TestStrangersHaveSoManyStreams: on a connection and in all. What is refused has an answer that needs no room.
func TestStrangersHaveSoManyStreams(t *testing.T) {
	t.Parallel()
	l := listen(t, door.Port{Name: "test"})
	server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }), door.StandardTimes(), true, quietLog())
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	for range 1024 / 64 {
		newStranger(t, l).asks(64, true)
	}
	require.Eventually(t, func() bool { return door.StreamsUnderWay(server) == 1024 }, patience, time.Millisecond)
	more := newStranger(t, l)
	more.asks(10, true)
	require.Equal(t, map[string]int{"503": 10}, more.hears(10))
	require.Equal(t, http.StatusOK, ask(connect(t, l, "127.0.0.1")).StatusCode, "a connection over HTTP/1 is one request")
}

// TestHalfBodiesEnd over HTTP/1, at servers that do not guard bodies otherwise, and who has brought all of his may wait for the answer.
func TestHalfBodiesEnd(t *testing.T) {
	t.Parallel()
	times := door.StandardTimes()
	times.Take = 50 * time.Millisecond
	l := listen(t, door.Port{Name: "test"})
	server := door.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusGone)
		case <-time.After(4 * times.Take):
		}
		_, _ = fmt.Fprint(w, len(body), err)
	}), times, true, quietLog())
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	for body, want := range map[string]string{"half": "4 ", "all of it!": "10 <nil>"} {
		c := connect(t, l, "127.0.0.1")
		_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"+body)
		require.NoError(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Contains(t, string(text), want)
		require.True(t, answer.StatusCode == http.StatusOK || body == "half", "%s: %s", body, text)
	}
}

// TestStrangersOfManyAddressesHaveSoManyStreamsInAll fills the limit from addresses none of which is at its own.
func TestStrangersOfManyAddressesHaveSoManyStreamsInAll(t *testing.T) {
	t.Parallel()
	const all, each = 4096, 512
	var group sync.WaitGroup
	inside, end := make(chan struct{}), make(chan struct{})
	handler := door.Streams(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.RemoteAddr, "192.0.2.") {
			inside <- struct{}{}
			<-end
		}
	}), time.Minute)
	ask := func(from string, major int) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr, r.ProtoMajor = from+":1", major
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	for i := range all {
		group.Go(func() { ask(fmt.Sprintf("192.0.2.%d", 1+i/each), 2) })
		<-inside
	}
	refused := ask("203.0.113.1", 2)
	require.Equal(t, http.StatusServiceUnavailable, refused.Code)
	require.Equal(t, "1", refused.Header().Get("Retry-After"))
	require.Equal(t, http.StatusOK, ask("203.0.113.1", 1).Code, "over HTTP/1 connections have limits")
	close(end)
	group.Wait()
	require.Equal(t, http.StatusOK, ask("203.0.113.1", 2).Code)
}
