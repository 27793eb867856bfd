package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/auth/trust/trusttest"
)

// TestWhatIsPassedOnCounts for servers only, is well formed or refused, and reaches no handler.
func TestWhatIsPassedOnCounts(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	web := trusttest.Serve(t, trusttest.Listen(t), cluster.Server("cp1"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if said := r.Header.Get(trust.CallerHeader); said != "" {
			_, _ = io.WriteString(w, "the header says "+said)
		}
		whoami(w, r)
	}))
	t.Cleanup(web.Close)
	id := cluster.Identity(trust.NodeKind, "n1")
	node := trust.NewClient(cluster.Party(id), trust.Anybody)
	server := trust.NewClient(cluster.Server("cp2"), trust.Anybody)
	other := cluster.Identity(trust.HostKind, "h").String()
	for _, c := range []struct {
		client    *http.Client
		url, said string
		want      string
	}{
		{http.DefaultClient, web.URL, other, "nobody"},
		{node, trust.URL(web.URL), trust.Nobody, id.String()},
		{node, trust.URL(web.URL), other, id.String()},
		{server, trust.URL(web.URL), other, other},
		{server, trust.URL(web.URL), "", "fluent://one/server/cp2"},
	} {
		got, err := ask(c.client, c.url, trust.CallerHeader, c.said)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s", c.said)
	}
	for _, bad := range []string{"nonsense", "fluent://one/host/", "Nobody"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, trust.URL(web.URL), nil)
		require.NoError(t, err)
		req.Header.Set(trust.CallerHeader, bad)
		res, err := server.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusUnauthorized, res.StatusCode, bad)
	}
}

// TestAConnectionWhoseCertificateHasEndedIsClosed, so that the next one shows another.
func TestAConnectionWhoseCertificateHasEndedIsClosed(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	shown, err := cluster.Party(cluster.Identity(trust.HostKind, "h1")).Certificate("")
	require.NoError(t, err)
	for after, status := range map[time.Duration]int{-time.Second: http.StatusOK, time.Second: http.StatusUnauthorized} {
		now := func() time.Time { return shown.Leaf.NotAfter.Add(after) }
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{shown.Leaf}}
		w := httptest.NewRecorder()
		trust.Handler(http.HandlerFunc(whoami), now).ServeHTTP(w, r)
		require.Equal(t, status, w.Code)
		require.Equal(t, status == http.StatusUnauthorized, w.Header().Get("Connection") == "close")
	}
}

// TestAPortForMembersWaitsForNobody: who says nothing there has a deadline.
func TestAPortForMembersWaitsForNobody(t *testing.T) {
	t.Parallel()
	inner := &watchedListener{Listener: trusttest.Listen(t), came: make(chan *watching, 1)}
	port := trust.ListenMutual(inner, trusttest.New(t, "one").Server("cp1").Mutual(trust.Anybody), door.Port{Name: "test"})
	t.Cleanup(func() { _ = port.Close() })
	silent, err := net.Dial("tcp", port.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	w := <-inner.came
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.set == 1 && !w.last.IsZero()
	}, time.Minute, time.Millisecond)
}

// TestWhoIsShownWhat asks a port by its own name, by a join token, and by a name of the world.
func TestWhoIsShownWhat(t *testing.T) {
	t.Parallel()
	cluster, public := trusttest.New(t, "one"), trusttest.New(t, "public")
	server, world := cluster.Server("cp1"), public.Server("shop")
	pins := make(chan string, 10)
	inner := server.Certificate
	server.Certificate = func(pin string) (*tls.Certificate, error) { pins <- pin; return inner(pin) }
	others := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return world.Certificate("") }}
	port := trusttest.Listen(t)
	l := trust.Listen(port, server.Open(others), door.Port{Name: "test"})
	t.Cleanup(func() { _ = l.Close() })
	token, err := trust.ParseJoinToken(cluster.Token("s"))
	require.NoError(t, err)
	for _, c := range []struct {
		config *tls.Config
		name   string
		pin    string
	}{
		{cluster.Party(cluster.Identity(trust.NodeKind, "n")).Client(trust.Anybody), "fluent://one/server/cp1", ""},
		{trust.Joining(token, time.Now), "fluent://one/server/cp1", token.Fingerprint[:32]},
		{&tls.Config{InsecureSkipVerify: true, ServerName: "fluent.example"}, "fluent://public/server/shop", "none"},
		{&tls.Config{InsecureSkipVerify: true}, "fluent://public/server/shop", "none"},
	} {
		conn, err := tls.Dial("tcp", port.Addr().String(), c.config)
		require.NoError(t, err)
		require.Equal(t, c.name, conn.ConnectionState().PeerCertificates[0].URIs[0].String())
		require.NoError(t, conn.Close())
		pin := "none"
		select {
		case pin = <-pins:
		default:
		}
		require.Equal(t, c.pin, pin)
	}
}

