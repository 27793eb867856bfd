package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"time"
)

const (
	// Lifetime is how long a process's certificate is good for.
	Lifetime = 24 * time.Hour
	// AuthorityLifetime is how long an authority is good for. Another one takes over long before.
	AuthorityLifetime = 3 * 365 * 24 * time.Hour
	// leeway is how far clocks may be apart: more than an hour, since that is what a wrong time zone or the end of summer time makes of a clock.
	leeway = 2 * time.Hour
)

// Authority signs the certificates of one cluster. It never changes.
type Authority struct {
	Certificate *x509.Certificate
	Cluster     string
	key         *ecdsa.PrivateKey
}

// NewClusterID makes an id for a cluster.
func NewClusterID() string { return "fluent-" + strings.ToLower(rand.Text()[:12]) }

// NewAuthority makes an authority of a cluster.
func NewAuthority(cluster string, now time.Time) (*Authority, error) {
	if !clusterForm.MatchString(cluster) {
		return nil, fmt.Errorf("%q is no id of a cluster", cluster)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make an authority's key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Fluent cluster " + cluster}, URIs: []*url.URL{{Scheme: scheme, Host: cluster}},
		NotBefore: now.Add(-leeway), NotAfter: now.Add(AuthorityLifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make an authority's certificate: %w", err)
	}
	return newAuthority(der, key)
}

func newAuthority(der []byte, key *ecdsa.PrivateKey) (*Authority, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read an authority's certificate: %w", err)
	}
	public, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !certificate.IsCA || !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the certificate is not the authority's whose key this is")
	}
	if len(certificate.URIs) != 1 || certificate.URIs[0].Scheme != scheme || !clusterForm.MatchString(certificate.URIs[0].Host) {
		return nil, errors.New("the authority's certificate names no cluster")
	}
	return &Authority{Certificate: certificate, Cluster: certificate.URIs[0].Host, key: key}, nil
}

// ParseAuthority reads a certificate and its key (PKCS #8), both DER.
func ParseAuthority(certificate, key []byte) (*Authority, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("read an authority's key: %w", err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("an authority's key is a %T, want ECDSA", parsed)
	}
	return newAuthority(certificate, private)
}

// Key is the private key, PKCS #8 DER.
func (a *Authority) Key() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode an authority's key: %w", err)
	}
	return der, nil
}

// Fingerprint names the authority's certificate.
func (a *Authority) Fingerprint() string { return Fingerprint(a.Certificate) }

// Fingerprint is the SHA-256 of a certificate, in hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Addresses are the names under which others than our own processes know a server.
type Addresses struct {
	Names []string
	IPs   []net.IP
}

// Sign makes a certificate for a process that holds the key's private half, DER.
func (a *Authority) Sign(public any, id Identity, now time.Time, also Addresses) ([]byte, error) {
	if err := id.Validate(); err != nil {
		return nil, err
	}
	if id.Cluster != a.Cluster {
		return nil, fmt.Errorf("an authority of the cluster %s signs nothing for %s", a.Cluster, id.Cluster)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: id.Kind + " " + id.ID}, URIs: []*url.URL{id.url()},
		DNSNames: also.Names, IPAddresses: also.IPs,
		NotBefore: now.Add(-leeway), NotAfter: now.Add(Lifetime), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Certificate, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate for %s: %w", id, err)
	}
	return der, nil
}

// ParseRequest reads a certificate request (PKCS #10 DER) and returns its public key. Which name it asks for does not matter: who signs knows.
func ParseRequest(der []byte) (any, error) {
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("read a certificate request: %w", err)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("a certificate request by somebody without its key: %w", err)
	}
	if key, ok := r.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("a certificate request with another key than ECDSA P-256")
	}
	return r.PublicKey, nil
}

func serial() *big.Int {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	raw[0] &= 0x7f
	return new(big.Int).SetBytes(raw[:])
}

// The types of PEM blocks.
const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY"
)

// EncodeAuthorities writes authorities with their keys, for the file that makes a server of the control plane one of its cluster.
func EncodeAuthorities(list []*Authority) ([]byte, error) {
	var out []byte
	for _, a := range list {
		key, err := a.Key()
		if err != nil {
			return nil, err
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: a.Certificate.Raw})...)
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: key})...)
	}
	return out, nil
}

// DecodeAuthorities reads what EncodeAuthorities wrote: one authority or more, of one cluster.
func DecodeAuthorities(raw []byte) ([]*Authority, error) {
	blocks, err := readBlocks(raw)
	if err != nil {
		return nil, err
	}
	var list []*Authority
	for i := 0; i < len(blocks); i += 2 {
		if i+1 == len(blocks) || blocks[i].Type != certificateBlock || blocks[i+1].Type != keyBlock {
			return nil, errors.New("want certificates of authorities, each followed by its key")
		}
		a, err := ParseAuthority(blocks[i].Bytes, blocks[i+1].Bytes)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && list[0].Cluster != a.Cluster {
			return nil, fmt.Errorf("authorities of two clusters, %s and %s", list[0].Cluster, a.Cluster)
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, errors.New("no authority is in it")
	}
	return list, nil
}

func readBlocks(raw []byte) ([]*pem.Block, error) {
	var blocks []*pem.Block
	for len(strings.TrimSpace(string(raw))) > 0 {
		block, rest := pem.Decode(raw)
		if block == nil {
			return nil, errors.New("this is not PEM")
		}
		blocks, raw = append(blocks, block), rest
	}
	return blocks, nil
}
