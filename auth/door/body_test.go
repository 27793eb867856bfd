package door_test

import (
	"bufio"
	"bytes"
	"errors"
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

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/domain/fault"
)

const (
	mebi = 1 << 20
	// ever is longer than any test runs.
	ever = time.Hour
)

// reading serves bodies: it answers with their length, or with the kind of what went wrong. A header says that the caller has proved who he is.
func reading(t *testing.T, limits door.BodyLimits) (*door.Bodies, *httptest.Server) {
	t.Helper()
	bodies := door.NewBodies(limits)
	s := httptest.NewServer(bodies.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Known") != "" {
			door.Allow(r, 2*mebi)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			status := map[fault.Kind]int{fault.TooLarge: 413, fault.Invalid: 400, fault.Unavailable: 503}[fault.Of(err).Kind]
			http.Error(w, err.Error(), status)
			return
		}
		_, _ = fmt.Fprint(w, len(body))
	})))
	t.Cleanup(s.Close)
	return bodies, s
}

// holdBack opens connections that send all of a body but its last byte.
func holdBack(t *testing.T, url string, connections, size int, header string) []net.Conn {
	t.Helper()
	var all []net.Conn
	sent := bytes.Repeat([]byte("x"), size-1)
	for range connections {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		go func() { // the other side may not read it all
			_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n", header, size)
			_, _ = c.Write(sent)
		}()
		all = append(all, c)
	}
	return all
}

// answers counts the statuses that connections get. They send nothing more.
func answers(t *testing.T, all []net.Conn) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var wait sync.WaitGroup
	counts := map[int]int{}
	for _, c := range all {
		wait.Go(func() {
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			status := 0 // cut without an answer
			if err == nil {
				status = res.StatusCode
			}
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	wait.Wait()
	return counts
}

func send(t *testing.T, url string, size int, known bool) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(make([]byte, size)))
	require.NoError(t, err)
	if known {
		req.Header.Set("Known", "1")
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode, string(body)
}

// TestBodiesHeldBackByStrangersTakeAQuarter has 300 connections without proof hold back the last byte of the most that is read of them.
func TestBodiesHeldBackByStrangersTakeAQuarter(t *testing.T) {
	t.Parallel()
	bodies, s := reading(t, door.BodyLimits{Total: mebi, Progress: ever, Stall: ever, Patience: ever})
	holdBack(t, s.URL, 300, door.UnknownBody, "")
	require.Eventually(t, func() bool { return bodies.Used() == 4*(door.UnknownBody-4<<10) }, time.Minute, time.Millisecond, "as much as may be is held")
	for range 3 { // they wait, and neither who is known does nor who sends little
		status, answer := send(t, s.URL, 700<<10, true)
		require.Equal(t, 200, status, answer)
		status, answer = send(t, s.URL, 4<<10, false)
		require.Equal(t, 200, status, answer)
	}
	require.LessOrEqual(t, bodies.Used(), int64(mebi/4))
	require.LessOrEqual(t, bodies.Peak(), int64(mebi))
}

// TestBodiesThatStallGiveWay has 100 callers that are known hold back the last byte of half a mebibyte, and one more come who does not.
func TestBodiesThatStallGiveWay(t *testing.T) {
	t.Parallel()
	bodies, s := reading(t, door.BodyLimits{Total: mebi, Progress: ever, Stall: 20 * time.Millisecond, Patience: time.Minute})
	held := holdBack(t, s.URL, 100, mebi/2, "Known: 1\r\n")
	require.Eventually(t, func() bool { return bodies.Used() == mebi/2-4<<10 }, time.Minute, time.Millisecond)
	status, answer := send(t, s.URL, 700<<10, true)
	require.Equal(t, 200, status, answer)
	require.LessOrEqual(t, bodies.Peak(), int64(mebi))
	for _, c := range held {
		_ = c.(*net.TCPConn).CloseWrite() // those that gave way are closed already
	}
	counts := answers(t, held)
	require.Positive(t, counts[503], "%v", counts)
	require.Eventually(t, func() bool { return bodies.Used() == 0 }, time.Minute, time.Millisecond, "nothing is held for who is gone")
}

// TestWhoFindsNoRoomIsToldToComeAgain lets the room be full of bodies that never end.
func TestWhoFindsNoRoomIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	bodies, s := reading(t, door.BodyLimits{Total: mebi, Progress: ever, Stall: ever, Patience: 10 * time.Millisecond})
	first := holdBack(t, s.URL, 1, mebi*3/4, "Known: 1\r\n")
	require.Eventually(t, func() bool { return bodies.Used() == mebi*3/4-4<<10 }, time.Minute, time.Millisecond)
	status, answer := send(t, s.URL, 100<<10, true)
	require.Equal(t, 503, status, answer)
	_, err := first[0].Write([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, map[int]int{200: 1}, answers(t, first), "who was first gets to his end")
	status, answer = send(t, s.URL, 100<<10, true)
	require.Equal(t, 200, status, answer)
	require.Zero(t, bodies.Used(), "an idle connection holds nothing")
}

// TestBodiesOfUntoldLengthDoNotBlockEachOther has 40 of them want what there is room for two of: each takes room part by part, and all would
// wait for more at once.
func TestBodiesOfUntoldLengthDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	bodies, s := reading(t, door.BodyLimits{Total: mebi, Progress: ever, Stall: time.Millisecond, Patience: ever})
	var mu sync.Mutex
	var wait sync.WaitGroup
	counts := map[int]int{}
	for range 40 {
		wait.Go(func() {
			req, err := http.NewRequest(http.MethodPost, s.URL, endless{bytes.NewReader(make([]byte, 300<<10))})
			if err != nil {
				return
			}
			req.Header.Set("Known", "1")
			status := 0 // cut while it was being sent
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				status = res.StatusCode
				_ = res.Body.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			counts[status]++
		})
	}
	wait.Wait()
	require.Positive(t, counts[200], "%v", counts)
	require.Equal(t, 40, counts[200]+counts[503]+counts[0], "%v", counts)
	require.Eventually(t, func() bool { return bodies.Used() == 0 }, time.Minute, time.Millisecond)
	require.LessOrEqual(t, bodies.Peak(), int64(mebi))
}