// TestRequestsForCertificatesAreProved: of a key that the caller holds, and of one kind.
func TestRequestsForCertificatesAreProved(t *testing.T) {
	t.Parallel()
	request, err := trust.NewRequest()
	require.NoError(t, err)
	_, err = trust.ParseRequest(request.Bytes())
	require.NoError(t, err)
	forged := append([]byte(nil), request.Bytes()...)
	forged[len(forged)-1] ^= 1 // of the signature
	_, err = trust.ParseRequest(forged)
	require.ErrorContains(t, err, "by somebody without its key")
	larger, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, larger)
	require.NoError(t, err)
	_, err = trust.ParseRequest(der)
	require.ErrorContains(t, err, "P-256")
	_, err = trust.ParseRequest([]byte("nonsense"))
	require.Error(t, err)
}

// TestWhatAuthoritiesSign: for a day, from two hours before, as clocks may be apart; for processes that there can be; and nothing that could sign.
func TestWhatAuthoritiesSign(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	now := time.Now().Truncate(time.Second)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := cluster.Authority.Sign(key.Public(), cluster.Identity(trust.NodeKind, "n1"), now, trust.Addresses{})
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	require.True(t, leaf.NotBefore.Equal(now.Add(-2*time.Hour)), "%v", leaf.NotBefore)
	require.True(t, leaf.NotAfter.Equal(now.Add(24*time.Hour)), "%v", leaf.NotAfter)
	require.False(t, leaf.IsCA)
	_, err = cluster.Authority.Sign(key.Public(), trust.Identity{Cluster: "one", Kind: trust.NodeKind, ID: "n1"}, now, trust.Addresses{})
	require.Error(t, err, "a node of no environment")

	own, err := cluster.Authority.Key()
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	_, err = trust.ParseAuthority(cluster.Authority.Certificate.Raw, own)
	require.NoError(t, err)
	_, err = trust.ParseAuthority(cluster.Authority.Certificate.Raw, private)
	require.Error(t, err, "another's key")
	_, err = trust.ParseAuthority(der, private)
	require.Error(t, err, "a process's certificate")
	require.True(t, cluster.Authority.Certificate.MaxPathLen == 0 && cluster.Authority.Certificate.MaxPathLenZero, "it makes no authorities")
}

// TestWhenACertificateIsRenewed goes to the moments of a certificate's life.
func TestWhenACertificateIsRenewed(t *testing.T) {
	t.Parallel()
	cluster, dir := trusttest.New(t, "one"), t.TempDir()
	file := filepath.Join(dir, trust.File)
	require.False(t, trust.Usable(file, time.Now()), "there is none")
	c := cluster.Join(dir, cluster.Identity(trust.NodeKind, "n1"), time.Now()).Current()
	var now time.Time
	holder, err := trust.Open(file, func() time.Time { return now })
	require.NoError(t, err)
	due := c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) * 2 / 3)
	for _, m := range []struct {
		at         time.Time
		due, ended bool
	}{
		{c.NotBefore.Add(time.Second), false, false}, {due.Add(-time.Second), false, false}, {due.Add(time.Second), true, false},
		{c.NotAfter.Add(-time.Second), true, false}, {c.NotAfter.Add(time.Second), true, true},
	} {
		now = m.at
		wish, err := holder.Renewal()
		require.NoError(t, err)
		require.Equal(t, m.due, wish != nil, m.at)
		require.Equal(t, m.ended, holder.Ended(), m.at)
		require.Equal(t, !m.ended, trust.Usable(file, m.at), m.at)
	}
}

// TestWhatAMachineTakes: certificates for its own key, by authorities that came with them, and authorities that its own is by.
func TestWhatAMachineTakes(t *testing.T) {
	t.Parallel()
	cluster, other := trusttest.New(t, "one"), trusttest.New(t, "one")
	id := cluster.Identity(trust.NodeKind, "n1")
	holder := cluster.Join(t.TempDir(), id, time.Now())
	before := holder.Current()
	wish, err := trust.NewRequest()
	require.NoError(t, err)
	another, err := trust.NewRequest()
	require.NoError(t, err)
	certificate, authorities, err := cluster.Sign(wish.Bytes(), id, time.Now())
	require.NoError(t, err)
	foreign := [][]byte{other.Authority.Certificate.Raw}
	require.ErrorContains(t, holder.Accept(another, certificate, authorities), "is for another key")
	require.ErrorContains(t, holder.Accept(wish, certificate, foreign), "by none of the authorities")
	require.ErrorContains(t, holder.Trust(foreign), "by none of the authorities")
	require.Same(t, before, holder.Current())
	require.NoError(t, holder.Renewed(nil, nil, nil))
	require.Same(t, before, holder.Current())
	both := append(authorities, foreign...)
	require.NoError(t, holder.Renewed(nil, nil, both))
	require.Equal(t, trust.HashAuthorities(both), holder.Trusted())
	require.NoError(t, holder.Renewed(wish, certificate, authorities))
	require.Equal(t, trust.HashAuthorities(authorities), holder.Trusted())
}

