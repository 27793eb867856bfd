package door_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// watched is a connection's end of an answer that notes the deadlines it is given.
type watched struct {
	*httptest.ResponseRecorder
	reads, writes []time.Time
}

func newWatched() *watched { return &watched{ResponseRecorder: httptest.NewRecorder()} }

// SetReadDeadline is what http.ResponseController calls.
func (w *watched) SetReadDeadline(at time.Time) error { w.reads = append(w.reads, at); return nil }

// SetWriteDeadline is what http.ResponseController calls.
func (w *watched) SetWriteDeadline(at time.Time) error { w.writes = append(w.writes, at); return nil }

// last is the last of some deadlines.
func last(all []time.Time) time.Time { return all[len(all)-1] }

// inParts gives a text out in parts of a size.
type inParts struct {
	io.Reader
	size int
}

func (p inParts) Read(to []byte) (int, error) { return p.Reader.Read(to[:min(len(to), p.size)]) }

// posted is a request with a body that comes in parts.
func posted(size, part int) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", inParts{bytes.NewReader(make([]byte, size)), part})
	r.ContentLength = int64(size)
	return r
}

// TestEachPartOfABodyHasItsTime: at servers that do not guard bodies otherwise, over HTTP/1 and HTTP/2. Whoever brings 16 KiB has as long for the
// next, bytes one by one gain no time, and when all is there the server waits, without end, for a caller who hangs up.
func TestEachPartOfABodyHasItsTime(t *testing.T) {
	t.Parallel()
	const part = 16 << 10
	for _, major := range []int{1, 2} {
		for _, c := range []struct{ size, part, deadlines int }{{100, 1, 1}, {part - 1, 1, 1}, {part, part, 2}, {5 * part, part, 6}, {5*part + 1, part / 4, 6}, {2*part + 100, 1, 3}} {
			w, began := newWatched(), time.Now()
			r := posted(c.size, c.part)
			r.ProtoMajor = major
			door.Streams(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				n, err := io.Copy(io.Discard, r.Body)
				require.NoError(t, err)
				require.EqualValues(t, c.size, n)
			}), time.Hour).ServeHTTP(w, r)
			require.Len(t, w.reads, c.deadlines+1, "%+v", c)
			require.Zero(t, last(w.reads))
			for _, at := range w.reads[:c.deadlines] {
				require.False(t, at.Before(began.Add(time.Hour)) || at.After(time.Now().Add(time.Hour)))
			}
		}
	}
}

// TestEachPartOfAnAnswerHasItsTime over HTTP/2, and no time runs while nothing is written.
func TestEachPartOfAnAnswerHasItsTime(t *testing.T) {
	t.Parallel()
	w, began := newWatched(), time.Now()
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.ProtoMajor = 2
	door.Streams(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "one")
		_, _ = io.WriteString(w, "two")
		require.NoError(t, http.NewResponseController(w).Flush())
	}), time.Hour).ServeHTTP(w, r)
	require.Len(t, w.writes, 8, "two parts, what is flushed, and the end")
	for i, at := range w.writes {
		if i%2 == 1 {
			require.Zero(t, at)
			continue
		}
		require.False(t, at.Before(began.Add(time.Hour)) || at.After(time.Now().Add(time.Hour)))
	}
}

// TestOnlyCertificatesExempt: TLS alone says nothing of who calls.
func TestOnlyCertificatesExempt(t *testing.T) {
	t.Parallel()
	handler := door.Streams(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), time.Hour)
	for wanted, state := range map[int]*tls.ConnectionState{2: {}, 0: {PeerCertificates: []*x509.Certificate{{}}}} {
		w, r := newWatched(), posted(10, 10)
		r.TLS = state
		handler.ServeHTTP(w, r)
		require.Len(t, w.reads, wanted)
	}
}

// TestRequestsThatEndedLeaveTheirPlaces makes more requests of one address, one after the other, than it may have at once. Some break off.
func TestRequestsThatEndedLeaveTheirPlaces(t *testing.T) {
	t.Parallel()
	handler := door.Streams(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/breaks" {
			panic(http.ErrAbortHandler)
		}
	}), time.Minute)
	ask := func(path string) int {
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.RemoteAddr, r.ProtoMajor = "192.0.2.1:1", 2
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	for range 1024 + 1 {
		require.Equal(t, http.StatusOK, ask("/"))
		require.Panics(t, func() { ask("/breaks") })
	}
	all, addresses := door.StreamsOf(handler)
	require.Zero(t, all)
	require.Zero(t, addresses, "nothing is remembered of who has gone")
}

