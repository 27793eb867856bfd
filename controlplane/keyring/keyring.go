// Package keyring signs and verifies tokens with the keys of the control plane's replicated state. The cluster's id is the issuer of
// all its tokens, so that none passes in another cluster.
package keyring

import (
	"crypto/ed25519"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/controlplane/state"
	"github.com/fluent-oms/fluent/domain/fault"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Keyring follows the keys of a store. It is safe for concurrent use.
type Keyring struct {
	store *state.Store
	now   func() time.Time

	mu       sync.Mutex
	set      *token.KeySet
	verifier *token.Verifier // nil: read the keys again
	changed  <-chan struct{}
	view     state.View
}

// New makes a keyring of a store's keys.
func New(store *state.Store, now func() time.Time) *Keyring {
	return &Keyring{store: store, now: now}
}

// Issuer signs with the key that is active now.
func (k *Keyring) Issuer() (*token.Issuer, error) {
	view := k.store.View()
	key, found := state.CurrentKey(view, timestamppb.New(k.now()))
	if !found || view.Cluster().GetId() == "" {
		return nil, fault.New(fault.Unavailable, "The control plane is not initialised yet; try again.")
	}
	signer, err := token.NewSigner(key.GetSeed())
	if err != nil {
		return nil, fmt.Errorf("use signing key %s: %w", key.GetKeyId(), err)
	}
	return token.NewIssuer(view.Cluster().GetId(), signer, k.now), nil
}

// Verifier verifies with all keys that are known now.
func (k *Keyring) Verifier() (*token.Verifier, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.verifier != nil && !k.stale() {
		return k.verifier, nil
	}
	if err := k.load(); err != nil {
		return nil, err
	}
	return k.verifier, nil
}

func (k *Keyring) stale() bool {
	select {
	case <-k.changed:
		return true
	case <-k.view.Abandoned():
		return true
	default:
		return false
	}
}

// load reads the keys again. It is called with mu held.
func (k *Keyring) load() error {
	k.verifier = nil
	k.view = k.store.View()
	var all []*statev1.SigningKey
	all, k.changed = state.SigningKeys.All(k.view)
	keys := make([]token.Key, 0, len(all))
	for _, key := range all {
		keys = append(keys, token.Key{ID: key.GetKeyId(), Public: ed25519.PublicKey(key.GetPublic())})
	}
	id := k.view.Cluster().GetId()
	if id == "" {
		return fault.New(fault.Unavailable, "The control plane is not initialised yet; try again.")
	}
	set, err := token.NewKeySet(keys...)
	if err != nil {
		return fmt.Errorf("read the verification keys: %w", err)
	}
	k.set, k.verifier = set, token.NewVerifier(id, set, k.now)
	return nil
}

// JWKS renders the public keys as a JSON Web Key Set.
func (k *Keyring) JWKS() ([]byte, error) {
	if _, err := k.Verifier(); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set.JWKS()
}

// NewKey makes a fresh signing key that signs from active on.
func NewKey(active time.Time) (*statev1.SigningKey, error) {
	seed := token.NewSeed()
	signer, err := token.NewSigner(seed)
	if err != nil {
		return nil, fmt.Errorf("make a signing key: %w", err)
	}
	public := signer.Key()
	return &statev1.SigningKey{KeyId: public.ID, Seed: seed, Public: public.Public, ActiveTime: timestamppb.New(active)}, nil
}
