// Package seal keeps texts secret and whole that lie where others reach them: in browsers, in addresses, in rows. Keys are known by ids, so that
// what an older one sealed can be opened.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeySize is how many bytes a key has.
const KeySize = 32

// Key is a secret and its name.
type Key struct {
	ID     string // letters and digits
	Secret []byte // KeySize random bytes
}

// NewKey makes a key.
func NewKey() Key {
	secret := make([]byte, KeySize)
	_, _ = rand.Read(secret) // never fails
	return Key{ID: rand.Text(), Secret: secret}
}

// ErrNotOurs is the error of what was not sealed by these keys for this purpose, or was changed since.
var ErrNotOurs = errors.New("seal: this was not sealed here, or not for this")

// Box seals and opens for one purpose. It is safe for concurrent use.
type Box struct {
	purpose string
	newest  string
	keys    map[string]cipher.AEAD
}

// NewBox makes a box of keys, the newest last, which seals. What is sealed for one purpose no box of another opens.
func NewBox(purpose string, keys ...Key) (*Box, error) {
	b := &Box{purpose: purpose, keys: map[string]cipher.AEAD{}}
	for _, k := range keys {
		if len(k.Secret) != KeySize {
			return nil, fmt.Errorf("seal: key %s has %d bytes, not %d", k.ID, len(k.Secret), KeySize)
		}
		derived, err := hkdf.Key(sha256.New, k.Secret, nil, purpose, chacha20poly1305.KeySize)
		if err != nil {
			return nil, fmt.Errorf("seal: derive a key: %w", err)
		}
		if b.keys[k.ID], err = chacha20poly1305.NewX(derived); err != nil {
			return nil, fmt.Errorf("seal: use a key: %w", err)
		}
		b.newest = k.ID
	}
	if b.newest == "" {
		return nil, errors.New("seal: no key")
	}
	return b, nil
}

// Seal makes a text of letters, digits, -, _ and dots. about is whose it is: the same must be said to open it.
func (b *Box) Seal(about string, plain []byte) string {
	key := b.keys[b.newest]
	nonce := make([]byte, key.NonceSize(), key.NonceSize()+len(plain)+key.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return b.newest + "." + base64.RawURLEncoding.EncodeToString(key.Seal(nonce, nonce, plain, []byte(about)))
}

// Newest reports whether what was sealed was by the newest key.
func (b *Box) Newest(sealed string) bool {
	id, _, _ := strings.Cut(sealed, ".")
	return id == b.newest
}

// ParseKeys reads keys, one a line, each KeySize random bytes in base64, the newest last. They are known by their hashes.
func ParseKeys(text string) (keys []Key, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		secret, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(secret) != KeySize {
			return nil, fmt.Errorf("line %d is no key: want %d random bytes in base64, as by openssl rand -base64 %d", n, KeySize, KeySize)
		}
		sum := sha256.Sum256(secret)
		keys = append(keys, Key{ID: hex.EncodeToString(sum[:8]), Secret: secret})
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key: want one a line, the newest last")
	}
	return keys, nil
}

// Open gives what was sealed. The error is ErrNotOurs.
func (b *Box) Open(about, sealed string) ([]byte, error) {
	id, text, _ := strings.Cut(sealed, ".")
	key := b.keys[id]
	if key == nil {
		return nil, ErrNotOurs
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < key.NonceSize() {
		return nil, ErrNotOurs
	}
	plain, err := key.Open(nil, raw[:key.NonceSize()], raw[key.NonceSize():], []byte(about))
	if err != nil {
		return nil, ErrNotOurs
	}
	return plain, nil
}