// TestAGuardedBodyHasItsTime: a part of the time for each part that it brings, anew when its caller is known, and none when it has ended: a request
// may be worked on for longer than its body may take.
func TestAGuardedBodyHasItsTime(t *testing.T) {
	t.Parallel()
	const part = 16 << 10
	bodies := door.NewBodies(door.BodyLimits{Progress: time.Hour})
	w := newWatched()
	body := bodies.Guard(w, posted(3*part+100, 1))
	require.Len(t, w.reads, 1, "from the beginning")
	first := w.reads[0]
	body.Allow(mebi)
	require.Len(t, w.reads, 2)
	require.True(t, w.reads[1].After(first), "from when it is known who calls")
	_, err := io.CopyN(io.Discard, body, 4<<10)
	require.NoError(t, err)
	require.Len(t, w.reads, 2)
	_, err = io.CopyN(io.Discard, body, 1)
	require.NoError(t, err)
	require.Len(t, w.reads, 3, "from when it has got room")
	_, err = io.CopyN(io.Discard, body, 3*part-4<<10-1)
	require.NoError(t, err)
	require.Len(t, w.reads, 6, "three parts came")
	_, err = io.CopyN(io.Discard, body, 100)
	require.NoError(t, err)
	require.Len(t, w.reads, 6, "bytes one by one gain no time")
	require.NotZero(t, last(w.reads))
	_, err = body.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.Zero(t, last(w.reads))
	body.Release()
}

// TestWhoIsTurnedAwayForWantOfRoomHasLittleTime: the server reads what is left of a body before it answers.
func TestWhoIsTurnedAwayForWantOfRoomHasLittleTime(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: time.Hour, Stall: time.Minute, Patience: time.Millisecond})
	slack(t, bodies, 700<<10, 8<<10)
	w := newWatched()
	body := bodies.Guard(w, posted(700<<10, part))
	defer body.Release()
	body.Allow(mebi)
	_, err := io.Copy(io.Discard, body)
	require.ErrorContains(t, err, "Too many large bodies")
	require.WithinDuration(t, time.Now(), last(w.reads), 10*time.Minute)
	require.True(t, last(w.reads).After(time.Now().Add(-time.Minute)))
}

// part is what a body must bring to make progress.
const part = 16 << 10

// TestWhoWasKnownWaits has the room be full. A caller who could prove who he is, and has not, is asked to; one who has waits as others do, instead
// of being asked again and again.
func TestWhoWasKnownWaits(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: ever, Stall: ever, Patience: ever})
	holds := slack(t, bodies, 700<<10, 8<<10)
	var strangers []*door.Body
	for range 4 { // and that of strangers
		stranger := bodies.Guard(httptest.NewRecorder(), posted(door.UnknownBody, part))
		_, err := io.CopyN(io.Discard, stranger, 8<<10)
		require.NoError(t, err)
		strangers = append(strangers, stranger)
	}
	body := bodies.Guard(httptest.NewRecorder(), posted(100<<10, part))
	defer body.Release()
	body.Provable = true
	_, err := io.Copy(io.Discard, body)
	require.ErrorIs(t, err, door.ErrUnknownCaller)
	small := bodies.Guard(httptest.NewRecorder(), posted(32<<10, part))
	defer small.Release()
	small.Provable = true
	_, err = io.Copy(io.Discard, small)
	require.ErrorIs(t, err, door.ErrUnknownCaller, "there is no room for strangers")
	body.Allow(mebi)
	read := make(chan error)
	go func() { _, err := io.Copy(io.Discard, body); read <- err }()
	require.Eventually(t, func() bool { return bodies.Waiting() == 1 }, patience, time.Millisecond)
	holds.Release()
	require.NoError(t, <-read)
	for _, s := range strangers {
		s.Release()
	}
}

