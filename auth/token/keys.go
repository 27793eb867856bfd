// Package token issues and verifies the signed tokens of Fluent: JSON Web Tokens with Ed25519 signatures and nothing else.
// Each kind of token has an audience of its own, so that none passes for another.
package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// Signer is a private key with its id.
type Signer struct {
	id  string
	key ed25519.PrivateKey
}

// NewSigner makes a Signer from a 32-byte Ed25519 seed; the key id follows from the public key.
func NewSigner(seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("token: a signing key's seed has %d bytes, got %d", ed25519.SeedSize, len(seed))
	}
	key := ed25519.NewKeyFromSeed(seed)
	return &Signer{id: KeyID(key.Public().(ed25519.PublicKey)), key: key}, nil
}

// NewSeed makes the random seed of a new signing key.
func NewSeed() []byte {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed) // never fails: the runtime ends the process when there is no randomness
	return seed
}

// KeyID is the id of a public key: the beginning of its SHA-256 in base64url.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// Key returns the public half.
func (s *Signer) Key() Key { return Key{ID: s.id, Public: s.key.Public().(ed25519.PublicKey)} }

// String names the key without its private half, so that logs may print a Signer.
func (s *Signer) String() string { return "signing key " + s.id }

// Key is a public key with its id.
type Key struct {
	ID     string
	Public ed25519.PublicKey
}

// KeySet is a set of public keys that may be replaced at any moment while others verify with it.
type KeySet struct {
	keys atomic.Pointer[map[string]ed25519.PublicKey]
}

// NewKeySet makes a set of keys. Keys that are not valid are refused.
func NewKeySet(keys ...Key) (*KeySet, error) {
	s := &KeySet{}
	if err := s.Replace(keys...); err != nil {
		return nil, err
	}
	return s, nil
}

// Replace sets the keys, all at once. On an error the set stays as it was.
func (s *KeySet) Replace(keys ...Key) error {
	next := make(map[string]ed25519.PublicKey, len(keys))
	for _, k := range keys {
		if k.ID == "" {
			return errors.New("token: a key needs an id")
		}
		if len(k.Public) != ed25519.PublicKeySize {
			return fmt.Errorf("token: key %s has %d bytes instead of %d", k.ID, len(k.Public), ed25519.PublicKeySize)
		}
		if have, ok := next[k.ID]; ok && !bytes.Equal(have, k.Public) {
			return fmt.Errorf("token: two keys with the id %s", k.ID)
		}
		next[k.ID] = slices.Clone(k.Public)
	}
	s.keys.Store(&next)
	return nil
}

// lookup finds a key by its id.
func (s *KeySet) lookup(id string) (ed25519.PublicKey, bool) {
	keys := s.keys.Load()
	if keys == nil {
		return nil, false
	}
	k, ok := (*keys)[id]
	return k, ok
}

// jwk is a public key as RFC 8037 writes it.
type jwk struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// JWKS renders the set as a JSON Web Key Set, ordered by key id.
func (s *KeySet) JWKS() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	if keys := s.keys.Load(); keys != nil {
		for id, public := range *keys {
			x := base64.RawURLEncoding.EncodeToString(public)
			set.Keys = append(set.Keys, jwk{KeyType: "OKP", Curve: "Ed25519", X: x, ID: id, Use: "sig", Algorithm: "EdDSA"})
		}
	}
	slices.SortFunc(set.Keys, func(a, b jwk) int { return strings.Compare(a.ID, b.ID) })
	out, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("render key set: %w", err)
	}
	return out, nil
}
