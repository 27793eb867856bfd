package trust_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
)

// whoami answers with the name of its caller.
func whoami(w http.ResponseWriter, r *http.Request) {
	id, ok := trust.Caller(r.Context())
	if !ok {
		_, _ = io.WriteString(w, "nobody")
		return
	}
	_, _ = io.WriteString(w, id.String())
}

func serve(t *testing.T, party trust.Party) *httptest.Server {
	t.Helper()
	web := trusttest.Serve(t, trusttest.Listen(t), party, http.HandlerFunc(whoami))
	t.Cleanup(web.Close)
	return web
}

func ask(client *http.Client, url string, header ...string) (string, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestBothEndsKnowEachOther(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	web := serve(t, cluster.Server("cp1"))
	node := cluster.Identity(trust.NodeKind, "n1")
	client := trust.NewClient(cluster.Party(node), trust.Kinds(trust.ServerKind))
	got, err := ask(client, trust.URL(web.URL))
	require.NoError(t, err)
	require.Equal(t, "fluent://one/environment/shared/node/n1", got)
	got, err = ask(http.DefaultClient, web.URL)
	require.NoError(t, err)
	require.Equal(t, "nobody", got, "the same port answers plain HTTP, and nobody is believed there")
	got, err = ask(http.DefaultClient, web.URL, trust.CallerHeader, node.String())
	require.NoError(t, err)
	require.Equal(t, "nobody", got)
	got, err = ask(client, trust.URL(web.URL), trust.CallerHeader, cluster.Identity(trust.HostKind, "h").String())
	require.NoError(t, err)
	require.Equal(t, node.String(), got, "a node speaks for itself only")
	server := trust.NewClient(cluster.Server("cp2"), trust.Kinds(trust.ServerKind))
	got, err = ask(server, trust.URL(web.URL), trust.CallerHeader, node.String())
	require.NoError(t, err)
	require.Equal(t, node.String(), got, "a server passes a node's call on")
	got, err = ask(server, trust.URL(web.URL), trust.CallerHeader, trust.Nobody)
	require.NoError(t, err)
	require.Equal(t, "nobody", got, "what a server passes on for somebody without a certificate is not its own")
	got, err = ask(server, trust.URL(web.URL), trust.CallerHeader, "fluent://two/host/h")
	require.NoError(t, err)
	require.Contains(t, got, "another cluster")
	_, err = ask(client, web.URL)
	require.ErrorContains(t, err, "https only")
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	cluster, twin, other := trusttest.New(t, "one"), trusttest.New(t, "one"), trusttest.New(t, "two")
	web := serve(t, cluster.Server("cp1"))
	node := cluster.Identity(trust.NodeKind, "n1")
	call := func(party trust.Party, expect trust.Expect) error {
		_, err := ask(trust.NewClient(party, expect), trust.URL(web.URL))
		return err
	}
	// Whom the caller refuses.
	require.ErrorContains(t, call(other.Party(other.Identity(trust.NodeKind, "n1")), trust.Anybody), "of the cluster one, and this is two")
	require.ErrorContains(t, call(twin.Party(node), trust.Anybody), "unknown authority")
	require.ErrorContains(t, call(cluster.Party(node), trust.Exactly(cluster.Identity(trust.ServerKind, "cp2"))), "and not fluent://one/server/cp2")
	require.ErrorContains(t, call(cluster.Party(node), trust.Kinds(trust.NodeKind)), "is not a node")

	// Whom the server refuses, though the caller would trust it.
	trusting := func(c *trusttest.Cluster, kind string, at time.Time) trust.Party {
		p := c.Join(t.TempDir(), c.Identity(kind, "n1"), at).Party()
		p.Cluster, p.Roots = cluster.Server("x").Cluster, cluster.Server("x").Roots
		return p
	}
	for name, p := range map[string]trust.Party{
		"another cluster's": trusting(other, trust.NodeKind, time.Now()),
		"another authority": trusting(twin, trust.NodeKind, time.Now()),
		"expired":           trusting(cluster, trust.NodeKind, time.Now().Add(-2*trust.Lifetime)),
		"of the future":     trusting(cluster, trust.NodeKind, time.Now().Add(3*time.Hour)),
	} {
		require.Error(t, call(p, trust.Anybody), name)
	}
	require.NoError(t, call(trusting(cluster, trust.NodeKind, time.Now()), trust.Anybody))

	// A port for members only.
	inner := trusttest.Listen(t)
	members := tls.NewListener(inner, cluster.Server("cp1").Mutual(trust.Kinds(trust.ServerKind)))
	t.Cleanup(func() { _ = members.Close() })
	go func() {
		for {
			c, err := members.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	echo := func(config *tls.Config) error {
		c, err := tls.Dial("tcp", inner.Addr().String(), config)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err = c.Write([]byte("x")); err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		return err
	}
	require.NoError(t, echo(cluster.Server("cp2").Client(trust.Anybody)))
	require.Error(t, echo(cluster.Party(node).Client(trust.Anybody)), "a node")
	bare := cluster.Server("cp2").Client(trust.Anybody)
	bare.GetClientCertificate = nil
	require.ErrorContains(t, echo(bare), "tls:", "no certificate")
}

func TestJoiningTrustsNobodyUnseen(t *testing.T) {
	t.Parallel()
	cluster, twin, other := trusttest.New(t, "one"), trusttest.New(t, "one"), trusttest.New(t, "two")
	web := serve(t, cluster.Server("cp1"))
	join := func(text string) (string, error) {
		token, err := trust.ParseJoinToken(text)
		require.NoError(t, err)
		return ask(trust.NewJoinClient(token, time.Now), trust.URL(web.URL))
	}
	got, err := join(cluster.Token("s"))
	require.NoError(t, err)
	require.Equal(t, "nobody", got)
	_, err = join(twin.Token("s"))
	require.ErrorContains(t, err, "get a new token")
	_, err = join(other.Token("s"))
	require.ErrorContains(t, err, "of the cluster one, and this is two")
	impostor := serve(t, cluster.Party(cluster.Identity(trust.NodeKind, "n1")))
	token, err := trust.ParseJoinToken(cluster.Token("s"))
	require.NoError(t, err)
	_, err = ask(trust.NewJoinClient(token, time.Now), trust.URL(impostor.URL))
	require.Error(t, err, "a node is no server")
}

func TestANewCertificateIsShownWithoutEndingWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	goOn := make(chan struct{})
	web := trusttest.Serve(t, trusttest.Listen(t), cluster.Server("cp1"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			w.(http.Flusher).Flush()
			<-goOn
		}
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].SerialNumber.String())
	}))
	t.Cleanup(web.Close)
	dir, id := t.TempDir(), cluster.Identity(trust.NodeKind, "n1")
	holder := cluster.Join(dir, id, time.Now().Add(-trust.Lifetime*3/4))
	client := trust.NewClient(holder.Party(), trust.Anybody)
	stream, err := client.Get(trust.URL(web.URL) + "/stream")
	require.NoError(t, err)
	old, err := ask(client, trust.URL(web.URL))
	require.NoError(t, err)

	wish, err := holder.Renewal()
	require.NoError(t, err)
	require.NotNil(t, wish, "two thirds of its life are over")
	certificate, authorities, err := cluster.Sign(wish.Bytes(), id, time.Now())
	require.NoError(t, err)
	require.NoError(t, holder.Renewed(wish, certificate, authorities))
	fresh, err := ask(client, trust.URL(web.URL))
	require.NoError(t, err)
	require.NotEqual(t, old, fresh)
	close(goOn)
	body, err := io.ReadAll(stream.Body)
	require.NoError(t, err)
	require.NoError(t, stream.Body.Close())
	require.Equal(t, old, string(body))

	again, err := trust.Open(filepath.Join(dir, trust.File), time.Now)
	require.NoError(t, err)
	require.Equal(t, id, again.Current().Identity)
	wish, err = again.Renewal()
	require.NoError(t, err)
	require.Nil(t, wish)
	info, err := os.Stat(filepath.Join(dir, trust.File))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(filepath.Join(dir, trust.File), []byte("garbage"), 0o600))
	_, err = trust.Open(filepath.Join(dir, trust.File), time.Now)
	require.ErrorContains(t, err, trust.File)
}

