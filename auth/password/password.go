// Package password hashes people's passwords with argon2id and makes random secrets. The work of a check is bounded in time
// by its parameters and in memory by how many run at once.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Params is the cost of a hash.
type Params struct {
	MemoryKiB uint32 // memory of one check
	Passes    uint32 // passes over the memory
	Lanes     uint8  // parallel lanes
}

// Standard is the cost of new hashes: 19 MiB and two passes, 20 to 40 ms on one core of a small server.
func Standard() Params { return Params{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1} }

// light is the cost of hashes of secrets that Secret made: nobody can try 128 random bits, however cheap a try is.
func light() Params { return Params{MemoryKiB: 64, Passes: 1, Lanes: 1} }

// Limits that a stored hash may ask for, so that a forged one cannot exhaust the process.
const (
	maxMemoryKiB = 64 * 1024
	maxPasses    = 10
	maxLanes     = 8
	maxLength    = 1024 // bytes of a password
	saltLength   = 16
	hashLength   = 32
)

// ErrTooLong is returned for passwords over 1024 bytes.
var ErrTooLong = errors.New("password: longer than 1024 bytes")

// Hasher hashes and checks passwords, a bounded number at a time. It is safe for concurrent use.
type Hasher struct {
	params Params
	slots  chan struct{}
	places chan struct{}
	work   atomic.Uint64
}

// waiting is how many may wait for each slot: with Standard about two seconds' worth.
const waiting = 64

// NewHasher makes a Hasher whose new hashes cost params and of which at most concurrent (at least 1) run at once; others wait.
func NewHasher(params Params, concurrent int) *Hasher {
	slots := max(1, concurrent)
	return &Hasher{params: params, slots: make(chan struct{}, slots), places: make(chan struct{}, slots*(1+waiting))}
}

// Admit takes one of a bounded number of places for somebody who wants a password checked, or refuses at once when all are taken: strangers
// cannot make work pile up. leave gives the place back.
func (h *Hasher) Admit() (leave func(), err error) {
	select {
	case h.places <- struct{}{}:
		return func() { <-h.places }, nil
	default:
		return nil, fault.New(fault.Unavailable, "Too many sign in at this moment; try again soon").
			With("reason", "SIGN_IN_BUSY").With("retryAfter", "1")
	}
}

// Work is how many hashes were computed so far, for whatever reason.
func (h *Hasher) Work() uint64 { return h.work.Load() }

// Hash returns the encoded form $argon2id$v=19$m=…,t=…,p=…$salt$hash of a password with a fresh salt.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > maxLength {
		return "", ErrTooLong
	}
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails: the runtime ends the process when there is no randomness
	e := encoded{params: h.params, salt: salt}
	sum, err := h.derive(ctx, e, password, hashLength)
	if err != nil {
		return "", err
	}
	e.hash = sum
	return e.String(), nil
}

// HashSecret is Hash for what Secret made. It costs next to nothing, so that two hundred new accounts do not keep a server busy for six seconds;
// a check costs as much as that of any other password.
func (h *Hasher) HashSecret(ctx context.Context, secret string) (string, error) {
	cheap := &Hasher{params: light(), slots: h.slots}
	return cheap.Hash(ctx, secret)
}

// Verify reports whether password is the one that hash (in encoded form) was made from. An error means that hash is not
// usable or ctx ended while waiting, never a wrong password.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	e, err := parse(hash)
	if err != nil {
		return false, err
	}
	if len(password) > maxLength {
		return false, nil
	}
	sum, err := h.derive(ctx, e, password, len(e.hash))
	if err == nil && e.params == light() && h.params != light() {
		err = h.Dummy(ctx, password) // else the time would tell who has a password that was made for him, and that he exists
	}
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, e.hash) == 1, nil
}

// Dummy spends the time of one check: callers use it for users that don't exist, so that they can't be told apart.
func (h *Hasher) Dummy(ctx context.Context, password string) error {
	if len(password) > maxLength {
		return nil
	}
	_, err := h.derive(ctx, encoded{params: h.params, salt: make([]byte, saltLength)}, password, hashLength)
	return err
}

// derive waits for a slot and does the work of e's parameters.
func (h *Hasher) derive(ctx context.Context, e encoded, password string, length int) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a password: %w", context.Cause(ctx))
	}
	p := e.params
	h.work.Add(1)
	return argon2.IDKey([]byte(password), e.salt, p.Passes, p.MemoryKiB, p.Lanes, uint32(length)), nil
}

// Secret returns a random secret of the given number of random bytes (32 is plenty) as letters, digits, - and _. It never
// begins with - so that it can be given to a command line as it is.
func Secret(bytes int) string {
	raw := make([]byte, max(16, bytes))
	for {
		rand.Read(raw)
		if s := base64.RawURLEncoding.EncodeToString(raw); !strings.HasPrefix(s, "-") {
			return s
		}
	}
}