func TestBodiesThatComeTooSlowlyAreRefused(t *testing.T) {
	t.Parallel()
	bodies, s := reading(t, door.BodyLimits{Progress: 20 * time.Millisecond})
	counts := answers(t, append(holdBack(t, s.URL, 3, 100, ""), holdBack(t, s.URL, 3, 30<<10, "")...))
	require.Equal(t, map[int]int{400: 6}, counts)
	require.Zero(t, bodies.Used())
}

// endless is a body without a told length.
type endless struct{ io.Reader }

func TestUnknownCallersSendLittle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size   int
		known  bool
		status int
	}{
		{door.UnknownBody, false, 200}, {door.UnknownBody + 1, false, 413}, {2 * mebi, false, 413},
		{door.UnknownBody + 1, true, 200}, {2 * mebi, true, 200}, {2*mebi + 1, true, 413}, {0, false, 200},
	} {
		bodies, s := reading(t, door.BodyLimits{Total: 8 * mebi})
		for _, told := range []bool{true, false} {
			var body io.Reader = bytes.NewReader(make([]byte, c.size))
			if !told {
				body = endless{body}
			}
			req, err := http.NewRequest(http.MethodPost, s.URL, body)
			require.NoError(t, err)
			if c.known {
				req.Header.Set("Known", "1")
			}
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, c.status, res.StatusCode, "%d bytes, known: %v, told: %v", c.size, c.known, told)
		}
		require.LessOrEqual(t, bodies.Peak(), int64(c.size)+16<<10)
	}
}

// TestNothingIsLostWhenACallerBecomesKnown proves who calls at the moment in which more is needed.
func TestNothingIsLostWhenACallerBecomesKnown(t *testing.T) {
	t.Parallel()
	text := make([]byte, 300<<10)
	for i := range text {
		text[i] = byte(i * 7)
	}
	bodies := door.NewBodies(door.BodyLimits{})
	for _, told := range []int64{-1, int64(len(text))} {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(text))
		r.ContentLength = told
		body := bodies.Guard(httptest.NewRecorder(), r)
		got, err := io.ReadAll(body)
		require.True(t, errors.Is(err, door.ErrUnknownCaller), "%v", err)
		_, err = body.Read(make([]byte, 1))
		require.True(t, errors.Is(err, door.ErrUnknownCaller), "%v", err)
		body.Allow(mebi)
		rest, err := io.ReadAll(body)
		require.NoError(t, err)
		require.True(t, bytes.Equal(text, append(got, rest...)))
		body.Release()
		require.Zero(t, bodies.Used())
	}
}