// TestWhoGivesUpLetsTheNextIn has a large body wait and give up, and a small one that waits behind it and for which there is room all the time.
func TestWhoGivesUpLetsTheNextIn(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: ever, Stall: ever, Patience: 200 * time.Millisecond})
	slack(t, bodies, 600<<10, 8<<10)
	read := func(size int) chan error {
		body := bodies.Guard(httptest.NewRecorder(), posted(size, part))
		body.Allow(mebi)
		done := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, body)
			body.Release()
			done <- err
		}()
		return done
	}
	large := read(700 << 10)
	require.Eventually(t, func() bool { return bodies.Waiting() == 1 || len(large) == 1 }, patience, time.Millisecond)
	bodies.SetPatience(ever)
	small := read(100 << 10)
	require.ErrorContains(t, <-large, "Too many large bodies")
	require.NoError(t, <-small)
}

// TestTheOneLongestWithoutProgressGivesWay has two bodies hold all room, the first of which comes on. This goes twice: what gave way the first time
// counts no more the second.
func TestTheOneLongestWithoutProgressGivesWay(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: ever, Stall: time.Millisecond, Patience: ever})
	for range 2 {
		w := newWatched()
		first := bodies.Guard(w, posted(380<<10, part))
		first.Allow(mebi)
		_, err := io.CopyN(io.Discard, first, 8<<10)
		require.NoError(t, err)
		second, before := slack(t, bodies, 380<<10, 8<<10), bodies.Stalled()
		_, err = io.CopyN(io.Discard, first, 64<<10)
		require.NoError(t, err)
		third := bodies.Guard(httptest.NewRecorder(), posted(300<<10, part))
		third.Allow(mebi)
		read := make(chan error)
		go func() { _, err := io.Copy(io.Discard, third); read <- err }()
		require.Eventually(t, func() bool { return bodies.Stalled() > before }, patience, time.Millisecond)
		second.Release()
		require.NoError(t, <-read)
		require.EqualValues(t, before+1, bodies.Stalled())
		_, err = io.Copy(io.Discard, first)
		require.NoError(t, err, "who came on is not the one")
		require.Zero(t, last(w.reads))
		first.Release()
		third.Release()
		require.Zero(t, bodies.Used())
	}
}

// TestWhoGaveWayGetsNoMore: neither time nor room, whatever still comes.
func TestWhoGaveWayGetsNoMore(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: ever, Stall: time.Millisecond, Patience: ever})
	w := newWatched()
	r := posted(760<<10, part)
	r.ContentLength = -1
	slow := bodies.Guard(w, r)
	slow.Allow(mebi)
	_, err := io.CopyN(io.Discard, slow, 700<<10)
	require.NoError(t, err)
	other := bodies.Guard(httptest.NewRecorder(), posted(600<<10, part))
	other.Allow(mebi)
	read := make(chan error)
	go func() { _, err := io.Copy(io.Discard, other); read <- err }()
	require.Eventually(t, func() bool { return bodies.Stalled() == 1 }, patience, time.Millisecond)
	_, err = io.Copy(io.Discard, slow)
	require.ErrorContains(t, err, "came too slowly while others waited")
	require.False(t, errors.Is(err, door.ErrUnknownCaller))
	require.True(t, last(w.reads).Before(time.Now()), "its connection reads no more")
	slow.Release()
	require.NoError(t, <-read)
	other.Release()
	require.Zero(t, bodies.Used())
}

// TestWhoHasSomeAndWaitsForMoreIsNotSlow has a body of untold length hold room and wait for more, which will come when another is done.
func TestWhoHasSomeAndWaitsForMoreIsNotSlow(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: ever, Stall: time.Millisecond, Patience: ever})
	whole := slack(t, bodies, 600<<10, 600<<10)
	_, err := whole.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	looks := bodies.CountLooks()
	r := posted(300<<10, part)
	r.ContentLength = -1
	body := bodies.Guard(httptest.NewRecorder(), r)
	defer body.Release()
	body.Allow(mebi)
	read := make(chan error)
	go func() { _, err := io.Copy(io.Discard, body); read <- err }()
	require.Eventually(t, func() bool { return bodies.Waiting() == 1 }, patience, time.Millisecond)
	before := looks()
	require.Eventually(t, func() bool { return looks() > before+3 }, patience, time.Millisecond)
	require.Zero(t, bodies.Stalled())
	whole.Release()
	require.NoError(t, <-read)
}
