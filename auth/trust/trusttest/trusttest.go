// Package trusttest gives tests a cluster whose authority they hold, and processes of it.
package trusttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
	"github.com/fluent-oms/fluent/auth/trust"
)

// Cluster is a cluster of one authority.
type Cluster struct {
	t         testing.TB
	Authority *trust.Authority
}

// New makes a cluster.
func New(t testing.TB, id string) *Cluster {
	t.Helper()
	authority, err := trust.NewAuthority(id, time.Now().Add(-1000*time.Hour)) // older than what it signed and what has ended
	require.NoError(t, err)
	return &Cluster{t: t, Authority: authority}
}

// Token is the text of a join token of the cluster.
func (c *Cluster) Token(secret string) string {
	return trust.JoinToken{Cluster: c.Authority.Cluster, Fingerprint: c.Authority.Fingerprint(), Secret: secret}.String()
}

// Identity is a process of the cluster; the environment is "shared" where one is needed.
func (c *Cluster) Identity(kind, id string) trust.Identity {
	i := trust.Identity{Cluster: c.Authority.Cluster, Kind: kind, ID: id}
	if kind == trust.NodeKind || kind == trust.GatewayKind {
		i.Environment = "shared"
	}
	return i
}

// Sign answers a certificate request at a time.
func (c *Cluster) Sign(request []byte, id trust.Identity, at time.Time) (certificate []byte, authorities [][]byte, err error) {
	public, err := trust.ParseRequest(request)
	if err != nil {
		return nil, nil, err
	}
	certificate, err = c.Authority.Sign(public, id, at, trust.Addresses{})
	return certificate, [][]byte{c.Authority.Certificate.Raw}, err
}

// Join keeps a certificate that was made at a time in a folder, as if the process had joined.
func (c *Cluster) Join(dir string, id trust.Identity, at time.Time) *trust.Holder {
	c.t.Helper()
	holder, err := trust.Open(filepath.Join(dir, trust.File), time.Now)
	require.NoError(c.t, err)
	wish, err := trust.NewRequest()
	require.NoError(c.t, err)
	certificate, authorities, err := c.Sign(wish.Bytes(), id, at)
	require.NoError(c.t, err)
	require.NoError(c.t, holder.Accept(wish, certificate, authorities))
	return holder
}

// Party is the part of a process that joined just now.
func (c *Cluster) Party(id trust.Identity) trust.Party {
	c.t.Helper()
	return c.Join(c.t.TempDir(), id, time.Now()).Party()
}

// Server is the part of a control-plane server, which shows its authority beside its certificate.
func (c *Cluster) Server(id string) trust.Party {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(c.t, err)
	der, err := c.Authority.Sign(key.Public(), c.Identity(trust.ServerKind, id), time.Now(), trust.Addresses{})
	require.NoError(c.t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(c.t, err)
	shown := &tls.Certificate{Certificate: [][]byte{der, c.Authority.Certificate.Raw}, PrivateKey: key, Leaf: leaf}
	roots := x509.NewCertPool()
	roots.AddCert(c.Authority.Certificate)
	return trust.Party{
		Cluster:     func() string { return c.Authority.Cluster },
		Certificate: func(string) (*tls.Certificate, error) { return shown, nil },
		Roots:       func() *x509.CertPool { return roots },
		Now:         time.Now,
	}
}

// Serve serves as a process does, plain and TLS on one port, on a listener.
func Serve(t testing.TB, inner net.Listener, party trust.Party, handler http.Handler) *httptest.Server {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	web := httptest.NewUnstartedServer(nil)
	require.NoError(t, web.Listener.Close())
	web.Listener = trust.Listen(inner, party.Open(nil), door.Port{Name: "test"})
	web.Config = &http.Server{Handler: trust.Handler(handler, time.Now), Protocols: protocols, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0)}
	web.Start()
	return web
}

// Listen listens on an address, or on a free port of this machine.
func Listen(t testing.TB, address ...string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", append(address, "127.0.0.1:0")[0])
	require.NoError(t, err)
	return l
}
