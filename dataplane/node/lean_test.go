package node_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/node"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/uplink/planetest"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// asker sends one request again and again over a connection of its own, which costs it no memory.
type asker struct {
	t       testing.TB
	conn    net.Conn
	r       *bufio.Reader
	request []byte
	body    []byte
}

// ask gives the answer's body, which is good until the next one.
func (a *asker) ask() []byte {
	if _, err := a.conn.Write(a.request); err != nil {
		a.t.Fatalf("send a request: %v", err)
	}
	length, status := -1, ""
	for {
		line, err := a.r.ReadSlice('\n')
		if err != nil {
			a.t.Fatalf("read an answer: %v", err)
		}
		if len(line) <= 2 {
			break
		}
		if status == "" {
			if status = "good"; string(line[:12]) != "HTTP/1.1 200" {
				status = string(line)
			}
		}
		if name := "Content-Length: "; len(line) > len(name) && string(line[:len(name)]) == name {
			length = 0
			for _, c := range line[len(name) : len(line)-2] {
				length = length*10 + int(c-'0')
			}
		}
	}
	if length < 0 || length > len(a.body) {
		a.t.Fatalf("an answer of %d bytes", length)
	}
	if _, err := io.ReadFull(a.r, a.body[:length]); err != nil || status != "good" {
		a.t.Fatalf("%s%s: %v", status, a.body[:length], err)
	}
	return a.body[:length]
}

// whole is a node that serves one account, at its port as gateways reach it and at its own door, and a token for the account's API user.
type whole struct {
	t          testing.TB
	port, door string
	token      string
}

func newWhole(t testing.TB) *whole {
	t.Helper()
	dsn := dbtest.Template(t, "lean", storetest.Migrate)
	db := storetest.Open(t, dsn, store.Options{})
	require.NoError(t, db.Write(t.Context(), storetest.ScopeOf(t, "ACCOUNT1"), func(tx *store.Tx) error {
		admin := &security.Role{Name: "ADMIN"}
		admin.ID = "1"
		user := &security.User{Ref: "api", Username: "api", Type: security.APIUser, Status: "ACTIVE", FirstName: "A", PrimaryEmail: "x@example.com", Timezone: "UTC",
			Roles: []security.UserRole{{RoleID: "1", Contexts: []security.RoleContext{{ContextType: "ACCOUNT", ContextID: "0"}}}}}
		user.ID = "1"
		tx.Insert(admin, user)
		return nil
	}))
	plane := planetest.New(t)
	gateway := func(yield func(*nodev1.Resource) bool) {
		yield(&nodev1.Resource{Kind: &nodev1.Resource_Peer{Peer: &nodev1.Peer{NodeId: "g1", Kind: "gateway", Address: "127.0.0.1:1", State: "READY"}}})
	}
	plane.Say(planetest.Snapshot(1, planetest.Environment(dsn), planetest.Tenants(1, 1, nil), gateway))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	door := l.Addr().String()
	require.NoError(t, l.Close())
	address, _ := run(t, node.Config{Dir: t.TempDir(), Servers: []string{plane.URL}, JoinToken: plane.Token, Door: node.Door{Listen: door}})
	w := &whole{t: t, port: address, door: door}
	res, err := http.PostForm("http://"+address+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"ACCOUNT1"}, "client_secret": {"ACCOUNT1"}})
	require.NoError(t, err)
	var answer struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	require.NoError(t, res.Body.Close())
	require.NotEmpty(t, answer.Token)
	w.token = answer.Token
	return w
}

// asks makes an asker of a GraphQL document at one of the node's addresses; further headers are given whole.
func (w *whole) asks(address, query string, headers ...string) *asker {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"id": "4711"}})
	require.NoError(w.t, err)
	c, err := net.Dial("tcp", address)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = c.Close() })
	require.NoError(w.t, c.SetDeadline(time.Now().Add(10*time.Minute)))
	head := "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + w.token + "\r\nContent-Type: application/json\r\n"
	for _, h := range headers {
		head += h + "\r\n"
	}
	return &asker{t: w.t, conn: c, r: bufio.NewReaderSize(c, 16<<10), body: make([]byte, 64<<10),
		request: []byte(head + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + string(body))}
}

// readOrder is a nested read of an order. With false for %v it asks nothing of the database.
const readOrder = `query Read($id: ID!, $rows: Boolean = %v) { __typename orderById(id: $id) @include(if: $rows) { id ref type status totalPrice createdOn
	items { edges { node { id ref status quantity price paidPrice } } }
	fulfilments { edges { node { id ref type status eta
		items { edges { node { id ref status requestedQuantity filledQuantity } } } } } } } }`

// gatewaysHeaders are those that a gateway adds.
var gatewaysHeaders = []string{"X-Request-Id: 0123456789abcdef01234567", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: 127.0.0.1:8080", "X-Forwarded-Proto: http"}

// BenchmarkRequest measures a whole node, the database left out but in the last, with its clients in the same process:
//
//	GOGC=400 go test ./dataplane/node -run - -bench Request
func BenchmarkRequest(b *testing.B) {
	w := newWhole(b)
	for _, c := range []struct {
		name, at string
		rows     bool
		headers  []string
	}{{"gateway", w.port, false, gatewaysHeaders}, {"door", w.door, false, nil}, {"gateway-rows", w.port, true, gatewaysHeaders}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(4)
			before := cpu(b)
			b.RunParallel(func(pb *testing.PB) {
				a := w.asks(c.at, fmt.Sprintf(readOrder, c.rows), c.headers...)
				for pb.Next() {
					a.ask()
				}
			})
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the processor time that this process has taken, the test's own part included.
func cpu(t testing.TB) time.Duration {
	var use syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// TestARequestTakesLittle counts what a read takes in a whole node besides the exchange with the database: allocations, and calls of the system.
func TestARequestTakesLittle(t *testing.T) {
	w := newWhole(t)
	for _, c := range []struct {
		name, at       string
		headers        []string
		allocs, writes float64
	}{{"as a gateway sends it", w.port, gatewaysHeaders, 66, 1}, {"at its own door", w.door, nil, 62, 1}} {
		a := w.asks(c.at, fmt.Sprintf(readOrder, false), c.headers...)
		for range 10 { // the document is kept from the second time on
			require.JSONEq(t, `{"data":{"__typename":"Query"}}`, string(a.ask()))
		}
		allocs, writes := math.Inf(1), math.Inf(1)
		for range 10 { // the node has other things to do as well: the best of some rounds is the request's own
			const requests = 100
			before, wrote := mallocs(), written(t)
			for range requests {
				a.ask()
			}
			allocs, writes = min(allocs, float64(mallocs()-before)/requests), min(writes, float64(written(t)-wrote)/requests-1)
		}
		t.Logf("%s: %.1f allocations, %.2f writes", c.name, allocs, writes)
		require.LessOrEqual(t, allocs, c.allocs, c.name)
		require.LessOrEqual(t, writes, c.writes+0.5, c.name)
	}
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// written is how often this process has called write; zero on systems that do not tell.
func written(t testing.TB) (calls int64) {
	text, err := os.ReadFile("/proc/self/io")
	if os.IsNotExist(err) {
		return 0
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if n, found := strings.CutPrefix(line, "syscw: "); found {
			calls, err = strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			require.NoError(t, err)
		}
	}
	return calls
}
