package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// File is the name of the file in a machine's folder that holds its key, its certificate and the authorities that it trusts.
const File = "identity.pem"

// Credential is what a machine shows and whom it trusts. It never changes.
type Credential struct {
	Identity
	NotBefore time.Time
	NotAfter  time.Time

	certificate *tls.Certificate
	key         *ecdsa.PrivateKey
	authorities []*x509.Certificate
	roots       *x509.CertPool
}

// Holder keeps a machine's credential, in memory and in a file. It is safe for concurrent use.
type Holder struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	current *Credential
	unsaved bool // the file does not have what is current
}

// Open reads the credential that an earlier process kept in a file, if there is one.
func Open(path string, now func() time.Time) (*Holder, error) {
	h := &Holder{path: path, now: now}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err == nil {
		h.current, err = decodeCredential(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("read this machine's identity in %s: %w", path, err)
	}
	return h, nil
}

// Usable reports whether a folder holds a credential that is still good at a time, so that its process needs no join token.
func Usable(path string, now time.Time) bool {
	h, err := Open(path, time.Now)
	return err == nil && h.Current() != nil && now.Before(h.Current().NotAfter)
}

// Current is the credential; nil before the machine has joined.
func (h *Holder) Current() *Credential {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.current
}

// Due reports whether two thirds of the certificate's life have passed.
func (h *Holder) Due() bool {
	c := h.Current()
	return c != nil && h.now().After(c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore)*2/3))
}

// Trusted is a hash of the authorities that the machine knows.
func (h *Holder) Trusted() []byte {
	c := h.Current()
	if c == nil {
		return nil
	}
	var raw [][]byte
	for _, a := range c.authorities {
		raw = append(raw, a.Raw)
	}
	return HashAuthorities(raw)
}

// HashAuthorities is a hash of authorities' certificates (DER), to compare lists by.
func HashAuthorities(list [][]byte) []byte {
	sum := sha256.New()
	for _, der := range list {
		one := sha256.Sum256(der)
		sum.Write(one[:])
	}
	return sum.Sum(nil)
}

// Bytes is the request, PKCS #10 DER; nil for none.
func (r *Request) Bytes() []byte {
	if r == nil {
		return nil
	}
	return r.der
}

// Request is a wish for a certificate, with the key that it is for.
type Request struct {
	der []byte // PKCS #10
	key *ecdsa.PrivateKey
}

// NewRequest makes a new key and a request for it.
func NewRequest() (*Request, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate request: %w", err)
	}
	return &Request{der: der, key: key}, nil
}

// Accept keeps what a request was answered with: the certificate and all authorities to trust, DER.
func (h *Holder) Accept(r *Request, certificate []byte, authorities [][]byte) error {
	c, err := newCredential(r.key, certificate, authorities)
	if err != nil {
		return err
	}
	h.keep(c)
	return nil
}

// Trust replaces the authorities that the machine trusts. One that its own certificate is not by is refused.
func (h *Holder) Trust(authorities [][]byte) error {
	c := h.Current()
	if c == nil {
		return errors.New("this machine has not joined")
	}
	next, err := newCredential(c.key, c.certificate.Leaf.Raw, authorities)
	if err != nil {
		return err
	}
	h.keep(next)
	return nil
}

// Renewal is a request for a new certificate once two thirds of the old one's life have passed; nil before that.
func (h *Holder) Renewal() (*Request, error) {
	if !h.Due() {
		return nil, nil
	}
	return NewRequest()
}

// Renewed keeps what a report was answered with: a certificate, if it was asked for, or authorities, if there are others.
func (h *Holder) Renewed(r *Request, certificate []byte, authorities [][]byte) error {
	switch {
	case r != nil && len(certificate) > 0:
		return h.Accept(r, certificate, authorities)
	case len(authorities) > 0:
		return h.Trust(authorities)
	}
	return nil
}

// Ended reports whether the certificate's life is over.
func (h *Holder) Ended() bool {
	c := h.Current()
	return c != nil && h.now().After(c.NotAfter)
}

// keep takes a credential, and writes it. One that cannot be written is used all the same, and written when that is possible.
func (h *Holder) keep(c *Credential) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.current, h.unsaved = c, true
	_ = h.save() // it is tried again, and Unkept says if that fails
}

// Unkept writes again what could not be written, and says why it still cannot be.
func (h *Holder) Unkept() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.unsaved {
		return nil
	}
	return h.save()
}

// save writes beside the file and renames it, so that a crash leaves the old one or the new one. The caller holds mu.
func (h *Holder) save() error {
	raw, err := h.current.encode()
	if err == nil {
		err = os.WriteFile(h.path+".new", raw, 0o600)
	}
	if err == nil {
		err = os.Rename(h.path+".new", h.path)
	}
	if err != nil {
		return fmt.Errorf("keep this machine's identity: %w", err)
	}
	h.unsaved = false
	return nil
}

func newCredential(key *ecdsa.PrivateKey, certificate []byte, authorities [][]byte) (*Credential, error) {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	id, err := IdentityOf(leaf)
	if err != nil {
		return nil, err
	}
	if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, fmt.Errorf("the certificate of %s is for another key", id)
	}
	c := &Credential{
		Identity: id, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, key: key, roots: x509.NewCertPool(),
		certificate: &tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key, Leaf: leaf},
	}
	for _, der := range authorities {
		a, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("read an authority's certificate: %w", err)
		}
		c.authorities = append(c.authorities, a)
		c.roots.AddCert(a)
	}
	if err := verifyChain(leaf, c.roots, leaf.NotAfter, x509.ExtKeyUsageClientAuth); err != nil {
		return nil, fmt.Errorf("the certificate of %s is by none of the authorities that came with it: %w", id, err)
	}
	return c, nil
}

func (c *Credential) encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		return nil, fmt.Errorf("encode a key: %w", err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: key})
	out = append(out, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: c.certificate.Leaf.Raw})...)
	for _, a := range c.authorities {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: a.Raw})...)
	}
	return out, nil
}

func decodeCredential(raw []byte) (*Credential, error) {
	blocks, err := readBlocks(raw)
	if err != nil {
		return nil, err
	}
	if len(blocks) < 3 || blocks[0].Type != keyBlock {
		return nil, errors.New("want a key, its certificate, and authorities")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key is a %T, want ECDSA", parsed)
	}
	var certificates [][]byte
	for _, b := range blocks[1:] {
		if b.Type != certificateBlock {
			return nil, fmt.Errorf("a %s where a certificate should be", b.Type)
		}
		certificates = append(certificates, b.Bytes)
	}
	return newCredential(key, certificates[0], certificates[1:])
}

// errNotJoined says that a machine has nothing to show yet.
var errNotJoined = errors.New("this machine has not joined a control plane yet")

// Party is the machine's part in mutual TLS. It follows renewals.
func (h *Holder) Party() Party {
	return Party{
		Cluster: func() string {
			if c := h.Current(); c != nil {
				return c.Cluster
			}
			return ""
		},
		Certificate: func(string) (*tls.Certificate, error) {
			if c := h.Current(); c != nil {
				return c.certificate, nil
			}
			return nil, errNotJoined
		},
		Roots: func() *x509.CertPool {
			if c := h.Current(); c != nil {
				return c.roots
			}
			return x509.NewCertPool()
		},
		Now: h.now,
	}
}