// TestWhatCannotBeWrittenIsKeptAndWrittenLater takes the folder away for a while.
func TestWhatCannotBeWrittenIsKeptAndWrittenLater(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	dir := filepath.Join(t.TempDir(), "machine")
	file := filepath.Join(dir, trust.File)
	holder, err := trust.Open(file, time.Now)
	require.NoError(t, err)
	require.NoError(t, holder.Unkept(), "there is nothing")
	wish, err := trust.NewRequest()
	require.NoError(t, err)
	id := cluster.Identity(trust.HostKind, "h1")
	certificate, authorities, err := cluster.Sign(wish.Bytes(), id, time.Now())
	require.NoError(t, err)
	require.NoError(t, holder.Accept(wish, certificate, authorities))
	require.Equal(t, id, holder.Current().Identity, "it is used all the same")
	require.ErrorContains(t, holder.Unkept(), "keep this machine's identity")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, holder.Unkept())
	again, err := trust.Open(file, time.Now)
	require.NoError(t, err)
	require.Equal(t, id, again.Current().Identity)
	require.NoError(t, os.Remove(file))
	require.NoError(t, holder.Unkept(), "what was written is not written again")
	require.NoFileExists(t, file)
	require.NoError(t, holder.Trust(authorities))
	require.FileExists(t, file, "at once, where that can be")

	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	blocks := strings.SplitAfter(string(raw), "-----\n")
	key, rest := strings.Join(blocks[:2], ""), strings.Join(blocks[2:4], "")
	for name, spoilt := range map[string]string{"no authority": key + rest, "two keys": key + key + rest, "no key": rest + rest + rest, "nothing": ""} {
		require.NoError(t, os.WriteFile(file, []byte(spoilt), 0o600))
		_, err = trust.Open(file, time.Now)
		require.Error(t, err, name)
	}
}

func TestIdentitiesThatThereCanBe(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"fluent://one/server/cp1", "fluent://one/host/h-1", "fluent://one/environment/e/node/n.1", "fluent://one/environment/e_2/gateway/g"} {
		id, err := trust.ParseIdentity(good)
		require.NoError(t, err, good)
		require.Equal(t, good, id.String())
	}
	for _, bad := range []string{
		"fluent://one/operator/ann", "fluent://one/node/n", "fluent://one/gateway/g", "fluent://one/environment/e/server/cp1", "fluent://one/environment/e/host/h",
		"fluent://one/environment/e!/node/n", "fluent://one/environment//node/n", "fluent://one/environment/e/node/", "fluent://ONE/server/cp1", "fluent:///server/a",
		"fluent://one/server/../x", "https://one/server/a", "fluent://one/server/a?x=1", "fluent://one/place/e/node/n", "fluent://one/server", "",
	} {
		_, err := trust.ParseIdentity(bad)
		require.Error(t, err, bad)
	}
}

func TestJoinTokensAreWhole(t *testing.T) {
	t.Parallel()
	fingerprint := strings.Repeat("ab", 32)
	token, err := trust.ParseJoinToken(" fluent1.one." + fingerprint + ".secret\n")
	require.NoError(t, err)
	require.Equal(t, trust.JoinToken{Cluster: "one", Fingerprint: fingerprint, Secret: "secret"}, token)
	for _, bad := range []string{
		"fluent1.one." + fingerprint + ".", "fluent1.one." + fingerprint[2:] + ".secret", "fluent1.one." + fingerprint + "ab.secret", "fluent1.one." + strings.ToUpper(fingerprint) + ".secret",
		"fluent1.one." + strings.Repeat("zz", 32) + ".secret", "fluent1.ONE." + fingerprint + ".secret", "fluent1.." + fingerprint + ".secret", "fluent2.one." + fingerprint + ".secret", "fluent1.one." + fingerprint,
	} {
		_, err := trust.ParseJoinToken(bad)
		require.Error(t, err, bad)
	}
}

// TestANodeThatShowsTheAuthorityIsNoServer: authorities' certificates are no secret, and who joins gives away his token.
func TestANodeThatShowsTheAuthorityIsNoServer(t *testing.T) {
	t.Parallel()
	cluster := trusttest.New(t, "one")
	node := cluster.Party(cluster.Identity(trust.NodeKind, "n1"))
	own := node.Certificate
	node.Certificate = func(pin string) (*tls.Certificate, error) {
		c, err := own(pin)
		if err != nil {
			return nil, err
		}
		with := *c
		with.Certificate = [][]byte{c.Certificate[0], cluster.Authority.Certificate.Raw}
		return &with, nil
	}
	token, err := trust.ParseJoinToken(cluster.Token("s"))
	require.NoError(t, err)
	_, err = ask(trust.NewJoinClient(token, time.Now), trust.URL(serve(t, node).URL))
	require.ErrorContains(t, err, "is not a server")
}
