package gateway_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/dataplane/desired"
	"github.com/fluent-oms/fluent/dataplane/gateway"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// nodesAnswer is one of a node to a nested read, as nodes write it.
var nodesAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 1500\r\nContent-Type: application/json\r\nX-Request-Id: 0123456789abcdef01234567\r\nDate: Sat, 28 Nov 2026 05:00:00 GMT\r\n\r\n" +
	strings.Repeat("x", 1500)

// clientsRequest is a client's.
var clientsRequest = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer " + strings.Repeat("t", 500) + "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" +
	strings.Repeat("q", 500)

// talk sends a text again and again, and reads what comes back after each, which costs no memory.
type talk struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	says []byte
}

// until reads what has a length of its own: a head that tells of it, and what follows.
func (k *talk) until() bool {
	length := 0
	for {
		line, err := k.r.ReadSlice('\n')
		if err != nil {
			return false
		}
		if len(line) <= 2 {
			break
		}
		if name := "Content-Length: "; len(line) > len(name) && string(line[:len(name)]) == name {
			length = 0
			for _, c := range line[len(name) : len(line)-2] {
				length = 10*length + int(c-'0')
			}
		}
	}
	_, err := k.r.Discard(length)
	return err == nil
}

func (k *talk) say() bool {
	_, err := k.conn.Write(k.says)
	return err == nil
}

// answering is a node that answers the same to all, at no cost to speak of.
func answering(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go func() {
				k := &talk{t: t, conn: c, r: bufio.NewReaderSize(c, 8<<10), says: []byte(nodesAnswer)}
				for k.until() && k.say() { // ends with the connection
				}
			}()
		}
	}()
	return l.Addr().String()
}

// standing is the door of a gateway process, over one such node.
func standing(t testing.TB) string {
	state, err := desired.Open("")
	require.NoError(t, err)
	for _, r := range []*nodev1.Resource{
		{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: "ACME", State: "ACTIVE", Hosts: []string{"127.0.0.1"}}}},
		{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: "n1", Kind: "node", State: "READY", Address: answering(t)}}},
	} {
		state.Apply(&nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Resource: r}}})
	}
	log := slog.New(slog.DiscardHandler)
	l, err := door.Listen("127.0.0.1:0", door.Port{Name: "tenants"})
	require.NoError(t, err)
	server := door.NewServer(gateway.New(state, gateway.Settings{Failures: door.StandardFailures}, log), door.StandardTimes(), false, log)
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

func asking(t testing.TB, address string) *talk {
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return &talk{t: t, conn: c, r: bufio.NewReaderSize(c, 8<<10), says: []byte(clientsRequest)}
}

// BenchmarkProxy measures what a gateway adds to a small request and a small answer, and beside it what node and client take without one.
//
//	GOGC=400 go test ./dataplane/gateway -run - -bench Proxy
func BenchmarkProxy(b *testing.B) {
	for name, address := range map[string]string{"direct": answering(b), "gateway": standing(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(4)
			before := cpu(b)
			b.RunParallel(func(pb *testing.PB) {
				k := asking(b, address)
				for pb.Next() {
					if !k.say() || !k.until() {
						b.Error("no answer")
						return
					}
				}
			})
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the processor time that this process has taken.
func cpu(t testing.TB) time.Duration {
	var use syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// TestAGatewayTakesLittle counts the allocations of a request that is sent on, and looks at all of the answer once.
func TestAGatewayTakesLittle(t *testing.T) {
	k := asking(t, standing(t))
	require.True(t, k.say())
	res, err := http.ReadResponse(k.r, nil)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("x", 1500), string(body))
	require.Equal(t, http.Header{"Content-Length": {strconv.Itoa(1500)}, "Content-Type": {"application/json"}, "X-Request-Id": {"0123456789abcdef01234567"},
		"Date": {"Sat, 28 Nov 2026 05:00:00 GMT"}}, res.Header)
	fewest := uint64(1 << 62)
	for range 10 { // other tests run beside it: the best of some rounds is the request's own
		const requests = 100
		before := mallocs()
		for range requests {
			require.True(t, k.say() && k.until())
		}
		fewest = min(fewest, (mallocs()-before)/requests)
	}
	t.Logf("%d allocations", fewest)
	require.LessOrEqual(t, fewest, uint64(50))
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