func TestACertificateEndsOnAnOpenConnection(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	party := cluster.Server("cp1")
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	web := httptest.NewUnstartedServer(trust.Handler(http.HandlerFunc(whoami), clock))
	require.NoError(t, web.Listener.Close())
	web.Listener = trust.Listen(trusttest.Listen(t), party.Open(nil), door.Port{Name: "test"})
	web.Start()
	t.Cleanup(web.Close)
	client := trust.NewClient(cluster.Party(cluster.Identity(trust.HostKind, "h1")), trust.Anybody)
	got, err := ask(client, trust.URL(web.URL))
	require.NoError(t, err)
	require.Equal(t, "fluent://one/host/h1", got)
	ahead.Store(int64(2 * trust.Lifetime))
	got, err = ask(client, trust.URL(web.URL))
	require.NoError(t, err)
	require.Contains(t, got, "has ended")
}

func TestSilentConnectionsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	web := serve(t, trusttest.New(t, "one").Server("cp1"))
	silent, err := net.Dial("tcp", strings.TrimPrefix(web.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	got, err := ask(http.DefaultClient, web.URL)
	require.NoError(t, err)
	require.Equal(t, "nobody", got)
}

func TestAuthoritiesAreKept(t *testing.T) {
	t.Parallel()
	a, b := trusttest.New(t, "one").Authority, trusttest.New(t, "one").Authority
	raw, err := trust.EncodeAuthorities([]*trust.Authority{a, b})
	require.NoError(t, err)
	list, err := trust.DecodeAuthorities(raw)
	require.NoError(t, err)
	require.Equal(t, []string{a.Fingerprint(), b.Fingerprint()}, []string{list[0].Fingerprint(), list[1].Fingerprint()})
	mixed, err := trust.EncodeAuthorities([]*trust.Authority{a, trusttest.New(t, "two").Authority})
	require.NoError(t, err)
	_, err = trust.DecodeAuthorities(mixed)
	require.ErrorContains(t, err, "two clusters, one and two")
	for _, bad := range [][]byte{nil, []byte("garbage"), raw[:len(raw)/3]} {
		_, err = trust.DecodeAuthorities(bad)
		require.Error(t, err)
	}
	_, err = a.Sign(nil, trust.Identity{Cluster: "two", Kind: trust.HostKind, ID: "h"}, time.Now(), trust.Addresses{})
	require.ErrorContains(t, err, "signs nothing for two")
}

func FuzzParseIdentity(f *testing.F) {
	for _, seed := range []string{"fluent://one/server/cp1", "fluent://one/host/h-1", "fluent://one/environment/e/node/n.1", "fluent://one/environment/e/gateway/g",
		"fluent://one/node/n", "fluent:///server/a", "fluent://one/environment//node/n", "fluent://one/server/../x", "https://one/server/a", "fluent://one/server/a?x=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := trust.ParseIdentity(text)
		if err == nil && (id.String() != text || id.Validate() != nil) {
			t.Fatalf("%q became %+v", text, id)
		}
	})
}

