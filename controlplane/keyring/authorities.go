package keyring

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/trust"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// AuthorityConfig says which server's authorities they are and where they are kept for its next start.
type AuthorityConfig struct {
	Server string          // id of this server
	File   string          // authorities with their keys: what a server needs before it can hear from others
	Also   trust.Addresses // names of this server's API
}

// Authorities signs machines' certificates, and this server's own, with the authorities of a store. Before the store has any, which is
// when a cluster is formed and until a server has caught up, it goes by its file. It is safe for concurrent use.
type Authorities struct {
	config AuthorityConfig
	store  *state.Store
	now    func() time.Time

	mu     sync.Mutex
	known  *known // nil: read them again
	stale  <-chan struct{}
	view   state.View
	filed  []*trust.Authority
	own    map[string]*tls.Certificate // by the authority's fingerprint
	ownKey *ecdsa.PrivateKey
}

// known is what the store, or the file, holds at a time.
type known struct {
	list   []*trust.Authority
	active []time.Time // by list: from when on it signs
	roots  *x509.CertPool
	raw    [][]byte
}

// OpenAuthorities reads the file. It must be there: see MakeAuthority.
func OpenAuthorities(store *state.Store, config AuthorityConfig, now func() time.Time) (*Authorities, error) {
	raw, err := os.ReadFile(config.File)
	if err != nil {
		return nil, fmt.Errorf("read the cluster's authority: %w", err)
	}
	filed, err := trust.DecodeAuthorities(raw)
	if err != nil {
		return nil, fmt.Errorf("read the cluster's authority in %s: %w", config.File, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make this server's key: %w", err)
	}
	return &Authorities{config: config, store: store, now: now, filed: filed, ownKey: key, own: map[string]*tls.Certificate{}}, nil
}

// MakeAuthority makes the authority of a new cluster.
func MakeAuthority(cluster string, now time.Time) ([]byte, error) {
	a, err := trust.NewAuthority(cluster, now)
	if err != nil {
		return nil, err
	}
	return trust.EncodeAuthorities([]*trust.Authority{a})
}

// Cluster is the id of the cluster, which its authorities carry.
func (a *Authorities) Cluster() string { return a.filed[0].Cluster }

// First is the authority that a new cluster begins with.
func (a *Authorities) First(now time.Time) (*statev1.Authority, error) {
	return record(a.filed[len(a.filed)-1], now)
}

// NewAuthority makes a fresh authority of a cluster that signs from active on.
func NewAuthority(cluster string, now, active time.Time) (*statev1.Authority, error) {
	a, err := trust.NewAuthority(cluster, now)
	if err != nil {
		return nil, err
	}
	return record(a, active)
}

func record(a *trust.Authority, active time.Time) (*statev1.Authority, error) {
	key, err := a.Key()
	if err != nil {
		return nil, err
	}
	return &statev1.Authority{
		Fingerprint: a.Fingerprint(), Certificate: a.Certificate.Raw, Key: key, ActiveTime: timestamppb.New(active),
	}, nil
}

// load gives what is known now, reading the store again when it has changed. It is called with mu held.
func (a *Authorities) load() (*known, error) {
	if a.known != nil {
		select {
		case <-a.stale:
		case <-a.view.Abandoned():
		default:
			return a.known, nil
		}
	}
	a.view = a.store.View()
	var records []*statev1.Authority
	records, a.stale = state.Authorities.All(a.view)
	k := &known{roots: x509.NewCertPool()}
	for _, r := range records {
		parsed, err := trust.ParseAuthority(r.GetCertificate(), r.GetKey())
		if err != nil {
			return nil, fmt.Errorf("use the authority %s: %w", r.GetFingerprint(), err)
		}
		k.add(parsed, r.GetActiveTime().AsTime())
	}
	if len(records) == 0 {
		for i, f := range a.filed { // the last one is the one that signs
			k.add(f, time.Unix(int64(i), 0))
		}
	}
	a.known = k
	return k, nil
}

func (k *known) add(a *trust.Authority, active time.Time) {
	k.list, k.active, k.raw = append(k.list, a), append(k.active, active), append(k.raw, a.Certificate.Raw)
	k.roots.AddCert(a.Certificate)
}

// signer is the authority that signs at a time, or the one that a pin names.
func (k *known) signer(pin string, now time.Time) (*trust.Authority, error) {
	best := -1
	for i, a := range k.list {
		if pin != "" && strings.HasPrefix(a.Fingerprint(), pin) {
			return a, nil
		}
		if !k.active[i].After(now) && (best < 0 || k.active[i].After(k.active[best])) {
			best = i
		}
	}
	if best < 0 || pin != "" {
		return nil, errors.New("the cluster has no such authority, or not any more")
	}
	return k.list[best], nil
}

// Sign answers a machine's certificate request: its certificate, and all authorities that it is to trust.
func (a *Authorities) Sign(request []byte, id trust.Identity) (certificate []byte, authorities [][]byte, err error) {
	public, err := trust.ParseRequest(request)
	if err != nil {
		return nil, nil, fault.Invalidf("certificate_request", "%s", err.Error())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.load()
	if err != nil {
		return nil, nil, err
	}
	signer, err := k.signer("", a.now())
	if err != nil {
		return nil, nil, err
	}
	certificate, err = signer.Sign(public, id, a.now(), trust.Addresses{})
	return certificate, k.raw, err
}

// Trusted lists the authorities to trust, DER.
func (a *Authorities) Trusted() ([][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.load()
	if err != nil {
		return nil, err
	}
	return k.raw, nil
}

// Fingerprint is the one of the authority that signs now: what join tokens carry.
func (a *Authorities) Fingerprint() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.load()
	if err != nil {
		return "", err
	}
	signer, err := k.signer("", a.now())
	if err != nil {
		return "", err
	}
	return signer.Fingerprint(), nil
}

// Party is this server's part in mutual TLS.
func (a *Authorities) Party() trust.Party {
	return trust.Party{Cluster: a.Cluster, Certificate: a.certificate, Roots: a.roots, Now: a.now}
}

func (a *Authorities) roots() *x509.CertPool {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.load()
	if err != nil {
		return x509.NewCertPool() // nobody is trusted
	}
	return k.roots
}

// certificate is this server's own, made anew after two thirds of its life. The authority goes with it, for those who know only its
// fingerprint.
func (a *Authorities) certificate(pin string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.load()
	if err != nil {
		return nil, err
	}
	now := a.now()
	signer, err := k.signer(pin, now)
	if err != nil {
		return nil, err
	}
	if c := a.own[signer.Fingerprint()]; c != nil && now.After(c.Leaf.NotBefore) && now.Before(c.Leaf.NotAfter.Add(-trust.Lifetime/3)) {
		return c, nil
	}
	id := trust.Identity{Cluster: a.Cluster(), Kind: trust.ServerKind, ID: a.config.Server}
	der, err := signer.Sign(a.ownKey.Public(), id, now, a.config.Also)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read this server's certificate: %w", err)
	}
	c := &tls.Certificate{Certificate: [][]byte{der, signer.Certificate.Raw}, PrivateKey: a.ownKey, Leaf: leaf}
	a.own[signer.Fingerprint()] = c
	return c, nil
}

// Keep writes the file anew whenever the store's authorities have changed, until ctx ends, so that the next start can reach the others.
func (a *Authorities) Keep(ctx context.Context) error {
	for {
		view := a.store.View()
		records, changed := state.Authorities.All(view)
		if id := view.Cluster().GetId(); id != "" && id != a.Cluster() {
			return fmt.Errorf("this server's state is of the cluster %s, and its authority in %s of %s", id, a.config.File, a.Cluster())
		}
		if len(records) > 0 {
			if err := a.file(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-view.Abandoned():
		}
	}
}

func (a *Authorities) file() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.load()
	if err != nil {
		return err
	}
	raw, err := trust.EncodeAuthorities(k.inOrder(a.now()))
	if err != nil {
		return err
	}
	return writeFile(a.config.File, raw)
}

// inOrder lists the authorities such that the one that signs now comes last, because a server that knows only its file signs with that.
func (k *known) inOrder(now time.Time) []*trust.Authority {
	since := func(i int) time.Time {
		if k.active[i].After(now) {
			return time.Time{}
		}
		return k.active[i]
	}
	order := make([]int, len(k.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return since(i).Compare(since(j)) })
	out := make([]*trust.Authority, 0, len(order))
	for _, i := range order {
		out = append(out, k.list[i])
	}
	return out
}

// writeFile replaces a file that only its owner may read. What is there already is left alone.
func writeFile(path string, raw []byte) error {
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the cluster's authority: %w", err)
	}
	if err == nil && bytes.Equal(before, raw) {
		return nil
	}
	err = os.WriteFile(path+".new", raw, 0o600)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("keep the cluster's authority: %w", err)
	}
	return nil
}
