package door_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

// crowdedRoom is room for 768 KiB of known callers' bodies of which one holds 600.
func crowdedRoom(t *testing.T) (bodies *door.Bodies, url string, end func()) {
	t.Helper()
	bodies, s := reading(t, door.BodyLimits{Total: mebi, Progress: ever, Stall: ever, Patience: ever})
	first := holdBack(t, s.URL, 1, 600<<10, "Known: 1\r\n")
	require.Eventually(t, func() bool { return bodies.Used() == 600<<10-4<<10 }, time.Minute, time.Millisecond)
	return bodies, s.URL, func() {
		_, err := first[0].Write([]byte("x"))
		require.NoError(t, err)
		require.Equal(t, map[int]int{200: 1}, answers(t, first))
	}
}

// TestNobodyOvertakesWhoWaitsForRoom has a small body come after a large one for which there is no room: were small ones let in for as long as
// they fit, the large one would never be.
func TestNobodyOvertakesWhoWaitsForRoom(t *testing.T) {
	t.Parallel()
	bodies, url, end := crowdedRoom(t)
	ended := make(chan int, 2)
	for i, size := range []int{700 << 10, 20 << 10} {
		go func() {
			status, _ := send(t, url, size, true)
			ended <- status
		}()
		require.Eventually(t, func() bool { return bodies.Waiting() == i+1 }, patience, time.Millisecond)
	}
	end()
	require.Equal(t, 200, <-ended)
	require.Equal(t, 200, <-ended)
}

// TestWhoGivesUpLetsThoseBehindHimIn has a large body wait in vain, and a small one behind it for which there is room once it is gone, though the
// large one's request goes on for a while.
func TestWhoGivesUpLetsThoseBehindHimIn(t *testing.T) {
	t.Parallel()
	bodies, _, end := crowdedRoom(t)
	bodies.SetPatience(time.Second)
	ask := func(size int) <-chan error {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, size)))
		body := bodies.Guard(httptest.NewRecorder(), r)
		t.Cleanup(body.Release)
		body.Allow(2 * mebi)
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, body)
			ended <- err
		}()
		require.Eventually(t, func() bool { return bodies.Waiting() > 0 || len(ended) > 0 }, patience, time.Millisecond)
		return ended
	}
	hear := func(ended <-chan error) error {
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			return errors.New("nobody goes on")
		}
	}
	large := ask(700 << 10)
	bodies.SetPatience(ever)
	small := ask(20 << 10)
	require.ErrorContains(t, hear(large), "Too many large bodies")
	require.NoError(t, hear(small))
	end()
}

// slack is a body of a known caller that brings so much and then nothing, whatever is done to its connection. It returns when it has brought it.
func slack(t *testing.T, bodies *door.Bodies, size, brings int) *door.Body {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, brings)))
	r.ContentLength = int64(size)
	body := bodies.Guard(httptest.NewRecorder(), r)
	t.Cleanup(body.Release)
	body.Allow(2 * mebi)
	_, err := io.ReadFull(body, make([]byte, brings))
	require.NoError(t, err)
	return body
}

// TestNoMoreGiveWayThanIsNeeded has a body wait for what one of three that stall has, and that one take its time to give it back.
func TestNoMoreGiveWayThanIsNeeded(t *testing.T) {
	t.Parallel()
	bodies := door.NewBodies(door.BodyLimits{Total: mebi, Progress: ever, Stall: time.Millisecond, Patience: ever})
	looks := bodies.CountLooks()
	var all []*door.Body
	for range 3 { // all of the room
		all = append(all, slack(t, bodies, 256<<10+4<<10, 8<<10))
	}
	read := make(chan error)
	go func() {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(make([]byte, 200<<10)))
		body := bodies.Guard(httptest.NewRecorder(), r)
		defer body.Release()
		body.Allow(mebi)
		_, err := io.Copy(io.Discard, body)
		read <- err
	}()
	require.Eventually(t, func() bool { return bodies.Stalled() > 0 }, patience, time.Millisecond)
	before := looks()
	require.Eventually(t, func() bool { return looks() > before+3 }, patience, time.Millisecond)
	require.EqualValues(t, 1, bodies.Stalled())
	all[0].Release()
	require.NoError(t, <-read)
}

// TestWhoWaitsForOthersThatWillBeDoneIsNotCut has two bodies wait for one that is here, and whose request is under way.
func TestWhoWaitsForOthersThatWillBeDoneIsNotCut(t *testing.T) {
	t.Parallel()
	bodies, s := reading(t, door.BodyLimits{Total: mebi, Progress: ever, Stall: time.Millisecond, Patience: ever})
	looks := bodies.CountLooks()
	whole := slack(t, bodies, 600<<10, 600<<10)
	_, err := whole.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	ended := make(chan int, 2)
	for range 2 {
		go func() {
			status, _ := send(t, s.URL, 300<<10, true)
			ended <- status
		}()
	}
	require.Eventually(t, func() bool { return bodies.Waiting() == 2 }, patience, time.Millisecond)
	before := looks()
	require.Eventually(t, func() bool { return looks() > before+3 }, patience, time.Millisecond)
	require.Equal(t, 2, bodies.Waiting())
	whole.Release()
	require.Equal(t, 200, <-ended)
	require.Equal(t, 200, <-ended)
}