func FuzzParseJoinToken(f *testing.F) {
	f.Add("fluent1.one." + strings.Repeat("ab", 32) + ".secret")
	f.Add("fluent1.one.ab.secret")
	f.Add("...")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := trust.ParseJoinToken(text)
		if err == nil && token.String() != strings.TrimSpace(text) {
			t.Fatalf("%q became %+v", text, token)
		}
	})
}

// TestCallsThatComeTogetherShareConnections makes three hundred at once while there is no connection yet. All must be under way before one ends.
// At most 32 connections are open at a time; on a busy machine some are idle before the calls that waited for them come, are closed and
// replaced (up to 64 in all were seen). Each call would make its own without the limit.
func TestCallsThatComeTogetherShareConnections(t *testing.T) {
	t.Parallel()
	const calls = 300
	cluster := trusttest.New(t, "one")
	var came atomic.Int32
	all := make(chan struct{})
	listener := &counting{Listener: trusttest.Listen(t)}
	server := trusttest.Serve(t, listener, cluster.Server("cp1"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if came.Add(1) == calls {
			close(all)
		}
		<-all
	}))
	t.Cleanup(server.Close)
	client := trust.NewClient(cluster.Party(cluster.Identity(trust.NodeKind, "n1")), trust.Anybody)
	var group errgroup.Group
	for range calls {
		group.Go(func() error {
			_, err := ask(client, trust.URL(server.URL))
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Less(t, listener.accepted.Load(), int32(calls/2))
}

// counting counts the connections that come.
type counting struct {
	net.Listener
	accepted atomic.Int32
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted.Add(1)
	}
	return c, err
}
