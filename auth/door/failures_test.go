package door_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

func TestSourcesThatOnlyFailAreRefused(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	f := door.NewFailures(60, slog.New(slog.NewJSONHandler(&out, nil)))
	f.StopClock()
	bad, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("203.0.113.9")
	neighbour := netip.MustParseAddr("2001:db8::ffff:2")
	f.Note(bad, "Bearer good", 200)
	for range 60 {
		require.True(t, f.Admits(bad, ""))
		for _, status := range []int{200, 404, 409, 500, 503, 429} {
			f.Note(bad, "Bearer good", status) // somebody known, or nobody's fault
		}
		f.Note(bad, "", 429)
		f.Note(bad, "", 200)
		f.Note(bad, "Bearer forged", 401)
		f.Note(bad, "Bearer forged", 503) // says nothing of who called
	}
	const refused = 1000
	for range refused / 2 {
		require.False(t, f.Admits(bad, "Bearer forged"))
		require.False(t, f.Admits(neighbour, ""), "who has one address there has all of them")
	}
	require.True(t, f.Admits(bad, "Bearer good"), "who was known a moment ago")
	require.True(t, f.Admits(other, ""))
	require.Equal(t, 1, strings.Count(out.String(), "\n"), "%s", out.String())
	f.Note(other, "", 404)
	require.True(t, f.Admits(other, ""))
}

// TestFailuresAreForgottenWithTime steps through the seconds after a source has failed too often, and through what the log hears of it.
func TestFailuresAreForgottenWithTime(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	f := door.NewFailures(60, slog.New(slog.NewJSONHandler(&out, nil)))
	step := f.StopClock()
	from := netip.MustParseAddr("203.0.113.9")
	// more is how many failures pass before the source is refused.
	more := func(credential string, status int) (n int) {
		for f.Admits(from, credential) {
			f.Note(from, credential, status)
			n++
			require.LessOrEqual(t, n, 1000, "it is never refused")
		}
		return n
	}
	require.Equal(t, 60, more("", 404), "without a credential every answer that says no counts")
	require.Contains(t, out.String(), `"requests":1,"last_source":"203.0.113.9","allowed_per_minute":60`)
	out.Reset()
	step(time.Second / 2)
	require.Zero(t, more("", 404))
	step(time.Second / 2)
	require.Equal(t, 1, more("Bearer forged", 401))
	step(30 * time.Second)
	require.Equal(t, 30, more("", 400))
	require.Empty(t, out.String(), "once a minute")
	step(29 * time.Second)
	require.Equal(t, 29, more("Bearer forged", 401))
	require.Contains(t, out.String(), `"requests":4,`, "all that it has not heard of")
	step(time.Hour)
	require.Equal(t, 60, more("Bearer forged", 401), "nothing is saved up")
	require.Contains(t, out.String(), `"requests":1,`)
	step(time.Hour)
	for _, status := range []int{403, 404, 409, 422} {
		for range 100 {
			f.Note(from, "Bearer another", status)
		}
	}
	require.Equal(t, 60, more("", 405), "who shows a credential and is not refused for it is none of those")
	for _, status := range []int{500, 503} {
		f.Note(from, "Bearer another", status)
	}
	require.False(t, f.Admits(from, "Bearer another"), "nor is he known for good")
	f.Note(from, "Bearer another", 204)
	require.True(t, f.Admits(from, "Bearer another"))
}

func TestWhatIsRememberedOfFailuresIsBounded(t *testing.T) {
	t.Parallel()
	f := door.NewFailures(1, slog.New(slog.DiscardHandler))
	for i := range 100_000 {
		source := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		f.Note(source, fmt.Sprint("Bearer ", i), 200)
		f.Note(source, "", 401)
	}
	sources, credentials := f.Remembered()
	require.LessOrEqual(t, sources, 8192)
	require.LessOrEqual(t, credentials, 16384)
	none := door.NewFailures(0, slog.New(slog.DiscardHandler))
	for range 1000 {
		none.Note(netip.Addr{}, "", 401)
		require.True(t, none.Admits(netip.Addr{}, ""))
	}
}

// A handler of a process refuses who only fails, and looks at neither its own processes nor those who sign in.
func TestProcessesRefuseSourcesThatOnlyFail(t *testing.T) {
	t.Parallel()
	f := door.NewFailures(3, quietLog())
	f.StopClock()
	served := 0
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served++
		if r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		require.NoError(t, http.NewResponseController(w).Flush(), "streams reach the connection")
	})
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	handler := f.Handler(next, refuse, door.Proxies{}, func(r *http.Request) bool { return r.URL.Path == "/login" })
	call := func(path, from, credential string) int {
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.RemoteAddr = from + ":1"
		r.Header.Set("Authorization", credential)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	require.Equal(t, http.StatusOK, call("/", "192.0.2.1", "Bearer good"))
	for range 3 {
		require.Equal(t, http.StatusUnauthorized, call("/", "192.0.2.1", "Bearer bad"))
		require.Equal(t, http.StatusUnauthorized, call("/login", "192.0.2.2", ""))
	}
	require.Equal(t, http.StatusTooManyRequests, call("/", "192.0.2.1", "Bearer bad"))
	require.Equal(t, http.StatusOK, call("/", "192.0.2.1", "Bearer good"), "who was known a moment ago")
	require.Equal(t, http.StatusUnauthorized, call("/login", "192.0.2.1", ""))
	require.Equal(t, http.StatusUnauthorized, call("/", "192.0.2.2", ""), "signing in is no failure here")
	require.Equal(t, 10, served)

	free := door.NewFailures(0, quietLog()).Handler(next, refuse, door.Proxies{}, func(*http.Request) bool { return false })
	for range 5 {
		w := httptest.NewRecorder()
		free.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		require.Equal(t, http.StatusUnauthorized, w.Code, "0 is no limit")
	}
}
