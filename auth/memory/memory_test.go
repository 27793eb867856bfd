package memory_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/memory"
)

// childVariable makes the test's binary the process that a test limits.
const childVariable = "FLUENT_MEMORY_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// child serves: POST /hold?MiB takes memory that stays alive, POST /drop lets it go, GET /work is what is shed, /readyz is not.
func child() {
	var o memory.Option
	if err := o.Set(os.Getenv(childVariable)); err != nil {
		panic(err)
	}
	limit, _, err := memory.Decide(o, memory.NodeShare)
	if err != nil {
		panic(err)
	}
	memory.Apply(limit)
	g := memory.NewGuard(memory.Limit(), slog.New(slog.NewTextHandler(os.Stderr, nil)), nil)
	go g.Run(context.Background())
	registry := prometheus.NewRegistry()
	registry.MustRegister(g)
	var mu sync.Mutex
	var held [][]byte
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hold", func(_ http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.RawQuery)
		mu.Lock()
		defer mu.Unlock()
		held = append(held, make([]byte, n<<20))
	})
	mux.HandleFunc("POST /drop", func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		held = nil
	})
	mux.HandleFunc("GET /work", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, g.Short()) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(http.Serve(l, g.Handler(mux, refuse, func(r *http.Request) bool { return r.URL.Path != "/work" })))
}

func TestAProcessShedsNearItsLimitAndRecovers(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=128MiB")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	ask := func(method, path string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+strings.TrimSpace(address)+path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res, string(body)
	}
	works := func() bool { res, _ := ask("GET", "/work"); return res.StatusCode == http.StatusOK }

	require.True(t, works())
	ask("POST", "/hold?90") // three quarters: no reason yet
	require.True(t, works())
	ask("POST", "/hold?36")
	require.Eventually(t, func() bool { return !works() }, time.Minute, 10*time.Millisecond)
	res, _ := ask("GET", "/work")
	require.Equal(t, "1", res.Header.Get("Retry-After"))
	res, why := ask("GET", "/readyz")
	require.Equal(t, http.StatusOK, res.StatusCode, "what is spared is answered")
	require.Contains(t, why, "of 128 MiB of memory")
	_, shed := ask("GET", "/metrics")
	require.Contains(t, shed, "\nfluent_memory_limit_bytes 1.34217728e+08")
	require.NotContains(t, shed, "\nfluent_memory_shed_total 0")

	ask("POST", "/drop")
	require.Eventually(t, works, time.Minute, 10*time.Millisecond)
	_, why = ask("GET", "/readyz")
	require.Empty(t, why)
}

func TestOptionsThatSayHowMuch(t *testing.T) {
	total, err := memory.Total()
	require.NoError(t, err)
	require.Greater(t, total, int64(64<<20))
	for _, c := range []struct {
		text, environment string
		want              int64
		from              memory.Source
	}{
		{"512MiB", "", 512 << 20, memory.FromOption},
		{"1.5GiB", "", 3 << 29, memory.FromOption},
		{memory.Bytes(100 << 20), "", 100 << 20, memory.FromOption},
		{"25%", "", total / 4, memory.FromOption},
		{"25%", "1GiB", total / 4, memory.FromOption},
		{"", "1GiB", memory.Limit(), memory.FromEnvironment}, // the runtime has read it, or not, when this process began
		{"", "", int64(float64(total) * memory.GatewayShare), memory.FromShare},
	} {
		t.Setenv("GOMEMLIMIT", c.environment)
		var o memory.Option
		if c.text != "" {
			require.NoError(t, o.Set(c.text), c.text)
		}
		limit, from, err := memory.Decide(o, memory.GatewayShare)
		require.NoError(t, err)
		require.Equal(t, c.from, from, c.text)
		require.InDelta(t, c.want, limit, 1, c.text)
	}
	for _, wrong := range []string{"", "12", "-1MiB", "0%", "101%", "NaN%", "1MiB", "NaNGiB", "99999999TiB", "lots"} {
		require.Error(t, new(memory.Option).Set(wrong), wrong)
	}
	require.InDelta(t, memory.Together, memory.ServerShare+memory.GatewayShare+memory.NodeShare, 1e-9)
	require.InDelta(t, memory.Together, memory.ServerShare+memory.GatewayShare+memory.HostShare, 1e-9)
}
