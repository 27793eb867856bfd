package door_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

func TestOneClientBehindAProxyDoesNotGetAll(t *testing.T) {
	t.Parallel()
	networks, err := door.ParseProxies("10.0.0.0/8")
	require.NoError(t, err)
	crowd := door.NewCrowd(door.Proxies{Networks: networks}, 2)
	entered, leave := make(chan struct{}), make(chan struct{})
	handler := crowd.Handler(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-leave }),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }),
	)
	ended := make(chan int)
	send := func(peer, client string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer + ":5000"
		if client != "" {
			r.Header.Set("X-Forwarded-For", client)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		ended <- w.Code
	}
	under := 0
	taken := func(peer, client string) {
		go send(peer, client)
		<-entered // blocks for ever if it was refused
		under++
	}
	taken("10.0.0.1", "203.0.113.9")
	taken("10.0.0.2", "203.0.113.9")
	go send("10.0.0.1", "203.0.113.9")
	require.Equal(t, http.StatusTooManyRequests, <-ended, "a third one, over whichever proxy")
	taken("10.0.0.1", "203.0.113.10")
	for range 3 {
		taken("10.0.0.1", "")             // the proxy itself, which asks how we are
		taken("192.0.2.1", "203.0.113.9") // no proxy: its connections are limited, and what it says is not believed
	}
	require.Equal(t, int64(1), crowd.Shed())
	for range under {
		leave <- struct{}{}
		require.Equal(t, http.StatusOK, <-ended)
	}
	taken("10.0.0.1", "203.0.113.9")
	leave <- struct{}{}
	<-ended
}

// TestARequestThatBreaksOffLeavesItsPlace has the handler end as proxies do whose answer cannot be sent whole.
func TestARequestThatBreaksOffLeavesItsPlace(t *testing.T) {
	t.Parallel()
	networks, err := door.ParseProxies("10.0.0.0/8")
	require.NoError(t, err)
	crowd := door.NewCrowd(door.Proxies{Networks: networks}, 1)
	handler := crowd.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), http.NotFoundHandler())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:5000"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	for range 3 {
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { handler.ServeHTTP(httptest.NewRecorder(), r) })
	}
	require.Zero(t, crowd.Shed())
}

// TestNoLimitIsNoLimit passes on whatever comes.
func TestNoLimitIsNoLimit(t *testing.T) {
	t.Parallel()
	networks, err := door.ParseProxies("10.0.0.0/8")
	require.NoError(t, err)
	handler := door.NewCrowd(door.Proxies{Networks: networks}, 0).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), http.NotFoundHandler())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:5000"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
}
