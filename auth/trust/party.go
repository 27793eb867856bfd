package trust

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The names under which our processes address each other in TLS. Who asks for another name is no process of ours.
const (
	internalName = "fluent.internal"
	joinSuffix   = ".join." + internalName
	pinLength    = 32 // of a fingerprint, in a name
)

// Party is one process's part in mutual TLS.
type Party struct {
	// Cluster is the id of the process's own cluster.
	Cluster func() string
	// Certificate is the process's own certificate. pin is empty, or the beginning of the fingerprint of the authority that must have signed it.
	Certificate func(pin string) (*tls.Certificate, error)
	// Roots are the authorities that the process trusts.
	Roots func() *x509.CertPool
	Now   func() time.Time
}

// Expect decides whether a process is one that may be at the other end.
type Expect func(Identity) error

// Anybody accepts every process of the cluster.
func Anybody(Identity) error { return nil }

// Kinds accepts processes of some kinds.
func Kinds(kinds ...string) Expect {
	return func(i Identity) error {
		for _, k := range kinds {
			if i.Kind == k {
				return nil
			}
		}
		return fmt.Errorf("%s is not a %s", i, strings.Join(kinds, " or "))
	}
}

// Exactly accepts one process.
func Exactly(want Identity) Expect {
	return func(have Identity) error {
		if have != want {
			return fmt.Errorf("this is %s, and not %s", have, want)
		}
		return nil
	}
}

// Client is the configuration for calling a process of the cluster.
func (p Party) Client(expect Expect) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: internalName,
		InsecureSkipVerify:   true, // names of hosts do not matter: VerifyConnection checks who it is
		VerifyConnection:     func(s tls.ConnectionState) error { return p.verify(s, x509.ExtKeyUsageServerAuth, expect) },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.Certificate("") },
	}
}

// Mutual is the configuration for being called by processes of the cluster, and by nobody else.
func (p Party) Mutual(expect Expect) *tls.Config {
	c := p.server()
	c.ClientAuth = tls.RequireAnyClientCert
	c.VerifyConnection = func(s tls.ConnectionState) error { return p.verify(s, x509.ExtKeyUsageClientAuth, expect) }
	return c
}

// Open is the configuration for being called by processes of the cluster, who prove that they are, by such as want to become some and
// have no certificate yet, and by others, who are shown a certificate for the name that they ask for. others may be nil.
func (p Party) Open(others *tls.Config) *tls.Config {
	machines := p.server()
	machines.ClientAuth = tls.RequestClientCert
	machines.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return nil
		}
		return p.verify(s, x509.ExtKeyUsageClientAuth, Anybody)
	}
	if others == nil {
		others = p.server()
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if hello.ServerName == internalName || strings.HasSuffix(hello.ServerName, joinSuffix) {
				return machines, nil
			}
			return others, nil
		},
	}
}

func (p Party) server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			pin, _ := strings.CutSuffix(hello.ServerName, joinSuffix)
			if pin == hello.ServerName {
				pin = ""
			}
			return p.Certificate(pin)
		},
	}
}

// verify checks the other end: its cluster first, because that is what people get wrong.
func (p Party) verify(s tls.ConnectionState, usage x509.ExtKeyUsage, expect Expect) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the other end shows no certificate")
	}
	leaf := s.PeerCertificates[0]
	id, err := IdentityOf(leaf)
	if err != nil {
		return err
	}
	if own := p.Cluster(); id.Cluster != own {
		return fmt.Errorf("the certificate is of the cluster %s, and this is %s", id.Cluster, own)
	}
	if err := verifyChain(leaf, p.Roots(), p.Now(), usage); err != nil {
		return fmt.Errorf("the certificate of %s: %w", id, err)
	}
	return expect(id)
}

func verifyChain(leaf *x509.Certificate, roots *x509.CertPool, now time.Time, usage x509.ExtKeyUsage) error {
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

// Joining is the configuration for the first call to the cluster that a token is of. Nothing is taken on trust: who answers must show
// the authority that the token names, and a server's certificate by it.
func Joining(token JoinToken, now func() time.Time) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: token.Fingerprint[:pinLength] + joinSuffix,
		InsecureSkipVerify: true, // VerifyConnection checks who it is
		VerifyConnection: func(s tls.ConnectionState) error {
			roots := x509.NewCertPool()
			found := false
			for _, c := range s.PeerCertificates {
				if Fingerprint(c) == token.Fingerprint {
					roots.AddCert(c)
					found = true
				}
			}
			p := Party{Cluster: func() string { return token.Cluster }, Roots: func() *x509.CertPool { return roots }, Now: now}
			if id, err := IdentityOf(s.PeerCertificates[0]); found || err != nil || id.Cluster != token.Cluster {
				return p.verify(s, x509.ExtKeyUsageServerAuth, Kinds(ServerKind))
			}
			return fmt.Errorf("a server of the cluster %s shows none of its authorities that the join token names; get a new token", token.Cluster)
		},
	}
}
