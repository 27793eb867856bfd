package outbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/outbound"
)

func get(t *testing.T, c *http.Client, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.Status + " " + string(body), err
}

// TestNothingPrivateIsReached: whatever way an address is written, and whatever a name leads to.
func TestNothingPrivateIsReached(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(server.Close)
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	client := outbound.Policy{}.Client(5 * time.Second)
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:db8::1]",
	} {
		for _, scheme := range []string{"https://", "http://"} {
			_, err := get(t, client, scheme+host+port)
			require.ErrorIs(t, err, outbound.ErrAddress, scheme+host)
		}
	}
	require.Zero(t, asked)
	_, err := get(t, client, "http://192.0.9.9/")
	require.ErrorIs(t, err, outbound.ErrAddress, "a public address without TLS")
}

// TestWhatTheOperatorAllowsIsReached, and nobody is led on from there.
func TestWhatTheOperatorAllowsIsReached(t *testing.T) {
	t.Parallel()
	var other *httptest.Server
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/long":
			_, _ = io.WriteString(w, strings.Repeat("x", outbound.MaxAnswer+1))
		case "/most":
			_, _ = io.WriteString(w, strings.Repeat("x", outbound.MaxAnswer))
		case "/hangs":
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, "here")
		}
	}))
	t.Cleanup(server.Close)
	other = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "elsewhere") }))
	t.Cleanup(other.Close)
	policy := outbound.Policy{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	client := policy.Client(time.Minute)
	got, err := get(t, client, server.URL)
	require.NoError(t, err)
	require.Equal(t, "200 OK here", got)
	got, err = get(t, client, server.URL+"/away")
	require.NoError(t, err)
	require.NotContains(t, got, "elsewhere")
	got, err = get(t, client, server.URL+"/most")
	require.NoError(t, err)
	require.Len(t, got, outbound.MaxAnswer+len("200 OK "))
	_, err = get(t, client, server.URL+"/long")
	require.ErrorIs(t, err, outbound.ErrTooLong)
	_, err = get(t, policy.Client(50*time.Millisecond), server.URL+"/hangs")
	require.Error(t, err)
	_, err = get(t, client, "http://10.1.2.3/")
	require.ErrorIs(t, err, outbound.ErrAddress)
}
